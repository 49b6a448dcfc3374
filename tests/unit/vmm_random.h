/*
 * Random numbers for tests: the seed is printed and may be given in the environment as TEST_SEED,
 * so that a failure can be repeated.
 */
#ifndef BULKHEAD_TESTS_VMM_RANDOM_H
#define BULKHEAD_TESTS_VMM_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct vmm_random {
    uint64_t state;
};

/* SplitMix64. */
static inline uint64_t vmm_random_next(struct vmm_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static inline unsigned vmm_random_below(struct vmm_random *random, unsigned limit) {
    return (unsigned)(vmm_random_next(random) % limit);
}

static inline struct vmm_random vmm_random_start(void) {
    const char *given = getenv("TEST_SEED");
    struct vmm_random random = {given != NULL ? strtoull(given, NULL, 0) : 20240229u};
    fprintf(stderr, "# seed %llu\n", (unsigned long long)random.state);
    return random;
}

#endif
