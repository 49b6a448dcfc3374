# Small kernels for the system tests: 32-bit, entered by multiboot (as an ELF and as a flat file) and
# by PVH.

SMALL_DIR := $(BUILD)/tests/guests
SMALL_SCRIPT := tests/guests/small/link.ld
SMALL_SOURCES := $(wildcard tests/guests/small/*.c tests/guests/small/*.S)
SMALL_COMMON := $(addprefix tests/guests/small/,found.c check.c device.c serial.c)

SMALL_CFLAGS := -m32 -march=i686 -mgeneral-regs-only
$(call objects,guests,$(SMALL_SOURCES)): EXTRA_CFLAGS := $(SMALL_CFLAGS)

# $(1) name, $(2) its own sources
define small_rule
$(SMALL_DIR)/$(1).elf: $(call objects,guests,$(SMALL_COMMON) $(2)) $(SMALL_SCRIPT)
	$$(MAKE_DIR)
	$$(call say,LD,$$@)$(LD) -m elf_i386 -static -nostdlib -z noexecstack -z max-page-size=4096 \
	    --no-warn-rwx-segments -T $(SMALL_SCRIPT) -o $$@ $$(filter %.o,$$^)
endef

SMALL := tests/guests/small
$(eval $(call small_rule,multiboot,$(SMALL)/multiboot_start.S $(SMALL)/multiboot.c))
$(eval $(call small_rule,flat,$(SMALL)/flat_start.S $(SMALL)/multiboot.c))
$(eval $(call small_rule,pvh,$(SMALL)/pvh_start.S $(SMALL)/pvh.c))

$(SMALL_DIR)/flat.bin: $(SMALL_DIR)/flat.elf
	$(call say,OBJCOPY,$@)$(OBJCOPY) -O binary $< $@

SYSTEM_TEST_DEPS += $(SMALL_DIR)/multiboot.elf $(SMALL_DIR)/pvh.elf $(SMALL_DIR)/flat.bin
export CHECK_FLAGS_small = $(GUEST_CFLAGS) $(SMALL_CFLAGS)
CHECK_ROOMS += tests/guests/=small
