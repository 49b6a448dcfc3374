/* units: guests/vmm/decode.c guests/vmm/decode_table.c */
/*
 * The decoder against binutils' disassembler: random encodings, in every size of code. Both must
 * agree on what is an instruction for a device, on its length and on its operands. TEST_COUNT (here
 * a million) sets how many, TEST_SEED which.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/vmm_decode_text.h"
#include "tests/unit/vmm_random.h"

#define DEFAULT_COUNT 1000000u
#define ENCODING_MAX  24u
/* After an encoding that is no instruction: the disassembler has found its feet again by then. */
#define PADDING     16u
#define NOP         0x90u
#define FWAIT       0x9bu
#define MODE_COUNT  3u
#define LINE_LENGTH 256u

static const struct {
    const char *machine;
    unsigned address_width;
} modes[MODE_COUNT] = {
    [DECODE_MODE_16] = {"i8086",       2},
    [DECODE_MODE_32] = {"i386",        4},
    [DECODE_MODE_64] = {"i386:x86-64", 8},
};

/* One encoding in the file. */
struct sample {
    uint32_t at;
    uint8_t length; /* in the file, with padding */
    bool is_decoded;
    struct decode decode;
};

/* --- Random encodings --- */

/* Every opcode of the decoder's list, as the manual has them; with 0x0f00 those of the second map.
 */
static const uint16_t opcodes[] = {
    0x00,   0x01,   0x02,   0x03,   0x08,   0x09,   0x0a,   0x0b,   0x10,   0x11,   0x12,   0x13,
    0x18,   0x19,   0x1a,   0x1b,   0x20,   0x21,   0x22,   0x23,   0x28,   0x29,   0x2a,   0x2b,
    0x30,   0x31,   0x32,   0x33,   0x38,   0x39,   0x3a,   0x3b,   0x63,   0x6c,   0x6d,   0x6e,
    0x6f,   0x80,   0x81,   0x82,   0x83,   0x84,   0x85,   0x86,   0x87,   0x88,   0x89,   0x8a,
    0x8b,   0x8c,   0x8f,   0xa0,   0xa1,   0xa2,   0xa3,   0xa4,   0xa5,   0xa6,   0xa7,   0xaa,
    0xab,   0xac,   0xad,   0xae,   0xaf,   0xc6,   0xc7,   0xf6,   0xf7,   0xfe,   0xff,   0x0fa3,
    0x0fab, 0x0fb0, 0x0fb1, 0x0fb3, 0x0fb6, 0x0fb7, 0x0fba, 0x0fbb, 0x0fbe, 0x0fbf, 0x0fc0, 0x0fc1,
};

static const uint8_t prefixes[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                   0x66, 0x67, 0xf0, 0xf2, 0xf3};

static uint8_t any(struct vmm_random *random) {
    return (uint8_t)vmm_random_next(random);
}

static bool is_rex(enum decode_mode mode, uint8_t byte) {
    return mode == DECODE_MODE_64 && (byte & 0xf0) == 0x40;
}

/*
 * What makes this disassembler begin anew and forget what came before: a REX that other prefixes
 * follow (a case for the tests by hand), and FWAIT, which it takes for a prefix.
 */
static bool is_confusing(enum decode_mode mode, const uint8_t *bytes) {
    while (memchr(prefixes, *bytes, sizeof(prefixes)) != NULL) {
        bytes++;
    }
    if (is_rex(mode, bytes[0])) {
        return is_rex(mode, bytes[1]) || memchr(prefixes, bytes[1], sizeof(prefixes)) != NULL;
    }
    return bytes[0] == FWAIT;
}

/* Bytes without any sense. */
static void make_noise(struct vmm_random *random, uint8_t bytes[ENCODING_MAX]) {
    for (unsigned i = 0; i < ENCODING_MAX; i++) {
        bytes[i] = any(random);
    }
}

/* Prefixes, perhaps REX, an opcode of the list and anything for the rest; some are noise. */
static void make(struct vmm_random *random, enum decode_mode mode, uint8_t bytes[ENCODING_MAX]) {
    unsigned at = 0;
    make_noise(random, bytes);
    if (vmm_random_below(random, 10) == 0) {
        while (is_confusing(mode, bytes)) {
            make_noise(random, bytes);
        }
        return;
    }
    while (at < 6 && vmm_random_below(random, 2) == 0) {
        bytes[at++] = prefixes[vmm_random_below(random, sizeof(prefixes))];
    }
    if (mode == DECODE_MODE_64 && vmm_random_below(random, 2) == 0) {
        bytes[at++] = 0x40 | (any(random) & 15);
    }
    uint16_t opcode = opcodes[vmm_random_below(random, sizeof(opcodes) / sizeof(opcodes[0]))];
    if (opcode >> 8) {
        bytes[at++] = 0x0f;
    }
    bytes[at++] = (uint8_t)opcode;
    if (vmm_random_below(random, 8) == 0) {
        bytes[at] |= 0xc0; /* a register operand */
    } else if (bytes[at] >= 0xc0) {
        bytes[at] -= 0x40;
    }
}

/* An instruction is followed by the next one at once: a wrong length shows. */
static uint32_t write_samples(struct vmm_random *random, enum decode_mode mode,
                              struct sample *samples, uint32_t count, FILE *file) {
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[ENCODING_MAX + PADDING];
        struct sample *sample = &samples[i];
        make(random, mode, bytes);
        sample->at = at;
        sample->is_decoded = decode_instruction(bytes, ENCODING_MAX, mode, &sample->decode);
        if (sample->is_decoded) {
            sample->length = sample->decode.length;
        } else {
            memset(bytes + ENCODING_MAX, NOP, PADDING);
            sample->length = sizeof(bytes);
        }
        assert_int_equal(fwrite(bytes, 1, sample->length, file), sample->length);
        at += sample->length;
    }
    return at;
}

/* --- The disassembler's words, made those of vmm_decode_text.h --- */

static const char *const prefix_words[] = {"data16", "data32", "addr16", "addr32",
                                           "cs",     "ds",     "es",     "ss",
                                           "fs",     "gs",     "bnd",    "notrack"};

static bool is_word(const char *word, const char *const *list, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

struct words {
    char mnemonic[LINE_LENGTH];
    char operands[LINE_LENGTH];
    bool is_locked;
    bool is_movsxd;
    unsigned repeat;
};

/* Names that say no more than the operands do. */
static const char *simple_name(const char *mnemonic) {
    if (strcmp(mnemonic, "movabs") == 0 || strcmp(mnemonic, "movzx") == 0) {
        return "mov";
    }
    return strcmp(mnemonic, "movsxd") == 0 ? "movsx" : mnemonic;
}

/* One word of a line: a prefix, or the mnemonic (then true). */
static bool take_word(struct words *words, const char *word) {
    if (strncmp(word, "rex", 3) == 0 ||
        is_word(word, prefix_words, sizeof(prefix_words) / sizeof(prefix_words[0]))) {
        return false;
    }
    if (strcmp(word, "lock") == 0) {
        words->is_locked = true;
    } else if (strcmp(word, "rep") == 0 || strcmp(word, "repz") == 0 ||
               strcmp(word, "xrelease") == 0) {
        words->repeat = DECODE_WHILE_EQUAL;
    } else if (strcmp(word, "repnz") == 0 || strcmp(word, "xacquire") == 0) {
        words->repeat = DECODE_WHILE_NOT_EQUAL;
    } else {
        words->is_movsxd = strcmp(word, "movsxd") == 0;
        strcpy(words->mnemonic, simple_name(word));
        return true;
    }
    return false;
}

/* A line without its address. True: it has an instruction, not prefixes alone. */
static bool take_line(struct words *words, char *line) {
    while (*line != '\0') {
        size_t length = strcspn(line, " ");
        char word[LINE_LENGTH];
        memcpy(word, line, length);
        word[length] = '\0';
        line += length;
        line += strspn(line, " ");
        if (take_word(words, word)) {
            strcpy(words->operands, line);
            return true;
        }
    }
    return false;
}

struct place {
    char base[8], index[16];
    uint64_t displacement;
    unsigned width; /* of the address; 0: not told */
};

static unsigned address_width(const char *name) {
    if (name[0] == 'r') {
        return name[strlen(name) - 1] == 'd' ? 4 : 8;
    }
    return name[0] == 'e' ? 4 : 2;
}

/* One part of an address: a register, a register times a scale, or a number. */
static void take_term(struct place *place, const char *term, bool is_negative) {
    char name[16];
    if (isdigit((unsigned char)term[0])) {
        uint64_t value = strtoull(term, NULL, 16);
        place->displacement = is_negative ? 0 - value : value;
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(term, "*"), term);
    place->width = address_width(name);
    if (strcmp(name, "riz") == 0 || strcmp(name, "eiz") == 0) {
        return; /* the index that is none */
    }
    if (strchr(term, '*') != NULL) {
        snprintf(place->index, sizeof(place->index), "%.15s", term);
    } else if (place->base[0] != '\0') {
        snprintf(place->index, sizeof(place->index), "%.12s*1", term);
    } else {
        snprintf(place->base, sizeof(place->base), "%.7s", term);
    }
}

static void take_place(struct place *place, const char *text, size_t length) {
    bool is_negative = false;
    for (size_t i = 0; i < length;) {
        char term[32];
        size_t end = i;
        while (end < length && text[end] != '+' && text[end] != '-') {
            end++;
        }
        snprintf(term, sizeof(term), "%.*s", (int)(end - i), text + i);
        take_term(place, term, is_negative);
        is_negative = end < length && text[end] == '-';
        i = end + 1;
    }
}

static bool has_segment(const char *text) {
    return strchr("ecsdfg", text[0]) != NULL && text[0] != '\0' && text[1] == 's' && text[2] == ':';
}

/* The length of what is rewritten, or 0: no memory operand is at TEXT. */
static size_t rewrite_memory(const char *text, const char *accumulator, struct decode_text *out) {
    const char *at = text, *segment = NULL;
    const char *pointer = strstr(text, " PTR ");
    size_t word = strcspn(text, " ,");
    bool is_wide = pointer != NULL && text + word == pointer;
    struct place place = {.width = 0};
    if (is_wide) {
        at = pointer + 5;
    } else if (!has_segment(text)) {
        return 0;
    }
    if (has_segment(at)) {
        segment = at;
        at += 3;
    }
    if (*at == '[') {
        size_t length = strcspn(at + 1, "]");
        take_place(&place, at + 1, length);
        at += length + 2;
    } else {
        char *end;
        place.displacement = strtoull(at, &end, 16);
        at = end;
    }
    if (is_wide) {
        decode_text_add(out, "%.*s PTR ", (int)word, text);
    } else {
        decode_text_add(out, "%s PTR ",
                        accumulator[0] == 'r'   ? "QWORD"
                        : accumulator[0] == 'e' ? "DWORD"
                        : accumulator[1] == 'x' ? "WORD"
                                                : "BYTE");
    }
    bool is_stack = place.base[0] != '\0' && place.base[strlen(place.base) - 1] == 'p' &&
                    strcmp(place.base, "rip") != 0 && strcmp(place.base, "eip") != 0;
    decode_text_add(out, "%.2s:[%s%s%s%s0x%" PRIx64 "]",
                    segment != NULL ? segment
                    : is_stack      ? "ss"
                                    : "ds",
                    place.base, place.base[0] != '\0' ? "+" : "", place.index,
                    place.index[0] != '\0' ? "+" : "",
                    place.width != 0 ? decode_text_mask(place.displacement, place.width)
                                     : place.displacement);
    return (size_t)(at - text);
}

static bool is_string(const char *mnemonic) {
    static const char *const names[] = {"movs", "stos", "lods", "cmps", "scas", "ins", "outs"};
    return is_word(mnemonic, names, sizeof(names) / sizeof(names[0]));
}

/*
 * MOVSXD to a 64-bit register reads 32 bits: REX.W makes a prefix 0x66 void (SDM Vol. 2, 2.2.1.2
 * "More on REX Prefix Fields"), which binutils 2.40 forgets here.
 */
static void correct_movsxd(struct words *words) {
    char *source = strstr(words->operands, ",WORD PTR");
    if (words->is_movsxd && source != NULL && words->operands[0] == 'r' && source[-1] != 'w' &&
        source[-1] != 'd') {
        memmove(source + 2, source + 1, strlen(source + 1) + 1);
        source[1] = 'D';
    }
}

static struct decode_text rewrite(struct words *words, bool *has_memory) {
    static const char *const repeats[] = {"", "rep ", "repne "};
    struct decode_text out = {.used = 0};
    char *at = words->operands;
    correct_movsxd(words);
    char *comment = strchr(at, '#');
    if (comment != NULL) {
        *comment = '\0';
    }
    for (size_t length = strlen(at); length != 0 && at[length - 1] == ' '; length--) {
        at[length - 1] = '\0';
    }
    decode_text_add(&out, "%s%s%s ", words->is_locked ? "lock " : "",
                    is_string(words->mnemonic) ? repeats[words->repeat] : "", words->mnemonic);
    *has_memory = false;
    const char *first = words->operands;
    const char *comma = strchr(first, ',');
    while (*at != '\0' && out.used < sizeof(out.text) - 80) {
        const char *accumulator = at == first && comma != NULL ? comma + 1 : first;
        size_t length = rewrite_memory(at, accumulator, &out);
        if (length != 0) {
            *has_memory = true;
        } else {
            length = strcspn(at, ",");
            decode_text_add(&out, "%.*s", (int)length, at);
        }
        at += length;
        if (*at == ',') {
            decode_text_add(&out, ",");
            at++;
        }
    }
    return out;
}

/* --- Comparison --- */

/* What the decoder has to know if it has a memory operand. */
static bool is_ours(const struct words *words) {
    static const char *const names[] = {"mov", "movsx",   "movs", "stos", "lods", "cmps", "scas",
                                        "ins", "outs",    "cmp",  "test", "and",  "or",   "xor",
                                        "add", "sub",     "adc",  "sbb",  "not",  "neg",  "inc",
                                        "dec", "cmpxchg", "xadd", "xchg", "bt",   "bts",  "btr",
                                        "btc", "push",    "pop"};
    bool loads_segment = strcmp(words->mnemonic, "mov") == 0 && words->operands[1] == 's' &&
                         words->operands[2] == ',';
    return is_word(words->mnemonic, names, sizeof(names) / sizeof(names[0])) && !loads_segment &&
           strchr(words->operands, '?') == NULL;
}

static void dump(const char *path, const struct sample *sample, char *out) {
    FILE *file = fopen(path, "rb");
    out[0] = '\0';
    if (file != NULL && fseek(file, sample->at, SEEK_SET) == 0) {
        for (unsigned i = 0; i < sample->length; i++) {
            sprintf(out + 3 * i, "%02x ", (unsigned)fgetc(file) & 0xff);
        }
        fclose(file);
    }
}

static void compare(const char *path, enum decode_mode mode, const struct sample *sample,
                    uint32_t length, struct words *words) {
    char bytes[3 * 64];
    bool has_memory;
    bool is_known = is_ours(words);
    struct decode_text theirs = rewrite(words, &has_memory);
    if (!sample->is_decoded) {
        if (is_known && has_memory && length <= DECODE_LENGTH_MAX) {
            dump(path, sample, bytes);
            fail_msg("%s: %s: refused, but it is '%s'", modes[mode].machine, bytes, theirs.text);
        }
        return;
    }
    struct decode_text ours = decode_text(&sample->decode);
    if (strcmp(ours.text, theirs.text) != 0 || length != sample->decode.length) {
        dump(path, sample, bytes);
        fail_msg("%s: %s: '%s' of %u bytes, but it is '%s' of %u", modes[mode].machine, bytes,
                 ours.text, sample->decode.length, theirs.text, length);
    }
}

/* A line of the listing: its address, and the rest in TEXT. */
static bool read_line(FILE *listing, uint32_t *address, char text[LINE_LENGTH]) {
    char line[LINE_LENGTH];
    while (fgets(line, sizeof(line), listing) != NULL) {
        char *end;
        unsigned long value = strtoul(line, &end, 16);
        if (line[0] == ' ' && end[0] == ':' && end[1] == '\t') {
            *address = (uint32_t)value;
            strcpy(text, end + 2);
            text[strcspn(text, "\n")] = '\0';
            return true;
        }
    }
    return false;
}

static void compare_all(const char *path, enum decode_mode mode, const struct sample *samples,
                        uint32_t count, uint32_t size, FILE *listing) {
    char text[LINE_LENGTH];
    uint32_t address;
    bool has_line = read_line(listing, &address, text);
    for (uint32_t i = 0; i < count; i++) {
        struct words words = {.repeat = DECODE_ONCE};
        bool is_complete = false;
        while (has_line && address < samples[i].at) {
            has_line = read_line(listing, &address, text);
        }
        /* Prefixes that mean nothing may have a line of their own. */
        while (has_line && !is_complete && address < samples[i].at + samples[i].length) {
            is_complete = take_line(&words, text);
            has_line = read_line(listing, &address, text);
        }
        uint32_t end = has_line ? address : size;
        compare(path, mode, &samples[i], end - samples[i].at, &words);
    }
    while (has_line) {
        has_line = read_line(listing, &address, text);
    }
}

static void run(struct vmm_random *random, enum decode_mode mode, uint32_t count) {
    char path[] = "/tmp/decode-XXXXXX", command[128];
    struct sample *samples = calloc(count, sizeof(*samples));
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "wb");
    assert_non_null(samples);
    assert_non_null(file);
    uint32_t size = write_samples(random, mode, samples, count, file);
    fclose(file);
    snprintf(command, sizeof(command),
             "objdump -D -z -b binary -m %s -M intel,intel64 --no-show-raw-insn %s",
             modes[mode].machine, path);
    FILE *listing = popen(command, "r");
    assert_non_null(listing);
    compare_all(path, mode, samples, count, size, listing);
    assert_int_equal(pclose(listing), 0);
    uint32_t decoded = 0;
    for (uint32_t i = 0; i < count; i++) {
        decoded += samples[i].is_decoded;
    }
    fprintf(stderr, "# %s: %u encodings, %u instructions\n", modes[mode].machine, count, decoded);
    assert_true(decoded > count / 2);
    unlink(path);
    free(samples);
}

static void test_random_encodings(void **state) {
    (void)state;
    struct vmm_random random = vmm_random_start();
    const char *given = getenv("TEST_COUNT");
    uint32_t count = given != NULL ? (uint32_t)strtoul(given, NULL, 0) : DEFAULT_COUNT;
    for (unsigned mode = 0; mode < MODE_COUNT; mode++) {
        /* Half of them in 64-bit code. */
        run(&random, (enum decode_mode)mode, mode == DECODE_MODE_64 ? count / 2 : count / 4);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_encodings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
