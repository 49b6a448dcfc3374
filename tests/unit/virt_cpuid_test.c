/* CPUID policy: SDM Vol. 2, CPUID, and Vol. 1, chapter 13. */
/* units: arch/x86_64/virt/cpuid.c arch/x86_64/virt/lapic.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/virt/cpuid.h"
#include "kernel/guest.h"

static struct guest guest;
static struct vcpu_page page;
static struct vcpu vcpu;
static uint64_t cr4;

uint64_t vcpu_get_cr4(const struct vcpu *asked) {
    (void)asked;
    return cr4;
}

/* A host with every bit that there could be. */
static void all_bits(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    (void)leaf, (void)subleaf;
    *result = (struct cpuid_result){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static void no_bits(uint32_t leaf, uint32_t subleaf, struct cpuid_result *result) {
    (void)leaf, (void)subleaf;
    *result = (struct cpuid_result){0, 0, 0, 0};
}

static struct cpuid_host host = {all_bits, 0x2e7, true, true};

#define SUB GUEST_CPUID_SUBLEAF
#define ALL UINT32_MAX

static const struct guest_cpuid wanted[] = {
    {0x0,        0, 0,                0xd,        0x756e6547, 0x6c65746e, 0x49656e69, 0},
    {0x1,        0, 0,                0x50654,    ALL,        ALL,        ALL,        0},
    {0x7,        0, SUB,              1,          ALL,        ALL,        ALL,        0},
    {0x7,        1, SUB,              ALL,        ALL,        ALL,        ALL,        0},
    {0xa,        0, 0,                ALL,        ALL,        ALL,        ALL,        0},
    {0xb,        0, SUB,              1,          2,          3,          4,          0},
    {0xb,        1, SUB,              5,          6,          7,          8,          0},
    {0xd,        0, SUB,              0x2e7,      0,          0,          0,          0},
    {0xd,        1, SUB,              0xf,        0,          0,          0,          0},
    {0x40000000, 0, 0,                0x40000001, 0x11,       0x22,       0x33,       0},
    {0x40000100, 0, 0,                0x40000101, 0x44,       0x55,       0x66,       0},
    {0x40000200, 0, GUEST_CPUID_EXIT, 0,          0,          0,          0,          0},
    {0x80000000, 0, 0,                0x80000008, 0,          0,          0,          0},
    {0x80000001, 0, 0,                0,          0,          ALL,        ALL,        0},
    {0x80000008, 0, 0,                0x3028,     0,          0,          0,          0},
};
#define ROWS (sizeof wanted / sizeof wanted[0])
static struct guest_cpuid rows[ROWS];

static int setup(void **state) {
    (void)state;
    memset(&guest, 0, sizeof guest);
    memset(&vcpu, 0, sizeof vcpu);
    memset(&page, 0, sizeof page);
    memcpy(rows, wanted, sizeof rows);
    guest.cpuid = rows;
    guest.cpuid_count = ROWS;
    guest.arch.apic_page = 0x5000;
    vcpu.guest = &guest;
    vcpu.page = &page;
    vcpu.arch.lapic.base = 0xfee00900;
    cr4 = 0;
    cpuid_apply(&guest.arch, rows, ROWS, &host);
    return 0;
}

static void ask(uint32_t leaf, uint32_t subleaf) {
    page.gpr[GPR_RAX] = 0xdead00000000 | leaf;
    page.gpr[GPR_RCX] = 0xdead00000000 | subleaf;
    page.gpr[GPR_RBX] = page.gpr[GPR_RDX] = UINT64_MAX;
    assert_int_equal(cpuid_exit(&vcpu), ACTION_ADVANCE);
    /* The upper halves are cleared in 64-bit mode. */
    assert_true((page.gpr[GPR_RAX] | page.gpr[GPR_RBX] | page.gpr[GPR_RCX] | page.gpr[GPR_RDX]) <=
                UINT32_MAX);
}

#define BIT(n) (1u << (n))

static void what_the_kernel_cannot_give(void **state) {
    (void)state;
    ask(0x1, 0);
    uint32_t ecx = (uint32_t)page.gpr[GPR_RCX], edx = (uint32_t)page.gpr[GPR_RDX];
    /* DTES64, MONITOR, DS-CPL, VMX, SMX, EIST, TM2, CNXT-ID, SDBG, xTPR, PDCM, DCA */
    assert_int_equal(ecx & (BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(7) | BIT(8) | BIT(10) |
                            BIT(11) | BIT(14) | BIT(15) | BIT(18)),
                     0);
    assert_int_equal(edx & (BIT(18) | BIT(21) | BIT(22) | BIT(29) | BIT(31)), 0);
    /* What it can: x2APIC, deadline timer, hypervisor, XSAVE, PCID; APIC. */
    uint32_t given = BIT(21) | BIT(24) | BIT(31) | BIT(26) | BIT(17);
    assert_int_equal(ecx & given, given);
    assert_true((edx & BIT(9)) != 0);
    ask(0x7, 0);
    /* SGX, MPX, RDT, PT; LA57, WAITPKG, CET; SPEC_CTRL and its kin */
    assert_int_equal(page.gpr[GPR_RBX] & (BIT(2) | BIT(14) | BIT(12) | BIT(15) | BIT(25)), 0);
    assert_int_equal(page.gpr[GPR_RCX] & (BIT(16) | BIT(5) | BIT(7)), 0);
    assert_int_equal(
        page.gpr[GPR_RDX] & (BIT(20) | BIT(26) | BIT(27) | BIT(28) | BIT(29) | BIT(31)), 0);
    ask(0xa, 0);
    assert_int_equal(page.gpr[GPR_RAX] | page.gpr[GPR_RBX] | page.gpr[GPR_RCX] | page.gpr[GPR_RDX],
                     0);
    ask(0x80000001, 0);
    assert_int_equal(page.gpr[GPR_RCX] & BIT(2), 0); /* SVM */
    /* No XSAVES. */
    assert_int_equal(rows[8].eax, 7);
}

/* A bit of the processor's own is not given on a host without it; the kernel's own always. */
static void what_the_host_lacks(void **state) {
    (void)state;
    struct cpuid_host poor = {no_bits, 0x3, false, false};
    memcpy(rows, wanted, sizeof rows);
    cpuid_apply(&guest.arch, rows, ROWS, &poor);
    assert_int_equal(rows[1].ecx, BIT(21) | BIT(24) | BIT(31));
    assert_int_equal(rows[1].edx, BIT(9));
    assert_int_equal(rows[2].ebx, BIT(1));
    assert_int_equal(rows[2].ecx, 0);
    assert_int_equal(rows[7].eax, 3);
    assert_true(guest.arch.xcr0_allowed == XCR0_X87); /* no XSAVE */
    /* RDTSCP, RDPID and INVPCID hang on controls as well. */
    struct cpuid_host no_controls = {all_bits, 0x2e7, false, false};
    memcpy(rows, wanted, sizeof rows);
    cpuid_apply(&guest.arch, rows, ROWS, &no_controls);
    assert_int_equal(rows[13].edx & BIT(27), 0);
    assert_int_equal(rows[2].ecx & BIT(22), 0);
    assert_int_equal(rows[2].ebx & BIT(10), 0);
    assert_int_equal(guest.arch.features & VIRT_FEATURE_TSC_AUX, 0);
}

static void what_follows(void **state) {
    (void)state;
    const struct arch_guest *arch = &guest.arch;
    assert_true(arch->cr4_allowed & CR4_PAE);
    assert_true(arch->cr4_allowed & CR4_SMEP);
    assert_true(arch->cr4_allowed & CR4_PCIDE);
    assert_int_equal(arch->cr4_allowed & (CR4_VMXE | CR4_SMXE | CR4_LA57), 0);
    assert_int_equal(arch->efer_allowed, EFER_SCE | EFER_LME | EFER_NXE);
    assert_true(arch->xcr0_allowed == 0x2e7);
    assert_int_equal(arch->physical_bits, 40);
    assert_int_equal(arch->apic_page, 0x5000);
    uint32_t features = VIRT_FEATURE_MTRR | VIRT_FEATURE_PAT | VIRT_FEATURE_X2APIC |
                        VIRT_FEATURE_DEADLINE | VIRT_FEATURE_TSC_AUX | VIRT_FEATURE_LONG_MODE;
    assert_int_equal(arch->features & features, features);
}

static void finding(void **state) {
    (void)state;
    ask(0x40000000, 7);
    assert_int_equal(page.gpr[GPR_RBX], 0x11);
    ask(0x40000100, 0);
    assert_int_equal(page.gpr[GPR_RCX], 0x55);
    /* Subleaves. */
    ask(0x7, 1);
    assert_int_equal(page.gpr[GPR_RBX], 0);
    ask(0x7, 2);
    assert_int_equal(page.gpr[GPR_RAX], 0);
    /* No row: zeros. */
    ask(0x40000001, 0);
    assert_int_equal(page.gpr[GPR_RAX] | page.gpr[GPR_RDX], 0);
    ask(0x80000007, 0);
    assert_int_equal(page.gpr[GPR_RDX], 0);
    ask(0xc0000000, 0);
    assert_int_equal(page.gpr[GPR_RAX], 0);
    /* Beyond the highest basic leaf: as the highest, 0Dh, with the same subleaf. */
    ask(0x20, 1);
    assert_int_equal(page.gpr[GPR_RAX], 7);
    ask(0x15, 1);
    assert_int_equal(page.gpr[GPR_RAX], 7);
}

static void to_the_vmm(void **state) {
    (void)state;
    page.gpr[GPR_RAX] = 0x40000200;
    assert_int_equal(cpuid_exit(&vcpu), ACTION_LEAVE);
    assert_int_equal(vcpu.arch.leave_kind, EXIT_CPUID);
}

static void what_changes_at_run_time(void **state) {
    (void)state;
    vcpu.arch.lapic.id = 0x103;
    ask(0x1, 0);
    assert_int_equal(page.gpr[GPR_RBX] >> 24, 0x03);
    assert_int_equal(page.gpr[GPR_RCX] & BIT(27), 0);
    assert_true((page.gpr[GPR_RDX] & BIT(9)) != 0);
    ask(0x7, 0);
    assert_int_equal(page.gpr[GPR_RCX] & BIT(4), 0);
    cr4 = CR4_OSXSAVE | CR4_PKE;
    vcpu.arch.lapic.base = 0xfee00100;
    ask(0x1, 0);
    assert_true((page.gpr[GPR_RCX] & BIT(27)) != 0);
    assert_int_equal(page.gpr[GPR_RDX] & BIT(9), 0);
    ask(0x7, 0);
    assert_true((page.gpr[GPR_RCX] & BIT(4)) != 0);
    ask(0xb, 1);
    assert_int_equal(page.gpr[GPR_RCX], 7);
    assert_int_equal(page.gpr[GPR_RDX], 0x103);
    /* With x87 and SSE alone the area is 576 bytes (Vol. 1, 13.4). */
    vcpu.arch.xstate.xcr0 = XCR0_X87 | XCR0_SSE;
    ask(0xd, 0);
    assert_int_equal(page.gpr[GPR_RBX], 576);
    ask(0xd, 1);
    assert_int_equal(page.gpr[GPR_RBX], 576);
}

/* SDM Vol. 2, XSETBV: what makes #GP. */
static void xcr0_values(void **state) {
    (void)state;
    static const uint64_t good[] = {0x1, 0x3, 0x7, 0xe7, 0x203, 0x2e7};
    static const uint64_t bad[] = {0x0,  0x2,  0x5, 0x6,  0x23,      0x27,
                                   0x67, 0xe3, 0x8, 0x1f, 1ull << 63};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(cpuid_xcr0_is_valid(good[i], 0x2e7));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cpuid_xcr0_is_valid(bad[i], 0x2e7));
    assert_false(cpuid_xcr0_is_valid(0x7, 0x3));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_the_kernel_cannot_give, setup),
        cmocka_unit_test_setup(what_the_host_lacks, setup),
        cmocka_unit_test_setup(what_follows, setup),
        cmocka_unit_test_setup(finding, setup),
        cmocka_unit_test_setup(to_the_vmm, setup),
        cmocka_unit_test_setup(what_changes_at_run_time, setup),
        cmocka_unit_test_setup(xcr0_values, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
