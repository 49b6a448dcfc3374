/*
 * Takes the manager's place in the kernel: breaks every rule of the entry check in a real VMCS, and
 * compares what the check says with what the processor does. Prints TAP and switches off.
 */
#include "tests/entry/selftest.h"

#include <stdarg.h>
#include <stdnoreturn.h>

#include "arch/x86_64/cpu/asm.h"
#include "arch/x86_64/cpu/msr.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/vmx/entry_report.h"
#include "arch/x86_64/vmx/instructions.h"
#include "arch/x86_64/vmx/vmx.h"
#include "kernel/arch.h"
#include "kernel/cpu.h"
#include "kernel/frame.h"
#include "kernel/guest.h"
#include "kernel/manager.h"
#include "kernel/partition.h"
#include "kernel/print.h"
#include "tests/entry/scene.h"

/* ---- output */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    size_t length = print_format_list(line, sizeof line - 2, format, arguments);
    va_end(arguments);
    line[length] = '\r';
    line[length + 1] = '\n';
    arch_serial_write(line, length + 2);
}

static uint32_t test_count, failed_count;

/* note: NULL, or why the test says nothing. */
static void result(bool is_ok, const char *what, const char *note) {
    test_count++;
    if (!is_ok)
        failed_count++;
    say("tap[entry]: %sok %u - %s%s%s", is_ok ? "" : "not ", test_count, what,
        note == NULL ? "" : " # SKIP ", note == NULL ? "" : note);
}

static noreturn void end(void) {
    say("tap[entry]: 1..%u", test_count);
    say("bulkhead: power off, status %u", failed_count == 0 ? 0u : 1u);
    arch_power_off();
    arch_halt_all();
}

/* ---- the scene is a VMCS of this processor */

static struct entry_facts facts;
static uint64_t vmcs;

static void write_field(void *context, uint32_t encoding, uint64_t value) {
    (void)context;
    (void)vmx_try_write(encoding, value); /* fails for what the processor does not have */
}

static void write_memory(void *context, uint64_t address, uint64_t value) {
    (void)context;
    *(volatile uint64_t *)arch_memory_at(address) = value;
}

static bool want_fact(void *context, size_t offset, uint64_t bits, bool is_set) {
    uint64_t fact = *(const uint64_t *)((const char *)&facts + offset);
    (void)context;
    return (fact & bits) == (is_set ? bits : 0);
}

static struct entry_scene scene = {
    .facts = &facts,
    .source = &entry_hardware,
    .write_field = write_field,
    .write_memory = write_memory,
    .want_fact = want_fact,
};

static void reset_host(void) {
    const struct cpu *cpu = cpu_self();
    struct descriptor_pointer idtr;
    entry_store_idtr(&idtr);
    const struct {
        uint32_t field;
        uint64_t value;
    } rows[] = {
        {FIELD_HOST_CR0,          asm_read_cr0()                   },
        {FIELD_HOST_CR3,          asm_read_cr3()                   },
        {FIELD_HOST_CR4,          asm_read_cr4()                   },
        {FIELD_HOST_ES_SELECTOR,  0                                },
        {FIELD_HOST_CS_SELECTOR,  SELECTOR_KERNEL_CODE             },
        {FIELD_HOST_SS_SELECTOR,  SELECTOR_KERNEL_DATA             },
        {FIELD_HOST_DS_SELECTOR,  0                                },
        {FIELD_HOST_FS_SELECTOR,  0                                },
        {FIELD_HOST_GS_SELECTOR,  0                                },
        {FIELD_HOST_TR_SELECTOR,  SELECTOR_TASK                    },
        {FIELD_HOST_FS_BASE,      asm_rdmsr(MSR_FS_BASE)           },
        {FIELD_HOST_GS_BASE,      asm_rdmsr(MSR_GS_BASE)           },
        {FIELD_HOST_TR_BASE,      (uint64_t)&cpu->arch.tables->task},
        {FIELD_HOST_GDTR_BASE,    (uint64_t)cpu->arch.tables->gdt  },
        {FIELD_HOST_IDTR_BASE,    idtr.base                        },
        {FIELD_HOST_SYSENTER_CS,  0                                },
        {FIELD_HOST_SYSENTER_ESP, 0                                },
        {FIELD_HOST_SYSENTER_EIP, 0                                },
        {FIELD_HOST_EFER,         asm_rdmsr(MSR_EFER)              },
        {FIELD_HOST_PAT,          asm_rdmsr(MSR_PAT)               },
        {FIELD_HOST_RIP,          (uint64_t)entry_try_exit         },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        write_field(NULL, rows[i].field, rows[i].value);
}

/* A state that can be entered, in a VMCS that can be launched. */
static void reset(void) {
    (void)vmx_clear(vmcs);
    (void)vmx_load(vmcs);
    reset_host();
    entry_scene_reset(&scene);
}

/* ---- verdicts */

#define EXIT_IS_FAILED_ENTRY (1ull << 31)
#define REASON_GUEST         (EXIT_IS_FAILED_ENTRY | 33)
#define REASON_MSRS          (EXIT_IS_FAILED_ENTRY | 34)
#define ERROR_CONTROLS       7u
#define ERROR_HOST           8u

static const char *const area_names[] = {
    [ENTRY_AREA_CONTROLS] = "controls", [ENTRY_AREA_HOST] = "host state",
    [ENTRY_AREA_GUEST] = "guest state", [ENTRY_AREA_MSRS] = "MSR loading",
    [ENTRY_AREA_NONE] = "no failure",
};

static uint64_t read_field(uint32_t encoding) {
    return entry_hardware.read_field(NULL, encoding);
}

/* What the processor makes of the VMCS. False: none of the answers that rules have. */
static bool try_entry(enum entry_area *verdict, uint64_t *code) {
    if (entry_try() != 0) {
        *code = read_field(FIELD_INSTRUCTION_ERROR);
        *verdict = *code == ERROR_CONTROLS ? ENTRY_AREA_CONTROLS : ENTRY_AREA_HOST;
        return *code == ERROR_CONTROLS || *code == ERROR_HOST;
    }
    *code = read_field(FIELD_EXIT_REASON);
    if ((*code & EXIT_IS_FAILED_ENTRY) == 0)
        *verdict = ENTRY_AREA_NONE;
    else
        *verdict = *code == REASON_MSRS ? ENTRY_AREA_MSRS : ENTRY_AREA_GUEST;
    return (*code & EXIT_IS_FAILED_ENTRY) == 0 || *code == REASON_GUEST || *code == REASON_MSRS;
}

/* What Bochs 2.7 is known to make of it, where it differs from the manual. */
static enum entry_area known_verdict(const struct entry_rule *rule) {
    switch (entry_rule_bochs(rule)) {
    case BOCHS_ENTERS: return ENTRY_AREA_NONE;
    case BOCHS_LATER: return ENTRY_AREA_GUEST;
    default: return entry_rule_area(rule);
    }
}

static const struct entry_rule *find_rule(uint32_t number) {
    const struct entry_rule *rule = NULL;
    for (size_t i = 0; (rule = entry_rule_at(i)) != NULL; i++)
        if (entry_rule_number(rule) == number)
            return rule;
    return NULL;
}

static void compare(uint32_t number, const char *text) {
    char what[224];
    const struct entry_rule *found = NULL;
    enum entry_area verdict;
    uint64_t code;
    size_t count = entry_check(&facts, &entry_hardware, ENTRY_AREA_NONE, &found, 1);
    enum entry_area ours = count == 0 ? ENTRY_AREA_NONE : entry_rule_area(found);
    bool is_known = try_entry(&verdict, &code);
    bool is_same = is_known && verdict == ours;
    bool is_as_known = is_known && count != 0 && verdict == known_verdict(found);
    print_format(what, sizeof what, "rule %u: %s: %s%s", number, text, area_names[verdict],
                 is_same       ? ""
                 : is_as_known ? ", as Bochs 2.7 has it"
                               : "");
    result(is_same || is_as_known, what, NULL);
    if (!is_same && !is_as_known)
        say("tap[entry]: # the check says %s by rule %u, the processor %lx", area_names[ours],
            count == 0 ? 0 : entry_rule_number(found), code);
    else if (count != 0 && entry_rule_number(found) != number)
        say("tap[entry]: # it was rule %u that came first", entry_rule_number(found));
    else if (count == 0 && number != 0)
        say("tap[entry]: # the VMCS does not keep what breaks the rule");
}

static void run_case(size_t at) {
    uint32_t number = entry_case_rule(at);
    const struct entry_rule *rule = find_rule(number);
    char what[160], text[ENTRY_TEXT_SIZE];
    print_format(what, sizeof what, "rule %u: %s", number, entry_rule_text(rule));
    reset();
    if (!entry_case_apply(at, &scene)) {
        result(true, what, "this processor gives no occasion to break it");
    } else if (entry_rule_bochs(rule) == BOCHS_UNTRIED) {
        result(true, what, "Bochs 2.7 cannot be asked");
    } else {
        entry_check_text(rule, &entry_hardware, text);
        compare(number, text);
    }
}

/* A vCPU whose entry has failed: what its VMM is told, and the log. */
static void report(void) {
    static struct vcpu_page page;
    static struct guest guest;
    static struct vcpu vcpu = {.page = &page, .guest = &guest};
    guest.object.owner = &kernel_partition;
    vcpu.arch.vmcs = vmcs;
    reset();
    result(!entry_report(&vcpu, ENTRY_AREA_GUEST), "nothing is reported of a valid state", NULL);
    write_field(NULL, FIELD_GUEST_CS_RIGHTS, 0xa09a);
    result(entry_report(&vcpu, ENTRY_AREA_GUEST) && page.exit.failed.rule == 3230,
           "the VMM is told the rule", NULL);
    say("tap[entry]: # %s", page.exit.failed.text);
}

static uint64_t allocate(void) {
    uint64_t page = frame_allocate_clear();
    if (page == FRAME_NONE) {
        result(false, "there is memory", NULL);
        end();
    }
    return page;
}

void manager_start(void) {
    if (arch_guests_reason() != NULL) {
        result(true, "VMCSs of this processor", arch_guests_reason());
        end();
    }
    vmcs = allocate();
    for (uint32_t i = 0; i < ENTRY_PAGE_COUNT; i++)
        scene.page[i] = allocate();
    *(uint32_t *)arch_memory_at(vmcs) = vmx_revision;
    entry_facts_read(&facts, vmcs);
    reset();
    compare(0, "nothing is broken");
    for (size_t at = 0; at < entry_case_count(); at++)
        run_case(at);
    report();
    end();
}

void manager_restart_later(void) {}
