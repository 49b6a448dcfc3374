"""Starts Bulkhead's disk image in an emulator and connects its serial line. See tools/run/run."""
