# What is made from the system-call table: headers for kernel and programs, and the reference.
# Programs and kernel include them as "abi/syscalls.h", "abi/syscall_numbers.h", "abi/syscall_table.h".

ABI_TABLE := kernel/abi/syscalls.tbl
ABI_DIR := $(BUILD)/generated/abi
ABI_HEADERS := $(ABI_DIR)/syscall_numbers.h $(ABI_DIR)/syscall_table.h $(ABI_DIR)/syscalls.h
ABI_REFERENCE := $(ABI_DIR)/REFERENCE.md

KERNEL_GENERATED += $(ABI_HEADERS)
GUEST_GENERATED += $(ABI_HEADERS)
UNIT_GENERATED += $(ABI_HEADERS)

$(ABI_HEADERS) $(ABI_REFERENCE) &: $(ABI_TABLE) kernel/abi/types.h tools/abi/generate
	$(MAKE_DIR)
	$(call say,GEN,$(ABI_DIR))tools/abi/generate $(ABI_TABLE) --types kernel/abi/types.h --output $(ABI_DIR) --reference $(ABI_REFERENCE)

# The reference is kept in the tree, to be read without building. `make abi` refreshes it.
.PHONY: abi check-abi
abi: $(ABI_REFERENCE)
	$(quiet)cmp -s $< kernel/abi/REFERENCE.md || cp $< kernel/abi/REFERENCE.md

check-abi: $(ABI_REFERENCE)
	$(quiet)cmp $< kernel/abi/REFERENCE.md || { echo 'kernel/abi/REFERENCE.md is old: make abi'; exit 1; }

HELP += 'make abi      refresh kernel/abi/REFERENCE.md from the system-call table'
