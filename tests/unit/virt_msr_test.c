/* MSR policy: SDM Vol. 4, 2.1 "Architectural MSRs", and the sections named below. */
/* units: arch/x86_64/virt/msr.c arch/x86_64/virt/lapic.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "arch/x86_64/virt/cpuid.h"
#include "arch/x86_64/virt/msr.h"
#include "kernel/guest.h"

static struct guest guest;
static struct vcpu_page page;
static struct vcpu vcpu;
static _Alignas(4096) uint8_t apic_page[4096];
static struct guest_msr vmm_rows[GUEST_MSR_LIMIT];
static uint64_t efer, pat, debugctl;
static bool efer_is_refused;
static enum exit_action end_result;
static uint32_t effects, clock_loads, syscall_loads, aux_loads, work;

/* ---- what the vendor's half does */

uint64_t vcpu_get_efer(const struct vcpu *asked) {
    (void)asked;
    return efer;
}
bool vcpu_set_efer(struct vcpu *asked, uint64_t value) {
    (void)asked;
    efer = efer_is_refused ? efer : value;
    return !efer_is_refused;
}
uint64_t vcpu_get_pat(const struct vcpu *asked) {
    (void)asked;
    return pat;
}
void vcpu_set_pat(struct vcpu *asked, uint64_t value) {
    (void)asked;
    pat = value;
}
uint64_t vcpu_get_debugctl(const struct vcpu *asked) {
    (void)asked;
    return debugctl;
}
void vcpu_set_debugctl(struct vcpu *asked, uint64_t value) {
    (void)asked;
    debugctl = value;
}
void vcpu_load_clock(struct vcpu *asked) {
    (void)asked;
    clock_loads++;
}
void vcpu_load_syscall(struct vcpu *asked) {
    (void)asked;
    syscall_loads++;
}
void vcpu_load_tsc_aux(struct vcpu *asked) {
    (void)asked;
    aux_loads++;
}
void vcpu_add_work(struct vcpu *asked, uint32_t bits) {
    (void)asked;
    work |= bits;
}
enum exit_action vcpu_apic_effect(struct vcpu *asked, uint32_t effect) {
    (void)asked;
    effects |= effect;
    return ACTION_RESUME;
}

enum exit_action vcpu_end_of_interrupt(struct vcpu *asked) {
    (void)asked;
    effects |= LAPIC_EFFECT_EOI;
    return end_result;
}

/* ---- */

static int setup(void **state) {
    (void)state;
    memset(&guest, 0, sizeof guest);
    memset(&vcpu, 0, sizeof vcpu);
    memset(&page, 0, sizeof page);
    guest.arch.features = UINT32_MAX;
    guest.arch.physical_bits = 40;
    guest.msr = vmm_rows;
    vcpu.guest = &guest;
    vcpu.page = &page;
    vcpu.arch.lapic.page = apic_page;
    vcpu.arch.msrs.misc_enable = 0x1801;
    lapic_reset(&vcpu.arch.lapic, 0, true, 100000000, 100000000);
    efer = pat = debugctl = 0;
    effects = clock_loads = syscall_loads = aux_loads = work = 0;
    efer_is_refused = false;
    end_result = ACTION_RESUME;
    msr_index_init();
    return 0;
}

static enum exit_action read(uint32_t index, uint64_t *value) {
    page.gpr[GPR_RCX] = 0xabc00000000 | index;
    page.gpr[GPR_RAX] = page.gpr[GPR_RDX] = UINT64_MAX;
    enum exit_action action = msr_read_exit(&vcpu);
    *value = (uint32_t)page.gpr[GPR_RAX] | page.gpr[GPR_RDX] << 32;
    if (action == ACTION_ADVANCE)
        assert_true((page.gpr[GPR_RAX] | page.gpr[GPR_RDX]) <= UINT32_MAX);
    return action;
}

static enum exit_action write(uint32_t index, uint64_t value) {
    page.gpr[GPR_RCX] = 0xabc00000000 | index;
    page.gpr[GPR_RAX] = 0x123400000000 | (value & UINT32_MAX);
    page.gpr[GPR_RDX] = 0x567800000000 | value >> 32;
    return msr_write_exit(&vcpu);
}

static uint64_t value_of(uint32_t index) {
    uint64_t value;
    assert_int_equal(read(index, &value), ACTION_ADVANCE);
    return value;
}

/* Sorted, each MSR once, each with its reason. */
static void table(void **state) {
    (void)state;
    for (size_t i = 0; i < guest_msr_row_count; i++) {
        const struct guest_msr_row *row = &guest_msr_rows[i];
        assert_true(row->first <= row->last);
        assert_true(i == 0 || guest_msr_rows[i - 1].last < row->first);
        assert_true(row->feature != 0 && row->name != NULL && row->why != NULL);
        assert_ptr_equal(msr_row_of(row->first), row);
        assert_ptr_equal(msr_row_of(row->last), row);
    }
    assert_null(msr_row_of(0x11));
    assert_null(msr_row_of(0x900));
    assert_null(msr_row_of(0xc0000104));
    assert_null(msr_row_of(UINT32_MAX));
}

/* Without its CPUID bit an MSR faults. */
static void gates(void **state) {
    (void)state;
    guest.arch.features = VIRT_FEATURE_ALWAYS;
    for (size_t i = 0; i < guest_msr_row_count; i++) {
        const struct guest_msr_row *row = &guest_msr_rows[i];
        uint64_t value;
        if (row->feature == VIRT_FEATURE_ALWAYS)
            continue;
        assert_int_equal(read(row->first, &value), ACTION_PROTECTION);
        assert_int_equal(write(row->first, 0), ACTION_PROTECTION);
    }
}

/* What every Linux reads or writes at its start without expecting a fault. */
static void what_linux_asks(void **state) {
    (void)state;
    static const uint32_t reads[] = {0x17,  0x1b,  0x3a,  0x8b,  0xce,  0xfe,  0x179,
                                     0x17a, 0x1a0, 0x200, 0x201, 0x20f, 0x250, 0x258,
                                     0x259, 0x268, 0x26f, 0x277, 0x2ff};
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++)
        (void)value_of(reads[i]);
    assert_int_equal(write(0x8b, 0), ACTION_ADVANCE);
    assert_int_equal(value_of(0x3a), 1); /* locked, VMX off: 24.7 */
    assert_int_equal(value_of(0xfe), 0x508);
    assert_int_equal(value_of(0x179), 0);
    assert_int_equal(value_of(0x1a0) & 0x1800, 0x1800); /* no BTS, no PEBS */
}

static void others_fault(void **state) {
    (void)state;
    uint64_t value;
    static const uint32_t none[] = {0x48, 0x49, 0x10a, 0x186, 0x480, 0x570, 0xda0, 0xc0010015};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_int_equal(read(none[i], &value), ACTION_PROTECTION);
        assert_int_equal(write(none[i], 0), ACTION_PROTECTION);
    }
    assert_int_equal(write(0xfe, 0), ACTION_PROTECTION);
    assert_int_equal(write(0x3a, 5), ACTION_PROTECTION);
}

/* 12.12.2: types 2 and 3 and bits above fault. */
static void pat_values(void **state) {
    (void)state;
    assert_int_equal(write(0x277, 0x0007040600070406), ACTION_ADVANCE);
    assert_true(pat == 0x0007040600070406);
    assert_int_equal(write(0x277, 0x0007040600070402), ACTION_PROTECTION);
    assert_int_equal(write(0x277, 0x0307040600070406), ACTION_PROTECTION);
    assert_int_equal(write(0x277, 0x0007040600080406), ACTION_PROTECTION);
    assert_true(pat == 0x0007040600070406);
    assert_true(msr_pat_is_valid(0x0001040506070000));
}

/* 12.11.2: MTRRs. */
static void mtrr_values(void **state) {
    (void)state;
    assert_int_equal(write(0x2ff, 0xc06), ACTION_ADVANCE);
    assert_int_equal(value_of(0x2ff), 0xc06);
    assert_int_equal(write(0x2ff, 0xc07), ACTION_PROTECTION);
    assert_int_equal(write(0x2ff, 0x1006), ACTION_PROTECTION);
    assert_int_equal(write(0x250, 0x0606060606060606), ACTION_ADVANCE);
    assert_int_equal(write(0x26f, 0x0505050505050505), ACTION_ADVANCE);
    assert_true(value_of(0x250) == 0x0606060606060606);
    assert_true(value_of(0x26f) == 0x0505050505050505);
    assert_int_equal(value_of(0x268), 0);
    assert_int_equal(write(0x258, 0x0706060606060606), ACTION_PROTECTION);
    assert_int_equal(write(0x200, 0x80000006), ACTION_ADVANCE);
    assert_int_equal(write(0x201, 0xff80000800), ACTION_ADVANCE);
    assert_int_equal(value_of(0x201), 0xff80000800);
    assert_int_equal(write(0x200, 0x80000002), ACTION_PROTECTION);
    assert_int_equal(write(0x200, 0x80000106), ACTION_PROTECTION);
    assert_int_equal(write(0x201, 0x800 | 1ull << 40), ACTION_PROTECTION);
    assert_int_equal(write(0x201, 0x400), ACTION_PROTECTION);
}

static void processor_modes(void **state) {
    (void)state;
    assert_int_equal(write(0x1a0, 0x1800), ACTION_ADVANCE);
    assert_int_equal(value_of(0x1a0), 0x1800);
    assert_int_equal(write(0x1a0, 0x0), ACTION_PROTECTION);
    assert_int_equal(write(0x17a, 1), ACTION_PROTECTION);
    assert_int_equal(write(0x17a, 0), ACTION_ADVANCE);
    assert_int_equal(write(0x1d9, 3), ACTION_ADVANCE);
    assert_int_equal(debugctl, 2); /* branch records stay off */
    assert_int_equal(write(0x1d9, 0x40), ACTION_PROTECTION);
    assert_int_equal(write(0xc0000080, 0x901), ACTION_ADVANCE);
    assert_int_equal(value_of(0xc0000080), 0x901);
    efer_is_refused = true;
    assert_int_equal(write(0xc0000080, 0), ACTION_PROTECTION);
}

static void system_call_registers(void **state) {
    (void)state;
    assert_int_equal(write(0xc0000081, 0x0023001000000000), ACTION_ADVANCE);
    assert_int_equal(write(0xc0000082, 0xffffffff81000000), ACTION_ADVANCE);
    assert_int_equal(write(0xc0000082, 0x0000800000000000), ACTION_PROTECTION);
    assert_int_equal(write(0xc0000083, 0x1000), ACTION_ADVANCE);
    assert_int_equal(write(0xc0000084, 0x47700), ACTION_ADVANCE);
    assert_int_equal(write(0xc0000084, 1ull << 32), ACTION_PROTECTION);
    assert_int_equal(syscall_loads, 3); /* CSTAR is nowhere loaded */
    assert_true(value_of(0xc0000082) == 0xffffffff81000000);
    assert_int_equal(value_of(0xc0000083), 0x1000);
    assert_true(vcpu.arch.star == 0x0023001000000000);
    assert_int_equal(write(0xc0000103, 7), ACTION_ADVANCE);
    assert_int_equal(aux_loads, 1);
    assert_int_equal(value_of(0xc0000103), 7);
    assert_int_equal(write(0xc0000103, 1ull << 32), ACTION_PROTECTION);
}

/* 17.17.3: TSC_ADJUST follows writes of the TSC, and the TSC follows it. */
static void time_stamp(void **state) {
    (void)state;
    assert_int_equal(write(0x3b, 1000), ACTION_ADVANCE);
    assert_int_equal(vcpu.arch.lapic.tsc_offset, 1000);
    assert_int_equal(write(0x3b, 400), ACTION_ADVANCE);
    assert_int_equal(vcpu.arch.lapic.tsc_offset, 400);
    assert_int_equal(value_of(0x3b), 400);
    assert_int_equal(write(0x10, 0), ACTION_ADVANCE);
    assert_true(value_of(0x3b) == vcpu.arch.lapic.tsc_offset);
    assert_true(value_of(0x10) < 1ull << 40); /* it counts from 0 */
    assert_int_equal(clock_loads, 3);
}

static void local_apic(void **state) {
    (void)state;
    uint64_t value;
    assert_int_equal(value_of(0x1b), 0xfee00900);
    assert_int_equal(read(0x802, &value), ACTION_PROTECTION); /* xAPIC mode */
    assert_int_equal(write(0x80b, 0), ACTION_PROTECTION);
    assert_int_equal(write(0x1b, 0xfee00d00), ACTION_ADVANCE);
    assert_true((work & VCPU_WORK_APIC_MODE) != 0);
    assert_int_equal(value_of(0x802), 0);
    assert_int_equal(write(0x80b, 0), ACTION_ADVANCE);
    assert_int_equal(effects, LAPIC_EFFECT_EOI);
    end_result = ACTION_LEAVE; /* the VMM wants to know */
    assert_int_equal(write(0x80b, 0), ACTION_ADVANCE_LEAVE);
    assert_int_equal(write(0x80b, 1), ACTION_PROTECTION);
    assert_int_equal(read(0x80e, &value), ACTION_PROTECTION);
    assert_int_equal(read(0x8ff, &value), ACTION_PROTECTION);
    assert_int_equal(write(0x1b, 0xfee00900), ACTION_PROTECTION); /* not straight back */
    /* Without the CPUID bit there is no such mode. */
    assert_int_equal(write(0x1b, 0xfee00100), ACTION_ADVANCE);
    guest.arch.features &= ~VIRT_FEATURE_X2APIC;
    assert_int_equal(write(0x1b, 0xfee00900), ACTION_ADVANCE);
    assert_int_equal(write(0x1b, 0xfee00d00), ACTION_PROTECTION);
}

static void rows_of_the_vmm(void **state) {
    (void)state;
    uint64_t value;
    vmm_rows[0] = (struct guest_msr){0x600, 0x60f, GUEST_MSR_VALUE, 0, 0x1122334455667788};
    vmm_rows[1] = (struct guest_msr){0x700, 0x700, GUEST_MSR_EXIT, 0, 0};
    vmm_rows[2] = (struct guest_msr){0x701, 0x701, GUEST_MSR_VALUE_READ_ONLY, 0, 5};
    vmm_rows[3] = (struct guest_msr){0x702, 0x702, GUEST_MSR_FAULT, 0, 5};
    guest.msr_count = 4;
    assert_true(value_of(0x60f) == 0x1122334455667788);
    assert_int_equal(write(0x60f, 3), ACTION_ADVANCE);
    assert_true(value_of(0x600) == 0x1122334455667788);
    assert_int_equal(read(0x610, &value), ACTION_PROTECTION);
    assert_int_equal(value_of(0x701), 5);
    assert_int_equal(write(0x701, 5), ACTION_PROTECTION);
    assert_int_equal(read(0x702, &value), ACTION_PROTECTION);
    assert_int_equal(write(0x700, 0x99), ACTION_LEAVE);
    assert_int_equal(vcpu.arch.leave_kind, EXIT_MSR);
    assert_int_equal(page.exit.msr.index, 0x700);
    assert_int_equal(page.exit.msr.is_write, 1);
    assert_int_equal(page.exit.msr.value, 0x99);
    assert_int_equal(read(0x700, &value), ACTION_LEAVE);
    assert_int_equal(page.exit.msr.is_write, 0);
}

/* ---- what hardware does not switch: SDM Vol. 3, 27.4 "Guest State", 28.5 "Loading Host State" */

struct unswitched {
    const char *name;
    uint32_t first, last;
    const char *guest, *saved, *loaded, *ring_3;
};
/* clang-format off */
static const struct unswitched unswitched[] = {
#define UNSWITCHED(name, first, last, guest, saved, loaded, ring_3) \
    {name, first, last, guest, saved, loaded, ring_3},
#include "arch/x86_64/virt/unswitched.def"
#undef UNSWITCHED
};
/* clang-format on */
#define UNSWITCHED_COUNT (sizeof unswitched / sizeof unswitched[0])

static bool is_listed(uint32_t index) {
    for (size_t i = 0; i < UNSWITCHED_COUNT; i++)
        if (unswitched[i].first != 0 && index >= unswitched[i].first && index <= unswitched[i].last)
            return true;
    return false;
}

/* What a guest writes without an exit is in a register: somebody must take it out again. */
static void what_passes_is_switched(void **state) {
    (void)state;
    for (size_t i = 0; i < guest_msr_row_count; i++)
        for (uint32_t index = guest_msr_rows[i].first; index <= guest_msr_rows[i].last; index++)
            if (guest_msr_rows[i].pass == MSR_PASS_ALL && !is_listed(index))
                fail_msg("MSR %x passes, and unswitched.def does not say who switches it", index);
    for (size_t i = 0; i < UNSWITCHED_COUNT; i++) {
        assert_true(unswitched[i].first <= unswitched[i].last);
        assert_true(unswitched[i].name[0] != 0 && unswitched[i].guest[0] != 0 &&
                    unswitched[i].saved[0] != 0 && unswitched[i].loaded[0] != 0 &&
                    unswitched[i].ring_3[0] != 0);
    }
    assert_true(is_listed(0x48));
    assert_true(is_listed(0xda0));
    assert_true(is_listed(0xc0000103));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(table, setup),
        cmocka_unit_test_setup(gates, setup),
        cmocka_unit_test_setup(what_linux_asks, setup),
        cmocka_unit_test_setup(others_fault, setup),
        cmocka_unit_test_setup(pat_values, setup),
        cmocka_unit_test_setup(mtrr_values, setup),
        cmocka_unit_test_setup(processor_modes, setup),
        cmocka_unit_test_setup(system_call_registers, setup),
        cmocka_unit_test_setup(time_stamp, setup),
        cmocka_unit_test_setup(local_apic, setup),
        cmocka_unit_test_setup(rows_of_the_vmm, setup),
        cmocka_unit_test(what_passes_is_switched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
