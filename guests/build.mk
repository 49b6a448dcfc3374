# Programs of partitions: the library that all of them are linked with, the manager, the VMM.

LIB_SOURCES := $(sort $(wildcard guests/lib/*.c guests/lib/newlib/*.c)) guests/lib/message.S
LIB_START := $(call objects,guests,guests/lib/crt0.S)
LIB_ARCHIVE := $(BUILD)/guests/lib.a
LIB_SCRIPT := guests/lib/program.ld

# The configuration's grammar is read by inih: whole lines only, `#` comments, errors with their line.
INIH := $(DEPS_SRC)/inih
INIH_SOURCE := $(INIH)/ini.c
INIH_OPTIONS := -DINI_HANDLER_LINENO=1 -DINI_ALLOW_MULTILINE=0 \
    -DINI_ALLOW_BOM=1 -DINI_START_COMMENT_PREFIXES='"\#"' -DINI_INLINE_COMMENT_PREFIXES='"\#"' \
    -DINI_MAX_LINE=2048 -DINI_USE_STACK=1 -DINI_ALLOW_NO_VALUE=0
INIH_OBJECT := $(BUILD)/guests/obj/$(basename $(INIH_SOURCE)).o

MANAGER_SOURCES := $(sort $(wildcard guests/manager/*.c))
VMM_SOURCES := $(sort $(wildcard guests/vmm/*.c guests/vmm/devices/*.c guests/vmm/boot/*.c guests/vmm/acpi/*.c))

# Third-party code is compiled without our warnings, and everything that includes it sees its options.
$(INIH_OBJECT) $(BUILD)/unit/obj/$(basename $(INIH_SOURCE)).o: EXTRA_CFLAGS := -w $(INIH_OPTIONS)
CONFIG_OBJECTS := $(foreach room,guests unit,$(call objects,$(room),guests/manager/config_read.c))
$(CONFIG_OBJECTS): EXTRA_CFLAGS := $(INIH_OPTIONS)
CHECK_GUEST_FLAGS += $(INIH_OPTIONS)
$(INIH_SOURCE): $(DEPS_SRC_STAMP) ;

GUEST_LIBGCC = $(shell $(CC) -print-libgcc-file-name)
GUEST_LDFLAGS := -static -nostdlib -z noexecstack -z max-page-size=4096 --gc-sections --no-warn-mismatch

$(LIB_ARCHIVE): $(call objects,guests,$(LIB_SOURCES))
	$(MAKE_DIR)
	$(call say,AR,$@)rm -f $@; $(AR) rcs $@ $^

define program_rule
$(BUILD)/guests/$(1).elf: $(LIB_START) $(2) $(LIB_ARCHIVE) $(LIB_SCRIPT)
	$$(MAKE_DIR)
	$$(call say,LD,$$@)$(LD) $(GUEST_LDFLAGS) -T $(LIB_SCRIPT) -o $$@ $(LIB_START) $(2) \
	    --start-group $(LIB_ARCHIVE) $(NEWLIB)/lib/libc.a $$(GUEST_LIBGCC) --end-group
endef

$(eval $(call program_rule,manager,$(call objects,guests,$(MANAGER_SOURCES)) $(INIH_OBJECT)))
$(eval $(call program_rule,vmm,$(call objects,guests,$(VMM_SOURCES))))

include guests/vmm/build.mk

ALL += $(BUILD)/guests/manager.elf $(BUILD)/guests/vmm.elf
SIZES += $(BUILD)/guests/manager.elf $(BUILD)/guests/vmm.elf

# On the host the manager's main is called by its test, and the library's part that it needs is faked.
$(call objects,unit,guests/manager/main.c): EXTRA_CFLAGS := -Dmain=manager_main
