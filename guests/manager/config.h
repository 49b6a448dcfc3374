/*
 * The configuration: what bulkhead.conf says, and everything that is wrong with it. A fault spoils
 * the section that it is in, not the others. Pure: text and numbers in, structures out.
 */
#ifndef BULKHEAD_MANAGER_CONFIG_H
#define BULKHEAD_MANAGER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lib/machine_start.h"
#include "kernel/abi/types.h"

#define CONFIG_FILE             "bulkhead.conf"
#define CONFIG_SIZE_LIMIT       65536u /* bytes of text */
#define CONFIG_MACHINE_LIMIT    16u
#define CONFIG_DIAGNOSTIC_LIMIT 64u
#define CONFIG_CMDLINE_SIZE     1024
#define CONFIG_MODULE_SIZE      512 /* of a module's name and arguments */
#define CONFIG_MEMORY_MINIMUM   (16ull << 20)
#define CONFIG_MEMORY_UNIT      (2ull << 20) /* guests are backed by large pages */
#define CONFIG_MEMORY_DEFAULT   (256ull << 20)

enum config_when_empty { CONFIG_WHEN_EMPTY_SHUTDOWN, CONFIG_WHEN_EMPTY_PROMPT };
enum config_restart { CONFIG_RESTART_NEVER, CONFIG_RESTART_ON_FAILURE, CONFIG_RESTART_ALWAYS };
enum config_console { CONFIG_CONSOLE_SERIAL, CONFIG_CONSOLE_NONE };
/* How a kernel is entered; the words are those of guests/lib/machine_start.h. */
enum config_boot {
    CONFIG_BOOT_AUTO,
    CONFIG_BOOT_LINUX,
    CONFIG_BOOT_PVH,
    CONFIG_BOOT_MULTIBOOT,
    CONFIG_BOOT_COUNT
};

/* The keys of a [machine] section that have a value of their own here. */
enum config_machine_key {
    CONFIG_KEY_KERNEL,
    CONFIG_KEY_INITRD,
    CONFIG_KEY_CMDLINE,
    CONFIG_KEY_MODULES,
    CONFIG_KEY_BOOT,
    CONFIG_KEY_MEMORY,
    CONFIG_KEY_CPUS,
    CONFIG_KEY_CONSOLE,
    CONFIG_KEY_WEIGHT,
    CONFIG_KEY_CAP,
    CONFIG_KEY_RESTART,
    CONFIG_KEY_AFTER,
    CONFIG_KEY_DEBUG_EXIT,
    CONFIG_KEY_COUNT
};

struct config_machine {
    char name[PARTITION_NAME_SIZE];
    uint32_t line;                       /* of the section's head */
    uint32_t key_line[CONFIG_KEY_COUNT]; /* 0: the key is not there */
    bool is_faulty;                      /* a diagnostic says why; it is not started */
    char kernel[MODULE_NAME_SIZE];
    char initrd[MODULE_NAME_SIZE]; /* empty: none */
    char cmdline[CONFIG_CMDLINE_SIZE];
    uint32_t module_count;
    char module[MACHINE_MODULE_LIMIT][CONFIG_MODULE_SIZE]; /* name, or name, blank, arguments */
    enum config_boot boot;
    bool has_debug_exit;
    uint64_t memory;
    uint32_t cpus;
    uint32_t weight;
    uint32_t cap;
    enum config_console console;
    enum config_restart restart;
    char after_text[256];
    uint32_t after; /* bit n: machine n is started before */
};

struct config_diagnostic {
    uint32_t line; /* 0: the whole file */
    char text[240];
};

struct config {
    enum config_when_empty when_empty;
    uint32_t machine_count;
    struct config_machine machine[CONFIG_MACHINE_LIMIT];
    uint32_t diagnostic_count;
    struct config_diagnostic diagnostic[CONFIG_DIAGNOSTIC_LIMIT]; /* ascending by line */
    bool has_more_diagnostics;
};

/* What the computer has. */
struct config_computer {
    const struct module_info *module;
    uint32_t module_count;
    uint64_t memory; /* bytes free for machines */
    uint32_t cpu_count;
};

/* Reads the text. It is changed while it is read (and behind it must be a byte for a NUL). */
void config_read(struct config *config, char *text, size_t length);
/* Holds what was read against the computer: files, memory, CPUs, and the order of starts. */
void config_check(struct config *config, const struct config_computer *computer);
/* Machines in the order in which they are started: the n-th's index. Faulty ones are in it as well.
 */
void config_start_order(const struct config *config, uint32_t order[CONFIG_MACHINE_LIMIT]);

/* The word of a boot protocol. */
const char *config_boot_word(enum config_boot boot);
/* The name in a module's text. */
void config_module_name(const char *text, char name[MODULE_NAME_SIZE]);

/* Adds a diagnostic; for the parts of this module. */
void config_report(struct config *config, uint32_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
