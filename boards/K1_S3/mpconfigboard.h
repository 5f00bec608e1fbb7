// Read by ports/esp32/mpconfigport.h, which sets what is not set here.
#define MICROPY_HW_BOARD_NAME               "K1 LightwaveOS node"
#define MICROPY_HW_MCU_NAME                 "ESP32S3"

// A REPL on the board's USB-UART as well as on its native USB: whichever connector is at hand works.
#define MICROPY_HW_ENABLE_UART_REPL         (1)

#define MICROPY_PY_NETWORK_HOSTNAME_DEFAULT "k1-node"

// Nodes speak UDP and WebSocket over WiFi only. Each of these has buffers and a task in the RAM that frames live in.
#define MICROPY_PY_BLUETOOTH                (0)
#define MICROPY_PY_ESPNOW                   (0)
