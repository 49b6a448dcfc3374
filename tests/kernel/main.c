/*
 * A program that is booted in the manager's place and tests the kernel from the inside. Each test
 * must leave the accounts as it found them.
 */
#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/start.h"
#include "tests/kernel/accounts.h"
#include "tests/kernel/child.h"
#include "tests/kernel/cpu.h"
#include "tests/kernel/options.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

struct suite suite;

static const struct {
    const char *name;
    void (*run)(void);
} tests[] = {
    {"calls",     test_calls    },
    {"errors",    test_errors   },
    {"pointers",  test_pointers },
    {"arguments", test_arguments},
    {"handles",   test_handles  },
    {"quota",     test_quota    },
    {"clean",     test_clean    },
    {"space",     test_space    },
    {"event",     test_event    },
    {"thread",    test_thread   },
    {"switch",    test_switch   },
    {"lifecycle", test_lifecycle},
    {"fault",     test_fault    },
    {"interrupt", test_interrupt},
    {"edge",      test_edge     },
    {"smp",       test_smp      },
    {"churn",     test_churn    },
    {"fuzz",      test_fuzz     },
};

static void read_facts(void) {
    struct system_info computer;
    memset(&computer, 0, sizeof computer);
    tap_need(sys_system_info(HANDLE_SYSTEM, &computer), "system_info");
    suite.cpu_count = computer.cpu_count;
    suite.is_tcg = strstr(computer.cpu_name, "TCG") != NULL;
    suite.has_guests = computer.guests_supported != 0;
    struct cpu_leaf leaf7 = cpu_identify(7, 0);
    suite.has_fsgsbase = CPU_HAS_FSGSBASE(leaf7);
    suite.has_umip = CPU_HAS_UMIP(leaf7);
    suite.has_xsave = (cpu_identify(1, 0).ecx & 1u << 27) != 0; /* OSXSAVE */
    suite.extended_state = suite.has_xsave ? cpu_extended_state() : 3;
    tap_note("%u CPUs, %s, XCR0 %#llx, guests: %s", (unsigned)suite.cpu_count, computer.cpu_name,
             (unsigned long long)suite.extended_state, computer.guests_reason);
}

/* only=NUMBER of the option picks one test by its place in the table. */
static void run_all(void) {
    uint64_t only = option("only", UINT64_MAX);
    for (uint32_t i = 0; i < sizeof tests / sizeof tests[0]; i++) {
        if (only != UINT64_MAX && only != i)
            continue;
        struct accounts before = accounts_read();
        uint64_t start = (uint64_t)sys_clock_get();
        tests[i].run();
        uint64_t took = ((uint64_t)sys_clock_get() - start) / 1000000;
        accounts_check(&before, tests[i].name);
        accounts_audit(tests[i].name);
        tap_point("%s: memory and handles are where they were, the audit finds nothing (%llu ms)",
                  tests[i].name, (unsigned long long)took);
    }
}

int main(int argc, char **argv) {
    (void)argc;
    (void)argv;
    options_read();
    if (option("restart", 0) != 0) {
        restart_main();
    } else if (tap_open(0, 0)) {
        read_facts();
        accounts_warm_up();
        if (child_setup())
            run_all();
        else
            tap_point("set-up");
        tap_close();
    }
    sys_system_shutdown(HANDLE_SYSTEM, SHUTDOWN_POWER_OFF, tap_failures() == 0 ? 0 : 1);
    return EXIT_FAILURE;
}
