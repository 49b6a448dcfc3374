/*
 * What the boot module "suite.options" asks for: words "name=number" between white space. Without
 * it the defaults hold.
 */
#ifndef BULKHEAD_TEST_KERNEL_OPTIONS_H
#define BULKHEAD_TEST_KERNEL_OPTIONS_H

#include <stdint.h>

void options_read(void);
uint64_t option(const char *name, uint64_t otherwise);

#endif
