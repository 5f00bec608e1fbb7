// The clock is the host's CLOCK_MONOTONIC and really passes; what is counted does not read it (count.py uses a clock that
// stands still).
#include "py/mpconfig.h"

#define MICROPY_INTERNAL_WFE(timeout_ms) mp_hal_delay_ms((timeout_ms) < 0 ? 1 : (timeout_ms))

// Spill every caller's registers to the stack, where the garbage collector looks (registers.S).
void xtensa_spill_windows(void);
