# Included by ports/unix/Makefile. Run through tools/build.py, which passes the paths.

PROG = k1-sim
FROZEN_MANIFEST ?= $(VARIANT_DIR)/manifest.py

# Make's own MICROPY_PY_THREAD=1 would force the build without a GIL, so it stays 0 and the flags are given here.
MICROPY_PY_THREAD = 0
CFLAGS_EXTRA += -DMICROPY_PY_THREAD=1 -DMICROPY_PY_THREAD_GIL=1
LDFLAGS_EXTRA += -lpthread

# 32-bit x86 would compute floats in the 80-bit x87, more exactly than any board and at twice the cost.
ifneq ($(filter x86_64 i%86,$(shell uname -m)),)
CFLAGS_EXTRA += -msse2 -mfpmath=sse
endif

MICROPY_PY_BTREE = 0
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0
MICROPY_PY_TERMIOS = 0
# sim_socket.c has the ESP32 port's socket module instead.
MICROPY_PY_SOCKET = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0
MICROPY_VFS_LFS2 = 1

# The board's main loop is the bare-metal REPL, not the unix one.
SHARED_SRC_C_EXTRA += runtime/pyexec.c netutils/netutils.c

# What the unix port offers no hook for is replaced at link time; upstream files are built as they are.
# The console goes to the serial port, the GIL is handed over in order, sleeping runs on the node's clock.
SIM_WRAPPED = \
	mp_hal_stdin_rx_chr mp_hal_stdout_tx_strn mp_hal_stdout_tx_strn_cooked mp_hal_stdout_tx_str \
	mp_hal_set_interrupt_char mp_hal_stdio_mode_raw mp_hal_stdio_mode_orig \
	mp_stderr_print mp_sys_stdin_obj mp_sys_stdout_obj mp_sys_stderr_obj \
	mp_thread_mutex_lock mp_thread_mutex_unlock usleep poll pthread_attr_setstacksize
LDFLAGS_EXTRA += $(addprefix -Wl$(comma)--wrap=,$(SIM_WRAPPED))
comma := ,

# Speed over size: four nodes and a hub share this host's cores.
COPT = -O2
