# make bench: the bench guest, the init that ends a Linux boot, and the program that runs them.
#
# The figures are those of the kernel and VMM of `make run`, in Bochs with one CPU. They are compared
# with tests/bench/baseline.json; BASELINE=update rewrites that.

BASELINE ?=
OPERATION ?= exit.cpuid

BENCH_GUEST := $(BUILD)/bench/guest.elf
BENCH_GUEST_OBJECTS := $(call objects,guests,$(sort $(wildcard tests/bench/guest/*.c tests/bench/guest/*.S)))
BENCH_INIT := $(BUILD)/bench/init
BENCH_INIT_OBJECT := $(call objects,guests,tests/bench/linux/init.c)
BENCH_INITRAMFS := $(BUILD)/bench/initramfs.cpio

# Interrupts use the stack that they interrupt: no red zone. Vector registers are not switched on.
$(BENCH_GUEST_OBJECTS): EXTRA_CFLAGS := -mgeneral-regs-only -mno-red-zone -Wno-main

$(BENCH_GUEST): $(BENCH_GUEST_OBJECTS) tests/bench/guest/link.ld
	$(MAKE_DIR)
	$(call say,LD,$@)$(LD) -static -nostdlib -z noexecstack -z max-page-size=4096 --no-warn-rwx-segments \
	    -T tests/bench/guest/link.ld -o $@ $(BENCH_GUEST_OBJECTS)

$(BENCH_INIT): $(BENCH_INIT_OBJECT)
	$(MAKE_DIR)
	$(call say,LD,$@)$(LD) -static -nostdlib -z noexecstack -s -e init_start -o $@ $<

$(BENCH_INITRAMFS): $(BENCH_INIT) tests/bench/linux/make-archive
	$(call say,CPIO,$@)tests/bench/linux/make-archive $< $@

# disk.img is not booted: it stands for the loader, kernel, programs and Linux that it holds.
BENCH_NEEDS := $(BENCH_GUEST) $(BENCH_INITRAMFS) $(BUILD)/image/disk.img

.PHONY: bench bench-trace
bench: $(BENCH_NEEDS)
	$(quiet)tests/bench/run $(if $(filter update,$(BASELINE)),--update-baseline)

bench-trace: $(BENCH_NEEDS)
	$(quiet)tests/bench/run --trace '$(OPERATION)'

CHECK_ROOMS += tests/bench/=guests

HELP += 'make bench    figures of speed and size, into build/bench.json      BASELINE=update: keep them' \
        'make bench-trace OPERATION=exit.cpuid    every instruction of one operation'
