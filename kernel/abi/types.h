/*
 * Types, limits and errors of the system-call interface. The calls themselves are in syscalls.tbl;
 * machines' exits and state are in guest.h.
 */
#ifndef BULKHEAD_ABI_TYPES_H
#define BULKHEAD_ABI_TYPES_H

#include <stdint.h>

#define ABI_VERSION 1u

#define PAGE_SIZE 4096ull

/* A partition's name for an object. 0 names nothing. */
typedef uint32_t handle_t;

/* A call returns a value >= 0, or the negative of one of these. */
enum status {
    STATUS_OK = 0,
    STATUS_BAD_CALL = 1,   /* no such system call */
    STATUS_NOT_YET = 2,    /* the call is defined, this kernel does not implement it */
    STATUS_BAD_HANDLE = 3, /* the handle names nothing, or an object of another type */
    STATUS_BAD_RIGHTS = 4, /* the handle lacks a right that the call needs */
    STATUS_BAD_ADDRESS =
        5, /* a pointer is outside the caller's memory or not mapped for the access */
    STATUS_INVALID =
        6, /* an argument is out of range, not aligned or not a combination that exists */
    STATUS_QUOTA = 7, /* the paying partition's memory quota, or another limit of it, is used up */
    STATUS_NO_MEMORY = 8,    /* the machine has no such memory left */
    STATUS_BUSY = 9,         /* the object is in use in a way that forbids the call */
    STATUS_EXISTS = 10,      /* something is already there: a mapping, a name, a binding */
    STATUS_NOT_FOUND = 11,   /* nothing is there */
    STATUS_TIMED_OUT = 12,   /* the deadline passed */
    STATUS_GONE = 13,        /* the peer or object died while the call waited */
    STATUS_BAD_STATE = 14,   /* not in the object's present state */
    STATUS_UNSUPPORTED = 15, /* this computer lacks the hardware; the log says which */
    STATUS_DENIED = 16, /* policy forbids it for this object: reserved memory, a claimed device */
    STATUS_BAD_VERSION = 17, /* a structure of another version */
    STATUS_COUNT = 18
};

/* Rights of a handle. What each allows depends on the type: see the table's `rights` lines. */
#define RIGHT_READ      0x0001u /* look at it: info, map readable, read configuration space */
#define RIGHT_WRITE     0x0002u /* change contents: map writable, write ports */
#define RIGHT_EXECUTE   0x0004u /* map executable */
#define RIGHT_MAP       0x0008u /* space: map and unmap in it */
#define RIGHT_SIGNAL    0x0010u /* event: signal */
#define RIGHT_WAIT      0x0020u /* event, endpoint: wait and receive */
#define RIGHT_CALL      0x0040u /* endpoint: call */
#define RIGHT_REPLY     0x0080u /* reply: answer, once */
#define RIGHT_CONTROL   0x0100u /* start, pause, resume, stop, kick, interrupt */
#define RIGHT_MANAGE    0x0200u /* partition: create in it, charge it, give it handles, destroy it */
#define RIGHT_ENTER     0x0400u /* guest: run its vCPUs */
#define RIGHT_DUPLICATE 0x0800u /* make another handle with the same or fewer rights */
#define RIGHT_GRANT     0x1000u /* give it to another partition */
#define RIGHTS_ALL      0x1fffu
#define RIGHTS_SAME     0xffffffffu /* where rights are asked for: those of the original */

enum object_type {
    OBJECT_NONE = 0,
    OBJECT_PARTITION = 1,
    OBJECT_THREAD = 2,
    OBJECT_SPACE = 3,
    OBJECT_REGION = 4,
    OBJECT_GUEST = 5,
    OBJECT_PORTS = 6,
    OBJECT_EVENT = 7,
    OBJECT_ENDPOINT = 8,
    OBJECT_REPLY = 9,
    OBJECT_DEVICE = 10,
    OBJECT_POOL = 11,
    OBJECT_SYSTEM =
        12, /* the right to shut down, to read the log, to open boot modules and devices */
    OBJECT_TYPE_COUNT = 13
};

/* Handles that a partition finds at its start. The manager has all; others the first three. */
#define HANDLE_PARTITION 1u /* itself */
#define HANDLE_SPACE     2u /* the space of its first thread */
#define HANDLE_THREAD    3u /* its first thread */
#define HANDLE_SYSTEM    4u /* manager: the system object */
#define HANDLE_PORTS     5u /* manager: all I/O ports that the kernel does not keep */
#define HANDLE_POOL      6u /* manager: the pool of all CPUs */

/* Deadlines are absolute nanoseconds of clock_get. */
#define DEADLINE_NOW   0ull
#define DEADLINE_NEVER UINT64_MAX

/* How memory is mapped. */
#define MAP_READ              0x1u
#define MAP_WRITE             0x2u
#define MAP_EXECUTE           0x4u
#define MAP_MEMORY_TYPE       0xf0u /* enum memory_type, shifted by MAP_MEMORY_TYPE_SHIFT */
#define MAP_MEMORY_TYPE_SHIFT 4

/* The architecture's names for caching; regions of RAM are always write-back. */
enum memory_type {
    MEMORY_WRITE_BACK = 0,
    MEMORY_WRITE_COMBINING = 1,
    MEMORY_WRITE_THROUGH = 2,
    MEMORY_UNCACHED = 3
};

/* A program's virtual addresses end here; the first page is never mapped. */
#define SPACE_PROGRAM_END 0x0000800000000000ull

enum space_kind {
    SPACE_PROGRAM = 0, /* a program's virtual addresses */
    SPACE_GUEST = 1,   /* a guest's physical addresses (EPT) */
    SPACE_DEVICE = 2   /* a device's I/O-virtual addresses (IOMMU domain) */
};

#define PARTITION_NAME_SIZE 32

/* What partition_create and partition_set_limits take. */
struct partition_config {
    char name[PARTITION_NAME_SIZE]; /* NUL-terminated, shown by lists; [a-z0-9._-], unique */
    uint64_t memory_quota;          /* bytes; taken from the creator's quota */
    uint32_t weight;                /* CPU weight, 1 to 65535, default 256 */
    uint32_t cap;                   /* percent of one CPU, 0: none */
    uint32_t handle_limit;          /* 0: 1024 */
    uint32_t thread_limit;          /* 0: 64 */
    handle_t event;                 /* gets event_bits when its state changes; 0: none */
    uint32_t reserved;
    uint64_t event_bits;
};
_Static_assert(sizeof(struct partition_config) == 72, "ABI version 1");

enum partition_state {
    PARTITION_CREATED = 0, /* no thread has run */
    PARTITION_RUNNING = 1,
    PARTITION_PAUSED = 2,
    PARTITION_STOPPED = 3, /* it ended itself, or was stopped: exit_code */
    PARTITION_FAULTED = 4  /* the kernel stopped it: fault */
};

/* Why the kernel stopped a partition. */
enum fault_kind {
    FAULT_NONE = 0,
    FAULT_MEMORY = 1,      /* access to an address that is not mapped for it */
    FAULT_INSTRUCTION = 2, /* undefined or privileged instruction */
    FAULT_ARITHMETIC = 3,  /* division, floating point */
    FAULT_DEBUG = 4,       /* breakpoint or single step with nobody to take it */
    FAULT_ALIGNMENT = 5,
    FAULT_PROTECTION =
        6, /* general protection: non-canonical address, wrong selector, port not open */
    FAULT_KILLED = 7,
    FAULT_OTHER = 8
};

struct fault_info {
    uint32_t kind;   /* enum fault_kind */
    uint32_t access; /* MAP_READ, MAP_WRITE or MAP_EXECUTE for FAULT_MEMORY */
    uint64_t address;
    uint64_t instruction; /* address of the instruction */
    uint64_t stack;
    uint64_t detail; /* architecture's own code, for people */
    uint64_t registers[16];
};
_Static_assert(sizeof(struct fault_info) == 168, "ABI version 1");

struct partition_info {
    char name[PARTITION_NAME_SIZE];
    uint64_t id;    /* never used twice */
    uint32_t state; /* enum partition_state */
    int32_t exit_code;
    uint64_t memory_quota;  /* bytes */
    uint64_t memory_used;   /* bytes, kernel objects and page tables included */
    uint64_t memory_kernel; /* bytes of memory_used in kernel objects and page tables */
    uint64_t cpu_time_ns;
    uint64_t wait_time_ns; /* runnable, not running */
    uint32_t handle_count;
    uint32_t thread_count;
    uint32_t weight;
    uint32_t cap;
    struct fault_info fault;
};
_Static_assert(sizeof(struct partition_info) == 272, "ABI version 1");

struct system_info {
    uint32_t abi_version;
    uint32_t cpu_count;
    uint64_t memory_total;     /* bytes of RAM that Bulkhead manages */
    uint64_t memory_free;      /* not charged to anybody */
    uint64_t memory_kernel;    /* the kernel's own: image, boot data, frame table */
    uint64_t memory_charged;   /* to partitions; free + charged + kernel = total */
    uint64_t ticks_per_second; /* of the time-stamp counter, measured */
    uint64_t timer_hz;         /* of the local timer, measured */
    uint64_t boot_wall_clock_ns;
    uint64_t handover_ticks; /* TSC when the firmware gave up the machine */
    uint32_t module_count;
    uint32_t guests_supported; /* 1: machines can be created */
    char guests_reason[128];   /* why not, in words; else the technology in use */
    char version[32];
    char cpu_name[64];
};
_Static_assert(sizeof(struct system_info) == 304, "ABI version 1");

/* system_speculation: one of the processor's known weaknesses, in words for people. */
enum speculation_state {
    SPECULATION_NOT_AFFECTED = 0,
    SPECULATION_MITIGATED = 1, /* reason: by what */
    SPECULATION_OPEN = 2       /* reason: why */
};
struct speculation_info {
    char name[32];
    char identifier[24]; /* its CVE number, or that of the first of several */
    uint32_t state;      /* enum speculation_state */
    uint32_t reserved;
    char reason[128];
};
_Static_assert(sizeof(struct speculation_info) == 192, "ABI version 1");

struct object_info {
    uint64_t id;
    uint32_t type;   /* enum object_type */
    uint32_t rights; /* of the handle */
    uint64_t size;   /* region: bytes; ports: count; others 0 */
    uint64_t badge;
    uint64_t detail; /* region: 1 once all of it is cleared; space: enum space_kind; else 0 */
};
_Static_assert(sizeof(struct object_info) == 40, "ABI version 1");

#define MODULE_NAME_SIZE 64
struct module_info {
    char name[MODULE_NAME_SIZE];
    uint64_t length; /* bytes; the region is this, rounded up to pages */
};
_Static_assert(sizeof(struct module_info) == 72, "ABI version 1");

/* What thread_create takes. */
struct thread_config {
    uint64_t entry;          /* first instruction */
    uint64_t stack;          /* first stack pointer */
    uint64_t argument;       /* in the first argument register */
    uint64_t thread_pointer; /* FS base */
    uint32_t cpu;            /* pinned there; THREAD_ANY_CPU: the kernel chooses */
    uint32_t flags;          /* THREAD_SUSPENDED: does not run before thread_resume */
};
_Static_assert(sizeof(struct thread_config) == 40, "ABI version 1");
#define THREAD_ANY_CPU   UINT32_MAX
#define THREAD_SUSPENDED 1u

/* A general-purpose register file in the architecture's numbering, with what a debugger wants. */
struct thread_state {
    uint64_t registers[16];
    uint64_t instruction;
    uint64_t flags;
    uint64_t thread_pointer;
    uint64_t cpu_time_ns;
    uint32_t state; /* enum thread_run_state */
    uint32_t cpu;
};
_Static_assert(sizeof(struct thread_state) == 168, "ABI version 1");
enum thread_run_state {
    THREAD_STATE_SUSPENDED = 0,
    THREAD_STATE_READY = 1,
    THREAD_STATE_RUNNING = 2,
    THREAD_STATE_WAITING = 3,
    THREAD_STATE_DEAD = 4
};

/*
 * The registers of the calls that the table marks `message`. They travel in processor registers:
 * a in RDI, b in RSI, word[0..3] in RDX, R10, R8, R9, handles in RBX (the first in the low half),
 * c in R12, d in R13, e in R14. Results come back in the same places. Each call's entry in the
 * table names what a to e are.
 */
struct message_registers {
    uint64_t a, b;
    uint64_t word[4];
    handle_t handle[2];
    uint64_t c, d, e;
};
_Static_assert(sizeof(struct message_registers) == 80, "ABI version 1");

/* What endpoint_wait returns. */
#define WAIT_EVENT 0 /* word[0]: the bits that were set and are now clear */
#define WAIT_CALL  1 /* a: the badge; b: the reply handle; word and handle: the message */

struct device_info {
    uint32_t segment_bus; /* segment << 16 | bus << 8 | device << 3 | function */
    uint16_t vendor, device;
    uint32_t class_code;
    uint32_t interrupt_count;
    struct {
        uint64_t address;
        uint64_t length;
        uint32_t is_ports;
        uint32_t is_prefetchable;
    } bar[6];
};
_Static_assert(sizeof(struct device_info) == 160, "ABI version 1");

/* interrupt_bind: the line is a global system interrupt, level-triggered and active-low */
#define INTERRUPT_GLOBAL 1u

/* system_shutdown */
enum shutdown_kind { SHUTDOWN_POWER_OFF = 0, SHUTDOWN_RESET = 1, SHUTDOWN_HALT = 2 };

#endif
