// The WiFi station: one access point that can vanish and return, driven by the host over a control channel.
//
// Commands, one per line on K1_SIM_CONTROL_FD: "ap down", "ap up", "rssi -70". The channel also is the power lead:
// when the host closes it, or dies, the node is off.

#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "py/mphal.h"
#include "py/runtime.h"
#include "shared/netutils/netutils.h"
#include "sim.h"
#include "sim_module.h"
#include "sim_socket.h"

// WLAN.status(): MicroPython's own states and ESP-IDF's reasons for a disconnect.
enum {
    STAT_IDLE = 1000, STAT_CONNECTING = 1001, STAT_GOT_IP = 1010,
    STAT_BEACON_TIMEOUT = 200, STAT_NO_AP_FOUND = 201, STAT_WRONG_PASSWORD = 202,
};
// A board that finds no access point scans for seconds before it says so; kept in proportion to joining.
#define SCAN_FACTOR (2)

static pthread_mutex_t wifi_lock = PTHREAD_MUTEX_INITIALIZER;
static bool ap_present = true;
static int rssi_dbm = -55;
static bool wanted;
static bool connected;
static bool powered; // false while the binary runs a bare script on the host: then the network is just there
static int status = STAT_IDLE;
static int64_t join_at_ns = -1; // host time at which the join under way is decided; -1: none
static int64_t join_ns;
static int reconnects_max = -1; // as WLAN.config(reconnects=): -1 tries for ever
static int reconnects_left;
static char wanted_ssid[33], wanted_key[65];
static int wake_pipe[2] = { -1, -1 };

static bool ssid_matches(void) {
    return strcmp(wanted_ssid, sim_env("K1_SIM_AP_SSID", "LightwaveOS")) == 0;
}

static void set_connected(bool up) {
    connected = up;
    sim_socket_link_changed(up);
    sim_event_notify();
}

static void begin_join(void) {
    bool will_find = ap_present && ssid_matches();
    join_at_ns = sim_host_ns() + join_ns * (will_find ? 1 : SCAN_FACTOR);
}

// The ESP32 port reassociates by itself after every failure while a connection is wanted, within its limit.
static void retry_or_give_up(int reason) {
    status = reason;
    if (!wanted || (reconnects_max >= 0 && reconnects_left-- <= 0)) {
        join_at_ns = -1;
        return;
    }
    begin_join();
}

static void decide_join(void) {
    join_at_ns = -1;
    if (!ap_present || !ssid_matches()) {
        retry_or_give_up(STAT_NO_AP_FOUND);
    } else if (strcmp(wanted_key, sim_env("K1_SIM_AP_PASSWORD", "")) != 0) {
        retry_or_give_up(STAT_WRONG_PASSWORD);
    } else if (sim_wifi_address() == htonl(INADDR_ANY)) {
        begin_join(); // joined, but DHCP has not answered yet
    } else {
        status = STAT_GOT_IP;
        set_connected(true);
    }
}

static void access_point_changed(bool present) {
    ap_present = present;
    if (!present && connected) {
        set_connected(false);
        reconnects_left = reconnects_max;
        retry_or_give_up(STAT_BEACON_TIMEOUT);
    } else if (present && join_at_ns >= 0) {
        begin_join(); // the scan that is under way finds it
    }
}

static void obey(const char *line) {
    if (strcmp(line, "ap down") == 0) {
        access_point_changed(false);
    } else if (strcmp(line, "ap up") == 0) {
        access_point_changed(true);
    } else if (strncmp(line, "rssi ", 5) == 0) {
        rssi_dbm = atoi(line + 5);
    } else {
        sim_console_print("W (sim) unknown control command\r\n");
    }
}

static void read_commands(int fd) {
    static char line[80];
    static size_t used;
    char bytes[256];
    ssize_t count = read(fd, bytes, sizeof(bytes));
    if (count <= 0) {
        _exit(0); // the host is gone
    }
    for (ssize_t i = 0; i < count; ++i) {
        if (bytes[i] == '\n') {
            line[used] = 0;
            obey(line);
            used = 0;
        } else if (used + 1 < sizeof(line)) {
            line[used++] = bytes[i];
        }
    }
}

static void *wifi_thread(void *arg) {
    int control_fd = (int)sim_env_int("K1_SIM_CONTROL_FD", -1);
    struct pollfd fds[] = {
        { .fd = wake_pipe[0], .events = POLLIN },
        { .fd = control_fd, .events = POLLIN }, // ignored by poll when negative
    };
    for (;;) {
        pthread_mutex_lock(&wifi_lock);
        int64_t wait_ns = join_at_ns - sim_host_ns();
        int timeout_ms = join_at_ns < 0 ? -1 : wait_ns <= 0 ? 0 : (int)(wait_ns / 1000000) + 1;
        pthread_mutex_unlock(&wifi_lock);
        int ready = sim_host_poll(fds, 2, timeout_ms);
        pthread_mutex_lock(&wifi_lock);
        if (ready > 0 && fds[0].revents != 0) {
            char drained[16];
            (void)!read(wake_pipe[0], drained, sizeof(drained));
        }
        if (ready > 0 && fds[1].revents != 0) {
            read_commands(control_fd);
        }
        if (join_at_ns >= 0 && sim_host_ns() >= join_at_ns) {
            decide_join();
        }
        pthread_mutex_unlock(&wifi_lock);
    }
    return arg;
}

void sim_wifi_start_control(void) {
    powered = true;
    join_ns = sim_env_int("K1_SIM_JOIN_MS", 30) * 1000000;
    if (pipe(wake_pipe) != 0) {
        abort();
    }
    sim_thread_start(wifi_thread, NULL);
}

bool sim_wifi_link_up(void) {
    return connected || !powered;
}

// An address of the interface that a DHCP client of the host's looks after; INADDR_ANY while it has none.
static uint32_t interface_address(const char *name, unsigned long request) {
    struct ifreq interface = { 0 };
    strncpy(interface.ifr_name, name, IFNAMSIZ - 1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int error = ioctl(fd, request, &interface);
    close(fd);
    return error != 0 ? htonl(INADDR_ANY) : ((struct sockaddr_in *)&interface.ifr_addr)->sin_addr.s_addr;
}

uint32_t sim_wifi_address(void) {
    const char *name = sim_env("K1_SIM_INTERFACE", NULL);
    return name != NULL ? interface_address(name, SIOCGIFADDR) : inet_addr(sim_env("K1_SIM_IP", "127.0.0.1"));
}

static uint32_t netmask(void) {
    const char *name = sim_env("K1_SIM_INTERFACE", NULL);
    return name != NULL ? interface_address(name, SIOCGIFNETMASK) : htonl(IN_CLASSA_NET);
}

// ---- _sim functions -------------------------------------------------------------------------------------------

static void copy_text(char *out, size_t size, mp_obj_t text) {
    size_t length;
    const char *data = mp_obj_str_get_data(text, &length);
    length = length < size - 1 ? length : size - 1;
    memcpy(out, data, length);
    out[length] = 0;
}

// _sim.wifi_connect(ssid, key); without arguments joins what was given last.
static mp_obj_t sim_wifi_connect(size_t n_args, const mp_obj_t *args) {
    pthread_mutex_lock(&wifi_lock);
    if (n_args == 2) {
        copy_text(wanted_ssid, sizeof(wanted_ssid), args[0]);
        copy_text(wanted_key, sizeof(wanted_key), args[1]);
    }
    if (connected) {
        set_connected(false);
    }
    wanted = true;
    status = STAT_CONNECTING;
    reconnects_left = reconnects_max;
    begin_join();
    pthread_mutex_unlock(&wifi_lock);
    (void)!write(wake_pipe[1], "j", 1);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(sim_wifi_connect_obj, 0, 2, sim_wifi_connect);

static mp_obj_t sim_wifi_disconnect(void) {
    pthread_mutex_lock(&wifi_lock);
    wanted = false;
    join_at_ns = -1;
    status = STAT_IDLE;
    if (connected) {
        set_connected(false);
    }
    pthread_mutex_unlock(&wifi_lock);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_wifi_disconnect_obj, sim_wifi_disconnect);

static mp_obj_t sim_wifi_status(void) {
    return MP_OBJ_NEW_SMALL_INT(status);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_wifi_status_obj, sim_wifi_status);

static mp_obj_t sim_wifi_rssi(void) {
    return MP_OBJ_NEW_SMALL_INT(rssi_dbm);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_wifi_rssi_obj, sim_wifi_rssi);

static mp_obj_t sim_wifi_reconnects(mp_obj_t count) {
    reconnects_max = reconnects_left = mp_obj_get_int(count);
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(sim_wifi_reconnects_obj, sim_wifi_reconnects);

// _sim.wifi_addresses() -> (address, netmask), as text.
static mp_obj_t sim_wifi_addresses(void) {
    uint32_t addresses[] = { sim_wifi_address(), netmask() };
    mp_obj_t texts[MP_ARRAY_SIZE(addresses)];
    for (size_t i = 0; i < MP_ARRAY_SIZE(addresses); ++i) {
        texts[i] = netutils_format_ipv4_addr((uint8_t *)&addresses[i], NETUTILS_BIG);
    }
    return mp_obj_new_tuple(MP_ARRAY_SIZE(texts), texts);
}
MP_DEFINE_CONST_FUN_OBJ_0(sim_wifi_addresses_obj, sim_wifi_addresses);
