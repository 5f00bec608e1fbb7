# Built into the ESP32 port: idf.py -D USER_C_MODULES=<repository>/firmware/native/micropython.cmake
#
# Wants MicroPython 1.28 or newer (led_port_idf.c says why). The port already depends on ESP-IDF's `driver` and
# `esp_timer` components, which is all that the three *_idf.c files include.
if(NOT ESP_PLATFORM)
    message(FATAL_ERROR "_lightwave has ports for the ESP32 family (this file) and for boards/SIM (micropython.mk) only")
endif()

add_library(usermod_lightwave INTERFACE)

target_sources(usermod_lightwave INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modlightwave.c
    ${CMAKE_CURRENT_LIST_DIR}/mod_audio.c
    ${CMAKE_CURRENT_LIST_DIR}/mod_leds.c
    ${CMAKE_CURRENT_LIST_DIR}/audio_task.c
    ${CMAKE_CURRENT_LIST_DIR}/analysis.c
    ${CMAKE_CURRENT_LIST_DIR}/bands.c
    ${CMAKE_CURRENT_LIST_DIR}/beat_clock.c
    ${CMAKE_CURRENT_LIST_DIR}/front_end.c
    ${CMAKE_CURRENT_LIST_DIR}/levels.c
    ${CMAKE_CURRENT_LIST_DIR}/novelty.c
    ${CMAKE_CURRENT_LIST_DIR}/octaves.c
    ${CMAKE_CURRENT_LIST_DIR}/periodicity.c
    ${CMAKE_CURRENT_LIST_DIR}/settings.c
    ${CMAKE_CURRENT_LIST_DIR}/snapshot.c
    ${CMAKE_CURRENT_LIST_DIR}/spectrum.c
    ${CMAKE_CURRENT_LIST_DIR}/tempo.c
    ${CMAKE_CURRENT_LIST_DIR}/led_show.c
    ${CMAKE_CURRENT_LIST_DIR}/audio_port_idf.c
    ${CMAKE_CURRENT_LIST_DIR}/led_port_idf.c
    ${CMAKE_CURRENT_LIST_DIR}/worker_idf.c
)

target_include_directories(usermod_lightwave INTERFACE ${CMAKE_CURRENT_LIST_DIR})

target_link_libraries(usermod INTERFACE usermod_lightwave)
