/* The tests, one a file, in the order in which they run. */
#ifndef BULKHEAD_TEST_KERNEL_SUITE_H
#define BULKHEAD_TEST_KERNEL_SUITE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/abi/types.h"

/* Facts about the computer. */
struct suite {
    uint32_t cpu_count;
    bool is_tcg; /* QEMU's emulation, which differs from processors in places */
    bool has_guests;
    bool has_fsgsbase;
    bool has_umip;
    bool has_xsave;
    uint64_t extended_state; /* XCR0 */
};
extern struct suite suite;

void test_calls(void);     /* numbers that are no calls, calls that are not yet */
void test_errors(void);    /* wrong handles, missing rights */
void test_pointers(void);  /* bad pointers */
void test_arguments(void); /* the other documented errors */
void test_handles(void);
void test_quota(void);
void test_clean(void);
void test_space(void);
void test_event(void);
void test_thread(void);
void test_switch(void);
void test_lifecycle(void);
void test_fault(void);
void test_interrupt(void);
void test_edge(void);
void test_churn(void);
void test_smp(void);
void test_fuzz(void);

/* Another boot: the suite faults on purpose and is started anew by the kernel. */
void restart_main(void);

#endif
