// Entry point and system calls of a bare Xtensa program under qemu-user (windowed ABI, Linux system calls).
    .section .literal, "ax", @progbits
    .p2align 2
.Lmain:
    .long main

    .text
    .global _start
    .p2align 2
_start:
    // The stack holds argc and argv. callx4, not callx8: this frame then has no registers beyond a3 to spill, so
    // its window overflow needs no save area of a caller that does not exist.
    movi a0, 0
    l32i a6, a1, 0
    addi a7, a1, 4
    l32r a4, .Lmain
    callx4 a4
    movi a2, 118 // exit(a6), the value main returned
    syscall

// void _exit(int code)
    .global _exit
    .p2align 2
_exit:
    entry a1, 16
    mov a6, a2
    movi a2, 118
    syscall

// long write(int file, const void *data, size_t size)
    .global write
    .p2align 2
write:
    entry a1, 16
    mov a6, a2
    movi a2, 13
    syscall
    retw

// long read(int file, void *data, size_t size)
    .global read
    .p2align 2
read:
    entry a1, 16
    mov a6, a2
    movi a2, 12
    syscall
    retw

// long system_call(long number, long a, long b, long c): the result, or minus an error number
    .global system_call
    .p2align 2
system_call:
    entry a1, 16
    mov a6, a3
    mov a3, a4
    mov a4, a5
    syscall
    retw

    .section .note.GNU-stack, "", @progbits
