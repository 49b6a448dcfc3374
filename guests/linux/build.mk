# The Linux guest: Debian's kernel as shipped, the ELF inside it, and a small initramfs.

LINUX_GUEST := $(BUILD)/guests/linux
LINUX_BUSYBOX ?= /bin/busybox
LINUX_GUEST_MODULES := kernel/drivers/input/evdev.ko kernel/drivers/acpi/button.ko
LINUX_GUEST_ROOT := $(wildcard guests/linux/root/*)

$(LINUX_GUEST)/vmlinuz: $(LINUX_STAMP)
	$(MAKE_DIR)
	$(call say,COPY,$@)cp -L $(LINUX_VMLINUZ) $@

$(LINUX_GUEST)/vmlinux.elf: $(LINUX_GUEST)/vmlinuz guests/linux/extract-vmlinux
	$(call say,UNPACK,$@)guests/linux/extract-vmlinux $< $@

$(LINUX_GUEST)/vmlinux: $(LINUX_GUEST)/vmlinux.elf guests/linux/flatten-elf
	$(call say,FLAT,$@)guests/linux/flatten-elf $< $@

$(LINUX_GUEST)/initramfs.cpio: guests/linux/make-initramfs $(LINUX_GUEST_ROOT) $(LINUX_STAMP) | $(DEPS_STAMP)
	$(MAKE_DIR)
	$(call say,CPIO,$@)guests/linux/make-initramfs --busybox $(LINUX_BUSYBOX) --root guests/linux/root \
	    $(addprefix --module $(LINUX_MODULES)/,$(LINUX_GUEST_MODULES)) $@

ALL += $(LINUX_GUEST)/vmlinux $(LINUX_GUEST)/vmlinuz $(LINUX_GUEST)/initramfs.cpio
IMAGE_FILES += vmlinux=$(LINUX_GUEST)/vmlinux initramfs=$(LINUX_GUEST)/initramfs.cpio
