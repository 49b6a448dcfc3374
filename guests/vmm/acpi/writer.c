/* Tables one behind the other, 64-byte aligned, with their checksums. */
#include "guests/vmm/acpi/writer.h"

#include <string.h>

#define TABLE_ALIGNMENT 64u
#define OEM_REVISION    1u

void *writer_reserve(struct writer *writer, uint64_t length, uint64_t alignment) {
    uint64_t start = (writer->at + alignment - 1) & ~(alignment - 1);
    if (writer->is_full || start > writer->size || length > writer->size - start) {
        writer->is_full = true;
        return NULL;
    }
    memset(writer->bytes + writer->at, 0, start + length - writer->at);
    writer->at = start + length;
    return writer->bytes + start;
}

void writer_append(struct writer *writer, const void *bytes, uint64_t length) {
    void *place = writer_reserve(writer, length, 1);
    if (place != NULL) {
        memcpy(place, bytes, length);
    }
}

uint64_t writer_address(const struct writer *writer, const void *place) {
    return writer->address + (uint64_t)((const uint8_t *)place - writer->bytes);
}

void *writer_begin(struct writer *writer, const char *signature, uint8_t revision,
                   uint64_t length) {
    struct acpi_header *header = writer_reserve(writer, length, TABLE_ALIGNMENT);
    if (header != NULL) {
        memcpy(header->signature, signature, sizeof(header->signature));
        header->revision = revision;
        memcpy(header->oem_id, "BLKHD ", sizeof(header->oem_id));
        memcpy(header->oem_table_id, "BULKHEAD", sizeof(header->oem_table_id));
        header->oem_revision = OEM_REVISION;
        memcpy(header->creator_id, "BLKH", sizeof(header->creator_id));
        header->creator_revision = OEM_REVISION;
    }
    return header;
}

uint64_t writer_end(struct writer *writer, void *table) {
    struct acpi_header *header = table;
    if (writer->is_full) {
        return 0;
    }
    header->length = (uint32_t)(writer->bytes + writer->at - (uint8_t *)table);
    header->checksum = 0;
    header->checksum = writer_checksum(header, header->length);
    return writer_address(writer, table);
}

uint8_t writer_checksum(const void *bytes, uint64_t length) {
    uint8_t sum = 0;
    for (uint64_t i = 0; i < length; i++) {
        sum = (uint8_t)(sum + ((const uint8_t *)bytes)[i]);
    }
    return (uint8_t)-sum;
}
