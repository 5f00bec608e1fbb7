// Host sockets under the rules of a node: its own address, lwIP's limits, and no traffic while the link is down.
#ifndef K1_SIM_NET_H
#define K1_SIM_NET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

// lwIP's limit of open sockets in the ESP32 port; beyond it socket() fails with ENFILE.
#define SIM_NET_SOCKETS_MAX (16)

// A non-blocking host socket registered with the link, or -1 with errno set.
int sim_net_socket(int type, int protocol);
int sim_net_accept(int fd, struct sockaddr_in *from);
void sim_net_close(int fd);

// As the POSIX calls of these names; INADDR_ANY is the node's address, and an unbound socket gets it first.
int sim_net_bind(int fd, struct sockaddr_in address);
int sim_net_connect(int fd, struct sockaddr_in address);
int sim_net_send(int fd, const void *data, size_t size, const struct sockaddr_in *to);

// Wait until fd is ready for events or the time is over; false when it is not ready. Call without the GIL.
bool sim_net_wait(int fd, short events, int timeout_ms);

#endif
