"""Asking the operating system to wake the tick thread on time. All of it is optional, and what was got is told."""

import ctypes
import os
import sys
import time
from collections.abc import Callable

SWITCH_INTERVAL_S = 0.0005  # CPython's 5 ms would let a busy event loop delay a tick by half its period
PRIORITY = 20
NICENESS = -10
# How long before its deadline a tick wakes: the usual wake-up delay (200 us on a busy virtual machine) and what it
# prepares (170 us for 1000 nodes) are over by then. No more than the switch interval, so that the spinning rest keeps
# the GIL. 5 % of a core.
WAKE_AHEAD_US = 500
_PR_SET_TIMERSLACK = 29


def prefer_ticks(real_time: bool) -> None:
    """Make the whole process one in which ticks come first: for the hub's own, not for one that merely contains a hub.

    The event loop's thread cannot be more patient than the tick thread: while it holds the GIL, both wait for a core.
    """
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    if real_time and hasattr(os, "setpriority"):
        try:
            os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
        except OSError:
            pass


def raise_this_thread() -> str:
    """Real-time scheduling for the calling thread where that is allowed, exact timers otherwise; says which."""
    if sys.platform != "linux":
        return "default"
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        return "fifo"
    except OSError:
        pass
    # Linux may delay the timers of ordinary threads by 50 us to save power.
    done = ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0) == 0
    return "exact timers" if done else "default"


def sleep_until(time_us: int, now_us: Callable[[], int]) -> None:
    while (left_us := time_us - now_us()) > 0:
        time.sleep(left_us / 1_000_000)


def spin_until(time_us: int, now_us: Callable[[], int]) -> int:
    """Gives the time at which it came back."""
    while (now := now_us()) < time_us:
        pass
    return now
