/*
 * The 16550 at COM1. Touches its ports, its interrupt and nothing else. Register names are those of
 * the PC16550D data sheet (National Semiconductor, June 1995), section 8.
 */
#include "guests/manager/uart.h"

#include "abi/syscalls.h"
#include "guests/lib/thread.h"
#include "guests/manager/queue.h"

#define PORT_FIRST 0x3f8u
#define PORT_COUNT 8u
#define IRQ_LINE   4u

/* Registers, as offsets of ports. */
enum { RBR_THR = 0, IER = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6 };

#define IER_RECEIVED 0x01u
#define IER_EMPTY    0x02u

#define IIR_NONE_PENDING 0x01u
#define IIR_CAUSE        0x0eu
#define IIR_MODEM        0x00u
#define IIR_EMPTY        0x02u
#define IIR_RECEIVED     0x04u
#define IIR_LINE         0x06u
#define IIR_TIMEOUT      0x0cu

#define FCR_ENABLE    0x01u
#define FCR_TRIGGER_8 0x80u

#define LCR_8N1 0x03u

#define MCR_DTR  0x01u
#define MCR_RTS  0x02u
#define MCR_OUT2 0x08u /* lets the interrupt out of the chip, on PCs */

#define LSR_DATA        0x01u
#define LSR_EMPTY       0x20u
#define LSR_TRANSMITTED 0x40u

#define FIFO_SIZE 16u

/* A chip that never stops to interrupt must not stop the manager: so many causes are served at a
 * time. */
#define CAUSE_LIMIT 64u
/* So many bytes are received at a time. */
#define RECEIVE_LIMIT 256u

static uint8_t queue_data[64 * 1024];
static struct queue queue;
static bool is_open;   /* else its ports must not be touched */
static uint8_t urgent; /* 0: none */
static bool is_busy;   /* the FIFO has got bytes, and the interrupt of its being empty will come */

static uint8_t in(unsigned reg) {
    uint8_t value;
    __asm__ volatile("inb %w1, %0" : "=a"(value) : "Nd"((uint16_t)(PORT_FIRST + reg)));
    return value;
}

static void out(unsigned reg, uint8_t value) {
    __asm__ volatile("outb %0, %w1" : : "a"(value), "Nd"((uint16_t)(PORT_FIRST + reg)));
}

int64_t uart_open(handle_t event, uint64_t bits) {
    queue_init(&queue, queue_data, sizeof(queue_data));
    int64_t ports = sys_ports_create(HANDLE_PORTS, PORT_FIRST, PORT_COUNT);
    if (ports < 0)
        return ports;
    int64_t result = sys_ports_open((handle_t)ports, thread_handle());
    if (result < 0)
        return result;
    result = sys_interrupt_bind(HANDLE_SYSTEM, IRQ_LINE, 0, event, bits);
    if (result < 0)
        return result;
    result = sys_system_take_console(HANDLE_SYSTEM);
    if (result < 0)
        return result;

    /* The kernel has set the speed. What it has written last may still be in the FIFO: that is
     * kept, and so is what has come in. */
    out(LCR, LCR_8N1);
    out(IIR_FCR, FCR_ENABLE | FCR_TRIGGER_8);
    out(MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
    is_open = true;
    is_busy = true; /* enabling the interrupt of an empty FIFO raises it */
    out(IER, IER_RECEIVED | IER_EMPTY);
    return 0;
}

static void fill(void) {
    uint8_t bytes[FIFO_SIZE];
    uint32_t count = 0;
    if (urgent) {
        bytes[count++] = urgent;
        urgent = 0;
    }
    count += queue_take(&queue, bytes + count, FIFO_SIZE - count);
    for (uint32_t i = 0; i < count; i++)
        out(RBR_THR, bytes[i]);
    is_busy = count > 0;
}

void uart_transmit(void) {
    if (!is_open || is_busy || (queue.used == 0 && urgent == 0))
        return;
    if (in(LSR)&LSR_EMPTY)
        fill();
    else
        is_busy = true;
}

static void take_received(void (*receive)(uint8_t byte)) {
    for (unsigned i = 0; i < RECEIVE_LIMIT && (in(LSR)&LSR_DATA); i++)
        receive(in(RBR_THR));
}

/* Acknowledged before it is served: the line's next rise, an edge, must find the interrupt let
 * through. The chip lowers the line when no cause is left, which is where this ends. */
void uart_service(void (*receive)(uint8_t byte)) {
    if (!is_open)
        return;
    sys_interrupt_acknowledge(HANDLE_SYSTEM, IRQ_LINE, 0);
    for (unsigned i = 0; i < CAUSE_LIMIT; i++) {
        uint8_t cause = in(IIR_FCR);
        if (cause & IIR_NONE_PENDING)
            break;
        switch (cause & IIR_CAUSE) {
        case IIR_EMPTY: fill(); break;
        case IIR_RECEIVED:
        case IIR_TIMEOUT: take_received(receive); break;
        case IIR_LINE: in(LSR); break;
        case IIR_MODEM: in(MSR); break;
        default: break;
        }
    }
    /* Bochs 2.7 forgets that the FIFO has run empty when another cause is read before it. */
    if (is_busy && (in(LSR)&LSR_EMPTY))
        fill();
}

void uart_write(const void *bytes, uint32_t length) {
    queue_put(&queue, bytes, length);
}

void uart_write_urgent(uint8_t byte) {
    urgent = byte;
}

uint32_t uart_queued(void) {
    return queue.used;
}

bool uart_is_drained(void) {
    if (!is_open)
        return true;
    uint8_t status = in(LSR);
    return queue.used == 0 && urgent == 0 && (status & LSR_TRANSMITTED) != 0;
}
