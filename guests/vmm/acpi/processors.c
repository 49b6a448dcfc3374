/* AML by hand, for the one part of the namespace that differs between machines. */
#include "guests/vmm/acpi/processors.h"

#include <string.h>

/* ACPI Specification 6.4, 20.3 "AML Byte Stream Byte Values". */
#define AML_NAME      0x08u
#define AML_DWORD     0x0cu
#define AML_STRING    0x0du
#define AML_SCOPE     0x10u
#define AML_EXTENDED  0x5bu
#define AML_ROOT_CHAR 0x5cu
#define AML_DEVICE    0x82u /* behind AML_EXTENDED */

#define SSDT_REVISION 2u

/*
 * Device (Cnnn) { Name (_HID, "ACPI0007") Name (_UID, dword) }, as bytes. The package length counts
 * itself; below 64 it is one byte (20.2.4 "Package Length Encoding").
 */
struct processor_aml {
    uint8_t device[2];
    uint8_t package_length;
    char name[4];
    uint8_t hid_name[5];
    uint8_t hid[10];
    uint8_t uid_name[5];
    uint8_t uid_prefix;
    uint32_t uid;
} __attribute__((packed));
_Static_assert(sizeof(struct processor_aml) == 32, "no padding, package length below 64");

/* Scope (\_SB) { ... }, with a package length of four bytes. */
struct scope_aml {
    uint8_t scope;
    uint8_t package_length[4];
    uint8_t root;
    char name[4];
} __attribute__((packed));
_Static_assert(sizeof(struct scope_aml) == 10, "no padding");

static void set_package_length(uint8_t bytes[4], uint32_t length) {
    bytes[0] = (uint8_t)(3u << 6 | (length & 0xf));
    bytes[1] = (uint8_t)(length >> 4);
    bytes[2] = (uint8_t)(length >> 12);
    bytes[3] = (uint8_t)(length >> 20);
}

static void write_processor(struct writer *writer, uint32_t uid) {
    static const char digits[] = "0123456789ABCDEF";
    struct processor_aml aml = {
        .device = {AML_EXTENDED,      AML_DEVICE},
        .package_length = sizeof(aml) - sizeof(aml.device),
        .name = { 'C',               digits[uid >> 8 & 15], digits[uid >> 4 & 15], digits[uid & 15]},
        .hid_name = {    AML_NAME, '_',         'H', 'I', 'D'},
        .hid = {               AML_STRING, 'A',            'C', 'P', 'I', '0', '0', '0', '7', 0},
        .uid_name = {                  AML_NAME,                                '_',                                                  'U', 'I', 'D'},
        .uid_prefix = AML_DWORD,
        .uid = uid,
    };
    writer_append(writer, &aml, sizeof(aml));
}

uint64_t processors_write(struct writer *writer, uint32_t cpu_count) {
    struct scope_aml scope = {.scope = AML_SCOPE, .root = AML_ROOT_CHAR, .name = "_SB_"};
    if (cpu_count > PROCESSORS_MAX) {
        writer->is_full = true;
        return 0;
    }
    set_package_length(scope.package_length, (uint32_t)(sizeof(scope) - sizeof(scope.scope) +
                                                        cpu_count * sizeof(struct processor_aml)));
    void *table = writer_begin(writer, "SSDT", SSDT_REVISION, sizeof(struct acpi_header));
    writer_append(writer, &scope, sizeof(scope));
    for (uint32_t i = 0; i < cpu_count; i++) {
        write_processor(writer, i);
    }
    return writer_end(writer, table);
}
