# The in-system test of the kernel: a program that is booted in the manager's place.

KERNEL_SUITE := $(BUILD)/tests/kernel_suite.elf
KERNEL_SUITE_SOURCES := $(sort $(wildcard tests/kernel/*.c tests/kernel/*.S))
KERNEL_SUITE_OBJECTS := $(call objects,guests,$(KERNEL_SUITE_SOURCES))

$(KERNEL_SUITE): $(LIB_START) $(KERNEL_SUITE_OBJECTS) $(LIB_ARCHIVE) $(LIB_SCRIPT)
	$(MAKE_DIR)
	$(call say,LD,$@)$(LD) $(GUEST_LDFLAGS) -T $(LIB_SCRIPT) -o $@.symbols $(LIB_START) \
	    $(KERNEL_SUITE_OBJECTS) --start-group $(LIB_ARCHIVE) $(NEWLIB)/lib/libc.a $(GUEST_LIBGCC) --end-group
	$(quiet)$(STRIP) --strip-all -o $@ $@.symbols

SYSTEM_TEST_DEPS += $(KERNEL_SUITE)
CHECK_ROOMS += tests/kernel/=guests
