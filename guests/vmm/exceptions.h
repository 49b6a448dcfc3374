/* Vectors of the exceptions that a VMM raises (SDM Vol. 3, table 6-1 "Protected-Mode Exceptions and
 * Interrupts"). */
#ifndef BULKHEAD_VMM_EXCEPTIONS_H
#define BULKHEAD_VMM_EXCEPTIONS_H

#define EXCEPTION_INVALID_OPCODE     6u
#define EXCEPTION_STACK              12u
#define EXCEPTION_GENERAL_PROTECTION 13u
#define EXCEPTION_PAGE_FAULT         14u
#define EXCEPTION_ALIGNMENT          17u

#endif
