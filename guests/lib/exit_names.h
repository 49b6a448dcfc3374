/* Names of the hardware's exit reasons, for the statistics that people read. */
#ifndef BULKHEAD_EXIT_NAMES_H
#define BULKHEAD_EXIT_NAMES_H

/* technology: as in struct guest_statistics. NULL: the reason has no name. */
const char *exit_name(const char *technology, unsigned reason);

#endif
