# Read by ports/esp32/CMakeLists.txt: make -C ports/esp32 BOARD=K1_S3 BOARD_DIR=<this folder>
set(IDF_TARGET esp32s3)

get_filename_component(K1_ROOT ${CMAKE_CURRENT_LIST_DIR}/../.. ABSOLUTE)

# ESP-IDF looks for a relative partition table in ports/esp32, and no file here can know its own absolute path.
set(K1_SDKCONFIG_PARTITIONS ${CMAKE_BINARY_DIR}/sdkconfig.partitions)
file(WRITE ${K1_SDKCONFIG_PARTITIONS}
    "CONFIG_PARTITION_TABLE_CUSTOM=y\n"
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${CMAKE_CURRENT_LIST_DIR}/partitions.csv\"\n"
)

# The first two are the port's own, relative to ports/esp32. Of its others, these are left out on purpose:
#   sdkconfig.spiram_sx  Python's heap would move to PSRAM: slow, and unreachable while flash is being written. All
#                        of a node fits into internal RAM, and the image runs on modules with and without PSRAM.
#   sdkconfig.ble        Bluetooth takes memory, and time on the air, from WiFi.
set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.usb
    ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.board
    ${K1_SDKCONFIG_PARTITIONS}
)

set(MICROPY_FROZEN_MANIFEST ${CMAKE_CURRENT_LIST_DIR}/manifest.py)

# Appended, so that one given on the command line is built in as well.
list(APPEND USER_C_MODULES ${K1_ROOT}/firmware/native/micropython.cmake)
