/*
 * The wiring of interrupt lines on the board: sixteen ISA interrupts go to the PIC and to the I/O
 * APIC pin of the same number, except that ISA 0 (the timer) is on pin 2; 16 to 23 go to the I/O
 * APIC alone. The MADT must say the same. Several devices may share an input: it is asserted while
 * any of them asserts it.
 */
#ifndef BULKHEAD_VMM_IRQ_H
#define BULKHEAD_VMM_IRQ_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/devices/ioapic.h"
#include "guests/vmm/devices/line.h"
#include "guests/vmm/devices/pic.h"

#define IRQ_INPUT_COUNT 24u
#define IRQ_SHARE_MAX   32u /* devices on one input */

#define IRQ_TIMER     0u
#define IRQ_TIMER_PIN 2u /* MADT: interrupt source override, ISA 0 is global interrupt 2 */
#define IRQ_CASCADE   2u
#define IRQ_RTC       8u
#define IRQ_SCI       9u /* MADT: override ISA 9 to global interrupt 9, level-triggered */

struct irq_router {
    struct pic *pic;
    struct ioapic *ioapic;
    uint32_t asserted[IRQ_INPUT_COUNT]; /* a bit for each device on the input */
    uint8_t device_count[IRQ_INPUT_COUNT];
};

void irq_init(struct irq_router *router, struct pic *pic, struct ioapic *ioapic);

/*
 * A new device on INPUT (ISA number below 16, global number from 16). The line leads nowhere if the
 * input is the cascade, does not exist, or has IRQ_SHARE_MAX devices.
 */
struct line irq_connect(struct irq_router *router, unsigned input);

#endif
