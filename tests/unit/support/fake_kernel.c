/* The kernel of the manager's tests. */
#include "tests/unit/support/fake_kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/syscall_numbers.h"
#include "abi/syscalls.h"
#include "guests/lib/clock.h"
#include "guests/lib/log.h"
#include "guests/lib/map.h"
#include "guests/lib/start.h"
#include "guests/manager/flow.h"
#include "guests/manager/uart.h"

#define OBJECT_LIMIT    4096u
#define PARTITION_LIMIT 32u
#define MEMORY          (1ull << 30)
#define OUTPUT_LIMIT    (1u << 20)
#define EXIT_HANG       99

int manager_main(int argc, char **argv);

bool fake_has_vmm = true;
bool fake_is_vmm_broken;
unsigned fake_running_before;
const char *fake_guests_reason;

struct object {
    uint32_t type; /* 0: free */
    uint32_t rights;
    struct fake_partition *partition; /* itself, or whose it is; NULL: the manager's */
    void *memory;
    uint64_t size;
    uint64_t badge;
};

static struct object objects[OBJECT_LIMIT];
static struct fake_partition partitions[PARTITION_LIMIT];
static unsigned partition_count;
static uint64_t manager_bits, uart_bits;
static uint64_t log_bits;
static uint64_t now_ns = 1000000000;
static const char *configuration;
static fake_step *step;
static unsigned step_count;
static char log_bytes[65536];
static size_t log_length;
static char typed[65536];
static size_t typed_length;
static uint8_t program[0x2000];

/* Shared with the process that runs the test. */
static struct {
    int status;
    size_t length;
    char output[OUTPUT_LIMIT];
    bool is_held;
} * result;

static int64_t new_object(uint32_t type, struct fake_partition *partition) {
    for (handle_t handle = 16; handle < OBJECT_LIMIT; handle++) {
        if (objects[handle].type == 0) {
            objects[handle] =
                (struct object){.type = type, .rights = RIGHTS_ALL, .partition = partition};
            return handle;
        }
    }
    fprintf(stderr, "the manager leaks handles\n");
    abort();
}

static struct object *object_of(uint64_t handle, uint32_t type) {
    if (handle >= OBJECT_LIMIT || objects[handle].type != type) {
        fprintf(stderr, "handle %llu is no object of type %u\n", (unsigned long long)handle, type);
        abort();
    }
    return &objects[handle];
}

/* --- Partitions
 * ----------------------------------------------------------------------------------- */

struct fake_partition *fake_partition(unsigned n) {
    return n < partition_count ? &partitions[n] : NULL;
}

static struct fake_partition *new_partition(const char *name) {
    struct fake_partition *partition = &partitions[partition_count++];
    snprintf(partition->name, sizeof(partition->name), "%s", name);
    partition->id = partition_count + 1;
    partition->state = PARTITION_CREATED;
    return partition;
}

static int64_t partition_create(const struct partition_config *config) {
    for (unsigned i = 0; i < partition_count; i++) {
        if (!partitions[i].is_destroyed && strcmp(partitions[i].name, config->name) == 0)
            return -STATUS_EXISTS;
    }
    if (partition_count == PARTITION_LIMIT)
        return -STATUS_QUOTA;
    struct fake_partition *partition = new_partition(config->name);
    partition->quota = config->memory_quota;
    partition->event = config->event;
    partition->event_bits = config->event_bits;
    return new_object(OBJECT_PARTITION, partition);
}

static int64_t partition_info(uint64_t handle, struct partition_info *info) {
    *info = (struct partition_info){0};
    if (handle == HANDLE_PARTITION) {
        *info = (struct partition_info){.id = 1, .name = "manager", .memory_quota = MEMORY};
        return 0;
    }
    const struct fake_partition *partition = object_of(handle, OBJECT_PARTITION)->partition;
    info->id = partition->id;
    memcpy(info->name, partition->name, sizeof(info->name));
    info->state = partition->state;
    info->exit_code = partition->exit_code;
    info->fault = partition->fault;
    info->memory_quota = partition->quota;
    info->memory_used = 20ull << 20;
    info->cpu_time_ns = 1230000000;
    return 0;
}

static int64_t partition_list(uint64_t after, struct partition_info *info) {
    if (after < 1) {
        partition_info(HANDLE_PARTITION, info);
        return new_object(OBJECT_PARTITION, NULL);
    }
    for (unsigned i = 0; i < partition_count; i++) {
        if (partitions[i].id > after && !partitions[i].is_destroyed) {
            int64_t handle = new_object(OBJECT_PARTITION, &partitions[i]);
            partition_info((uint64_t)handle, info);
            return handle;
        }
    }
    return -STATUS_NOT_FOUND;
}

static void change_state(struct fake_partition *partition, uint32_t state) {
    partition->state = state;
    manager_bits |= partition->event_bits;
}

void fake_end(struct fake_partition *partition, uint32_t exit_code) {
    partition->exit_code = (int32_t)exit_code;
    change_state(partition, PARTITION_STOPPED);
}

void fake_fault(struct fake_partition *partition, uint64_t address, uint64_t instruction) {
    partition->fault = (struct fault_info){
        .kind = FAULT_MEMORY, .access = MAP_READ, .address = address, .instruction = instruction};
    change_state(partition, PARTITION_FAULTED);
}

static bool is_over(const struct fake_partition *partition) {
    return partition->state == PARTITION_STOPPED || partition->state == PARTITION_FAULTED;
}

static int64_t partition_set_state(uint64_t handle, uint32_t state) {
    struct fake_partition *partition = object_of(handle, OBJECT_PARTITION)->partition;
    if (is_over(partition))
        return -STATUS_BAD_STATE;
    change_state(partition, state);
    return 0;
}

/* --- Memory
 * --------------------------------------------------------------------------------------- */

static int64_t region_create(uint64_t owner, uint64_t size) {
    struct fake_partition *partition = owner == HANDLE_PARTITION
                                           ? NULL
                                           : object_of(owner, OBJECT_PARTITION)->partition;
    int64_t handle = new_object(OBJECT_REGION, partition);
    struct object *region = &objects[handle];
    region->memory = calloc(1, size);
    region->size = size;
    if (partition && size == sizeof(struct machine_shared))
        partition->shared = region->memory;
    return handle;
}

/* The start information of a program is known by its place. */
static int64_t space_map(uint64_t space, uint64_t region, uint64_t address) {
    struct fake_partition *partition = object_of(space, OBJECT_SPACE)->partition;
    if (address == PROGRAM_START_INFO)
        objects[space].memory = object_of(region, OBJECT_REGION)->memory;
    return partition ? 0 : -STATUS_INVALID;
}

int64_t map_region(handle_t region, uint64_t offset, uint64_t length, uint32_t flags,
                   void **address) {
    (void)flags;
    struct object *object = object_of(region, OBJECT_REGION);
    if (offset + length > object->size)
        return -STATUS_INVALID;
    *address = (uint8_t *)object->memory + offset;
    return 0;
}

int64_t map_undo(void *address) {
    (void)address;
    return 0;
}

/* --- Threads, handles, events
 * --------------------------------------------------------------------- */

static int64_t thread_create(uint64_t owner, uint64_t space) {
    struct fake_partition *partition = object_of(owner, OBJECT_PARTITION)->partition;
    memcpy(&partition->info, object_of(space, OBJECT_SPACE)->memory, START_INFO_SIZE);
    ring_init(&partition->input, &partition->shared->input, partition->shared->input_data,
              MACHINE_INPUT_SIZE);
    ring_init(&partition->output, &partition->shared->output, partition->shared->output_data,
              MACHINE_OUTPUT_SIZE);
    partition->state = PARTITION_RUNNING;
    return new_object(OBJECT_THREAD, partition);
}

static int64_t copy_handle(uint64_t handle, uint32_t rights, uint64_t badge) {
    int64_t copy = new_object(objects[handle].type, objects[handle].partition);
    objects[copy] = objects[handle];
    if (rights != RIGHTS_SAME)
        objects[copy].rights = rights;
    if (badge)
        objects[copy].badge = badge;
    return copy;
}

/* What a partition of an earlier manager has: its numbers are the handles' own. */
static int64_t handle_take(uint64_t from, uint64_t theirs, uint32_t rights) {
    struct fake_partition *partition = object_of(from, OBJECT_PARTITION)->partition;
    if (theirs >= OBJECT_LIMIT || objects[theirs].type == 0 ||
        objects[theirs].partition != partition)
        return -STATUS_BAD_HANDLE;
    return copy_handle(theirs, rights, 0);
}

static int64_t handle_info(uint64_t handle, struct object_info *info) {
    *info = (struct object_info){.type = objects[handle].type, .size = objects[handle].size};
    return 0;
}

static int64_t event_signal(uint64_t handle, uint64_t bits) {
    struct object *event = object_of(handle, OBJECT_EVENT);
    if (event->partition)
        event->partition->own_event_bits |= bits;
    else
        manager_bits |= event->badge ? bits & event->badge : bits;
    return 0;
}

static int64_t event_wait(uint64_t mask, uint64_t deadline) {
    if (typed_length)
        manager_bits |= uart_bits;
    for (unsigned tries = 0; (manager_bits & mask) == 0; tries++) {
        /* Everybody waits: the scenario goes on, then time does. */
        if (!step(step_count++))
            _exit(0);
        if (typed_length)
            manager_bits |= uart_bits;
        if ((manager_bits & mask) == 0 && deadline != DEADLINE_NEVER) {
            now_ns = deadline > now_ns ? deadline : now_ns;
            return -STATUS_TIMED_OUT;
        }
        if (tries > 1000)
            _exit(EXIT_HANG);
    }
    uint64_t bits = manager_bits & mask;
    manager_bits &= ~mask;
    return (int64_t)bits;
}

/* --- The system
 * ----------------------------------------------------------------------------------- */

static int64_t open_module(uint64_t index, struct module_info *info) {
    static const char *const names[] = {"bulkhead.conf", "vmlinux", "initramfs", "vmm"};
    if (index >= (fake_has_vmm ? 4 : 3))
        return -STATUS_NOT_FOUND;
    const void *bytes = index == 0 ? (const void *)configuration : (const void *)program;
    uint64_t length = index == 0 ? strlen(configuration) : sizeof(program);
    *info = (struct module_info){.length = length};
    snprintf(info->name, sizeof(info->name), "%s", names[index]);
    int64_t handle = new_object(OBJECT_REGION, NULL);
    objects[handle].memory = calloc(1, length + PAGE_SIZE);
    objects[handle].size = (length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
    memcpy(objects[handle].memory, bytes, length);
    return handle;
}

void fake_log(const char *line) {
    log_length += (size_t)snprintf(log_bytes + log_length, sizeof(log_bytes) - log_length, "%s\r\n",
                                   line);
    manager_bits |= log_bits;
}

static int64_t read_log(uint64_t position, char *buffer, uint64_t length) {
    uint64_t count = log_length - position < length ? log_length - position : length;
    memcpy(buffer, log_bytes + position, count);
    return (int64_t)count;
}

/* Two weaknesses. */
static int64_t system_speculation(uint64_t index, struct speculation_info *info) {
    static const struct speculation_info rows[] = {
        {.name = "First", .state = SPECULATION_MITIGATED, .reason = "luck"},
        {.name = "Second",               .state = SPECULATION_NOT_AFFECTED                             },
    };
    if (index >= sizeof rows / sizeof rows[0])
        return -STATUS_NOT_FOUND;
    *info = rows[index];
    return 0;
}

static int64_t system_info(struct system_info *info) {
    *info = (struct system_info){.abi_version = ABI_VERSION,
                                 .cpu_count = 2,
                                 .memory_total = MEMORY,
                                 .memory_free = MEMORY / 2,
                                 .ticks_per_second = 100000000,
                                 .guests_supported = !fake_guests_reason};
    snprintf(info->version, sizeof(info->version), "0.1");
    snprintf(info->cpu_name, sizeof(info->cpu_name), "a fake");
    snprintf(info->guests_reason, sizeof(info->guests_reason), "%s",
             fake_guests_reason ? fake_guests_reason : "fake VT-x");
    return 0;
}

#define POINTER(n) ((void *)(uintptr_t)argument[n])

int64_t fake_syscall(uint64_t number, const uint64_t argument[6]) {
    int64_t handle;
    switch (number) {
    case SYS_handle_close:
        if (argument[0] >= OBJECT_LIMIT || objects[argument[0]].type == 0)
            return -STATUS_BAD_HANDLE;
        /* What others still have under this number must stay findable. */
        if (!objects[argument[0]].partition || objects[argument[0]].type != OBJECT_REGION)
            objects[argument[0]].type = OBJECT_NONE;
        return 0;
    case SYS_handle_duplicate: return copy_handle(argument[0], (uint32_t)argument[1], argument[2]);
    case SYS_handle_grant: return (int64_t)argument[1]; /* the same number there */
    case SYS_handle_take: return handle_take(argument[0], argument[1], (uint32_t)argument[2]);
    case SYS_handle_info: return handle_info(argument[0], POINTER(1));
    case SYS_partition_create: return partition_create(POINTER(1));
    case SYS_partition_info: return partition_info(argument[0], POINTER(1));
    case SYS_partition_list: return partition_list(argument[1], POINTER(2));
    case SYS_partition_pause: return partition_set_state(argument[0], PARTITION_PAUSED);
    case SYS_partition_resume: return partition_set_state(argument[0], PARTITION_RUNNING);
    case SYS_partition_stop:
        fake_end(object_of(argument[0], OBJECT_PARTITION)->partition, (uint32_t)argument[1]);
        return 0;
    case SYS_partition_destroy:
        object_of(argument[0], OBJECT_PARTITION)->partition->is_destroyed = true;
        return 0;
    case SYS_space_create:
        return new_object(OBJECT_SPACE, object_of(argument[0], OBJECT_PARTITION)->partition);
    case SYS_space_map: return space_map(argument[0], argument[1], argument[3]);
    case SYS_region_create: return region_create(argument[0], argument[1]);
    case SYS_thread_create: return thread_create(argument[0], argument[1]);
    case SYS_event_create:
        handle = new_object(OBJECT_EVENT, NULL);
        if (argument[0] != HANDLE_PARTITION)
            objects[handle].partition = object_of(argument[0], OBJECT_PARTITION)->partition;
        return handle;
    case SYS_event_signal: return event_signal(argument[0], argument[1]);
    case SYS_event_wait: return event_wait(argument[1], argument[2]);
    case SYS_clock_get: return (int64_t)now_ns;
    case SYS_system_info: return system_info(POINTER(1));
    case SYS_system_speculation: return system_speculation(argument[1], POINTER(2));
    case SYS_system_open_module: return open_module(argument[1], POINTER(2));
    case SYS_system_read_log: return read_log(argument[1], POINTER(2), argument[3]);
    case SYS_system_log_position: return argument[1] == 0 ? 0 : (int64_t)log_length;
    case SYS_system_watch_log: log_bits = argument[2]; return 0;
    case SYS_system_shutdown: result->status = (int)argument[2]; _exit(0);
    default: fprintf(stderr, "call %llu is not faked\n", (unsigned long long)number); abort();
    }
}

/* --- What the library does otherwise on the computer
 * ---------------------------------------------- */

uint64_t clock_now_ns(void) {
    return now_ns;
}

uint64_t start_ticks_per_second(void) {
    return 100000000;
}

uint64_t start_timer_hz(void) {
    return 1000000;
}

uint64_t start_wall_clock_ns(void) {
    return 0;
}

void log_line(const char *format, ...) {
    (void)format;
}

/* --- The serial port: sends at once
 * --------------------------------------------------------------- */

int64_t uart_open(handle_t event, uint64_t bits) {
    (void)event;
    uart_bits = bits;
    return 0;
}

void uart_service(void (*receive)(uint8_t byte)) {
    for (size_t i = 0; i < typed_length; i++)
        receive((uint8_t)typed[i]);
    typed_length = 0;
}

void uart_write(const void *bytes, uint32_t length) {
    if (length > OUTPUT_LIMIT - 1 - result->length)
        length = (uint32_t)(OUTPUT_LIMIT - 1 - result->length);
    memcpy(result->output + result->length, bytes, length);
    result->length += length;
}

void uart_write_urgent(uint8_t byte) {
    result->is_held = byte == FLOW_XOFF;
}

uint32_t uart_queued(void) {
    return 0;
}

void uart_transmit(void) {}

bool uart_is_drained(void) {
    return true;
}

void fake_type_bytes(const char *bytes, size_t length) {
    memcpy(typed + typed_length, bytes, length);
    typed_length += length;
}

void fake_type(const char *bytes) {
    fake_type_bytes(bytes, strlen(bytes));
}

const char *fake_sent(void) {
    return result->output;
}

bool fake_is_held(void) {
    return result->is_held;
}

/* --- Guests
 * --------------------------------------------------------------------------------------- */

void fake_notify(struct fake_partition *partition) {
    const struct start_handle *manager = start_info_find(&partition->info, MACHINE_HANDLE_MANAGER);
    /* The handle's number is free again; its badge is all the two machine bits' upper one. */
    (void)manager;
    manager_bits |= partition->event_bits << 1;
}

uint32_t fake_guest_write(struct fake_partition *partition, const char *text) {
    uint32_t length = ring_put(&partition->output, text, (uint32_t)strlen(text));
    fake_notify(partition);
    return length;
}

uint32_t fake_guest_read(struct fake_partition *partition, char *buffer, uint32_t size) {
    uint32_t length = ring_take(&partition->input, buffer, size - 1);
    buffer[length] = 0;
    fake_notify(partition);
    return length;
}

/* --- Runs
 * ----------------------------------------------------------------------------------------- */

static void make_program(void) {
    /* The System V ABI's smallest executable: one segment, at 0x400000. */
    static const uint8_t head[] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0,  0, 0, 0,
                                   0,    0,   0,   0,   0, 2, 0, 62, 0, 1};
    memcpy(program, head, sizeof(head));
    program[24 + 2] = 0x40; /* entry */
    program[32] = 64;       /* program headers */
    program[54] = 56;
    program[56] = 1;
    program[64] = 1;     /* to load */
    program[64 + 4] = 5; /* readable, executable */
    program[64 + 16 + 2] = 0x40;
    program[64 + 33] = 1; /* 256 bytes */
    program[64 + 41] = 1;
    if (fake_is_vmm_broken)
        program[0] = 0;
}

/* As an earlier manager left them: partition, event and shared page of each. */
static void make_running(void) {
    for (unsigned i = 0; i < fake_running_before; i++) {
        char name[16];
        snprintf(name, sizeof(name), "m%u", i);
        struct fake_partition *partition = new_partition(name);
        partition->state = PARTITION_RUNNING;
        int64_t event = new_object(OBJECT_EVENT, partition);
        int64_t region = new_object(OBJECT_REGION, partition);
        struct machine_shared *shared = calloc(1, sizeof(*shared));
        objects[region].memory = shared;
        objects[region].size = sizeof(*shared);
        shared->magic = MACHINE_SHARED_MAGIC;
        shared->version = MACHINE_SHARED_VERSION;
        shared->event = (handle_t)event;
        snprintf(shared->name, sizeof(shared->name), "%s", name);
        partition->shared = shared;
        ring_init(&partition->input, &shared->input, shared->input_data, MACHINE_INPUT_SIZE);
        ring_init(&partition->output, &shared->output, shared->output_data, MACHINE_OUTPUT_SIZE);
    }
}

const char *fake_run(const char *text, fake_step *steps, int *status) {
    if (!result)
        result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
    memset(result, 0, sizeof(*result));
    result->status = -1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        configuration = text;
        step = steps;
        make_program();
        make_running();
        manager_main(0, NULL);
        abort();
    }
    int ended = 0;
    waitpid(child, &ended, 0);
    *status = WIFEXITED(ended) && WEXITSTATUS(ended) == 0 ? result->status : -2;
    return result->output;
}
