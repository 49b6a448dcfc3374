/* units: guests/manager/keys.c guests/manager/flow.c guests/manager/queue.c guests/manager/fault.c
 */
/* Small parts of the console: the escape key, flow control, queues, faults in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guests/manager/fault.h"
#include "guests/manager/flow.h"
#include "guests/manager/keys.h"
#include "guests/manager/queue.h"

static void ctrl_a_is_the_escape_key(void **state) {
    (void)state;
    struct keys keys = {0};
    assert_int_equal(keys_feed(&keys, 'p'), KEYS_BYTE);
    assert_int_equal(keys_feed(&keys, 1), KEYS_NOTHING);
    assert_int_equal(keys_feed(&keys, 'p'), KEYS_PROMPT);
    assert_int_equal(keys_feed(&keys, 'p'), KEYS_BYTE);
    static const struct {
        uint8_t byte;
        enum keys_action action;
    } rows[] = {
        {'h', KEYS_HELP   },
        {'?', KEYS_HELP   },
        {'n', KEYS_NEXT   },
        {'c', KEYS_BACK   },
        {1,   KEYS_BYTE   },
        {'x', KEYS_UNKNOWN},
        {0,   KEYS_UNKNOWN},
        {255, KEYS_UNKNOWN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(keys_feed(&keys, 1), KEYS_NOTHING);
        assert_int_equal(keys_feed(&keys, rows[i].byte), rows[i].action);
        assert_int_equal(keys_feed(&keys, 'a'), KEYS_BYTE);
    }
}

static void flow_control_has_two_thresholds(void **state) {
    (void)state;
    struct flow flow = {0};
    assert_int_equal(flow_update(&flow, 0, 1000), 0x11); /* ready for the first time */
    assert_int_equal(flow_update(&flow, 749, 1000), 0);
    assert_int_equal(flow_update(&flow, 750, 1000), 0x13);
    assert_int_equal(flow_update(&flow, 1000, 1000), 0);
    assert_int_equal(flow_update(&flow, 250, 1000), 0);
    assert_int_equal(flow_update(&flow, 249, 1000), 0x11);
    assert_int_equal(flow_update(&flow, 0, 1000), 0);
    assert_int_equal(flow_update(&flow, 749, 1000), 0);
    /* The first byte is XON even if much is waiting already; the second holds it. */
    flow = (struct flow){0};
    assert_int_equal(flow_update(&flow, 900, 1000), 0x11);
    assert_int_equal(flow_update(&flow, 900, 1000), 0x13);
}

static void queues_keep_the_order(void **state) {
    (void)state;
    uint8_t *data = malloc(8);
    struct queue queue;
    char out[16] = "";
    queue_init(&queue, data, 8);
    assert_int_equal(queue_put(&queue, "abcdef", 6), 6);
    assert_int_equal(queue_take(&queue, out, 4), 4);
    assert_memory_equal(out, "abcd", 4);
    assert_int_equal(queue_put(&queue, "ghijklmn", 8), 6);
    assert_int_equal(queue_space(&queue), 0);
    assert_int_equal(queue_peek(&queue, out, 16), 8);
    assert_memory_equal(out, "efghijkl", 8);
    assert_int_equal(queue_take(&queue, out, 16), 8);
    assert_int_equal(queue_take(&queue, out, 16), 0);
    free(data);
}

static void what_is_kept_is_the_newest(void **state) {
    (void)state;
    uint8_t *data = malloc(8);
    struct queue queue;
    char out[16] = "";
    queue_init(&queue, data, 8);
    queue_put_over(&queue, "abcdef", 6);
    queue_put_over(&queue, "ghij", 4);
    assert_int_equal(queue_peek(&queue, out, 16), 8);
    assert_memory_equal(out, "cdefghij", 8);
    queue_put_over(&queue, "0123456789", 10);
    assert_int_equal(queue_take(&queue, out, 16), 8);
    assert_memory_equal(out, "23456789", 8);
    free(data);
}

static void bytes_can_be_put_back(void **state) {
    (void)state;
    uint8_t *data = malloc(8);
    struct queue queue;
    char out[16] = "";
    queue_init(&queue, data, 8);
    queue_put(&queue, "xyz", 3);
    queue_put_back(&queue, "abc", 3);
    assert_int_equal(queue_peek(&queue, out, 16), 6);
    assert_memory_equal(out, "abcxyz", 6);
    queue_put_back(&queue, "0123", 4);
    assert_int_equal(queue_take(&queue, out, 16), 8);
    assert_memory_equal(out, "23abcxyz", 8);
    free(data);
}

static void faults_are_told_in_words(void **state) {
    (void)state;
    char text[120];
    struct fault_info fault = {
        .kind = FAULT_MEMORY, .access = MAP_WRITE, .address = 0x10, .instruction = 0x401234};
    assert_string_equal(fault_text(&fault, text, sizeof(text)),
                        "memory access to 0x10 (write) at 0x401234");
    fault.access = MAP_READ;
    assert_string_equal(fault_text(&fault, text, sizeof(text)),
                        "memory access to 0x10 (read) at 0x401234");
    fault = (struct fault_info){.kind = FAULT_INSTRUCTION, .instruction = 0x400000};
    assert_string_equal(fault_text(&fault, text, sizeof(text)),
                        "undefined or privileged instruction at 0x400000");
    fault.kind = 77;
    assert_string_equal(fault_text(&fault, text, sizeof(text)), "unknown fault at 0x400000");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ctrl_a_is_the_escape_key),
        cmocka_unit_test(flow_control_has_two_thresholds),
        cmocka_unit_test(queues_keep_the_order),
        cmocka_unit_test(what_is_kept_is_the_newest),
        cmocka_unit_test(bytes_can_be_put_back),
        cmocka_unit_test(faults_are_told_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
