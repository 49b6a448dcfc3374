/* bulkhead.conf to struct config. inih splits the text into sections, keys and values. Pure. */
#include <inih/ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "guests/manager/config.h"
#include "guests/manager/value.h"

/* --- Diagnostics
 * ---------------------------------------------------------------------------------- */

/* The machine whose section a line is in. */
static struct config_machine *machine_at(struct config *config, uint32_t line) {
    for (uint32_t i = config->machine_count; i-- > 0;) {
        if (line >= config->machine[i].line)
            return &config->machine[i];
    }
    return NULL;
}

void config_report(struct config *config, uint32_t line, const char *format, ...) {
    char text[sizeof(config->diagnostic[0].text)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);

    if (config->diagnostic_count == CONFIG_DIAGNOSTIC_LIMIT) {
        config->has_more_diagnostics = true;
        return;
    }
    uint32_t place = config->diagnostic_count++;
    for (; place > 0 && config->diagnostic[place - 1].line > line; place--)
        config->diagnostic[place] = config->diagnostic[place - 1];
    config->diagnostic[place].line = line;
    memcpy(config->diagnostic[place].text, text, sizeof(text));
}

/* --- Keys
 * ----------------------------------------------------------------------------------------- */

static const char *const when_empty_words[] = {"shutdown", "prompt", NULL};
static const char *const mitigations_words[] = {"auto", "off", NULL};
static const char *const restart_words[] = {"never", "on-failure", "always", NULL};
static const char *const console_words[] = {"serial", "none", NULL};
static const char *const switch_words[] = {"off", "on", NULL};
static const char *const boot_words[] = {
    [CONFIG_BOOT_AUTO] = "auto",           [CONFIG_BOOT_LINUX] = "linux", [CONFIG_BOOT_PVH] = "pvh",
    [CONFIG_BOOT_MULTIBOOT] = "multiboot", [CONFIG_BOOT_COUNT] = NULL,
};

static const char *const system_keys[] = {"when-empty", "mitigations", NULL};

static const char *const machine_keys[] = {
    [CONFIG_KEY_KERNEL] = "kernel",
    [CONFIG_KEY_INITRD] = "initrd",
    [CONFIG_KEY_CMDLINE] = "cmdline",
    [CONFIG_KEY_MODULES] = "modules",
    [CONFIG_KEY_BOOT] = "boot",
    [CONFIG_KEY_MEMORY] = "memory",
    [CONFIG_KEY_CPUS] = "cpus",
    [CONFIG_KEY_CONSOLE] = "console",
    [CONFIG_KEY_WEIGHT] = "weight",
    [CONFIG_KEY_CAP] = "cap",
    [CONFIG_KEY_RESTART] = "restart",
    [CONFIG_KEY_AFTER] = "after",
    [CONFIG_KEY_DEBUG_EXIT] = "debug-exit",
    [CONFIG_KEY_COUNT] = NULL,
};

/* Keys that the configuration will have, and whose section this is not, or which nothing serves
 * yet. */
static const struct {
    const char *key;
    const char *reason;
} other_keys[] = {
    {"pin",         "this version does not pin machines to CPUs"},
    {"image",       "it belongs to a [container]"               },
    {"args",        "it belongs to a [container]"               },
    {"env",         "it belongs to a [container]"               },
    {"volume",      "it belongs to a [container]"               },
    {"when-empty",  "it belongs to [system]"                    },
    {"mitigations", "it belongs to [system]"                    },
};

/* Where in the text inih is. */
enum section { SECTION_NONE, SECTION_SYSTEM, SECTION_MACHINE, SECTION_SKIPPED };

struct reader {
    struct config *config;
    enum section section;
    struct config_machine *machine;
    uint32_t system_line;
    uint32_t when_empty_line, mitigations_line;
    uint32_t line;
    const char *rest; /* of the text: lines whose heads are not taken yet */
    uint32_t rest_line;
};

#define SECTION_TEXT_SIZE 80

static void report_words(struct reader *reader, const char *key, const char *value,
                         const char *const *words) {
    char list[128] = "";
    size_t used = 0;
    for (unsigned i = 0; words[i] && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", words[i]);
    config_report(reader->config, reader->line, "%s = %.60s: allowed are %s", key, value, list);
}

static bool read_word(struct reader *reader, const char *key, const char *value,
                      const char *const *words, unsigned *index) {
    int found = value_word(value, words);
    if (found < 0) {
        report_words(reader, key, value, words);
        return false;
    }
    *index = (unsigned)found;
    return true;
}

static bool read_number(struct reader *reader, const char *key, const char *value, uint32_t minimum,
                        uint32_t maximum, uint32_t *number) {
    uint64_t wide;
    if (!value_number(value, &wide) || wide < minimum || wide > maximum) {
        config_report(reader->config, reader->line,
                      "%s = %.60s: allowed is a whole number from %" PRIu32 " to %" PRIu32, key,
                      value, minimum, maximum);
        return false;
    }
    *number = (uint32_t)wide;
    return true;
}

static bool read_text(struct reader *reader, const char *key, const char *value, char *buffer,
                      size_t size) {
    if (value_copy(buffer, size, value))
        return true;
    config_report(reader->config, reader->line, "%s: %zu characters, at most %zu are allowed", key,
                  strlen(value), size - 1);
    return false;
}

static bool read_file_name(struct reader *reader, const char *key, const char *value,
                           char *buffer) {
    if (*value != 0 && !strpbrk(value, "/\\") && value_copy(buffer, MODULE_NAME_SIZE, value))
        return true;
    config_report(reader->config, reader->line,
                  "%s = %.60s: allowed is the name of a file in \\bulkhead\\, without directories",
                  key, value);
    return false;
}

const char *config_boot_word(enum config_boot boot) {
    return boot_words[boot];
}

void config_module_name(const char *text, char name[MODULE_NAME_SIZE]) {
    snprintf(name, MODULE_NAME_SIZE, "%.*s", (int)strcspn(text, " "), text);
}

/* One element of the list, without the blanks around it: its name and its arguments. */
static bool read_module(struct reader *reader, const char *text, size_t length) {
    struct config_machine *machine = reader->machine;
    size_t name_length = 0;
    while (name_length < length && !strchr(" \t", text[name_length]))
        name_length++;
    size_t arguments = name_length;
    while (arguments < length && strchr(" \t", text[arguments]))
        arguments++;
    if (name_length == 0 || name_length >= MODULE_NAME_SIZE || memchr(text, '/', name_length) ||
        memchr(text, '\\', name_length)) {
        config_report(reader->config, reader->line,
                      "modules: %.*s: allowed is a list, separated by commas, of names of files in "
                      "\\bulkhead\\, each with its arguments behind it",
                      (int)(length < 60 ? length : 60), text);
        return false;
    }
    if (machine->module_count == MACHINE_MODULE_LIMIT) {
        config_report(reader->config, reader->line, "modules: at most %u are allowed",
                      MACHINE_MODULE_LIMIT);
        return false;
    }
    int used = snprintf(machine->module[machine->module_count], CONFIG_MODULE_SIZE, "%.*s%s%.*s",
                        (int)name_length, text, arguments < length ? " " : "",
                        (int)(length - arguments), text + arguments);
    if (used < 0 || used >= CONFIG_MODULE_SIZE) {
        config_report(reader->config, reader->line,
                      "modules: %.40s: %d characters, at most %d are allowed", text, used,
                      CONFIG_MODULE_SIZE - 1);
        return false;
    }
    machine->module_count++;
    return true;
}

static bool read_modules(struct reader *reader, const char *value) {
    for (;;) {
        size_t length = strcspn(value, ","), blanks = strspn(value, " \t");
        size_t end = length;
        while (end > blanks && strchr(" \t", value[end - 1]))
            end--;
        if (!read_module(reader, value + blanks, end > blanks ? end - blanks : 0))
            return false;
        if (value[length] == 0)
            return true;
        value += length + 1;
    }
}

static bool read_memory(struct reader *reader, const char *value, uint64_t *memory) {
    char minimum[24];
    if (!value_size(value, memory) || *memory < CONFIG_MEMORY_MINIMUM || *memory > UINT64_MAX / 4) {
        config_report(reader->config, reader->line,
                      "memory = %.60s: allowed is a size from %s on, a whole number with M or G, "
                      "at most what "
                      "the computer has",
                      value, value_format_size(CONFIG_MEMORY_MINIMUM, minimum, sizeof(minimum)));
        return false;
    }
    if (*memory % CONFIG_MEMORY_UNIT != 0) {
        config_report(reader->config, reader->line, "memory = %.60s: allowed are multiples of %s",
                      value, value_format_size(CONFIG_MEMORY_UNIT, minimum, sizeof(minimum)));
        return false;
    }
    return true;
}

static bool read_machine_value(struct reader *reader, enum config_machine_key key,
                               const char *value) {
    struct config_machine *machine = reader->machine;
    const char *name = machine_keys[key];
    unsigned index = 0;
    bool is_good;
    switch (key) {
    case CONFIG_KEY_KERNEL: return read_file_name(reader, name, value, machine->kernel);
    case CONFIG_KEY_INITRD: return read_file_name(reader, name, value, machine->initrd);
    case CONFIG_KEY_CMDLINE:
        return read_text(reader, name, value, machine->cmdline, sizeof(machine->cmdline));
    case CONFIG_KEY_MODULES: return read_modules(reader, value);
    case CONFIG_KEY_BOOT:
        is_good = read_word(reader, name, value, boot_words, &index);
        machine->boot = (enum config_boot)index;
        return is_good;
    case CONFIG_KEY_MEMORY: return read_memory(reader, value, &machine->memory);
    case CONFIG_KEY_CPUS: return read_number(reader, name, value, 1, 1, &machine->cpus);
    case CONFIG_KEY_CONSOLE:
        is_good = read_word(reader, name, value, console_words, &index);
        machine->console = (enum config_console)index;
        return is_good;
    case CONFIG_KEY_WEIGHT: return read_number(reader, name, value, 1, 65535, &machine->weight);
    case CONFIG_KEY_CAP: return read_number(reader, name, value, 0, 100, &machine->cap);
    case CONFIG_KEY_RESTART:
        is_good = read_word(reader, name, value, restart_words, &index);
        machine->restart = (enum config_restart)index;
        return is_good;
    case CONFIG_KEY_AFTER:
        return read_text(reader, name, value, machine->after_text, sizeof(machine->after_text));
    case CONFIG_KEY_DEBUG_EXIT:
        is_good = read_word(reader, name, value, switch_words, &index);
        machine->has_debug_exit = index != 0;
        return is_good;
    case CONFIG_KEY_COUNT: break;
    }
    return false;
}

static void report_unknown(struct reader *reader, const char *key, const char *section,
                           const char *const *keys) {
    char list[160] = "";
    size_t used = 0;
    const char *nearest = value_nearest(key, keys);
    for (size_t i = 0; i < sizeof(other_keys) / sizeof(other_keys[0]); i++) {
        if (strcmp(key, other_keys[i].key) == 0) {
            config_report(reader->config, reader->line, "%s cannot be here: %s", key,
                          other_keys[i].reason);
            return;
        }
    }
    if (nearest) {
        config_report(reader->config, reader->line, "unknown key %.40s in %s; did you mean %s?",
                      key, section, nearest);
        return;
    }
    for (unsigned i = 0; keys[i] && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", keys[i]);
    config_report(reader->config, reader->line, "unknown key %.40s in %s; known are %s", key,
                  section, list);
}

static void read_machine_key(struct reader *reader, const char *key, const char *value) {
    struct config_machine *machine = reader->machine;
    int index = value_word(key, machine_keys);
    if (index < 0) {
        report_unknown(reader, key, "[machine]", machine_keys);
        machine->is_faulty = true;
        return;
    }
    if (machine->key_line[index]) {
        config_report(reader->config, reader->line, "%s is already given in line %" PRIu32, key,
                      machine->key_line[index]);
        machine->is_faulty = true;
        return;
    }
    machine->key_line[index] = reader->line;
    if (!read_machine_value(reader, (enum config_machine_key)index, value))
        machine->is_faulty = true;
}

static void read_system_key(struct reader *reader, const char *key, const char *value) {
    bool is_when_empty = strcmp(key, "when-empty") == 0;
    unsigned index = 0;
    if (!is_when_empty && strcmp(key, "mitigations") != 0) {
        report_unknown(reader, key, "[system]", system_keys);
        return;
    }
    uint32_t *line = is_when_empty ? &reader->when_empty_line : &reader->mitigations_line;
    if (*line) {
        config_report(reader->config, reader->line, "%s is already given in line %" PRIu32, key,
                      *line);
        return;
    }
    *line = reader->line;
    if (is_when_empty) {
        if (read_word(reader, key, value, when_empty_words, &index))
            reader->config->when_empty = (enum config_when_empty)index;
    } else if (read_word(reader, key, value, mitigations_words, &index) && index != 0) {
        config_report(reader->config, reader->line,
                      "mitigations = off: this version has no switch for them; auto is used");
    }
}

/* --- Sections
 * ------------------------------------------------------------------------------------- */

static bool is_name_good(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length < PARTITION_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == length;
}

static void begin_machine(struct reader *reader, const char *name) {
    struct config *config = reader->config;
    reader->section = SECTION_SKIPPED;
    if (!is_name_good(name)) {
        config_report(config, reader->line,
                      "[machine %.40s]: a name has 1 to %d of the characters a-z 0-9 . _ -", name,
                      PARTITION_NAME_SIZE - 1);
        return;
    }
    if (strcmp(name, "manager") == 0) {
        config_report(config, reader->line, "[machine manager]: the name is the manager's own");
        return;
    }
    for (uint32_t i = 0; i < config->machine_count; i++) {
        if (strcmp(config->machine[i].name, name) == 0) {
            config_report(config, reader->line, "[machine %s] is already in line %" PRIu32, name,
                          config->machine[i].line);
            return;
        }
    }
    if (config->machine_count == CONFIG_MACHINE_LIMIT) {
        config_report(config, reader->line, "[machine %s]: at most %u machines are allowed", name,
                      CONFIG_MACHINE_LIMIT);
        return;
    }
    struct config_machine *machine = &config->machine[config->machine_count++];
    *machine = (struct config_machine){
        .line = reader->line,
        .memory = CONFIG_MEMORY_DEFAULT,
        .cpus = 1,
        .weight = 256,
    };
    value_copy(machine->name, sizeof(machine->name), name);
    reader->section = SECTION_MACHINE;
    reader->machine = machine;
}

static void begin_section(struct reader *reader, const char *section) {
    char kind[64];
    size_t kind_length = strcspn(section, " \t");
    const char *name = section + kind_length + strspn(section + kind_length, " \t");
    snprintf(kind, sizeof(kind), "%.*s", (int)kind_length, section);

    reader->section = SECTION_SKIPPED;
    if (strcmp(kind, "machine") == 0) {
        begin_machine(reader, name);
    } else if (strcmp(kind, "container") == 0) {
        config_report(
            reader->config, reader->line,
            "[container %.40s]: containers are not supported by this version yet; the section is "
            "left out",
            name);
    } else if (strcmp(kind, "system") == 0 && *name == 0) {
        if (reader->system_line)
            config_report(reader->config, reader->line, "[system] is already in line %" PRIu32,
                          reader->system_line);
        else
            reader->system_line = reader->line;
        reader->section = SECTION_SYSTEM;
    } else if (strcmp(kind, "\1") != 0) {
        config_report(
            reader->config, reader->line,
            "[%.40s] is no section; allowed are [system], [machine NAME] and [container NAME]",
            section);
    }
}

/* Takes the lines before `limit` that are not taken yet, and begins the sections whose heads they
 * are. inih tells of keys only: a section may be empty, or there twice. */
static void take_heads(struct reader *reader, uint32_t limit) {
    while (*reader->rest && reader->rest_line < limit) {
        const char *start = reader->rest + strspn(reader->rest, " \t\xef\xbb\xbf");
        size_t length = strcspn(start, "]\n");
        if (*start == '[' && start[length] == ']' && length <= SECTION_TEXT_SIZE) {
            char section[SECTION_TEXT_SIZE];
            memcpy(section, start + 1, length - 1);
            section[length - 1] = 0;
            reader->line = reader->rest_line;
            begin_section(reader, section);
        } else if (*start == '[') {
            /* Without an end inih complains. */
            reader->section = SECTION_SKIPPED;
            if (start[length] == ']')
                config_report(reader->config, reader->rest_line, "the section's name is too long");
        }
        reader->rest += strcspn(reader->rest, "\n");
        reader->rest += *reader->rest == '\n';
        reader->rest_line++;
    }
}

/* What inih calls for every key. */
static int handle(void *user, const char *section, const char *name, const char *value, int line) {
    struct reader *reader = user;
    (void)section;
    take_heads(reader, (uint32_t)line);
    reader->line = (uint32_t)line;
    switch (reader->section) {
    case SECTION_NONE:
        config_report(reader->config, reader->line, "%.40s stands before the first section", name);
        break;
    case SECTION_SYSTEM: read_system_key(reader, name, value); break;
    case SECTION_MACHINE: read_machine_key(reader, name, value); break;
    case SECTION_SKIPPED: break;
    }
    return 1;
}

/* --- The text
 * ------------------------------------------------------------------------------------- */

/* A line that inih could not read: what is to be said about it. */
struct bad_line {
    uint32_t line;
    bool is_long;
    bool is_head; /* of a section that nobody can tell: nothing else is spoilt by it */
};

/* The head that takes the place of a bad one. No text has it: it is a control character. */
#define HEAD_OF_NOTHING "[\1]"

/* Overwrites a line so that inih can read on: a section's head by that of an unknown section, whose
 * keys count for nothing; anything else by a blank line. */
static struct bad_line blank_line(char *text, uint32_t line) {
    char *start = text;
    for (uint32_t i = 1; i < line; i++) {
        start = strchr(start, '\n');
        if (!start)
            return (struct bad_line){.line = line};
        start++;
    }
    size_t length = strcspn(start, "\n");
    bool is_head = start[strspn(start, " \t")] == '[';
    struct bad_line bad = {.line = line, .is_long = length >= INI_MAX_LINE - 1};
    /* Shortened, or a long line would be too long again. */
    size_t kept = 0;
    if (is_head && length >= strlen(HEAD_OF_NOTHING)) {
        kept = strlen(HEAD_OF_NOTHING);
        memcpy(start, HEAD_OF_NOTHING, kept);
        bad.is_head = true;
    }
    memmove(start + kept, start + length, strlen(start + length) + 1);
    return bad;
}

static void report_bad_lines(struct config *config, const struct bad_line *bad, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        struct config_machine *machine = machine_at(config, bad[i].line);
        if (bad[i].is_long)
            config_report(config, bad[i].line, "the line is too long: at most %d bytes are allowed",
                          INI_MAX_LINE - 2);
        else
            config_report(config, bad[i].line, "neither [section] nor key = value nor a # comment");
        if (machine && !bad[i].is_head)
            machine->is_faulty = true;
    }
}

void config_read(struct config *config, char *text, size_t length) {
    struct bad_line bad[CONFIG_DIAGNOSTIC_LIMIT];
    uint32_t bad_count = 0;
    int line;

    memset(config, 0, sizeof(*config));
    text[length] = 0;
    if (strlen(text) != length) {
        config_report(config, 0, "the file contains a zero byte: it is no text");
        return;
    }
    /* inih tells of the first line only that it cannot read: such a line is taken out, and all is
     * read again. */
    for (;;) {
        memset(config, 0, sizeof(*config));
        struct reader reader = {.config = config, .rest = text, .rest_line = 1};
        line = ini_parse_string(text, handle, &reader);
        take_heads(&reader, UINT32_MAX);
        if (line <= 0 || bad_count == CONFIG_DIAGNOSTIC_LIMIT)
            break;
        bad[bad_count++] = blank_line(text, (uint32_t)line);
    }
    report_bad_lines(config, bad, bad_count);
}
