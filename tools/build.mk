# The disk image, the checks, the size report, and `make test`. Included last, when every other
# fragment has said what it adds to them.

.PHONY: image test check size FORCE

# --- Disk image ----------------------------------------------------------------------------------
#
# CONF, FILES or CMDLINE on the command line give an image of its own, made anew each time: FILES
# are added under their base names and take the place of ours of the same name.

BOOT_EFI := $(BUILD)/boot/BOOTX64.EFI
KERNEL_ELF := $(BUILD)/kernel/bulkhead.elf
GUEST_PROGRAMS := manager vmm
DEFAULT_CONF := configs/default.conf

CONF ?=
FILES ?=
CMDLINE ?=
export CMDLINE
IMAGE := $(BUILD)/image/$(if $(strip $(CONF)$(FILES)$(CMDLINE)),custom,disk).img

# Debug information stays at home: firmware reads the image slowly. The kernel keeps its symbols.
STAGE := $(BUILD)/image/stage
$(STAGE)/bulkhead.elf: $(KERNEL_ELF)
	$(MAKE_DIR)
	$(quiet)$(STRIP) --strip-debug -o $@ $<
$(STAGE)/%: $(BUILD)/guests/%.elf
	$(MAKE_DIR)
	$(quiet)$(STRIP) --strip-all -o $@ $<

IMAGE_PROGRAMS := $(addprefix $(STAGE)/,$(GUEST_PROGRAMS))
IMAGE_PARTS := tools/image/make-image $(BOOT_EFI) $(STAGE)/bulkhead.elf $(IMAGE_PROGRAMS)
MAKE_IMAGE := tools/image/make-image --loader $(BOOT_EFI) --kernel $(STAGE)/bulkhead.elf \
    $(foreach p,$(GUEST_PROGRAMS),--file $(p)=$(STAGE)/$(p))

image_paths = $(foreach f,$(1),$(lastword $(subst =, ,$(f))))
# Ours without those that the user brings.
image_ours := $(foreach f,$(IMAGE_FILES),\
    $(if $(filter $(firstword $(subst =, ,$(f))),$(notdir $(FILES))),,$(f)))

image: $(IMAGE)
	@:

$(BUILD)/image/disk.img: $(IMAGE_PARTS) $(DEFAULT_CONF) $(call image_paths,$(IMAGE_FILES))
	$(MAKE_DIR)
	$(call say,IMAGE,$@)$(MAKE_IMAGE) --file bulkhead.conf=$(DEFAULT_CONF) \
	    $(addprefix --file ,$(IMAGE_FILES)) $@

$(BUILD)/image/custom.img: $(IMAGE_PARTS) $(call image_paths,$(image_ours)) FORCE
	$(MAKE_DIR)
	$(call say,IMAGE,$@)$(MAKE_IMAGE) --file 'bulkhead.conf=$(or $(CONF),$(DEFAULT_CONF))' \
	    $(addprefix --file ,$(image_ours)) $(foreach f,$(FILES),--file '$(notdir $(f))=$(f)') \
	    $(if $(CMDLINE),--cmdline "$$CMDLINE") $@

# --- Tests ---------------------------------------------------------------------------------------

TEST_JOBS ?= 2
RUN_TAP := tools/check/run-tap --jobs $(TEST_JOBS)

SYSTEM_TESTS := $(or $(SYSTEM_TESTS),$(sort $(wildcard tests/system/*.t)))

test: $(UNIT_TESTS) $(if $(SYSTEM_TESTS),$(SYSTEM_TEST_DEPS) $(BUILD)/image/disk.img)
	$(quiet)$(UNIT_ENVIRONMENT) $(RUN_TAP) $(UNIT_TESTS) $(SYSTEM_TESTS)

# --- Checks --------------------------------------------------------------------------------------

CHECK_GENERATED := $(KERNEL_GENERATED) $(GUEST_GENERATED) $(BOOT_GENERATED) $(UNIT_GENERATED)
export CHECK_FLAGS_boot = $(BOOT_CFLAGS)
export CHECK_FLAGS_kernel = $(KERNEL_CFLAGS)
export CHECK_FLAGS_guests = $(GUEST_CFLAGS) $(CHECK_GUEST_FLAGS)
export CHECK_FLAGS_unit = $(filter-out $(SANITIZE),$(UNIT_CFLAGS))
export CHECK_FLAGS_host = $(HOST_CFLAGS)

check: $(DEPS_STAMP) $(DEPS_SRC_STAMP) $(NEWLIB_STAMP) $(CHECK_GENERATED)
	$(quiet)status=0; \
	tools/check/check $(addprefix --room ,$(CHECK_ROOMS)) --cache $(BUILD)/check || status=1; \
	$(MAKE) --no-print-directory -s check-abi || status=1; \
	exit $$status

size: $(KERNEL_ELF) $(SIZES)
	$(quiet)tools/check/size --kernel $(KERNEL_ELF) $(SIZES)
