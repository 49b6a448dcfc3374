# The VMM's generated sources and the flags that its loop needs.

# ACPI's byte code, as the elements of a C array.
VMM_DSDT := $(BUILD)/generated/guests/vmm/acpi/dsdt.inc

$(VMM_DSDT): guests/vmm/acpi/dsdt.asl | $(DEPS_STAMP)
	$(MAKE_DIR)
	$(call say,IASL,$@)iasl -p $(@D)/dsdt $< >$(@D)/dsdt.log || { cat $(@D)/dsdt.log; exit 1; }
	$(quiet)od -An -v -tx1 $(@D)/dsdt.aml | sed 's/\([0-9a-f][0-9a-f]\)/0x\1,/g' >$@

GUEST_GENERATED += $(VMM_DSDT)
UNIT_GENERATED += $(VMM_DSDT)

# While a VMM's thread handles an exit, the vector registers hold its guest's state: neither this
# program nor what it calls from the library may use them.
$(call objects,guests,$(VMM_SOURCES) $(LIB_SOURCES)): EXTRA_CFLAGS += -mgeneral-regs-only
