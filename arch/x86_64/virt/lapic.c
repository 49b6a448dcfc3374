/* A guest's local APIC as pure state: see lapic.h. */
#include "arch/x86_64/virt/lapic.h"

#define SVR_ENABLE 0x100u
#define LVT_MASKED 0x10000u

#define ERROR_SEND_VECTOR    0x20u
#define ERROR_RECEIVE_VECTOR 0x40u
#define ERROR_REGISTER       0x80u

enum timer_mode { TIMER_ONE_SHOT = 0, TIMER_PERIODIC = 1, TIMER_DEADLINE = 2 };

/* Vectors below 16 cannot be sent or received (11.5.2). */
#define FIRST_VECTOR 16u

/* Version 14h: integrated, with six entries in the local vector table. */
#define VERSION_VALUE 0x00050014u

static bool is_software_enabled(const struct lapic *lapic) {
    return lapic_is_enabled(lapic) && (lapic_get(lapic, LAPIC_SVR) & SVR_ENABLE) != 0;
}

/* ---- bit sets of 256 vectors */

static inline uint32_t highest_of_word(const uint64_t *set, uint32_t word) {
    uint64_t bits = __atomic_load_n(&set[word], __ATOMIC_RELAXED);
    return bits == 0 ? LAPIC_NONE : word * 64 + 63 - (uint32_t)__builtin_clzll(bits);
}

static uint32_t highest_bit(const uint64_t *set) {
    uint32_t bit = highest_of_word(set, 3);
    if (bit == LAPIC_NONE)
        bit = highest_of_word(set, 2);
    if (bit == LAPIC_NONE)
        bit = highest_of_word(set, 1);
    if (bit == LAPIC_NONE)
        bit = highest_of_word(set, 0);
    return bit;
}

static void set_bit(uint64_t *set, uint32_t bit) {
    __atomic_or_fetch(&set[bit / 64], 1ull << (bit % 64), __ATOMIC_SEQ_CST);
}

static void clear_bit(uint64_t *set, uint32_t bit) {
    __atomic_and_fetch(&set[bit / 64], ~(1ull << (bit % 64)), __ATOMIC_SEQ_CST);
}

static bool test_bit(const uint64_t *set, uint32_t bit) {
    return (__atomic_load_n(&set[bit / 64], __ATOMIC_RELAXED) >> (bit % 64) & 1) != 0;
}

/* One of the eight registers of IRR, ISR or TMR. */
static uint32_t set_word(const uint64_t *set, uint32_t word) {
    return (uint32_t)(__atomic_load_n(&set[word / 2], __ATOMIC_RELAXED) >> (32 * (word % 2)));
}

/* ---- life */

/* What reset and INIT have in common (11.4.7.1 and 11.4.7.3). */
static void clear_registers(struct lapic *lapic) {
    for (uint32_t i = 0; i < 4096 / 8; i++)
        ((uint64_t *)(void *)lapic->page)[i] = 0;
    for (uint32_t i = 0; i < 4; i++) {
        __atomic_store_n(&lapic->irr[i], 0, __ATOMIC_RELAXED);
        lapic->isr[i] = 0;
        __atomic_store_n(&lapic->tmr[i], 0, __ATOMIC_RELAXED);
    }
    lapic_put(lapic, LAPIC_VERSION, VERSION_VALUE);
    lapic_put(lapic, LAPIC_SVR, 0xff);
    for (uint32_t i = LAPIC_LVT_TIMER; i <= LAPIC_LVT_ERROR; i++)
        lapic_put(lapic, i, LVT_MASKED);
    lapic->errors = 0;
    lapic->timer_entry = LVT_MASKED;
    lapic->timer_divide = 0;
    lapic->deadline = LAPIC_NEVER;
    lapic->tsc_deadline = 0;
}

/* ID, LDR and DFR as the mode wants them (11.12.1.1, 11.12.10.2). */
static void set_identity(struct lapic *lapic) {
    if (lapic_is_x2apic(lapic)) {
        lapic_put(lapic, LAPIC_ID, lapic->id);
        lapic_put(lapic, LAPIC_LDR, (lapic->id >> 4) << 16 | 1u << (lapic->id & 15));
        lapic_put(lapic, LAPIC_DFR, 0);
    } else {
        lapic_put(lapic, LAPIC_ID, lapic->id << 24);
        lapic_put(lapic, LAPIC_LDR, 0);
        lapic_put(lapic, LAPIC_DFR, UINT32_MAX);
    }
}

void lapic_reset(struct lapic *lapic, uint32_t id, bool is_boot_cpu, uint64_t tsc_hz,
                 uint64_t timer_hz) {
    lapic->id = id;
    lapic->base = LAPIC_DEFAULT_BASE | LAPIC_BASE_ENABLE | (is_boot_cpu ? LAPIC_BASE_BOOT_CPU : 0);
    /* Both below 2^32 kHz: the quotient in kHz keeps the shift from overflowing. */
    uint64_t tsc_khz = tsc_hz / 1000 != 0 ? tsc_hz / 1000 : 1;
    uint64_t timer_khz = timer_hz / 1000 != 0 ? timer_hz / 1000 : 1;
    lapic->ticks_per_count = (tsc_khz << 32) / timer_khz;
    lapic->counts_per_tick = (timer_khz << 32) / tsc_khz;
    lapic->is_virtual = false;
    clear_registers(lapic);
    set_identity(lapic);
}

void lapic_init_signal(struct lapic *lapic) {
    clear_registers(lapic);
    set_identity(lapic);
}

bool lapic_set_base(struct lapic *lapic, uint64_t value) {
    uint64_t mode = value & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
    uint64_t old = lapic->base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
    bool is_valid = (value & ~(LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC | LAPIC_BASE_BOOT_CPU)) ==
                    LAPIC_DEFAULT_BASE;
    /* 11.12.5, figure 11-27: no way from x2APIC to xAPIC but through disabled, none from disabled
     * straight to x2APIC, and x2APIC without enable does not exist. */
    if (mode == LAPIC_BASE_X2APIC ||
        (old == (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC) && mode == LAPIC_BASE_ENABLE) ||
        (old == 0 && mode == (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC)))
        is_valid = false;
    if (!is_valid)
        return false;
    lapic->base = value;
    if (mode == old)
        return true;
    if (mode == 0)
        clear_registers(lapic);
    set_identity(lapic);
    return true;
}

/* ---- interrupts */

bool lapic_request(struct lapic *lapic, uint32_t vector, bool is_level) {
    if (!is_software_enabled(lapic))
        return false;
    if (vector < FIRST_VECTOR || vector > 255) {
        __atomic_or_fetch(&lapic->errors, ERROR_RECEIVE_VECTOR, __ATOMIC_RELAXED);
        return false;
    }
    if (is_level)
        set_bit(lapic->tmr, vector);
    else if (test_bit(lapic->tmr, vector))
        clear_bit(lapic->tmr, vector);
    set_bit(lapic->irr, vector);
    return true;
}

uint32_t lapic_highest_request(const struct lapic *lapic) {
    return highest_bit(lapic->irr);
}

uint32_t lapic_highest_service(const struct lapic *lapic) {
    if (!lapic->is_virtual)
        return highest_bit(lapic->isr);
    for (uint32_t word = 8; word-- > 0;) {
        uint32_t bits = lapic_get(lapic, LAPIC_ISR + word);
        if (bits != 0)
            return word * 32 + 31 - (uint32_t)__builtin_clz(bits);
    }
    return LAPIC_NONE;
}

uint32_t lapic_priority(const struct lapic *lapic) {
    uint32_t task = lapic_get(lapic, LAPIC_TPR) & 0xff;
    uint32_t service = lapic_highest_service(lapic);
    if (service == LAPIC_NONE || task >> 4 >= service >> 4)
        return task;
    return service & 0xf0;
}

uint32_t lapic_deliverable(const struct lapic *lapic) {
    uint32_t request = highest_bit(lapic->irr);
    if (request == LAPIC_NONE || request >> 4 <= lapic_priority(lapic) >> 4)
        return LAPIC_NONE;
    return request;
}

void lapic_take(struct lapic *lapic, uint32_t vector) {
    clear_bit(lapic->irr, vector);
    lapic->isr[vector / 64] |= 1ull << (vector % 64);
}

uint32_t lapic_end_of_interrupt(struct lapic *lapic) {
    uint32_t vector = highest_bit(lapic->isr);
    if (vector != LAPIC_NONE)
        lapic->isr[vector / 64] &= ~(1ull << (vector % 64));
    return vector;
}

/* An entry of the local vector table fires. */
static void fire_local(struct lapic *lapic, uint32_t index) {
    uint32_t entry = lapic_get(lapic, index);
    if ((entry & LVT_MASKED) == 0)
        lapic_request(lapic, entry & 0xff, false);
}

bool lapic_passes_external(const struct lapic *lapic) {
    if (!lapic_is_enabled(lapic))
        return true; /* LINT0 is the INTR pin then (11.4.3) */
    uint32_t entry = lapic_get(lapic, LAPIC_LVT_LINT0);
    return (entry & LVT_MASKED) == 0 && (entry >> 8 & 7) == LAPIC_EXTERNAL;
}

/* ---- timer */

static uint64_t scale(uint64_t value, uint64_t ratio) {
    return (uint64_t)((unsigned __int128)value * ratio >> 32);
}

static enum timer_mode timer_mode(const struct lapic *lapic) {
    return (enum timer_mode)(lapic->timer_entry >> 17 & 3);
}

/* Bits 3, 1 and 0 of the divide configuration: 0 divides by 2, 7 by 1 (11.5.4). */
static uint32_t timer_shift(const struct lapic *lapic) {
    uint32_t value = lapic->timer_divide;
    return ((value & 3) + (value >> 1 & 4) + 1) & 7;
}

/* TSC ticks from one expiry of the counting timer to the next. */
static uint64_t timer_period(const struct lapic *lapic) {
    uint64_t count = lapic_get(lapic, LAPIC_TIMER_INITIAL);
    uint64_t ticks = scale(count << timer_shift(lapic), lapic->ticks_per_count);
    return ticks != 0 ? ticks : 1;
}

static void timer_start(struct lapic *lapic, uint64_t now) {
    bool is_armed = lapic_get(lapic, LAPIC_TIMER_INITIAL) != 0 &&
                    timer_mode(lapic) != TIMER_DEADLINE;
    lapic->deadline = is_armed ? now + timer_period(lapic) : LAPIC_NEVER;
}

static uint32_t timer_current(const struct lapic *lapic, uint64_t now) {
    if (timer_mode(lapic) == TIMER_DEADLINE || lapic->deadline == LAPIC_NEVER ||
        lapic->deadline <= now)
        return 0;
    uint64_t count = scale(lapic->deadline - now, lapic->counts_per_tick) >> timer_shift(lapic);
    uint32_t initial = lapic_get(lapic, LAPIC_TIMER_INITIAL);
    return count < initial ? (uint32_t)count : initial;
}

void lapic_set_tsc_deadline(struct lapic *lapic, uint64_t value, uint64_t now) {
    if (timer_mode(lapic) != TIMER_DEADLINE)
        return; /* 11.5.4.1: ignored in the other modes */
    lapic->tsc_deadline = value;
    uint64_t guest_now = now + lapic->tsc_offset;
    if (value == 0)
        lapic->deadline = LAPIC_NEVER;
    else if (value <= guest_now)
        lapic->deadline = now;
    else if (value - guest_now < LAPIC_NEVER - now)
        lapic->deadline = now + (value - guest_now);
    else
        lapic->deadline = LAPIC_NEVER; /* later than this computer can count */
}

bool lapic_timer_expired(struct lapic *lapic, uint64_t now) {
    if (lapic->deadline > now)
        return false;
    if (timer_mode(lapic) == TIMER_PERIODIC) {
        uint64_t period = timer_period(lapic);
        lapic->deadline += period;
        if (lapic->deadline <= now) /* expiries that nobody could take become one */
            lapic->deadline = now + period;
    } else {
        lapic->deadline = LAPIC_NEVER;
        lapic->tsc_deadline = 0;
    }
    fire_local(lapic, LAPIC_LVT_TIMER);
    return true;
}

void lapic_shift_time(struct lapic *lapic, uint64_t ticks) {
    lapic->tsc_offset -= ticks;
    if (lapic->deadline != LAPIC_NEVER)
        lapic->deadline += ticks;
}

/* ---- registers */

/* Bits of a register that software may write; reserved bits fault in x2APIC mode and are dropped in
 * xAPIC mode. 0: read-only or not there. SDM Vol. 3, 11.4.1 table 11-1, 11.12.1.2 table 11-6. */
static uint64_t writable_bits(const struct lapic *lapic, uint32_t index) {
    bool is_x2apic = lapic_is_x2apic(lapic);
    switch (index) {
    case LAPIC_ID: return is_x2apic ? 0 : 0xff000000u;
    case LAPIC_TPR: return 0xff;
    case LAPIC_LDR: return is_x2apic ? 0 : 0xff000000u;
    case LAPIC_DFR: return is_x2apic ? 0 : 0xf0000000u;
    case LAPIC_SVR: return 0x3ff;
    case LAPIC_ICR: return is_x2apic ? 0xffffffff000ccfffull : 0x000ccfffu;
    case LAPIC_ICR_HIGH: return is_x2apic ? 0 : 0xff000000u;
    case LAPIC_LVT_TIMER: return 0x700ff;
    case LAPIC_LVT_THERMAL:
    case LAPIC_LVT_PERFORMANCE: return 0x107ff;
    case LAPIC_LVT_LINT0:
    case LAPIC_LVT_LINT1: return 0x1a7ff;
    case LAPIC_LVT_ERROR: return 0x100ff;
    case LAPIC_TIMER_INITIAL: return 0xffffffffu;
    case LAPIC_TIMER_DIVIDE: return 0xb;
    case LAPIC_SELF_IPI: return is_x2apic ? 0xff : 0;
    default: return 0;
    }
}

uint32_t lapic_read(const struct lapic *lapic, uint32_t index, uint64_t now, uint64_t *value) {
    bool is_x2apic = lapic_is_x2apic(lapic);
    *value = 0;
    if (index >= LAPIC_IRR && index < LAPIC_IRR + 8) {
        *value = set_word(lapic->irr, index - LAPIC_IRR);
        if (lapic->is_virtual)
            *value |= lapic_get(lapic, index);
        return 0;
    }
    if (index >= LAPIC_TMR && index < LAPIC_TMR + 8) {
        *value = set_word(lapic->tmr, index - LAPIC_TMR);
        return 0;
    }
    if (index >= LAPIC_ISR && index < LAPIC_ISR + 8) {
        *value = lapic->is_virtual ? lapic_get(lapic, index)
                                   : set_word(lapic->isr, index - LAPIC_ISR);
        return 0;
    }
    switch (index) {
    case LAPIC_PPR: *value = lapic_priority(lapic); return 0;
    case LAPIC_TIMER_CURRENT: *value = timer_current(lapic, now); return 0;
    case LAPIC_ICR:
        *value = lapic_get(lapic, LAPIC_ICR);
        if (is_x2apic)
            *value |= (uint64_t) * (const uint32_t *)(const void *)(lapic->page + 0x304) << 32;
        return 0;
    case LAPIC_ID:
    case LAPIC_VERSION:
    case LAPIC_TPR:
    case LAPIC_LDR:
    case LAPIC_SVR:
    case LAPIC_ESR:
    case LAPIC_LVT_TIMER:
    case LAPIC_LVT_THERMAL:
    case LAPIC_LVT_PERFORMANCE:
    case LAPIC_LVT_LINT0:
    case LAPIC_LVT_LINT1:
    case LAPIC_LVT_ERROR:
    case LAPIC_TIMER_INITIAL:
    case LAPIC_TIMER_DIVIDE: *value = lapic_get(lapic, index); return 0;
    case LAPIC_DFR:
    case LAPIC_ICR_HIGH:
    case LAPIC_APR:
    case LAPIC_RRD:
    case LAPIC_EOI:
        if (is_x2apic)
            return LAPIC_EFFECT_FAULT;
        *value = lapic_get(lapic, index);
        return 0;
    default: return LAPIC_EFFECT_FAULT;
    }
}

static uint32_t write_lvt_timer(struct lapic *lapic, uint32_t value) {
    enum timer_mode before = timer_mode(lapic);
    lapic_put(lapic, LAPIC_LVT_TIMER, value);
    lapic->timer_entry = value;
    if ((before == TIMER_DEADLINE) == (timer_mode(lapic) == TIMER_DEADLINE))
        return 0;
    lapic->tsc_deadline = 0; /* 11.5.4.1: a change to or from deadline mode disarms the timer */
    lapic->deadline = LAPIC_NEVER;
    return LAPIC_EFFECT_TIMER;
}

static void write_svr(struct lapic *lapic, uint32_t value) {
    lapic_put(lapic, LAPIC_SVR, value);
    if ((value & SVR_ENABLE) != 0)
        return;
    for (uint32_t i = LAPIC_LVT_TIMER; i <= LAPIC_LVT_ERROR; i++)
        lapic_put(lapic, i, lapic_get(lapic, i) | LVT_MASKED);
    lapic->timer_entry |= LVT_MASKED;
}

static uint32_t latch_errors(struct lapic *lapic) {
    lapic_put(lapic, LAPIC_ESR, __atomic_exchange_n(&lapic->errors, 0, __ATOMIC_RELAXED));
    return 0;
}

/* Sending a vector that is none is an error of the sender (11.5.3). */
static uint32_t write_icr(struct lapic *lapic, uint64_t value) {
    lapic_put(lapic, LAPIC_ICR, (uint32_t)value);
    if (lapic_is_x2apic(lapic))
        *(uint32_t *)(void *)(lapic->page + 0x304) = (uint32_t)(value >> 32);
    uint32_t delivery = (uint32_t)value >> 8 & 7;
    if ((delivery == LAPIC_FIXED || delivery == LAPIC_LOWEST) && (value & 0xff) < FIRST_VECTOR) {
        lapic->errors |= ERROR_SEND_VECTOR;
        fire_local(lapic, LAPIC_LVT_ERROR);
        return LAPIC_EFFECT_PRIORITY;
    }
    return LAPIC_EFFECT_SEND;
}

uint32_t lapic_write(struct lapic *lapic, uint32_t index, uint64_t value, uint64_t now) {
    bool is_x2apic = lapic_is_x2apic(lapic);
    if (index == LAPIC_EOI)
        return is_x2apic && value != 0 ? LAPIC_EFFECT_FAULT : LAPIC_EFFECT_EOI;
    if (index == LAPIC_ESR)
        return is_x2apic && value != 0 ? LAPIC_EFFECT_FAULT : latch_errors(lapic);
    uint64_t mask = writable_bits(lapic, index);
    if (mask == 0) {
        if (!is_x2apic)
            lapic->errors |= index >= LAPIC_REGISTER_COUNT ? ERROR_REGISTER : 0;
        return LAPIC_EFFECT_FAULT;
    }
    if (is_x2apic && (value & ~mask) != 0) {
        /* Bit 12 of ICR was the delivery status; x2APIC ignores it (11.12.9). */
        if (index != LAPIC_ICR || (value & ~mask) != 0x1000)
            return LAPIC_EFFECT_FAULT;
    }
    value &= mask;
    switch (index) {
    case LAPIC_TPR: lapic_put(lapic, LAPIC_TPR, (uint32_t)value); return LAPIC_EFFECT_PRIORITY;
    case LAPIC_SVR: write_svr(lapic, (uint32_t)value); return 0;
    case LAPIC_ICR: return write_icr(lapic, value);
    case LAPIC_DFR: lapic_put(lapic, index, (uint32_t)value | 0x0fffffffu); return 0;
    case LAPIC_SELF_IPI: lapic_request(lapic, (uint32_t)value, false); return LAPIC_EFFECT_PRIORITY;
    case LAPIC_TIMER_INITIAL:
        if (timer_mode(lapic) == TIMER_DEADLINE)
            return 0;
        lapic_put(lapic, index, (uint32_t)value);
        timer_start(lapic, now);
        return LAPIC_EFFECT_TIMER;
    case LAPIC_TIMER_DIVIDE: {
        /* What is left of the count goes on at the new rate. */
        uint64_t left = timer_current(lapic, now);
        lapic_put(lapic, index, (uint32_t)value);
        lapic->timer_divide = (uint32_t)value;
        if (lapic->deadline != LAPIC_NEVER && timer_mode(lapic) != TIMER_DEADLINE)
            lapic->deadline = now + scale(left << timer_shift(lapic), lapic->ticks_per_count);
        return LAPIC_EFFECT_TIMER;
    }
    default: break;
    }
    if (index >= LAPIC_LVT_TIMER && index <= LAPIC_LVT_ERROR && !is_software_enabled(lapic))
        value |= LVT_MASKED;
    if (index == LAPIC_LVT_TIMER)
        return write_lvt_timer(lapic, (uint32_t)value);
    lapic_put(lapic, index, (uint32_t)value);
    return 0;
}

/* ---- messages */

struct lapic_message lapic_command(const struct lapic *lapic) {
    uint32_t low = lapic_get(lapic, LAPIC_ICR);
    bool is_x2apic = lapic_is_x2apic(lapic);
    return (struct lapic_message){
        .destination = is_x2apic ? *(const uint32_t *)(const void *)(lapic->page + 0x304)
                                 : lapic_get(lapic, LAPIC_ICR_HIGH) >> 24,
        .vector = (uint8_t)low,
        .delivery = low >> 8 & 7,
        .shorthand = low >> 18 & 3,
        .is_logical = (low >> 11 & 1) != 0,
        .is_level = (low >> 15 & 1) != 0 && (low >> 8 & 7) == LAPIC_INIT,
        .is_deassert = (low >> 15 & 1) != 0 && (low >> 14 & 1) == 0,
    };
}

bool lapic_decode_msi(uint64_t address, uint32_t data, struct lapic_message *message) {
    /* 11.11.1: FEExxxxxh. The high half may carry the upper bits of an x2APIC id. */
    if ((address & 0xfff00000) != 0xfee00000 || (address >> 32 & 0xff) != 0)
        return false;
    *message = (struct lapic_message){
        .destination = (uint32_t)(address >> 12 & 0xff) | (uint32_t)(address >> 32),
        .vector = (uint8_t)data,
        .delivery = data >> 8 & 7,
        .shorthand = LAPIC_TO_DESTINATION,
        .is_logical = (address >> 2 & 1) != 0,
        .is_level = (data >> 15 & 1) != 0,
        .is_deassert = (data >> 15 & 1) != 0 && (data >> 14 & 1) == 0,
    };
    return true;
}

static bool matches_logical(const struct lapic *lapic, uint32_t destination, bool is_wide) {
    if (lapic_is_x2apic(lapic)) {
        /* 11.12.10.2: the cluster in the upper half, a bit for each member in the lower. Eight bits
         * from elsewhere name members of cluster 0. */
        uint32_t id = lapic_get(lapic, LAPIC_LDR);
        return id >> 16 == destination >> 16 && (id & destination & 0xffff) != 0;
    }
    if (is_wide && destination > 0xff)
        return false;
    uint32_t id = lapic_get(lapic, LAPIC_LDR) >> 24;
    if (lapic_get(lapic, LAPIC_DFR) >> 28 == 0xf) /* flat model (11.6.2.2) */
        return (id & destination) != 0;
    return id >> 4 == destination >> 4 && (id & destination & 0xf) != 0;
}

bool lapic_matches(const struct lapic *lapic, const struct lapic_message *message,
                   const struct lapic *source) {
    switch (message->shorthand) {
    case LAPIC_TO_SELF: return lapic == source;
    case LAPIC_TO_ALL: return true;
    case LAPIC_TO_OTHERS: return lapic != source;
    default: break;
    }
    bool is_wide = source != NULL && lapic_is_x2apic(source);
    uint32_t broadcast = is_wide ? UINT32_MAX : 0xff;
    if (message->destination == broadcast)
        return true;
    if (message->is_logical)
        return matches_logical(lapic, message->destination, is_wide);
    /* In xAPIC mode the guest may have written another id into the register. */
    uint32_t id = lapic_is_x2apic(lapic) ? lapic->id : lapic_get(lapic, LAPIC_ID) >> 24;
    return id == message->destination;
}

/* ---- state transfer */

bool lapic_state_is_valid(uint64_t base, const uint32_t registers[64]) {
    uint64_t mode = base & (LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC);
    if ((base & ~(LAPIC_BASE_ENABLE | LAPIC_BASE_X2APIC | LAPIC_BASE_BOOT_CPU)) !=
            LAPIC_DEFAULT_BASE ||
        mode == LAPIC_BASE_X2APIC)
        return false;
    /* Vectors below 16 are never requested nor in service. */
    return (registers[LAPIC_IRR] & 0xffff) == 0 && (registers[LAPIC_ISR] & 0xffff) == 0 &&
           (registers[LAPIC_TPR] & ~0xffu) == 0;
}

static void restore_set(uint64_t *set, const uint32_t *words) {
    for (uint32_t i = 0; i < 4; i++)
        __atomic_store_n(&set[i], words[2 * i] | (uint64_t)words[2 * i + 1] << 32,
                         __ATOMIC_RELAXED);
}

void lapic_restore(struct lapic *lapic, uint64_t base, const uint32_t registers[64],
                   uint64_t tsc_deadline, uint64_t deadline, uint64_t now) {
    lapic->base = base;
    clear_registers(lapic);
    set_identity(lapic);
    bool is_x2apic = lapic_is_x2apic(lapic);
    restore_set(lapic->irr, &registers[LAPIC_IRR]);
    restore_set(lapic->isr, &registers[LAPIC_ISR]);
    restore_set(lapic->tmr, &registers[LAPIC_TMR]);
    lapic_put(lapic, LAPIC_SVR, registers[LAPIC_SVR] & 0x3ff);
    lapic_put(lapic, LAPIC_TPR, registers[LAPIC_TPR]);
    lapic_put(lapic, LAPIC_ESR, registers[LAPIC_ESR]);
    for (uint32_t i = LAPIC_LVT_TIMER; i <= LAPIC_TIMER_DIVIDE; i++)
        if (writable_bits(lapic, i) != 0)
            lapic_put(lapic, i, registers[i] & (uint32_t)writable_bits(lapic, i));
    lapic_put(lapic, LAPIC_ICR, registers[LAPIC_ICR]);
    if (is_x2apic) {
        *(uint32_t *)(void *)(lapic->page + 0x304) = registers[LAPIC_ICR_HIGH];
    } else {
        lapic_put(lapic, LAPIC_ICR_HIGH, registers[LAPIC_ICR_HIGH]);
        lapic_put(lapic, LAPIC_ID, registers[LAPIC_ID] & 0xff000000);
        lapic_put(lapic, LAPIC_LDR, registers[LAPIC_LDR] & 0xff000000);
        lapic_put(lapic, LAPIC_DFR, registers[LAPIC_DFR] | 0x0fffffff);
    }
    lapic->timer_entry = lapic_get(lapic, LAPIC_LVT_TIMER);
    lapic->timer_divide = lapic_get(lapic, LAPIC_TIMER_DIVIDE);
    lapic->deadline = timer_mode(lapic) == TIMER_DEADLINE ? LAPIC_NEVER : deadline;
    lapic_set_tsc_deadline(lapic, tsc_deadline, now);
}
