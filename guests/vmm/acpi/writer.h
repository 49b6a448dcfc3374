/* Appends tables to a buffer, keeping count of what does not fit. Pure. */
#ifndef BULKHEAD_VMM_ACPI_WRITER_H
#define BULKHEAD_VMM_ACPI_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "guests/vmm/acpi/tables.h"

struct writer {
    uint8_t *bytes;
    uint64_t size;
    uint64_t address; /* of bytes[0], as the guest sees it */
    uint64_t at;
    bool is_full; /* something did not fit: the result is unusable */
};

/* LENGTH zero bytes at a multiple of ALIGNMENT, or NULL. */
void *writer_reserve(struct writer *writer, uint64_t length, uint64_t alignment);
/* Appends bytes without alignment. */
void writer_append(struct writer *writer, const void *bytes, uint64_t length);
/* The guest's address of something reserved. */
uint64_t writer_address(const struct writer *writer, const void *place);

/* Starts a table: a header of LENGTH bytes in all, its fields but length and checksum set. */
void *writer_begin(struct writer *writer, const char *signature, uint8_t revision, uint64_t length);
/* Ends it where the writer is: length and checksum. Returns the guest's address; 0 if it is full.
 */
uint64_t writer_end(struct writer *writer, void *table);

/* The byte that makes the sum of LENGTH bytes zero. */
uint8_t writer_checksum(const void *bytes, uint64_t length);

#endif
