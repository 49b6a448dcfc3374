"""The table on the terminal, build/bench.json, and the baseline in the tree."""

import json
import os

from . import machine
from .figures import FIGURES, PROMISED, is_worse, passes

JSON = os.path.join(machine.BUILD, "bench.json")
BASELINE = os.path.join(machine.ROOT, "tests", "bench", "baseline.json")
HEAD = ("id", "value", "max", "target", "verdict", "baseline", "KVM", "best peer", "unit")


def number(value):
    if value is None:
        return "-"
    text = f"{value:,.3f}" if 0 < abs(value) < 10 else f"{value:,.2f}" if value < 10000 else f"{value:,.0f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def load_baseline():
    try:
        with open(BASELINE, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def save_baseline(results):
    """Promised figures only. One that is missing keeps its old value."""
    rows = {**load_baseline(), **{name: results[name].value for name in PROMISED if name in results}}
    with open(BASELINE, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=4, sort_keys=True)
        file.write("\n")


def save_json(results):
    rows = [{"id": figure.id, "value": results[figure.id].value, "max": results[figure.id].max,
             "unit": figure.unit, "better": figure.better, "target": figure.target, "peer": figure.peers,
             "expensive": results[figure.id].expensive} for figure in FIGURES if figure.id in results]
    with open(JSON, "w", encoding="utf-8") as file:
        json.dump(rows, file, indent=1)
        file.write("\n")


def verdict(figure, results, baseline):
    """A word for the table, and the reason why the bench fails, or None."""
    if figure.id not in results:
        return ("MISSING", f"{figure.id} is missing") if figure.id in PROMISED else ("-", None)
    value = results[figure.id].value
    if figure.id in PROMISED and figure.id in baseline and is_worse(figure, value, baseline[figure.id]):
        return "WORSE", f"{figure.id} is worse than the baseline: {number(value)}, was {number(baseline[figure.id])}"
    good = passes(figure, value)
    return {None: "-", True: "met", False: "above"}[good], None


def peers(figure):
    others = [(value, name) for name, value in figure.peers.items()]
    return number(figure.peers.get("KVM")), "{1} {0:,}".format(*min(others)) if others else "-"


def show(results, baseline):
    """Print the table; return the reasons why the bench fails."""
    rows, reasons = [HEAD], []
    for figure in FIGURES:
        word, reason = verdict(figure, results, baseline)
        result = results.get(figure.id)
        if reason:
            reasons.append(reason)
        rows.append((figure.id + ("" if figure.id in PROMISED else " *"),
                     number(result.value if result else None), number(result.max if result else None),
                     number(figure.target), word, number(baseline.get(figure.id)), *peers(figure), figure.unit))
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        cells = [cell.ljust(width) if column in (0, 4, 7, 8) else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("  ".join(cells).rstrip())
    print("* not promised yet")
    for figure in FIGURES:
        if figure.id in results and results[figure.id].notes:
            print(f"{figure.id}: {'; '.join(results[figure.id].notes)}")
    return reasons
