"""The parts of tests/bench/run.

figures   the table: what is measured, in which unit, with which target and peers
machine   boots an image in Bochs and returns what appeared on the serial line
guest     exits and interrupts, and the hand-over, from the bench guest's run
linux     how long Debian's kernel takes to its init
trace     every instruction of one operation, from Bochs' debugger
size      what the kernel weighs
report    the table on the terminal, build/bench.json, the baseline
"""
