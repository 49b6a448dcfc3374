/* Creating, starting and destroying partitions again and again: every page comes back. */
#include "abi/syscalls.h"
#include "tests/kernel/accounts.h"
#include "tests/kernel/child.h"
#include "tests/kernel/options.h"
#include "tests/kernel/suite.h"
#include "tests/kernel/tap.h"

#define CHECK_EVERY 250

static void child_exits(volatile struct board *board) {
    board->survived = BOARD_MAGIC;
    sys_partition_exit(board->argument[0]);
}

void test_churn(void) {
    uint32_t cycles = (uint32_t)option("churn", 1200);
    struct accounts before = accounts_read();
    uint32_t bad = 0;
    for (uint32_t i = 0; i < cycles && bad < 3; i++) {
        int64_t code = child_run(child_exits, i);
        if (!tap_check_result(code, (int64_t)i, "exit code of cycle %u", (unsigned)i))
            bad++;
        if (i % CHECK_EVERY == CHECK_EVERY - 1)
            accounts_check(&before, "in between");
    }
    accounts_check(&before, "at the end");
    tap_point("%u partitions created, started, ended and destroyed: the counts are equal",
              (unsigned)cycles);
}
