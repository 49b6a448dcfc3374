/* Checks that every protocol has to pass. */
#include "tests/guests/small/found.h"

#include <stddef.h>

#include "tests/guests/small/check.h"
#include "tests/guests/small/device.h"
#include "tests/guests/small/serial.h"

/* SDM Vol. 3, 2.5 "Control Registers", 2.3 "System Flags and Fields in the EFLAGS Register". */
#define CR0_PE   0x00000001u
#define CR0_PG   0x80000000u
#define FLAGS_IF 0x00000200u
#define FLAGS_VM 0x00020000u

#define PAGE   4096u
#define FAILED 1u

extern const uint8_t load_start[], bss_end[];

static bool is_text(const char *text, const char *expected) {
    while (*text != '\0' && *text == *expected) {
        text++;
        expected++;
    }
    return *text == *expected;
}

static void check_processor(void) {
    uint32_t cr0, cr4, flags;
    __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    __asm__ volatile("pushf; pop %0" : "=r"(flags));
    check((cr0 & (CR0_PE | CR0_PG)) == CR0_PE, "protected mode without paging");
    check(cr4 == 0, "CR4 is 0");
    check((flags & (FLAGS_IF | FLAGS_VM)) == 0, "interrupts are off");
}

static bool is_ram(const struct found *found, uint32_t address, uint32_t length) {
    for (uint32_t i = 0; i < found->range_count; i++) {
        const struct found_range *range = &found->range[i];
        if (range->type == 1 && address >= range->address &&
            address - range->address + length <= range->length) {
            return true;
        }
    }
    return false;
}

/* Nothing of one piece of memory in the other. */
static bool is_apart(uint32_t a, uint32_t a_length, uint32_t b, uint32_t b_length) {
    return a + a_length <= b || b + b_length <= a;
}

static void check_modules(const struct found *found) {
    bool is_aligned = true, is_in_ram = true, is_alone = true;
    uint32_t kernel = (uint32_t)(uintptr_t)load_start;
    uint32_t kernel_length = (uint32_t)(uintptr_t)bss_end - kernel;
    for (uint32_t i = 0; i < found->module_count; i++) {
        const struct found_module *module = &found->module[i];
        is_aligned = is_aligned && module->address % PAGE == 0;
        is_in_ram = is_in_ram && is_ram(found, module->address, module->length);
        is_alone = is_alone && is_apart(module->address, module->length, kernel, kernel_length);
        for (uint32_t j = 0; j < i; j++) {
            is_alone = is_alone && is_apart(module->address, module->length,
                                            found->module[j].address, found->module[j].length);
        }
    }
    check(is_aligned, "modules begin with a page");
    check(is_in_ram, "modules lie in RAM");
    check(is_alone, "modules overlap neither each other nor the kernel");
    check(is_ram(found, kernel, kernel_length), "the kernel lies in RAM");
}

static void check_memory(const struct found *found) {
    bool is_ascending = true;
    for (uint32_t i = 1; i < found->range_count; i++) {
        is_ascending = is_ascending && found->range[i].address >=
                                           found->range[i - 1].address + found->range[i - 1].length;
    }
    check(found->range_count != 0 && is_ascending, "the memory map is in order");
}

/* Facts for the test outside, which knows what they should be. */
static void print_facts(const struct found *found) {
    serial_print("%s: command line '%s'\n", found->name, found->command_line);
    for (uint32_t i = 0; i < found->module_count; i++) {
        const struct found_module *module = &found->module[i];
        uint32_t sum = 0;
        for (uint32_t j = 0; j < module->length; j++) {
            sum += ((const uint8_t *)(uintptr_t)module->address)[j];
        }
        serial_print("%s: module '%s' of %u bytes, sum %u\n", found->name, module->text,
                     module->length, sum);
    }
    for (uint32_t i = 0; i < found->range_count; i++) {
        const struct found_range *range = &found->range[i];
        serial_print("%s: memory %x of %x, type %u\n", found->name, (uint32_t)range->address,
                     (uint32_t)range->length, range->type);
    }
}

_Noreturn void found_report(const struct found *found, uint8_t value) {
    serial_wait();
    print_facts(found);
    check_begin(found->name);
    check(found->is_complete, "magic numbers and flags");
    check(found->loader == NULL || is_text(found->loader, "Bulkhead"), "the loader's name");
    check(found->rsdp == 0 || *(const uint64_t *)(uintptr_t)found->rsdp == 0x2052545020445352ull,
          "\"RSD PTR \" is where the loader says");
    check_processor();
    check_memory(found);
    check_modules(found);
    device_check();
    serial_leave(check_end() ? value : FAILED);
}
