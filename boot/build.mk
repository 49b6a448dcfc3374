# The UEFI loader: build/boot/BOOTX64.EFI. GNU-EFI gives the headers, the start-up code and the
# linker script; its library is not used.

GNU_EFI_INCLUDE ?= /usr/include/efi
GNU_EFI_LIB ?= /usr/lib

BOOT_OUT := $(BUILD)/boot
BOOT_OBJECTS := $(call objects,boot,$(sort $(wildcard boot/*.c boot/*.S)))

# GNU_EFI_USE_MS_ABI: firmware functions carry their calling convention in their type, so a call of
# one is an ordinary, type-checked call. Only gcc knows -maccumulate-outgoing-args (and needs it for
# calls across conventions); only sources of this directory see the EFI headers.
BOOT_CFLAGS := -std=c17 -O2 -g -fpic -fvisibility=hidden -ffreestanding -fno-builtin \
    -fno-stack-protector -fno-strict-aliasing -fshort-wchar -mno-red-zone -mgeneral-regs-only \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-unwind-tables \
    $(if $(findstring clang,$(CC)),,-maccumulate-outgoing-args) \
    -DGNU_EFI_USE_MS_ABI $(WARN) $(INCLUDE) -isystem $(GNU_EFI_INCLUDE) \
    -isystem $(GNU_EFI_INCLUDE)/x86_64

BOOT_LDFLAGS := -nostdlib -shared -Bsymbolic -znocombreloc -zdefs -znoexecstack \
    --no-warn-rwx-segments -T $(GNU_EFI_LIB)/elf_x86_64_efi.lds

# What a PE image keeps of the shared object.
BOOT_SECTIONS := .text .data .dynamic .rela .reloc

.PHONY: boot
boot: $(BOOT_OUT)/BOOTX64.EFI

$(BOOT_OUT)/BOOTX64.EFI: $(BOOT_OUT)/boot.so
	$(call say,EFI,$@)$(OBJCOPY) $(addprefix -j ,$(BOOT_SECTIONS)) --target=efi-app-x86_64 $< $@

$(BOOT_OUT)/boot.so: $(BOOT_OBJECTS) boot/build.mk
	$(call say,LD,$@)$(LD) $(BOOT_LDFLAGS) $(GNU_EFI_LIB)/crt0-efi-x86_64.o $(BOOT_OBJECTS) -o $@ \
	    -L$(GNU_EFI_LIB) -lgnuefi

ALL += $(BOOT_OUT)/BOOTX64.EFI
