/* Consoles. */
#include "guests/manager/console.h"

#include "guests/manager/prompt.h"
#include "guests/manager/screen.h"

static struct machine *front; /* NULL: the prompt */
static struct machine *last;  /* in front before the prompt */

struct machine *console_front(void) {
    return front;
}

bool console_has(const struct machine *machine) {
    return machine->config->console == CONFIG_CONSOLE_SERIAL;
}

void console_show(struct machine *machine) {
    if (!machine) {
        if (front)
            last = front;
        front = NULL;
        prompt_show();
        return;
    }
    prompt_hide();
    if (front != machine)
        screen_say("console of machine %s", machine->config->name);
    front = machine;
    last = machine;
}

void console_show_next(void) {
    uint32_t count = machine_count();
    uint32_t start = last ? (uint32_t)(last - machine_at(0)) : count - 1;
    for (uint32_t i = 1; i <= count; i++) {
        struct machine *machine = machine_at((start + i) % count);
        if (console_has(machine) && machine_is_alive(machine)) {
            console_show(machine);
            return;
        }
    }
    screen_say("no machine with a console is running");
}

void console_show_last(void) {
    if (last && machine_is_alive(last))
        console_show(last);
    else
        console_show_next();
}

static uint32_t next_output(struct machine *machine, uint8_t *bytes, uint32_t length) {
    uint32_t taken = queue_take(&machine->kept, bytes, length);
    return taken ? taken : machine_take_output(machine, bytes, length);
}

/* True: there may be more. A guest that writes without end must not keep the manager from the
 * others. */
static bool keep(struct machine *machine) {
    uint8_t bytes[512];
    for (uint32_t total = 0; total < MACHINE_OUTPUT_SIZE;) {
        uint32_t length = machine_take_output(machine, bytes, sizeof(bytes));
        if (length == 0)
            return false;
        if (console_has(machine))
            queue_put_over(&machine->kept, bytes, length);
        total += length;
    }
    return true;
}

bool console_pump(void) {
    bool has_more = false;
    for (uint32_t i = 0; i < machine_count(); i++) {
        if (machine_at(i) != front)
            has_more = keep(machine_at(i)) || has_more;
    }
    /* What the one in front has more than fits is taken when the UART asks for the next bytes. */
    while (front && screen_is_ready()) {
        uint8_t bytes[512];
        uint32_t length = next_output(front, bytes, sizeof(bytes));
        if (length == 0)
            break;
        screen_write(bytes, length);
    }
    return has_more;
}

void console_drain(struct machine *machine) {
    uint8_t bytes[512];
    uint32_t length;
    if (machine != front) {
        keep(machine);
        return;
    }
    /* The queue to the UART is larger than what can be waiting here. */
    while ((length = next_output(machine, bytes, sizeof(bytes))) > 0)
        screen_write(bytes, length);
}
