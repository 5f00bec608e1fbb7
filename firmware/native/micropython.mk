# Built into a Make port (the SIM board): make USER_C_MODULES=<repository>/firmware
LIGHTWAVE_NATIVE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(LIGHTWAVE_NATIVE_DIR)/modlightwave.c

# No MicroPython headers, so nothing for the qstr scanner to find.
SRC_USERMOD_LIB_C += $(addprefix $(LIGHTWAVE_NATIVE_DIR)/, goertzel.c snapshot.c)

CFLAGS_USERMOD += -I$(LIGHTWAVE_NATIVE_DIR)
