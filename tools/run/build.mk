# make run and make debug: the disk image in an emulator.
#
# An ordinary recipe that fails makes `make` return 2, whatever its own status was. In question mode
# (-q) a recipe line that starts with + is run all the same, and its status 1 becomes that of `make`:
# so `make run` tells a partition's fault (1) from the emulator's (2). The image is made by a second
# make, without -q.

EMULATOR ?= bochs
CPUS ?= 2
MEMORY ?= 1024
RUN_FLAGS ?=
FUNCTION ?= kernel_main

.PHONY: run debug

ifneq ($(filter run,$(MAKECMDGOALS)),)
MAKEFLAGS += -q
endif

run:
	+@MAKEFLAGS="$${MAKEFLAGS/q/}" $(MAKE) -s --no-print-directory image >&2 || exit 2; \
	    exec tools/run/run --emulator $(EMULATOR) --cpus $(CPUS) --memory $(MEMORY) --image $(IMAGE) $(RUN_FLAGS)

debug: image
	@exec tools/run/debug --emulator $(EMULATOR) --cpus $(CPUS) --memory $(MEMORY) --image $(IMAGE) \
	    --kernel $(KERNEL_ELF) --function $(FUNCTION)

HELP += 'make run      boot the image in an emulator: EMULATOR=bochs|qemu|qemu-kvm CPUS=2 MEMORY=1024' \
        'make debug    stop in FUNCTION=kernel_main: gdb (EMULATOR=qemu) or the debugger of Bochs'
