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
    ${CMAKE_CURRENT_LIST_DIR}/goertzel.c
    ${CMAKE_CURRENT_LIST_DIR}/led_show.c
    ${CMAKE_CURRENT_LIST_DIR}/snapshot.c
    ${CMAKE_CURRENT_LIST_DIR}/audio_port_idf.c
    ${CMAKE_CURRENT_LIST_DIR}/led_port_idf.c
    ${CMAKE_CURRENT_LIST_DIR}/worker_idf.c
)

target_include_directories(usermod_lightwave INTERFACE ${CMAKE_CURRENT_LIST_DIR})

target_link_libraries(usermod INTERFACE usermod_lightwave)
