#include "drivers/pit.h"

#include "drivers/io.h"

/* Intel 8254 data sheet, "Programming the 8254" */
#define CHANNEL_2     0x42u
#define CONTROL       0x43u
#define CONTROL_RATE  0xb4u /* channel 2, both bytes, mode 2 */
#define CONTROL_LATCH 0x80u /* channel 2 */
#define GATE          0x61u /* PC: bit 0 channel 2's gate, bit 1 the speaker */
#define GATE_ON       0x01u
#define GATE_SPEAKER  0x02u
#define PIT_HZ        1193182u

/* The counter counts down; this clock counts up. */
static uint64_t read_counter(const struct reference_clock *clock) {
    (void)clock;
    io_out8(CONTROL, CONTROL_LATCH);
    uint32_t low = io_in8(CHANNEL_2);
    uint32_t high = io_in8(CHANNEL_2);
    return 0xffffu - (high << 8 | low);
}

void pit_open(struct reference_clock *clock) {
    io_out8(GATE, (uint8_t)((io_in8(GATE) & ~GATE_SPEAKER) | GATE_ON));
    io_out8(CONTROL, CONTROL_RATE);
    io_out8(CHANNEL_2, 0);
    io_out8(CHANNEL_2, 0);
    *clock =
        (struct reference_clock){.name = "PIT", .hz = PIT_HZ, .mask = 0xffff, .read = read_counter};
}
