/* units: guests/vmm/cpuid.c */
/* What a guest's CPUID says on hosts that have everything, nothing, or what they should not show.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdbool.h>
#include <string.h>

#include "guests/vmm/cpuid.h"

static struct guest_cpuid rows[GUEST_CPUID_LIMIT];
static uint32_t row_count;

/* A host with every feature bit that could ever be defined. */
static struct cpuid_registers host_full(uint32_t leaf, uint32_t subleaf) {
    switch (leaf) {
    case 0: return (struct cpuid_registers){0x20, 0x756e6547, 0x6c65746e, 0x49656e69};
    case 1: return (struct cpuid_registers){0x50654, 0xdeadbeef, UINT32_MAX, UINT32_MAX};
    case 4: /* L1 data, L1 instruction, L2, L3: 8 threads share it, 16 cores */
        switch (subleaf) {
        case 0: return (struct cpuid_registers){0x3c004121, 0x01c0003f, 0x3f, 0};
        case 1: return (struct cpuid_registers){0x3c004122, 0x01c0003f, 0x3f, 0};
        case 2: return (struct cpuid_registers){0x3c004143, 0x03c0003f, 0x3ff, 0};
        case 3: return (struct cpuid_registers){0x3c03c163, 0x03c0003f, 0x6fff, 4};
        default: return (struct cpuid_registers){0};
        }
    case 0x80000000: return (struct cpuid_registers){0x80000008, 0, 0, 0};
    case 0x80000008: return (struct cpuid_registers){0x302e, UINT32_MAX, UINT32_MAX, 0};
    default: return (struct cpuid_registers){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    }
}

/* A host with nothing: no extended leaves, basic ones up to 1. */
static struct cpuid_registers host_bare(uint32_t leaf, uint32_t subleaf) {
    (void)subleaf;
    if (leaf == 0) {
        return (struct cpuid_registers){1, 0x756e6547, 0x6c65746e, 0x49656e69};
    }
    /* What processors answer for leaves they do not have: the highest's values. */
    return leaf == 1 ? (struct cpuid_registers){0x600, 0, 0, 0}
                     : (struct cpuid_registers){UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX};
}

static void build(struct cpuid_registers (*host)(uint32_t, uint32_t), uint64_t ticks,
                  uint32_t cpu_count) {
    const struct cpuid_config config = {.host = host,
                                        .ticks_per_second = ticks,
                                        .cpu_count = cpu_count};
    row_count = cpuid_build(&config, rows);
    assert_true(row_count <= GUEST_CPUID_LIMIT);
}

static const struct guest_cpuid *row(uint32_t leaf, uint32_t subleaf) {
    static const struct guest_cpuid zero;
    for (uint32_t i = 0; i < row_count; i++) {
        if (rows[i].leaf == leaf &&
            (rows[i].subleaf == subleaf || !(rows[i].flags & GUEST_CPUID_SUBLEAF))) {
            return &rows[i];
        }
    }
    return &zero;
}

static void test_sorted(void **state) {
    (void)state;
    build(host_full, 100000000, 4);
    for (uint32_t i = 1; i < row_count; i++) {
        assert_true(rows[i].leaf > rows[i - 1].leaf ||
                    (rows[i].leaf == rows[i - 1].leaf && rows[i].subleaf > rows[i - 1].subleaf));
    }
}

static void test_hidden(void **state) {
    (void)state;
    build(host_full, 100000000, 1);
    uint32_t ecx = row(1, 0)->ecx, ebx7 = row(7, 0)->ebx, ecx7 = row(7, 0)->ecx;
    assert_int_equal(ecx >> 3 & 1, 0);             /* MONITOR */
    assert_int_equal(ecx >> 5 & 1, 0);             /* VMX */
    assert_int_equal(ecx >> 6 & 1, 0);             /* SMX */
    assert_int_equal(ecx >> 15 & 1, 0);            /* PDCM */
    assert_int_equal(ebx7 >> 2 & 1, 0);            /* SGX */
    assert_int_equal(ebx7 >> 4 & 1, 0);            /* HLE */
    assert_int_equal(ebx7 >> 11 & 1, 0);           /* RTM */
    assert_int_equal(ebx7 >> 14 & 1, 0);           /* MPX */
    assert_int_equal(ebx7 >> 25 & 1, 0);           /* PT */
    assert_int_equal(ecx7 >> 16 & 1, 0);           /* LA57 */
    assert_int_equal(row(7, 0)->edx >> 29 & 1, 0); /* ARCH_CAPABILITIES */
    assert_int_equal(row(1, 0)->edx >> 28 & 1, 0); /* HTT with one vCPU */
    assert_int_equal(row(0xd, 1)->eax, 0x5);       /* XSAVEOPT, XGETBV1 */
    assert_int_equal(row(0xd, 0)->eax, 0x2e7);     /* no MPX, no PT */
    assert_int_equal(row(0xd, 3)->eax, 0);
    assert_int_equal(row(0x80000008, 0)->eax, 0x302e);
    assert_int_equal(row(0x80000008, 0)->ebx, 0);
    static const uint32_t zero_leaves[] = {5, 9, 0xa, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18};
    for (size_t i = 0; i < sizeof(zero_leaves) / sizeof(zero_leaves[0]); i++) {
        assert_int_equal(row(zero_leaves[i], 0)->eax, 0);
    }
    /* Bits that no row of the table names stay hidden even if the host has them. */
    assert_int_equal(row(1, 0)->ecx >> 2 & 1, 0);
    assert_int_equal(row(6, 0)->eax, 4);
    assert_int_equal(row(6, 0)->ecx, 0);
}

static void test_shown(void **state) {
    (void)state;
    build(host_bare, 0, 1);
    uint32_t ecx = row(1, 0)->ecx;
    assert_int_equal(ecx >> 21 & 1, 1);  /* x2APIC */
    assert_int_equal(ecx >> 24 & 1, 1);  /* TSC deadline */
    assert_int_equal(ecx >> 31 & 1, 1);  /* hypervisor */
    assert_int_equal(row(6, 0)->eax, 4); /* ARAT */
    /* Nothing comes from leaves that the host does not have. */
    assert_int_equal(row(7, 0)->ebx, 2); /* TSC_ADJUST alone: it is the kernel's */
    assert_int_equal(row(0xd, 0)->eax, 0);
    assert_int_equal(row(0x80000001, 0)->edx, 0);
    assert_int_equal(cpuid_physical_bits(rows, row_count), 36);
}

static void test_hypervisor_leaves(void **state) {
    (void)state;
    build(host_full, 100000000, 1);
    const struct guest_cpuid *ours = row(0x40000000, 0), *kvm = row(0x40000100, 0);
    assert_int_equal(ours->eax, 0x40000001);
    assert_memory_equal(&ours->ebx, "BulkheadHv\0\0", 12);
    assert_int_equal(row(0x40000001, 0)->eax, 1);
    assert_int_equal(kvm->eax, 0x40000101);
    assert_memory_equal(&kvm->ebx, "KVMKVMKVM\0\0\0", 12);
    assert_int_equal(row(0x40000101, 0)->eax, 0);
    assert_int_equal(row(0x40000101, 0)->edx, 0);
}

static void test_frequencies(void **state) {
    (void)state;
    build(host_full, 100000000, 1);
    const struct guest_cpuid *crystal = row(0x15, 0), *megahertz = row(0x16, 0);
    assert_int_equal((uint64_t)crystal->ecx * crystal->ebx / crystal->eax, 100000000);
    assert_int_equal(crystal->ebx, crystal->eax);
    assert_int_equal(megahertz->eax, 100);
    assert_int_equal(row(0, 0)->eax, 0x16);
    build(host_full, 0, 1);
    assert_int_equal(row(0x15, 0)->eax, 0);
    build(host_full, 5000000000, 1); /* does not fit */
    assert_int_equal(row(0x15, 0)->ecx, 0);
    assert_int_equal(row(0x16, 0)->eax, 0);
}

static void test_topology(void **state) {
    (void)state;
    build(host_full, 0, 3);
    assert_int_equal(row(1, 0)->ebx & 0xff00ff00, 0xbe00); /* APIC id is the kernel's */
    assert_int_equal(row(1, 0)->ebx >> 16 & 0xff, 4);
    assert_int_equal(row(1, 0)->edx >> 28 & 1, 1);
    assert_int_equal(row(0xb, 0)->eax, 0);
    assert_int_equal(row(0xb, 0)->ebx, 1);
    assert_int_equal(row(0xb, 0)->ecx, 0x100);
    assert_int_equal(row(0xb, 1)->eax, 2);
    assert_int_equal(row(0xb, 1)->ebx, 3);
    assert_int_equal(row(0xb, 1)->ecx, 0x201);
    assert_int_equal(row(0xb, 2)->ecx, 2);
    /* Four ids in the package; private L1 and L2, shared L3. */
    assert_int_equal(row(4, 0)->eax >> 26, 3);
    assert_int_equal(row(4, 0)->eax >> 14 & 0xfff, 0);
    assert_int_equal(row(4, 2)->eax >> 14 & 0xfff, 0);
    assert_int_equal(row(4, 3)->eax >> 14 & 0xfff, 3);
    assert_int_equal(row(4, 3)->eax & 0x3fff, 0x163);
    assert_int_equal(row(4, 4)->eax, 0);
}

static void test_physical_bits(void **state) {
    (void)state;
    build(host_full, 0, 1);
    assert_int_equal(cpuid_physical_bits(rows, row_count), 46);
}

/* This computer's own: family and model stay, and the table fits. */
static void test_real_host(void **state) {
    (void)state;
    build(cpuid_host, 2000000000, 64);
    assert_int_equal(row(1, 0)->eax, cpuid_host(1, 0).eax);
    assert_int_equal(row(1, 0)->ecx >> 5 & 1, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_shown),         cmocka_unit_test(test_hypervisor_leaves),
        cmocka_unit_test(test_frequencies),   cmocka_unit_test(test_topology),
        cmocka_unit_test(test_physical_bits), cmocka_unit_test(test_real_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
