/* Options, copied out of their module once. */
#include "tests/kernel/options.h"

#include <stdlib.h>
#include <string.h>

#include "abi/syscalls.h"
#include "guests/lib/map.h"

#define MODULE    "suite.options"
#define TEXT_SIZE 512

static char text[TEXT_SIZE];

static void copy(handle_t module, uint64_t length) {
    void *file;
    if (length > TEXT_SIZE - 1)
        length = TEXT_SIZE - 1;
    if (map_region(module, 0, length, MAP_READ, &file) < 0)
        return;
    memcpy(text, file, length);
    map_undo(file);
}

void options_read(void) {
    struct module_info info = {0};
    for (uint32_t i = 0;; i++) {
        int64_t module = sys_system_open_module(HANDLE_SYSTEM, i, &info);
        if (module < 0)
            return;
        if (strcmp(info.name, MODULE) == 0)
            copy((handle_t)module, info.length);
        sys_handle_close((handle_t)module);
    }
}

uint64_t option(const char *name, uint64_t otherwise) {
    size_t length = strlen(name);
    for (const char *word = text; *word != '\0';) {
        word += strspn(word, " \t\r\n");
        if (strncmp(word, name, length) == 0 && word[length] == '=')
            return strtoull(word + length + 1, NULL, 0);
        word += strcspn(word, " \t\r\n");
    }
    return otherwise;
}
