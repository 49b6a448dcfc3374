#include "arch/x86_64/mm/copy.h"

#include <stdbool.h>

#include "arch/x86_64/cpu/features.h"
#include "kernel/arch.h"

struct fixup {
    uint64_t instruction;
    uint64_t target;
};
_Static_assert(sizeof(struct fixup) == 16, "copy_user.S writes these rows");
extern const struct fixup kernel_fixup_start[], kernel_fixup_end[]; /* linker.ld */

/* copy_user.S; true: all was copied. The second lets ring 0 through SMAP meanwhile. */
bool copy_user_plain(void *to, const void *from, uint64_t length);
bool copy_user_smap(void *to, const void *from, uint64_t length);

uint64_t copy_fixup(uint64_t rip) {
    uint64_t count = ((uint64_t)kernel_fixup_end - (uint64_t)kernel_fixup_start) /
                     sizeof(struct fixup);
    for (uint64_t i = 0; i < count; i++)
        if (kernel_fixup_start[i].instruction == rip)
            return kernel_fixup_start[i].target;
    return 0;
}

static bool is_users(uint64_t address, uint64_t length) {
    return length <= SPACE_PROGRAM_END && address <= SPACE_PROGRAM_END - length;
}

static bool copy(void *to, const void *from, uint64_t length) {
    return cpu_has(FEATURE_SMAP) ? copy_user_smap(to, from, length)
                                 : copy_user_plain(to, from, length);
}

bool arch_copy_from_user(void *to, uint64_t from, size_t length) {
    return is_users(from, length) && copy(to, (const void *)from, length);
}

bool arch_copy_to_user(uint64_t to, const void *from, size_t length) {
    return is_users(to, length) && copy((void *)to, from, length);
}
