/* The board's wiring: which device is on which line and port. */
#include "guests/vmm/devices/board.h"

#include <stddef.h>

static bool attach_all(struct board *board) {
    return pic_attach(&board->pic, &board->io) &&
           ioapic_attach(&board->ioapic, &board->memory, IOAPIC_ADDRESS) &&
           uart_attach(&board->uart, &board->io, UART_COM1_PORT) &&
           pit_attach(&board->pit, &board->io) && rtc_attach(&board->rtc, &board->io) &&
           pm_attach(&board->pm, &board->io, PM_PORT) && reset_attach(&board->reset, &board->io) &&
           pci_attach(&board->pci, &board->io);
}

bool board_init(struct board *board, const struct board_ops *ops,
                const struct board_config *config) {
    bus_io_init(&board->io);
    bus_memory_init(&board->memory);
    pic_init(&board->pic, &ops->intr);
    ioapic_init(&board->ioapic, &ops->ioapic, config->ioapic_id);
    irq_init(&board->irq, &board->pic, &board->ioapic);

    struct line timer = irq_connect(&board->irq, IRQ_TIMER);
    struct line serial = irq_connect(&board->irq, UART_COM1_IRQ);
    struct line rtc = irq_connect(&board->irq, IRQ_RTC);
    struct line sci = irq_connect(&board->irq, IRQ_SCI);
    uart_init(&board->uart, &ops->console, &serial);
    pit_init(&board->pit, &ops->clock, &timer);
    rtc_init(&board->rtc, &ops->clock, &rtc, config->wall_ns);
    rtc_set_memory(&board->rtc, config->below_4g, config->above_4g);
    pm_init(&board->pm, &ops->power, &ops->clock, &sci, true);
    reset_init(&board->reset, &ops->reset);
    pci_init(&board->pci, &board->reset);
    /* The SCI is level-triggered on both controllers, as the MADT says. */
    pic_write(&board->pic, PIC_ELCR_PORT + 1, 1u << (IRQ_SCI - 8));
    if (config->has_debug_exit) {
        debug_exit_init(&board->debug_exit, &ops->debug_exit);
        if (!debug_exit_attach(&board->debug_exit, &board->io)) {
            return false;
        }
    }
    return attach_all(board);
}

void board_run(struct board *board, uint64_t now) {
    pit_run(&board->pit, now);
    rtc_run(&board->rtc, now);
    pm_run(&board->pm, now);
}

uint64_t board_next(const struct board *board) {
    uint64_t next = pit_next(&board->pit);
    uint64_t rtc = rtc_next(&board->rtc);
    uint64_t pm = pm_next(&board->pm);
    next = rtc < next ? rtc : next;
    return pm < next ? pm : next;
}
