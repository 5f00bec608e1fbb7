# Built into a CMake port (ESP32): idf.py -D USER_C_MODULES=<repository>/firmware/native/micropython.cmake
add_library(usermod_lightwave INTERFACE)

target_sources(usermod_lightwave INTERFACE
    ${CMAKE_CURRENT_LIST_DIR}/modlightwave.c
    ${CMAKE_CURRENT_LIST_DIR}/goertzel.c
    ${CMAKE_CURRENT_LIST_DIR}/snapshot.c
)

target_include_directories(usermod_lightwave INTERFACE ${CMAKE_CURRENT_LIST_DIR})

target_link_libraries(usermod INTERFACE usermod_lightwave)
