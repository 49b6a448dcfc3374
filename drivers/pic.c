#include "drivers/pic.h"

#include "drivers/io.h"

/* Intel 8259A data sheet, "Programming the 8259A": command port, then data port */
#define MASTER      0x20u
#define SLAVE       0xa0u
#define ICW1        0x11u /* edge, cascade, ICW4 follows */
#define ICW3_MASTER 0x04u /* the slave is at line 2 */
#define ICW3_SLAVE  0x02u
#define ICW4        0x01u /* 8086 mode, normal end of interrupt */

static void init(uint16_t base, uint8_t vector, uint8_t cascade) {
    io_out8(base, ICW1);
    io_out8(base + 1, vector);
    io_out8(base + 1, cascade);
    io_out8(base + 1, ICW4);
    io_out8(base + 1, 0xff); /* masks all */
}

void pic_disable(uint8_t first_vector) {
    init(MASTER, first_vector, ICW3_MASTER);
    init(SLAVE, (uint8_t)(first_vector + 8), ICW3_SLAVE);
}
