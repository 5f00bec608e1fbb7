// The windowed registers of callers: spilling them, and setjmp and longjmp on top of that.
//
// Where the ABI spills, with "below" meaning a smaller address:
//   a0..a3 of a function      16 bytes below the stack pointer of the function it called
//   a4..a7, if it used call8  32 bytes below the stack pointer of the function that called it
// Both the compiler and MicroPython's emitter make every call by call8.

    .text

// Nested call12s: each takes 12 of at most 64 registers, so five of them push all but their caller out.
    .p2align 2
    .type nest, @function
nest: // a2: how often still
    entry a1, 48
    addi a2, a2, -1
    beqz a2, 1f
    mov a14, a2
    call12 nest
1:  retw
    .size nest, . - nest

// void xtensa_spill_windows(void)
    .global xtensa_spill_windows
    .type xtensa_spill_windows, @function
    .p2align 2
xtensa_spill_windows:
    entry a1, 48
    movi a14, 5
    call12 nest
    retw
    .size xtensa_spill_windows, . - xtensa_spill_windows

// int setjmp(jmp_buf state): words 0..3 a0..a3 of the caller, 4..7 its a4..a7, 8 where to return to
    .global setjmp
    .type setjmp, @function
    .p2align 2
setjmp:
    entry a1, 48
    movi a14, 5
    call12 nest
    addi a8, a1, -16
    l32i a4, a8, 0
    l32i a5, a8, 4 // the caller's stack pointer
    l32i a6, a8, 8
    l32i a7, a8, 12
    s32i a4, a2, 0
    s32i a5, a2, 4
    s32i a6, a2, 8
    s32i a7, a2, 12
    addi a9, a5, -16
    l32i a9, a9, 4 // the stack pointer of the caller's caller
    addi a9, a9, -32
    l32i a4, a9, 0
    l32i a5, a9, 4
    l32i a6, a9, 8
    l32i a7, a9, 12
    s32i a4, a2, 16
    s32i a5, a2, 20
    s32i a6, a2, 24
    s32i a7, a2, 28
    s32i a0, a2, 32
    movi a2, 0
    retw
    .size setjmp, . - setjmp

// void longjmp(jmp_buf state, int value): put the caller's registers where its window will be filled from, stand
// where setjmp stood, return as it would have. value is not 0.
    .global longjmp
    .type longjmp, @function
    .p2align 2
longjmp:
    entry a1, 48
    movi a14, 5
    call12 nest
    l32i a10, a2, 4 // the stack pointer of setjmp's caller
    addi a8, a10, -64 // setjmp's own is 48 below that
    l32i a4, a2, 0
    l32i a6, a2, 8
    l32i a7, a2, 12
    s32i a4, a8, 0
    s32i a10, a8, 4
    s32i a6, a8, 8
    s32i a7, a8, 12
    addi a9, a10, -16
    l32i a9, a9, 4
    addi a9, a9, -32
    l32i a4, a2, 16
    l32i a5, a2, 20
    l32i a6, a2, 24
    l32i a7, a2, 28
    s32i a4, a9, 0
    s32i a5, a9, 4
    s32i a6, a9, 8
    s32i a7, a9, 12
    l32i a0, a2, 32
    mov a2, a3
    addi a1, a10, -48
    retw
    .size longjmp, . - longjmp

    .section .note.GNU-stack, "", @progbits
