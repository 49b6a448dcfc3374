/* The multiboot kernel again, whose header says itself where everything goes: its file is no ELF. */
#define FLAT 1
#include "tests/guests/small/multiboot_start.S"
