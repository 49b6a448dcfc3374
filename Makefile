# Bulkhead: one non-recursive make. `make help` lists the targets.
#
# Each room of the house has a fragment (build.mk) that names its sources and its links; this file
# has the flags and every compile rule. Nothing is written outside build/.
#
# What a fragment can use:
#
#   $(call objects,ROOM,SOURCES)   build/ROOM/obj/<source without suffix>.o for each source. ROOM is
#                                  boot, kernel, guests, unit or host, and picks the flags:
#                                  BOOT_CFLAGS, KERNEL_CFLAGS, GUEST_CFLAGS, UNIT_CFLAGS, HOST_CFLAGS.
#                                  .c and .S are compiled; header dependencies are automatic.
#   $(call say,WORD,WHAT)          starts a recipe line: prints "  WORD    WHAT", or with V=1 the command:
#                                      $(call say,LD,$@)$(LD) -o $@ $(filter %.o,$^)
#   $(MAKE_DIR)                    creates the target's directory; a recipe's first line.
#   OBJ: EXTRA_CFLAGS := -mgeneral-regs-only
#                                  flags of one object (a target-specific variable).
#   KERNEL_GENERATED += FILE       headers that must exist before any object of that room is compiled
#   GUEST_GENERATED, UNIT_GENERATED, BOOT_GENERATED  (order only). They go to build/generated/<path>
#                                  and are included by <path>: build/generated is an include path.
#   ALL += FILE                    what `make all` builds.
#   SIZES += FILE                  ELF files that `make size` lists.
#   IMAGE_FILES += NAME=PATH       puts PATH on the disk image as \bulkhead\NAME, and makes it first.
#   $(IMAGE)                       the image that `make run` boots: what to depend on and to boot.
#   $(MAKE_IMAGE) OUT OPTIONS      builds another image (tools/image/make-image); depend on
#                                  $(IMAGE_PARTS), the files it takes besides those of OPTIONS.
#   SYSTEM_TESTS += FILE           programs that speak TAP, which `make test` runs after the unit tests;
#   SYSTEM_TEST_DEPS += FILE       what they need is made first.
#   CHECK_GUEST_FLAGS += FLAGS     what `make check` adds for guests/, where single objects have EXTRA_CFLAGS.
#   CHECK_ROOMS += PREFIX=ROOM     flags that `make check` uses for files whose path starts with PREFIX.
#   HELP += 'line'                 a line of `make help`, quoted for the shell.
#   $(LINUX_VMLINUZ) $(LINUX_MODULES)  Debian's kernel and module directory (made by `make deps`).
#   $(NEWLIB)/include, $(NEWLIB)/lib   the C library of the guests; $(NEWLIB_STAMP) is what to depend on.
#   $(DEPS_SRC)/NAME               unpacked Debian sources, an include path: <inih/ini.h>. Its sources go
#                                  through $(call objects) too, with EXTRA_CFLAGS := -w.
#   $(DEPS_STAMP)                  every Debian package is installed; depend on it order-only.
#
# Variables for the command line: V=1 (full commands), CC, EMULATOR, CPUS, MEMORY, CONF, FILES.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL := /bin/bash
.SHELLFLAGS := -e -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all

BUILD := build
V ?=

# --- Tools ---------------------------------------------------------------------------------------

CC := gcc
LD := ld
AR := ar
NM := nm
OBJCOPY := objcopy
STRIP := strip
PYTHON := python3

# --- Flags by room -------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
INCLUDE := -I. -I$(BUILD)/generated

# Where the kernel finds arch_types.h (see kernel/arch.h); unit tests take the fake one.
ARCH_INCLUDE := -Iarch/x86_64/include
FAKE_ARCH_INCLUDE := -Itests/fake

# No red zone: interrupts use the same stack. General registers only: vector state is the guests'.
KERNEL_CFLAGS := -std=c17 -ffreestanding -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone \
    -mgeneral-regs-only -fno-stack-protector -fno-omit-frame-pointer \
    -fno-asynchronous-unwind-tables -fno-common -O2 -g $(WARN) $(INCLUDE) $(ARCH_INCLUDE)

# The last three must match the library's own build (tools/deps/newlib).
NEWLIB_DEFINES := -DREENTRANT_SYSCALLS_PROVIDED -DGETREENT_PROVIDED -D__DYNAMIC_REENT__
# Debian's gcc calls itself a Linux compiler; a guest's program is not one.
NOT_LINUX := -U__linux__ -U__linux -Ulinux -U__unix__ -U__unix -Uunix -U__gnu_linux__
GUEST_CFLAGS := -std=c17 -O2 -g -ffreestanding -fno-pic -fno-pie -fno-stack-protector \
    -ffunction-sections -fdata-sections -fno-common $(WARN) $(INCLUDE) \
    -isystem $(BUILD)/deps/newlib/include -isystem $(BUILD)/deps/src $(NEWLIB_DEFINES) $(NOT_LINUX)

# BOOT_CFLAGS are in boot/build.mk: nothing else is made for UEFI.

HOST_CFLAGS := -std=gnu17 -O2 -g $(WARN) $(INCLUDE)

# Unit tests: the sources of every room, compiled for the host.
# (-fno-builtin-log: the kernel, which is freestanding, has a log of its own.)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
UNIT_CFLAGS := -std=gnu17 -O1 -g -fno-omit-frame-pointer -fno-common -fno-builtin-log $(SANITIZE) $(WARN) $(INCLUDE) \
    $(FAKE_ARCH_INCLUDE) -isystem $(BUILD)/deps/src -DBULKHEAD_UNIT_TEST=1

# --- What fragments call -------------------------------------------------------------------------

say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)'; )
quiet = $(if $(filter 1,$(V)),,@)
MAKE_DIR = @mkdir -p $(@D)
objects = $(patsubst %,$(BUILD)/$(1)/obj/%.o,$(basename $(2)))

ALL :=
SIZES :=
IMAGE_FILES :=
SYSTEM_TESTS :=
SYSTEM_TEST_DEPS :=
CHECK_GUEST_FLAGS :=
CHECK_ROOMS :=
HELP :=
KERNEL_GENERATED :=
GUEST_GENERATED :=
BOOT_GENERATED :=
UNIT_GENERATED :=

# --- The rooms, in a fixed order -----------------------------------------------------------------

all:

include tools/deps/build.mk
include tools/abi/build.mk
-include boot/build.mk
-include kernel/build.mk
-include guests/build.mk
-include guests/linux/build.mk
-include tools/run/build.mk
include tests/build.mk
-include tests/bench/build.mk
include tests/guests/build.mk
include tests/kernel/build.mk
-include tests/system/build.mk
include tools/build.mk

# --- Compile rules -------------------------------------------------------------------------------

# A room is recompiled when its compiler or flags change: they are kept in build/ROOM/flags.
# Written while this file is read, and only if different, so that it never makes work by itself.
# (strip: make 4.3 sometimes keeps the last newline of what it reads.)
define remember_flags
ifneq ($$(strip $$(file <$(BUILD)/$(1)/flags)),$(strip $(CC) $(2)))
$$(shell mkdir -p $(BUILD)/$(1))
$$(file >$(BUILD)/$(1)/flags,$(CC) $(2))
endif
endef

# $(1) room, $(2) flags, $(3) what must be there first, $(4) what forces a new compilation
define compile_rules
$(BUILD)/$(1)/obj/%.o: %.c $(BUILD)/$(1)/flags $(4) | $(3)
	$$(MAKE_DIR)
	$$(call say,CC,$$<)$$(CC) $(2) $$(EXTRA_CFLAGS) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/obj/%.o: %.S $(BUILD)/$(1)/flags $(4) | $(3)
	$$(MAKE_DIR)
	$$(call say,AS,$$<)$$(CC) $(filter-out -std=% -W%,$(2)) $$(EXTRA_CFLAGS) -Wa,--noexecstack -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/flags: ;
endef

ifeq ($(filter clean help deps,$(MAKECMDGOALS)),)
$(eval $(call remember_flags,boot,$(BOOT_CFLAGS)))
$(eval $(call remember_flags,kernel,$(KERNEL_CFLAGS)))
$(eval $(call remember_flags,guests,$(GUEST_CFLAGS)))
$(eval $(call remember_flags,unit,$(UNIT_CFLAGS)))
$(eval $(call remember_flags,host,$(HOST_CFLAGS)))
endif

$(eval $(call compile_rules,boot,$(BOOT_CFLAGS),$(DEPS_STAMP) $(BOOT_GENERATED),))
$(eval $(call compile_rules,kernel,$(KERNEL_CFLAGS),$(DEPS_STAMP) $(KERNEL_GENERATED),))
$(eval $(call compile_rules,guests,$(GUEST_CFLAGS),$(GUEST_GENERATED) $(DEPS_SRC_STAMP),$(NEWLIB_STAMP)))
$(eval $(call compile_rules,unit,$(UNIT_CFLAGS),$(DEPS_STAMP) $(DEPS_SRC_STAMP) $(UNIT_GENERATED),))
$(eval $(call compile_rules,host,$(HOST_CFLAGS),$(DEPS_STAMP),))

# What the last compilation of each object read.
-include $(shell find $(BUILD) -path '*/obj/*' -name '*.d' 2>/dev/null)

# --- Targets -------------------------------------------------------------------------------------

.PHONY: all clean help

all: $(ALL)
	@:

# What `make deps` fetched and built stays; `make distclean` removes that as well.
clean:
	$(quiet)if [ -d $(BUILD) ]; then find $(BUILD) -mindepth 1 -maxdepth 1 ! -name deps -exec rm -rf {} +; fi

.PHONY: distclean
distclean:
	$(quiet)rm -rf $(BUILD)

help:
	@printf '%s\n' \
	'make deps     install the Debian packages that are missing, fetch and build the pinned sources' \
	'make [all]    build everything: loader, kernel, guests, Linux guest' \
	'make image    build build/image/disk.img      CONF=my.conf FILES="vmlinuz initrd.gz": your own' \
	'make unit     host unit tests' \
	'make test     unit and system tests' \
	'make check    format, linters, headers, layering, both compilers' \
	'make size     what the kernel and the programs weigh, lines of code per room' \
	$(HELP) \
	'make clean    remove what was built            make distclean: also what was fetched' \
	'V=1 shows full commands'
