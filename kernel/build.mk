# The kernel: build/kernel/bulkhead.elf, from kernel/, arch/x86_64/ and drivers/.

KERNEL_ARCH := arch/x86_64
KERNEL_CFLAGS += -I$(KERNEL_ARCH)/include
# kernel/memory.c must not become calls to itself.
KERNEL_CFLAGS += -fno-tree-loop-distribute-patterns
KERNEL_LDFLAGS := -nostdlib -static -z max-page-size=4096 -z noexecstack --orphan-handling=error \
    --build-id=none -T linker.ld

# offsets.c is compiled to assembly only: its constants become a header for entry code.
KERNEL_OFFSETS := $(BUILD)/generated/$(KERNEL_ARCH)/offsets.h
KERNEL_SOURCES := $(sort $(wildcard kernel/*.c kernel/*/*.c drivers/*.c \
    $(foreach e,c S,$(KERNEL_ARCH)/*/*.$(e) $(KERNEL_ARCH)/*/*/*.$(e))))
KERNEL_SOURCES := $(filter-out $(KERNEL_ARCH)/cpu/offsets.c,$(KERNEL_SOURCES))
KERNEL_OBJECTS := $(call objects,kernel,$(KERNEL_SOURCES))

KERNEL_GENERATED += $(KERNEL_OFFSETS)
ALL += $(BUILD)/kernel/bulkhead.elf

$(KERNEL_OFFSETS): $(KERNEL_ARCH)/cpu/offsets.c | $(BUILD)/generated/abi/syscall_numbers.h $(DEPS_STAMP)
	$(MAKE_DIR)
	$(call say,GEN,$@)$(CC) $(KERNEL_CFLAGS) -MMD -MP -MF $(@:.h=.d) -MT $@ -S -o $(@:.h=.s) $<
	$(quiet){ echo '/* Made from $<. */'; \
	    sed -n 's/.*->OFFSET \([A-Z0-9_]*\) [$$]*\(-*[0-9]*\).*/#define \1 \2/p' $(@:.h=.s); } >$@

-include $(KERNEL_OFFSETS:.h=.d)

$(BUILD)/kernel/bulkhead.elf: $(KERNEL_OBJECTS) linker.ld
	$(MAKE_DIR)
	$(call say,LD,$@)$(LD) $(KERNEL_LDFLAGS) -o $@ $(KERNEL_OBJECTS)

# Host tests of the architecture see its own types, not those of tests/fake.
$(BUILD)/unit/obj/arch/%.o $(BUILD)/unit/obj/tests/unit/arch_%.o: \
    EXTRA_CFLAGS := -iquote $(KERNEL_ARCH)/include
