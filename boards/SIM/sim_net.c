#define _GNU_SOURCE
#include "sim_net.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"
#include "sim_socket.h"

// What the kernel accounts for one small datagram in a receive buffer; setsockopt doubles the value it is given.
#define DATAGRAM_TRUESIZE (768)

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static int open_fds[SIM_NET_SOCKETS_MAX];
static unsigned open_count;

// An access point out of reach, seen from a socket: the kernel drops every packet before the socket sees it. TCP
// then retransmits, as over the air.
static void attach_link(int fd, bool up) {
    struct sock_filter drop_all[] = { { BPF_RET | BPF_K, 0, 0, 0 } };
    struct sock_fprog program = { .len = 1, .filter = drop_all };
    if (up) {
        setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &(int) {0}, sizeof(int));
    } else {
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
    }
}

void sim_socket_link_changed(bool up) {
    pthread_mutex_lock(&table_lock);
    for (unsigned i = 0; i < open_count; ++i) {
        attach_link(open_fds[i], up);
    }
    pthread_mutex_unlock(&table_lock);
}

static int add_to_table(int fd) {
    if (fd < 0) {
        return fd;
    }
    pthread_mutex_lock(&table_lock);
    bool fits = open_count < SIM_NET_SOCKETS_MAX;
    if (fits) {
        open_fds[open_count++] = fd;
        if (!sim_wifi_link_up()) {
            attach_link(fd, false);
        }
    }
    pthread_mutex_unlock(&table_lock);
    if (!fits) {
        close(fd);
        errno = ENFILE;
        return -1;
    }
    return fd;
}

int sim_net_socket(int type, int protocol) {
    int fd = add_to_table(socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (fd >= 0 && type == SOCK_DGRAM) {
        // lwIP queues this many datagrams per socket: 6 in stock builds, 32 in our image.
        int bytes = (int)sim_env_int("K1_SIM_UDP_MAILBOX", 32) * DATAGRAM_TRUESIZE / 2;
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    }
    return fd;
}

int sim_net_accept(int fd, struct sockaddr_in *from) {
    socklen_t size = sizeof(*from);
    return add_to_table(accept4(fd, (struct sockaddr *)from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

void sim_net_close(int fd) {
    pthread_mutex_lock(&table_lock);
    for (unsigned i = 0; i < open_count; ++i) {
        if (open_fds[i] == fd) {
            open_fds[i] = open_fds[--open_count];
            break;
        }
    }
    pthread_mutex_unlock(&table_lock);
    close(fd);
}

int sim_net_bind(int fd, struct sockaddr_in address) {
    if (address.sin_addr.s_addr == htonl(INADDR_ANY)) {
        address.sin_addr.s_addr = sim_wifi_address();
    }
    return bind(fd, (struct sockaddr *)&address, sizeof(address));
}

// All nodes share the host's network; without this every packet would seem to come from one address.
static void bind_to_node(int fd) {
    struct sockaddr_in own;
    socklen_t size = sizeof(own);
    if (getsockname(fd, (struct sockaddr *)&own, &size) == 0 && own.sin_port == 0) {
        sim_net_bind(fd, (struct sockaddr_in) { .sin_family = AF_INET });
    }
}

static int unreachable(void) {
    errno = EHOSTUNREACH;
    return -1;
}

int sim_net_connect(int fd, struct sockaddr_in address) {
    if (!sim_wifi_link_up()) {
        return unreachable();
    }
    bind_to_node(fd);
    return connect(fd, (struct sockaddr *)&address, sizeof(address));
}

int sim_net_send(int fd, const void *data, size_t size, const struct sockaddr_in *to) {
    if (!sim_wifi_link_up()) {
        int type = SOCK_STREAM;
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t) {sizeof(type)});
        if (type == SOCK_DGRAM) {
            return unreachable();
        }
        errno = EAGAIN; // a stream's send buffer no longer drains
        return -1;
    }
    if (to != NULL) {
        bind_to_node(fd);
    }
    return (int)sendto(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to,
        to != NULL ? sizeof(*to) : 0);
}

bool sim_net_wait(int fd, short events, int timeout_ms) {
    struct pollfd one = { .fd = fd, .events = events };
    struct timespec timeout = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000 };
    // ppoll and not poll: a blocking receive wakes at once on the board, select.poll() on a tick (sim_clock.c).
    return ppoll(&one, 1, &timeout, NULL) > 0;
}
