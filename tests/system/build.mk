# What system tests boot beside the image of `make image`.

# The kernel with tests/entry/selftest.c in the manager's place.
ENTRY_SELFTEST := $(BUILD)/tests/entry_selftest.elf
ENTRY_SELFTEST_SOURCES := $(sort $(wildcard tests/entry/*.c tests/entry/*.S))
ENTRY_SELFTEST_OBJECTS := $(filter-out $(call objects,kernel,kernel/manager.c),$(KERNEL_OBJECTS)) \
    $(call objects,kernel,$(ENTRY_SELFTEST_SOURCES))

$(ENTRY_SELFTEST): $(ENTRY_SELFTEST_OBJECTS) linker.ld
	$(MAKE_DIR)
	$(call say,LD,$@)$(LD) $(KERNEL_LDFLAGS) -o $@ $(ENTRY_SELFTEST_OBJECTS)

SYSTEM_TEST_DEPS += $(ENTRY_SELFTEST)
CHECK_ROOMS += tests/entry/=kernel
