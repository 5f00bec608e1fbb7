# Built into a Make port (the SIM board): make USER_C_MODULES=<repository>/firmware
LIGHTWAVE_NATIVE_DIR := $(USERMOD_DIR)

SRC_USERMOD_C += $(addprefix $(LIGHTWAVE_NATIVE_DIR)/, modlightwave.c mod_audio.c mod_leds.c)

# No MicroPython headers, so nothing for the qstr scanner to find. The ports behind led_port.h, audio_port.h and
# worker.h are the board's (boards/SIM).
SRC_USERMOD_LIB_C += $(addprefix $(LIGHTWAVE_NATIVE_DIR)/, audio_task.c led_show.c)
SRC_USERMOD_LIB_C += $(addprefix $(LIGHTWAVE_NATIVE_DIR)/, analysis.c bands.c beat_clock.c front_end.c levels.c novelty.c)
SRC_USERMOD_LIB_C += $(addprefix $(LIGHTWAVE_NATIVE_DIR)/, octaves.c periodicity.c settings.c snapshot.c spectrum.c tempo.c)

CFLAGS_USERMOD += -I$(LIGHTWAVE_NATIVE_DIR)
