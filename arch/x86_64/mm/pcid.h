/*
 * Which space a CPU has loaded. With PCIDs (SDM Vol. 3, 4.10.1 "Process-Context Identifiers") a CPU
 * keeps the translations of the spaces that it had loaded last; a PCID is reused with a flush.
 */
#ifndef BULKHEAD_MM_PCID_H
#define BULKHEAD_MM_PCID_H

struct cpu;
struct space;

void pcid_init_cpu(struct cpu *cpu); /* the kernel's root is loaded */
void pcid_load_space(struct cpu *cpu, const struct space *space);
/* Only the kernel's half stays mapped. */
void pcid_unload_space(struct cpu *cpu);
/* No translation of any program space is kept. */
void pcid_flush(struct cpu *cpu);

#endif
