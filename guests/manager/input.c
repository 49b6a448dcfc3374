/* Typed bytes on their way. */
#include "guests/manager/input.h"

#include "guests/manager/commands.h"
#include "guests/manager/console.h"
#include "guests/manager/flow.h"
#include "guests/manager/keys.h"
#include "guests/manager/machine.h"
#include "guests/manager/prompt.h"
#include "guests/manager/queue.h"
#include "guests/manager/screen.h"
#include "guests/manager/uart.h"

static uint8_t received_data[MACHINE_QUEUE_SIZE];
static struct queue received = {.data = received_data, .size = sizeof(received_data)};
static struct keys keys;
static struct flow flow;

void input_receive(uint8_t byte) {
    queue_put(&received, &byte, 1);
}

static void give(uint8_t byte) {
    struct machine *front = console_front();
    if (!front) {
        prompt_input(byte);
        return;
    }
    /* Full: somebody types who does not obey flow control, at a guest that does not read. */
    if (queue_put(&front->typed, &byte, 1) == 0)
        screen_write((const uint8_t *)"\a", 1);
}

static void act(enum keys_action action, uint8_t byte) {
    switch (action) {
    case KEYS_BYTE: give(byte); break;
    case KEYS_HELP:
        screen_start_line();
        commands_show_keys();
        if (!console_front())
            prompt_show();
        break;
    case KEYS_PROMPT: console_show(NULL); break;
    case KEYS_NEXT: console_show_next(); break;
    case KEYS_BACK: console_show_last(); break;
    case KEYS_UNKNOWN: screen_say("unknown key; Ctrl-A h shows help"); break;
    case KEYS_NOTHING: break;
    }
}

void input_pump(void) {
    uint8_t byte;
    /* A command that waits for its answer is not overtaken by the next. */
    while (!commands_is_waiting() && queue_take(&received, &byte, 1) > 0)
        act(keys_feed(&keys, byte), byte);

    struct machine *front = console_front();
    uint32_t waiting = received.used;
    if (front) {
        machine_push_input(front);
        waiting += front->typed.used;
    }
    uint8_t control = flow_update(&flow, waiting, MACHINE_QUEUE_SIZE);
    if (control)
        uart_write_urgent(control);
}
