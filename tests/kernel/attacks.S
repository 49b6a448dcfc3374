/*
 * Forbidden acts. Each runs as the first thread of a child partition, RDI being its board: it says
 * that it has arrived, acts at label 1, and if nothing happens says that it survived.
 */
#include "abi/syscall_numbers.h"
#include "tests/kernel/attack.h"
#include "tests/kernel/board.h"

    .macro arrive
    movl $BOARD_MAGIC, BOARD_ARRIVED(%rdi)
    .endm

    .macro attack
    .section .text.attacks, "ax", @progbits
0:
    .endm

    /* Ends an attack and writes its row. */
    .macro outcome text:req, outcomes:req, condition=ATTACK_ALWAYS, address=0, access=0, tcg=0
    jmp attack_survived
    .pushsection .rodata.attack_text, "a", @progbits
2:  .asciz "\text"
    .popsection
    .pushsection .rodata.attack_rows, "a", @progbits
    .quad 2b, 0b, 1b
    .long \outcomes, \condition
    .quad \address
    .long \access, \tcg
    .popsection
    .endm

    /* The plain case: one instruction. */
    .macro forbidden text:req, outcomes:req, condition=ATTACK_ALWAYS, instruction:vararg
    attack
    arrive
1:  \instruction
    outcome "\text", (\outcomes), \condition
    .endm

    .section .rodata.attack_rows, "a", @progbits
    .balign 8
    .globl attacks_start
attacks_start:

    .section .text.attacks, "ax", @progbits
    .type attack_survived, @function
attack_survived:
    movl $BOARD_MAGIC, CHILD_BOARD + BOARD_SURVIVED
    cld
    movl $77, %edi /* CHILD_EXIT_SURVIVED */
    movl $SYS_partition_exit, %eax
    syscall
    ud2
    .size attack_survived, . - attack_survived

/* ---- privileged instructions: SDM Vol. 3, 5.9 "Privileged Instructions" */

forbidden "HLT", ATTACK_GP, , hlt
forbidden "CLI", ATTACK_GP, , cli
forbidden "STI", ATTACK_GP, , sti
forbidden "IN AL, 60h", ATTACK_GP, , inb $0x60, %al
forbidden "OUT 64h, AL (reset by the keyboard controller)", ATTACK_GP, , outb %al, $0x64
forbidden "OUT 80h, EAX", ATTACK_GP, , outl %eax, $0x80

attack
    movw $0x3f8, %dx
    arrive
1:  outb %al, %dx
outcome "OUT to the serial port, which only the suite has open", ATTACK_GP

attack
    movw $0xcf8, %dx
    movl $0x80000000, %eax
    arrive
1:  outl %eax, %dx
outcome "OUT to PCI configuration", ATTACK_GP

attack
    movw $0xcf9, %dx
    movb $6, %al
    arrive
1:  outb %al, %dx
outcome "OUT to the reset register", ATTACK_GP

attack
    movw $0xffff, %dx
    arrive
1:  inl %dx, %eax
outcome "IN of four bytes at the last port", ATTACK_GP

attack
    movw $0x60, %dx
    leaq BOARD_AREA(%rdi), %rdi
    movl $BOARD_MAGIC, CHILD_BOARD
1:  insb
outcome "INS", ATTACK_GP

attack
    movw $0x80, %dx
    leaq BOARD_AREA(%rdi), %rsi
    arrive
1:  outsb
outcome "OUTS", ATTACK_GP

forbidden "MOV from CR0", ATTACK_GP, , movq %cr0, %rax
forbidden "MOV to CR0", ATTACK_GP, , movq %rax, %cr0
forbidden "MOV from CR2", ATTACK_GP, , movq %cr2, %rax
forbidden "MOV from CR3", ATTACK_GP, , movq %cr3, %rax
forbidden "MOV to CR3", ATTACK_GP, , movq %rax, %cr3
forbidden "MOV from CR4", ATTACK_GP, , movq %cr4, %rax
forbidden "MOV to CR4", ATTACK_GP, , movq %rax, %cr4
forbidden "MOV from CR8", ATTACK_GP, , movq %cr8, %rax
forbidden "MOV to CR8", ATTACK_GP, , movq %rax, %cr8
forbidden "MOV to DR0 (so MOV SS cannot be armed with a watchpoint: CVE-2018-8897)", ATTACK_GP, , movq %rax, %db0
forbidden "MOV from DR0", ATTACK_GP, , movq %db0, %rax
forbidden "MOV to DR7", ATTACK_GP, , movq %rax, %db7
forbidden "MOV from DR6", ATTACK_GP, , movq %db6, %rax
forbidden "CLTS", ATTACK_GP, , clts
forbidden "LMSW", ATTACK_GP, , lmsw %ax
forbidden "LGDT", ATTACK_GP, , lgdt BOARD_AREA(%rdi)
forbidden "LIDT", ATTACK_GP, , lidt BOARD_AREA(%rdi)
forbidden "LLDT", ATTACK_GP, , lldt %ax
forbidden "LTR", ATTACK_GP, , ltr %ax
forbidden "INVD", ATTACK_GP, , invd
forbidden "WBINVD", ATTACK_GP, , wbinvd
forbidden "INVLPG", ATTACK_GP, , invlpg (%rdi)
forbidden "INVPCID", ATTACK_GP | ATTACK_UD, , invpcid BOARD_AREA(%rdi), %rax
forbidden "SWAPGS", ATTACK_GP, , swapgs
forbidden "SYSRET", ATTACK_GP | ATTACK_UD, , sysretq
forbidden "SYSEXIT", ATTACK_GP | ATTACK_UD, , sysexitq
forbidden "SYSENTER", ATTACK_GP | ATTACK_UD, , sysenter
forbidden "XSETBV", ATTACK_GP | ATTACK_UD, , xsetbv
forbidden "MONITOR", ATTACK_GP | ATTACK_UD, , monitor
forbidden "MWAIT", ATTACK_GP | ATTACK_UD, , mwait
forbidden "RDPMC", ATTACK_GP | ATTACK_UD, , rdpmc
forbidden "RSM", ATTACK_UD, , rsm
forbidden "STAC", ATTACK_UD, , stac
forbidden "CLAC", ATTACK_UD, , clac

attack
    movl $0xc0000080, %ecx /* IA32_EFER */
    arrive
1:  rdmsr
outcome "RDMSR of EFER", ATTACK_GP

attack
    movl $0xc0000082, %ecx /* IA32_LSTAR */
    arrive
1:  wrmsr
outcome "WRMSR of LSTAR", ATTACK_GP

attack
    movl $0x1b, %ecx /* IA32_APIC_BASE */
    arrive
1:  rdmsr
outcome "RDMSR of the APIC base", ATTACK_GP

forbidden "SGDT", ATTACK_GP, ATTACK_UMIP, sgdt BOARD_AREA(%rdi)
forbidden "SIDT", ATTACK_GP, ATTACK_UMIP, sidt BOARD_AREA(%rdi)
forbidden "SLDT", ATTACK_GP, ATTACK_UMIP, sldt BOARD_AREA(%rdi)
forbidden "STR", ATTACK_GP, ATTACK_UMIP, str BOARD_AREA(%rdi)
forbidden "SMSW", ATTACK_GP, ATTACK_UMIP, smsw BOARD_AREA(%rdi)

/* ---- virtualization: SDM Vol. 3, 31.3; AMD64 Manual Vol. 3 */

forbidden "VMXON", ATTACK_GP | ATTACK_UD, , vmxon BOARD_AREA(%rdi)
forbidden "VMXOFF", ATTACK_GP | ATTACK_UD, , vmxoff
forbidden "VMLAUNCH", ATTACK_GP | ATTACK_UD, , vmlaunch
forbidden "VMRESUME", ATTACK_GP | ATTACK_UD, , vmresume
forbidden "VMREAD", ATTACK_GP | ATTACK_UD, , vmread %rax, %rcx
forbidden "VMWRITE", ATTACK_GP | ATTACK_UD, , vmwrite %rax, %rcx
forbidden "VMPTRLD", ATTACK_GP | ATTACK_UD, , vmptrld BOARD_AREA(%rdi)
forbidden "VMCLEAR", ATTACK_GP | ATTACK_UD, , vmclear BOARD_AREA(%rdi)
forbidden "INVEPT", ATTACK_GP | ATTACK_UD, , invept BOARD_AREA(%rdi), %rax
forbidden "INVVPID", ATTACK_GP | ATTACK_UD, , invvpid BOARD_AREA(%rdi), %rax
forbidden "VMCALL", ATTACK_GP | ATTACK_UD, , vmcall
forbidden "VMFUNC", ATTACK_GP | ATTACK_UD, , vmfunc
forbidden "VMRUN", ATTACK_GP | ATTACK_UD, , vmrun
forbidden "VMMCALL", ATTACK_GP | ATTACK_UD, , vmmcall
forbidden "STGI", ATTACK_GP | ATTACK_UD, , stgi
forbidden "GETSEC", ATTACK_GP | ATTACK_UD, , getsec

/* ---- exceptions: SDM Vol. 3, 6.15 "Exception and Interrupt Reference" */

attack
    xorl %ecx, %ecx
    movl $1, %eax
    cltd
    arrive
1:  idivl %ecx
outcome "division by zero", ATTACK_DE

attack
    movabsq $0x8000000000000000, %rax
    cqto
    movq $-1, %rcx
    arrive
1:  idivq %rcx
outcome "division whose result does not fit", ATTACK_DE

forbidden "UD2", ATTACK_UD, , ud2
forbidden "an opcode that does not exist in 64-bit mode", ATTACK_UD, , .byte 0x06
forbidden "LOCK before an instruction that takes none", ATTACK_UD, , .byte 0xf0, 0x90
forbidden "an instruction of 16 bytes", ATTACK_GP | ATTACK_UD, , .byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90

attack
    arrive
1:  int3
outcome "INT3", ATTACK_BP, ATTACK_ANY_PLACE

attack
    arrive
1:  .byte 0xf1
outcome "INT1", ATTACK_DB, ATTACK_ANY_PLACE, tcg=ATTACK_UD

attack
    pushfq
    orl $0x100, (%rsp)
    arrive
1:  popfq
    nop
    nop
outcome "single step", ATTACK_DB, ATTACK_ANY_PLACE

attack
    pushfq
    orl $0x40000, (%rsp)
    popfq
    arrive
1:  movl BOARD_AREA + 1(%rdi), %eax
outcome "misaligned access with AC set", ATTACK_AC, tcg=ATTACK_SURVIVES

attack
    fninit
    movw $0x37b, -8(%rsp) /* division by zero is not masked */
    fldcw -8(%rsp)
    fldz
    fld1
    fdiv %st(1), %st
    arrive
1:  fwait
outcome "x87 division by zero", ATTACK_MF

attack
    movl $0x1d80, -8(%rsp)
    ldmxcsr -8(%rsp)
    movl $1, %eax
    cvtsi2ss %eax, %xmm0
    xorps %xmm1, %xmm1
    arrive
1:  divss %xmm1, %xmm0
outcome "SSE division by zero", ATTACK_XM, tcg=ATTACK_SURVIVES

attack
    movl $-1, -8(%rsp)
    arrive
1:  ldmxcsr -8(%rsp)
outcome "reserved bits of MXCSR", ATTACK_GP, tcg=ATTACK_SURVIVES

attack
    movq $-1, BOARD_AREA + 512(%rdi)
    movl $-1, %eax
    movl $-1, %edx
    arrive
1:  xrstor BOARD_AREA(%rdi)
outcome "XRSTOR of components that do not exist", (ATTACK_GP | ATTACK_UD)

forbidden "misaligned MOVAPS", ATTACK_GP, , movaps BOARD_AREA + 1(%rdi), %xmm0

/* ---- addresses */

attack
    movabsq $0x0000900000000000, %rax
    arrive
1:  movq (%rax), %rax
outcome "read at an address that is not canonical", ATTACK_GP

attack
    movabsq $0x8000000000000000, %rax
    arrive
1:  movq %rax, (%rax)
outcome "write at an address that is not canonical", ATTACK_GP

attack
    movabsq $0x0000900000000000, %rax
    arrive
1:  jmp *%rax
outcome "jump to an address that is not canonical", ATTACK_GP, ATTACK_ANY_PLACE

attack
    movabsq $0x0000900000000000, %rax
    pushq %rax
    arrive
1:  ret
outcome "return to an address that is not canonical", ATTACK_GP, ATTACK_ANY_PLACE

attack
    movabsq $0x0000900000000000, %rsp
    arrive
1:  pushq %rax
outcome "push where the stack is not canonical", ATTACK_SS, tcg=ATTACK_GP

attack
    movabsq $0x0000900000000000, %rsp
    arrive
1:  int3
outcome "INT3 where the stack is not canonical", ATTACK_BP, ATTACK_ANY_PLACE

attack
    movabsq $0xffffffff80000000, %rsp
    arrive
1:  ud2
outcome "UD2 where the stack is the kernel's image", ATTACK_UD

attack
    movabsq $0xffff800000001000, %rsp
    arrive
1:  pushq %rax
outcome "push to the kernel's half", ATTACK_PF, ATTACK_ALWAYS, 0xffff800000000ff8, ATTACK_WRITE

attack
    xorl %eax, %eax
    arrive
1:  movb (%rax), %al
outcome "read at NULL", ATTACK_PF, ATTACK_ALWAYS, 0, ATTACK_READ

attack
    xorl %eax, %eax
    arrive
1:  jmp *%rax
outcome "jump to NULL", ATTACK_PF, ATTACK_ANY_PLACE, 0, ATTACK_EXECUTE

attack
    arrive
1:  movb %al, attack_survived
outcome "write to the program's code", ATTACK_PF, ATTACK_ALWAYS, attack_survived, ATTACK_WRITE

attack
    arrive
1:  movb %al, attacks_start
outcome "write to the program's constants", ATTACK_PF, ATTACK_ALWAYS, attacks_start, ATTACK_WRITE

attack
    movb $0xc3, BOARD_AREA(%rdi)
    leaq BOARD_AREA(%rdi), %rax
    arrive
1:  call *%rax
outcome "execute memory that is mapped for data", ATTACK_PF, ATTACK_ANY_PLACE, (CHILD_BOARD + BOARD_AREA), ATTACK_EXECUTE

attack
    movl $0xc3c3c3c3, -8(%rsp)
    leaq -8(%rsp), %rax
    arrive
1:  jmp *%rax
outcome "execute the stack", ATTACK_PF, ATTACK_ANY_PLACE, (CHILD_STACK_BOTTOM + CHILD_STACK_SIZE - 16), ATTACK_EXECUTE

attack
    arrive
1:  pushq %rax
    jmp 1b
outcome "stack overflow into the guard page", ATTACK_PF, ATTACK_ALWAYS, (CHILD_STACK_BOTTOM - 8), ATTACK_WRITE

attack
    arrive
    movq $CHILD_STACK_BOTTOM, %rsp
1:  call attack_survived
outcome "call with a full stack", ATTACK_PF, ATTACK_ALWAYS, (CHILD_STACK_BOTTOM - 8), ATTACK_WRITE

attack
    movabsq $0xffffffff80000000, %rax
    arrive
1:  clflush (%rax)
outcome "CLFLUSH of the kernel's image", ATTACK_PF, ATTACK_ALWAYS, 0xffffffff80000000, ATTACK_READ, tcg=ATTACK_SURVIVES

attack
    movabsq $0xffffffff80000000, %rax
    arrive
1:  prefetcht0 (%rax)
outcome "PREFETCH of the kernel's image has no effect", ATTACK_SURVIVES

/* ---- segments: SDM Vol. 3, 5.8.1 "Direct Calls or Jumps to Code Segments" */

attack
    movl $0x10, %eax
    arrive
1:  movw %ax, %ss
outcome "a kernel segment as SS", (ATTACK_GP | ATTACK_SS)

attack
    movl $0x18, %eax
    arrive
1:  movw %ax, %ds
outcome "a kernel segment as DS", ATTACK_GP

attack
    xorl %eax, %eax
    arrive
1:  movw %ax, %ss
outcome "the null selector as SS", ATTACK_GP

attack
    movl $0xfff3, %eax
    arrive
1:  movw %ax, %es
outcome "a selector beyond the table", ATTACK_GP

attack
    movl $0x7, %eax
    arrive
1:  movw %ax, %gs
outcome "a selector of a local table", ATTACK_GP

attack
    pushq $0x10
    leaq attack_survived(%rip), %rax
    pushq %rax
    arrive
1:  lretq
outcome "far return to the kernel's code segment", ATTACK_GP, tcg=ATTACK_PF

attack
    movl $0x40, -4(%rsp)
    movl $0, -8(%rsp)
    arrive
1:  ljmp *-8(%rsp)
outcome "far jump to the task segment", (ATTACK_GP | ATTACK_NP)

attack
    pushq $0x18
    pushq %rsp
    pushfq
    pushq $0x10
    leaq attack_survived(%rip), %rax
    pushq %rax
    arrive
1:  iretq
outcome "IRET to ring 0", ATTACK_GP, tcg=ATTACK_PF

/* Back to ring 3 by IRET with all that flags can hold: IOPL 3, NT, VIF, VIP, RF. */
attack
    movw %ss, %ax
    movzwl %ax, %eax
    movq %rsp, %rcx
    pushq %rax
    pushq %rcx
    pushfq
    orl $0x1b7000, (%rsp)
    andl $~0x4000, (%rsp)
    movw %cs, %ax
    movzwl %ax, %eax
    pushq %rax
    leaq 3f(%rip), %rax
    pushq %rax
    arrive
    iretq
3:
1:  cli
outcome "CLI after IRET asked for IOPL 3", ATTACK_GP, tcg=ATTACK_PF

attack
    pushfq
    orl $0x3000, (%rsp)
    andl $~0x200, (%rsp)
    popfq
    arrive
1:  inb $0x60, %al
outcome "IN after POPF asked for IOPL 3 and interrupts off", ATTACK_GP

attack
    pushfq
    orl $0x4000, (%rsp)
    popfq
    arrive
1:  iretq
outcome "IRET with NT set", ATTACK_GP

/* ---- MOV SS and what follows it: CVE-2018-8897 */

attack
    movw %ss, %cx
    movl $SYS_null, %eax
    pushfq
    orl $0x100, (%rsp)
    arrive
    popfq
    movw %cx, %ss
1:  syscall
    nop
outcome "MOV SS, then SYSCALL, with single step", (ATTACK_DB | ATTACK_SURVIVES), ATTACK_ANY_PLACE

attack
    movw %ss, %cx
    pushfq
    orl $0x100, (%rsp)
    arrive
    popfq
    movw %cx, %ss
1:  int3
    nop
outcome "MOV SS, then INT3, with single step", (ATTACK_DB | ATTACK_BP), ATTACK_ANY_PLACE

attack
    movw %ss, %cx
    arrive
    movw %cx, %ss
1:  int $0x80
outcome "MOV SS, then INT 80h", ATTACK_GP

/* ---- GS base in the kernel */

attack
    movabsq $0xffffffff80000000, %rax
    wrgsbase %rax
    movl $SYS_null, %eax
    syscall
    arrive
1:  movq %gs:0, %rax
outcome "GS base in the kernel, then a read through it", ATTACK_PF, ATTACK_FSGSBASE, 0xffffffff80000000, ATTACK_READ

attack
    movabsq $0x0000900000000000, %rax
    arrive
1:  wrgsbase %rax
outcome "GS base that is not canonical", ATTACK_GP, ATTACK_FSGSBASE, tcg=ATTACK_SURVIVES

    .section .rodata.attack_rows, "a", @progbits
attacks_end:
    .globl attack_count
attack_count:
    .long (attacks_end - attacks_start) / 48 /* struct attack */

/* ---- acts at an address that the board names */

    .section .text.attacks, "ax", @progbits
    .globl attack_read
    .type attack_read, @function
attack_read:
    movq BOARD_ARGUMENT(%rdi), %rax
    arrive
    movb (%rax), %al
    jmp attack_survived
    .size attack_read, . - attack_read

    .globl attack_write
    .type attack_write, @function
attack_write:
    movq BOARD_ARGUMENT(%rdi), %rax
    arrive
    movb %al, (%rax)
    jmp attack_survived
    .size attack_write, . - attack_write

    .globl attack_execute
    .type attack_execute, @function
attack_execute:
    movq BOARD_ARGUMENT(%rdi), %rax
    arrive
    jmp *%rax
    .size attack_execute, . - attack_execute

/* ---- INT n */

    .balign 16
    .globl interrupt_attacks
interrupt_attacks:
    .set vector, 0
    .rept 256
    .balign INTERRUPT_ATTACK_SIZE
    arrive
    .byte 0xcd, vector
    jmp attack_survived
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
