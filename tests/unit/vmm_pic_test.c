/* The two 8259A. Quoted words are those of the 8259A data sheet (Intel 231468). */
/* units: guests/vmm/devices/pic.c guests/vmm/devices/bus.c */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "guests/vmm/devices/pic.h"
#include "tests/unit/vmm_random.h"

enum { M_COMMAND = 0x20, M_DATA = 0x21, S_COMMAND = 0xa0, S_DATA = 0xa1, ELCR1 = 0x4d0, ELCR2 };

static struct pic pic;
static bool intr;

static void intr_set(void *device, unsigned input, bool level) {
    (void)device;
    assert_int_equal(input, 7);
    assert_true(intr != level);
    intr = level;
}

static int reset(void **state) {
    (void)state;
    const struct line line = {intr_set, &pic, 7};
    intr = false;
    pic_init(&pic, &line);
    return 0;
}

/* As every PC system does: vectors 0x30 and 0x38, cascade on 2; ICW4 given. */
static void initialise(uint8_t icw4) {
    pic_write(&pic, M_COMMAND, 0x11);
    pic_write(&pic, M_DATA, 0x30);
    pic_write(&pic, M_DATA, 0x04);
    pic_write(&pic, M_DATA, icw4);
    pic_write(&pic, S_COMMAND, 0x11);
    pic_write(&pic, S_DATA, 0x38);
    pic_write(&pic, S_DATA, 0x02);
    pic_write(&pic, S_DATA, icw4);
}

static int ready(void **state) {
    reset(state);
    initialise(0x01);
    return 0;
}

static void pulse(unsigned input) {
    pic_set(&pic, input, false);
    pic_set(&pic, input, true);
}

static uint8_t read_irr(uint16_t port) {
    pic_write(&pic, port, 0x0a);
    return pic_read(&pic, port);
}

static uint8_t read_isr(uint16_t port) {
    pic_write(&pic, port, 0x0b);
    return pic_read(&pic, port);
}

static void silent_until_initialised(void **state) {
    (void)state;
    pic_write(&pic, S_DATA, 0xff);
    pic_write(&pic, M_DATA, 0xfb); /* how Linux probes for a PIC */
    assert_int_equal(pic_read(&pic, M_DATA), 0xfb);
    pic_write(&pic, M_DATA, 0x00);
    pulse(1);
    assert_false(intr);
    assert_false(pic_output(&pic));
    pic_write(&pic, M_COMMAND, 0x11); /* "the edge sense circuit is reset" */
    pic_write(&pic, M_DATA, 0x30);
    pic_write(&pic, M_DATA, 0x04);
    assert_false(intr);
    pic_write(&pic, M_DATA, 0x01);
    assert_false(intr);
    pulse(1);
    assert_true(intr);
}

static void an_edge_is_served_once(void **state) {
    (void)state;
    pic_set(&pic, 4, true);
    assert_true(intr);
    assert_int_equal(read_irr(M_COMMAND), 0x10);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    assert_false(intr);
    assert_int_equal(read_irr(M_COMMAND), 0x00);
    assert_int_equal(read_isr(M_COMMAND), 0x10);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(read_isr(M_COMMAND), 0x00);
    assert_false(intr); /* still high, but no new edge */
    pulse(4);
    assert_true(intr);
}

/* "If the IR input goes low before this time a DEFAULT IR7 will occur". */
static void a_request_withdrawn_is_spurious(void **state) {
    (void)state;
    pic_set(&pic, 4, true);
    pic_set(&pic, 4, false);
    assert_false(intr);
    assert_int_equal(pic_acknowledge(&pic), 0x37);
    assert_int_equal(read_isr(M_COMMAND), 0x00); /* a normal IR7 would set the IS bit */
}

static void fully_nested(void **state) {
    (void)state;
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    pulse(6);
    pulse(5);
    assert_false(intr); /* the same and lower levels are inhibited */
    pulse(3);
    assert_true(intr);
    assert_int_equal(pic_acknowledge(&pic), 0x33);
    assert_int_equal(read_isr(M_COMMAND), 0x28);
    pic_write(&pic, M_COMMAND, 0x20); /* non-specific: the highest */
    assert_int_equal(read_isr(M_COMMAND), 0x20);
    pic_write(&pic, M_COMMAND, 0x65); /* specific EOI of 5 */
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(pic_acknowledge(&pic), 0x36);
}

static void masks_hold_requests(void **state) {
    (void)state;
    pic_write(&pic, M_DATA, 0x10);
    pulse(4);
    assert_false(intr);
    pic_write(&pic, M_DATA, 0x00);
    assert_true(intr);
    pic_write(&pic, M_DATA, 0x10);
    assert_false(intr);
    assert_int_equal(pic_read(&pic, M_DATA), 0x10);
}

static void the_slave_comes_through_input_2(void **state) {
    (void)state;
    pulse(12);
    assert_true(intr);
    assert_int_equal(read_irr(M_COMMAND), 0x04);
    assert_int_equal(read_irr(S_COMMAND), 0x10);
    pulse(3);
    assert_int_equal(pic_acknowledge(&pic), 0x3c); /* input 2 is above input 3 */
    assert_int_equal(read_isr(M_COMMAND), 0x04);
    assert_int_equal(read_isr(S_COMMAND), 0x10);
    pulse(14);
    pic_write(&pic, S_COMMAND, 0x20);
    assert_false(intr); /* the master still serves input 2 */
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(pic_acknowledge(&pic), 0x3e); /* two in a row: none lost */
    pic_write(&pic, S_COMMAND, 0x20);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(pic_acknowledge(&pic), 0x33);
    pic_set(&pic, 2, true); /* input 2 is nobody's */
    assert_int_equal(read_irr(M_COMMAND), 0x00);
}

/* "The Special Fully Nested Mode": a higher request of the slave interrupts the slave's service. */
static void special_fully_nested(void **state) {
    (void)state;
    initialise(0x11);
    pulse(12);
    assert_int_equal(pic_acknowledge(&pic), 0x3c);
    pulse(13);
    assert_false(intr);
    pulse(9);
    assert_true(intr);
    assert_int_equal(pic_acknowledge(&pic), 0x39);
}

/* The 82371's ELCR: inputs 0, 1, 2, 8 and 13 stay edge-triggered. */
static void levels(void **state) {
    (void)state;
    pic_write(&pic, ELCR1, 0xff);
    pic_write(&pic, ELCR2, 0xff);
    assert_int_equal(pic_read(&pic, ELCR1), 0xf8);
    assert_int_equal(pic_read(&pic, ELCR2), 0xde);
    pic_set(&pic, 9, true);
    assert_int_equal(pic_acknowledge(&pic), 0x39);
    pic_write(&pic, S_COMMAND, 0x20);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_true(intr); /* "the interrupt request must be removed before the EOI" */
    assert_int_equal(pic_acknowledge(&pic), 0x39);
    pic_set(&pic, 9, false);
    pic_write(&pic, S_COMMAND, 0x20);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_false(intr);
}

static void automatic_eoi(void **state) {
    (void)state;
    initialise(0x03);
    pulse(4);
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    assert_int_equal(read_isr(M_COMMAND), 0x00);
    assert_true(intr);
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    /* With rotation ("Automatic Rotation"), a served device is lowest. */
    pic_write(&pic, M_COMMAND, 0x80);
    pulse(4);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    pulse(4);
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    pic_write(&pic, M_COMMAND, 0x00);
    pulse(6);
    assert_int_equal(pic_acknowledge(&pic), 0x36);
    pulse(6);
    pulse(5); /* after 4 was served last with rotation, 5 is first and 6 second */
    assert_int_equal(pic_acknowledge(&pic), 0x35);
}

/* The data sheet's example, Figure "Rotating": IS4 and IS6 in service, then "rotate on non-specific
 * EOI" clears IS4, and IR4 gets the lowest priority, IR5 the highest. */
static void rotation(void **state) {
    (void)state;
    pulse(6);
    assert_int_equal(pic_acknowledge(&pic), 0x36);
    pulse(4);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    pic_write(&pic, M_COMMAND, 0xa0);
    assert_int_equal(read_isr(M_COMMAND), 0x40);
    pulse(0);
    assert_false(intr); /* order now 5 6 7 0 1 2 3 4: 0 is below 6 */
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    /* "Set priority": 5 lowest, so 6 highest. */
    pic_write(&pic, M_COMMAND, 0x65);
    pic_write(&pic, M_COMMAND, 0xe6); /* rotate on specific EOI of 6: 7 highest */
    pulse(7);
    assert_int_equal(pic_acknowledge(&pic), 0x37);
    pic_write(&pic, M_COMMAND, 0xc7); /* set priority: 7 lowest, the usual order */
    pulse(1);
    assert_int_equal(pic_acknowledge(&pic), 0x30);
    pic_write(&pic, M_COMMAND, 0x40); /* no operation */
    assert_int_equal(read_isr(M_COMMAND), 0x81);
}

/* "Special Mask Mode": a masked level in service lets all others through; it is not cleared by a
 * non-specific EOI. */
static void special_mask(void **state) {
    (void)state;
    pulse(3);
    assert_int_equal(pic_acknowledge(&pic), 0x33);
    pulse(6);
    assert_false(intr);
    pic_write(&pic, M_COMMAND, 0x68);
    pic_write(&pic, M_DATA, 0x08);
    assert_true(intr);
    assert_int_equal(pic_acknowledge(&pic), 0x36);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(read_isr(M_COMMAND), 0x08);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(read_isr(M_COMMAND), 0x08);
    pic_write(&pic, M_COMMAND, 0x48);
    pic_write(&pic, M_COMMAND, 0x20);
    assert_int_equal(read_isr(M_COMMAND), 0x00);
}

/* "Poll Command": the word read is I, then the level; it sets the IS bit. */
static void polling(void **state) {
    (void)state;
    pic_write(&pic, M_COMMAND, 0x0c);
    assert_int_equal(pic_read(&pic, M_COMMAND) & 0x80, 0);
    pulse(4);
    pic_write(&pic, M_COMMAND, 0x0c);
    assert_int_equal(pic_read(&pic, M_COMMAND), 0x84);
    assert_false(intr);
    assert_int_equal(read_isr(M_COMMAND), 0x10);
    pulse(10);
    pic_write(&pic, S_COMMAND, 0x0c);
    assert_int_equal(pic_read(&pic, S_DATA), 0x82);
    assert_int_equal(read_isr(S_COMMAND), 0x04);
}

static void icw1_starts_afresh(void **state) {
    (void)state;
    pic_write(&pic, M_DATA, 0xff);
    pulse(1);
    pic_write(&pic, M_COMMAND, 0xc3);
    pic_write(&pic, M_COMMAND, 0x12); /* single, no ICW4: one word suffices */
    pic_write(&pic, M_DATA, 0x4f);    /* the lower three bits come from the level */
    assert_int_equal(pic_read(&pic, M_DATA), 0x00);
    assert_int_equal(read_irr(M_COMMAND), 0x00);
    pulse(12);
    assert_false(intr); /* no cascade */
    pulse(0);
    assert_int_equal(pic_acknowledge(&pic), 0x48);
}

/* ICW1: "Special Mask Mode is cleared and Status Read is set to IRR. If IC4 = 0, then all functions
 * selected in ICW4 are set to zero." */
static void icw1_clears_every_mode(void **state) {
    (void)state;
    initialise(0x13); /* automatic EOI, special fully nested */
    pic_write(&pic, M_COMMAND, 0x80);
    pic_write(&pic, M_COMMAND, 0x68);
    pic_write(&pic, M_COMMAND, 0x0b);
    pic_write(&pic, M_COMMAND, 0x10);
    pic_write(&pic, M_DATA, 0x50);
    pic_write(&pic, M_DATA, 0x04);
    pulse(3);
    assert_int_equal(pic_read(&pic, M_COMMAND), 0x08);
    assert_int_equal(pic_acknowledge(&pic), 0x53);
    assert_int_equal(read_isr(M_COMMAND), 0x08);
    pulse(5);
    pic_write(&pic, M_DATA, 0x08);
    assert_false(intr); /* no special mask */
    pic_write(&pic, M_DATA, 0x00);
    pulse(12);
    assert_int_equal(pic_acknowledge(&pic), 0x3c);
    pulse(9);
    assert_false(intr); /* no special fully nested mode */
    /* Automatic EOI again: the rotation of before is gone, priorities do not move. */
    initialise(0x03);
    pulse(4);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    pulse(4);
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    assert_int_equal(pic_acknowledge(&pic), 0x35);
    /* OCW2 turns it on and off. */
    pic_write(&pic, M_COMMAND, 0x80);
    pic_write(&pic, M_COMMAND, 0x00);
    pulse(4);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
    pulse(4);
    pulse(5);
    assert_int_equal(pic_acknowledge(&pic), 0x34);
}

static void any_sequence_keeps_the_invariants(void **state) {
    (void)state;
    static struct io_bus bus;
    static const uint16_t ports[] = {0x20, 0x21, 0xa0, 0xa1, 0x4d0, 0x4d1};
    struct vmm_random random = vmm_random_start();
    bus_io_init(&bus);
    assert_true(pic_attach(&pic, &bus));
    for (unsigned i = 0; i < 500000; i++) {
        uint16_t port = ports[vmm_random_below(&random, 6)];
        unsigned width = 1u << vmm_random_below(&random, 3);
        switch (vmm_random_below(&random, 6)) {
        case 0: pic_set(&pic, vmm_random_below(&random, 20), vmm_random_below(&random, 2)); break;
        case 1: (void)bus_io_read(&bus, port, width); break;
        case 2: bus_io_write(&bus, port, width, (uint32_t)vmm_random_next(&random)); break;
        case 3: {
            bool expected = pic_output(&pic);
            uint8_t before[2] = {pic.chips[0].isr, pic.chips[1].isr};
            unsigned aeoi = pic.chips[0].auto_eoi;
            uint8_t vector = pic_acknowledge(&pic);
            bool known = vector >> 3 == pic.chips[0].base >> 3 ||
                         vector >> 3 == pic.chips[1].base >> 3;
            assert_true(known);
            if (!expected) {
                assert_int_equal(vector, pic.chips[0].base + 7);
                assert_int_equal(pic.chips[0].isr, before[0]);
                assert_int_equal(pic.chips[1].isr, before[1]);
            } else if (aeoi) {
                assert_int_equal(pic.chips[0].isr, before[0]);
            }
            break;
        }
        case 4: initialise((uint8_t)vmm_random_next(&random)); break;
        default: bus_io_write(&bus, port, 1, 0x20); break;
        }
        assert_true(intr == pic_output(&pic));
        for (unsigned chip = 0; chip < 2; chip++) {
            const struct pic_chip *c = &pic.chips[chip];
            assert_true(c->lowest < 8 && c->expected <= 4 && (c->base & 7) == 0);
            assert_int_equal(c->latched & ~c->lines, 0);
        }
        /* A masked input never makes a request by itself. */
        if (intr && !pic.chips[0].single) {
            assert_int_not_equal(pic.chips[0].imr, 0xff);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(silent_until_initialised, reset),
        cmocka_unit_test_setup(an_edge_is_served_once, ready),
        cmocka_unit_test_setup(a_request_withdrawn_is_spurious, ready),
        cmocka_unit_test_setup(fully_nested, ready),
        cmocka_unit_test_setup(masks_hold_requests, ready),
        cmocka_unit_test_setup(the_slave_comes_through_input_2, ready),
        cmocka_unit_test_setup(special_fully_nested, ready),
        cmocka_unit_test_setup(levels, ready),
        cmocka_unit_test_setup(automatic_eoi, ready),
        cmocka_unit_test_setup(rotation, ready),
        cmocka_unit_test_setup(special_mask, ready),
        cmocka_unit_test_setup(polling, ready),
        cmocka_unit_test_setup(icw1_starts_afresh, ready),
        cmocka_unit_test_setup(icw1_clears_every_mode, ready),
        cmocka_unit_test_setup(any_sequence_keeps_the_invariants, ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
