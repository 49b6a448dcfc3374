/* Guest page-table walks: one loop over a table of the three formats. */
#include "guests/vmm/walk.h"

#include <stddef.h>

#define CR0_WP   (1ull << 16)
#define CR0_PG   (1ull << 31)
#define CR4_PSE  (1ull << 4)
#define CR4_PAE  (1ull << 5)
#define CR4_SMEP (1ull << 20)
#define CR4_SMAP (1ull << 21)
#define EFER_LMA (1ull << 10)
#define EFER_NXE (1ull << 11)
#define FLAGS_AC (1ull << 18)

#define ENTRY_PRESENT  (1ull << 0)
#define ENTRY_WRITABLE (1ull << 1)
#define ENTRY_USER     (1ull << 2)
#define ENTRY_ACCESSED (1ull << 5)
#define ENTRY_DIRTY    (1ull << 6)
#define ENTRY_LARGE    (1ull << 7)
#define ENTRY_NX       (1ull << 63)

#define PAGE_BITS    12u
#define ADDRESS_MASK 0x000ffffffffff000ull /* of an 8-byte entry */
#define CPL_USER     3u

/* A level: which bits of the address index its table, and whether an entry may be a page. */
struct level {
    uint8_t shift;
    uint8_t index_bits;
    bool may_be_page;
    bool has_rights; /* PAE's top level has neither rights nor accessed bit */
};

struct format {
    const struct level *level;
    uint32_t level_count;
    uint32_t entry_size;
    uint64_t root_mask; /* of CR3 */
    uint32_t linear_bits;
};

static const struct level levels_32[] = {
    {22, 10, true, true},
    {12, 10, true, true}
};
static const struct level levels_pae[] = {
    {30, 2, false, false},
    {21, 9, true,  true },
    {12, 9, true,  true }
};
static const struct level levels_4[] = {
    {39, 9, false, true},
    {30, 9, true,  true},
    {21, 9, true,  true},
    {12, 9, true,  true}
};

static const struct format format_32 = {levels_32, 2, 4, 0xfffff000ull, 32};
static const struct format format_pae = {levels_pae, 3, 8, 0xffffffe0ull, 32};
static const struct format format_4 = {levels_4, 4, 8, ADDRESS_MASK, 64};

static const struct format *choose(const struct walk_mode *mode) {
    if (mode->efer & EFER_LMA) {
        return &format_4;
    }
    return mode->cr4 & CR4_PAE ? &format_pae : &format_32;
}

static uint64_t load(const void *entry, uint32_t size) {
    return size == 8 ? __atomic_load_n((const uint64_t *)entry, __ATOMIC_RELAXED)
                     : __atomic_load_n((const uint32_t *)entry, __ATOMIC_RELAXED);
}

static void set_bits(void *entry, uint64_t bits) {
    /* Both bits lie in the low four bytes of either entry size. */
    if ((load(entry, 4) & bits) != bits) {
        __atomic_fetch_or((uint32_t *)entry, (uint32_t)bits, __ATOMIC_RELAXED);
    }
}

/* SDM Vol. 3, 4.6 "Access Rights": RIGHTS is the AND of the entries, with NX inverted. */
static bool allowed(const struct walk_mode *mode, enum walk_access access, uint64_t rights,
                    bool executable) {
    bool user_page = rights & ENTRY_USER;
    if (mode->cpl == CPL_USER) {
        if (!user_page || (access == WALK_WRITE && !(rights & ENTRY_WRITABLE))) {
            return false;
        }
        return access != WALK_FETCH || executable;
    }
    switch (access) {
    case WALK_FETCH: return executable && !(user_page && (mode->cr4 & CR4_SMEP));
    case WALK_WRITE:
        if (!(rights & ENTRY_WRITABLE) && (mode->cr0 & CR0_WP)) {
            return false;
        }
        break;
    case WALK_READ: break;
    }
    return !(user_page && (mode->cr4 & CR4_SMAP) && !(mode->rflags & FLAGS_AC));
}

static uint32_t error_code(const struct walk_mode *mode, enum walk_access access, bool present) {
    bool tells_fetch = (mode->cr4 & CR4_SMEP) || (mode->efer & EFER_NXE);
    return (present ? WALK_ERROR_PRESENT : 0u) | (access == WALK_WRITE ? WALK_ERROR_WRITE : 0u) |
           (mode->cpl == CPL_USER ? WALK_ERROR_USER : 0u) |
           (access == WALK_FETCH && tells_fetch ? WALK_ERROR_FETCH : 0u);
}

static bool is_page(const struct walk_mode *mode, const struct format *format, uint32_t depth,
                    uint64_t entry) {
    if (depth == format->level_count - 1) {
        return true;
    }
    if (!format->level[depth].may_be_page || !(entry & ENTRY_LARGE)) {
        return false;
    }
    return format != &format_32 || (mode->cr4 & CR4_PSE);
}

/* A page's base; 4 MiB pages carry address bits 39:32 in bits 20:13 (SDM Vol. 3, table 4-4). */
static uint64_t page_base(const struct format *format, uint64_t entry, uint8_t shift) {
    uint64_t base = entry & ADDRESS_MASK & ~((1ull << shift) - 1);
    if (format == &format_32 && shift > PAGE_BITS) {
        base |= (entry >> 13 & 0xff) << 32;
    }
    return base;
}

bool walk_translate(const struct walk_mode *mode, const struct guest_memory *memory,
                    uint64_t linear, enum walk_access access, struct walk_result *result) {
    void *entries[4];
    if (!(mode->cr0 & CR0_PG)) {
        linear &= UINT32_MAX;
        *result = (struct walk_result){linear, (1ull << PAGE_BITS) - (linear & 0xfff), 0};
        return true;
    }
    const struct format *format = choose(mode);
    if (format->linear_bits == 32) {
        linear &= UINT32_MAX;
    }
    uint64_t table = mode->cr3 & format->root_mask;
    uint64_t rights = ENTRY_WRITABLE | ENTRY_USER;
    bool executable = true;
    for (uint32_t depth = 0; depth < format->level_count; depth++) {
        const struct level *level = &format->level[depth];
        uint64_t index = linear >> level->shift & ((1ull << level->index_bits) - 1);
        void *place = guest_memory_at(memory, table + index * format->entry_size,
                                      format->entry_size);
        uint64_t entry = place != NULL ? load(place, format->entry_size) : 0;
        if (!(entry & ENTRY_PRESENT)) {
            result->error = error_code(mode, access, false);
            return false;
        }
        entries[depth] = place;
        if (level->has_rights) {
            rights &= entry;
            if ((entry & ENTRY_NX) && (mode->efer & EFER_NXE)) {
                executable = false;
            }
        }
        if (!is_page(mode, format, depth, entry)) {
            table = entry & (format->entry_size == 4 ? 0xfffff000ull : ADDRESS_MASK);
            continue;
        }
        if (!allowed(mode, access, rights, executable)) {
            result->error = error_code(mode, access, true);
            return false;
        }
        for (uint32_t i = 0; i <= depth; i++) {
            if (format->level[i].has_rights) {
                set_bits(entries[i],
                         ENTRY_ACCESSED | (i == depth && access == WALK_WRITE ? ENTRY_DIRTY : 0));
            }
        }
        uint64_t mask = (1ull << level->shift) - 1;
        result->physical = page_base(format, entry, level->shift) | (linear & mask);
        result->left = mask + 1 - (linear & mask);
        result->error = 0;
        return true;
    }
    return false;
}
