"""The run of the bench guest: exits, interrupts, and how it was reached from the firmware."""

import os
import re

from . import machine, trace
from .figures import Result

CONF = """\
[system]
when-empty = shutdown

[machine bench]
kernel = bench-guest
memory = 64M
cpus = 1
"""
TITLE = "exits and interrupts, and a trace of each (about 20 s)"
SECONDS = 600
GUEST = os.path.join(machine.WORK, "guest.elf")

ROW = re.compile(r"bench: ([a-z0-9_.]+) (?:(\d+\.\d\d) (\d+\.\d\d)|failed: (.*))$", re.MULTILINE)
START = re.compile(r"bench: start (\d+)")
MANAGER = re.compile(r"bulkhead: manager: hand-over at TSC (\d+), manager started at (\d+)")
MACHINE = r"bulkhead: {}: guest entered at TSC (\d+), its own (\d+); VMM started at (\d+), " \
          r"machine made at (\d+), kernel loaded at (\d+)"


def milestones(text, name):
    """The VMM's time stamps: guest entered (the computer's, the guest's own), VMM started, machine made, kernel
    loaded; or None."""
    match = re.search(MACHINE.format(name), text)
    return match and tuple(map(int, match.groups()))


def handover(text):
    start, manager, vmm = START.search(text), MANAGER.search(text), milestones(text, "bench")
    if not (start and manager and vmm):
        return None
    begin, manager_start = map(int, manager.groups())
    entered, guest_entered, vmm_start, made, loaded = vmm
    end = int(start.group(1)) + entered - guest_entered
    phases = (("kernel", begin, manager_start), ("manager", manager_start, vmm_start),
              ("machine", vmm_start, made), ("load", made, loaded), ("start", loaded, entered),
              ("entry", entered, end))
    notes = tuple(f"{name}: {until - since:,}" for name, since, until in phases)
    return Result(end - begin, end - begin, {}, notes)


def measure():
    """(results by id, traces by id, lines that say what failed)."""
    outcome = machine.boot("guest", TITLE, CONF, {**machine.PROGRAMS, "bench-guest": GUEST}, SECONDS,
                           debugger=trace.COMMANDS, extra=trace.CONFIGURATION)
    rows = ROW.findall(outcome.text)
    traces = trace.read(outcome.debugger_output(), [row[0] for row in rows])
    results, failures = {}, []
    for name, median, maximum, failure in rows:
        if failure:
            failures.append(f"{name}: {failure}")
        else:
            results[name] = Result(float(median), float(maximum), trace.expensive(traces.get(name, [])))
    crossing = handover(outcome.text)
    if crossing:
        results["boot.handover"] = crossing
    if "bench: done" not in outcome.text:
        failures.append("the bench guest did not finish: " + outcome.directory)
    return results, traces, failures
