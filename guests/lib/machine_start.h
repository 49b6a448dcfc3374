/*
 * The contract between the manager and the VMM of a machine: how a VMM is started, what it shares
 * with the manager while it runs, and what its exit codes mean.
 *
 * Arguments (argv[1] and following), each once where nothing else is said:
 *     --name=NAME        the machine's
 *     --kernel=NAME      the boot module's name, for messages
 *     --initrd=NAME      the same; missing if there is none
 *     --module=TEXT      for each further file, in order: its name, a blank, its arguments; or the
 *                        name alone
 *     --cmdline=TEXT     the guest kernel's command line, may be empty
 *     --boot=WORD        linux, pvh or multiboot; auto, or missing: by what the kernel's file is
 *     --memory=BYTES     of the guest, decimal, a multiple of 2 MiB
 *     --cpus=N
 *     --debug-exit       missing if the machine has no such port
 *
 * The partition's quota is the guest's memory and MACHINE_OVERHEAD(memory) more, from which the
 * VMM's own image and stack are already taken. The VMM creates the guest's memory, space, guest and
 * vCPUs.
 *
 * What the VMM writes to stdout or stderr goes, line by line, to the kernel's log under the
 * machine's name, which the manager shows on the console.
 */
#ifndef BULKHEAD_MACHINE_START_H
#define BULKHEAD_MACHINE_START_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/lib/ring.h"
#include "kernel/abi/guest.h"

/* --- Named handles (start_handle) --- */

#define MACHINE_HANDLE_EVENT "event" /* event: WAIT, SIGNAL, DUPLICATE. Bits: MACHINE_EVENT_... */
#define MACHINE_HANDLE_MANAGER \
    "manager" /* event: SIGNAL. Any bits: it is badged, see MACHINE_NOTIFY */
#define MACHINE_HANDLE_KERNEL                                                                      \
    "kernel"                             /* region: READ, of the boot module; length is the file's \
                                          */
#define MACHINE_HANDLE_INITRD "initrd"   /* region: READ; missing if there is none */
#define MACHINE_HANDLE_MODULE "module%u" /* region: READ; the number of its --module, from 0 on */
#define MACHINE_HANDLE_SHARED "shared"   /* region: READ, WRITE: struct machine_shared */

#define MACHINE_MODULE_LIMIT 16u

/* --- Bits that the manager sets in "event"; all others are the VMM's own --- */

#define MACHINE_EVENT_INPUT 0x1ull /* the console's input ring has got more */
#define MACHINE_EVENT_OUTPUT                                             \
    0x2ull /* the console's output ring, which was full, has space again \
            */
#define MACHINE_EVENT_STATISTICS   0x4ull /* shared.statistics_request has grown: answer */
#define MACHINE_EVENT_POWER_BUTTON 0x8ull /* press the guest's power button */
#define MACHINE_EVENT_OWN_FIRST    8 /* first bit number for the VMM's own use; the last is 62 */

/* What the VMM gives event_signal with "manager": after output, after input was taken, after
 * statistics. */
#define MACHINE_NOTIFY UINT64_MAX

/* --- Exit codes of the VMM's partition --- */

#define VMM_EXIT_POWER_OFF    0u    /* the guest turned its machine off */
#define VMM_EXIT_FAILED       1u    /* the machine could not be set up or go on; the log says why */
#define VMM_EXIT_TRIPLE_FAULT 2u    /* the guest shut its processor down */
#define VMM_EXIT_STOPPED      0x53u /* not by the VMM: the manager stopped the partition */
#define VMM_EXIT_RESET        0x52u /* the guest asked for a reset: the manager makes the machine anew */

/*
 * The guest has written its value to the debug-exit port, which ends the machine: the machine's
 * exit code, (value << 1) | 1 as QEMU makes it, is in the low bits.
 */
#define VMM_EXIT_DEBUG      0x40000000u
#define VMM_EXIT_DEBUG_MASK 0x3fffffffu

/* --- Shared memory --- */

#define MACHINE_SHARED_MAGIC   0x64657261485348b5ull
#define MACHINE_SHARED_VERSION 1u
#define MACHINE_INPUT_SIZE     4096u  /* bytes, a power of two */
#define MACHINE_OUTPUT_SIZE    16384u /* bytes, a power of two */

/*
 * Created and cleared by the manager. Each side takes the other's part as hostile: sizes are the
 * constants above, never read from here. The VMM is the producer of output and the consumer of
 * input.
 *
 * Statistics: when statistics_request differs from statistics_answer, the VMM fills statistics (the
 * sum over its vCPUs), stores the request's value in statistics_answer (release) and signals the
 * manager.
 */
struct machine_shared {
    uint64_t magic;
    uint32_t version;
    uint32_t is_console_open; /* VMM: 1 once the guest reads its console; for people only */
    _Atomic uint32_t statistics_request;
    _Atomic uint32_t statistics_answer;
    uint64_t reserved0[5];
    struct ring_control input;  /* manager to guest */
    struct ring_control output; /* guest to manager */
    struct guest_statistics statistics;
    /* For a restarted manager, which finds the page again with handle_take: whose it is, and the
     * VMM's number for "event". */
    char name[PARTITION_NAME_SIZE];
    handle_t event;
    uint8_t reserved1[4096 - 64 - 2 * sizeof(struct ring_control) -
                      sizeof(struct guest_statistics) - PARTITION_NAME_SIZE - sizeof(handle_t)];
    uint8_t input_data[MACHINE_INPUT_SIZE];
    uint8_t output_data[MACHINE_OUTPUT_SIZE];
};
_Static_assert(offsetof(struct machine_shared, input) == 64, "machine contract version 1");
_Static_assert(offsetof(struct machine_shared, input_data) == 4096, "machine contract version 1");
_Static_assert(sizeof(struct machine_shared) == 4096 + MACHINE_INPUT_SIZE + MACHINE_OUTPUT_SIZE,
               "machine contract version 1");

/* What a machine needs beyond its guest's memory: VMM, EPT with 4K pages, the kernel's objects. */
#define MACHINE_OVERHEAD(memory) (8ull * 1024 * 1024 + (memory) / 256)

#endif
