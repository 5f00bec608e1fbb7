// The sockets' side of the WiFi link.
#ifndef K1_SIM_SOCKET_H
#define K1_SIM_SOCKET_H

#include <stdbool.h>

// While the link is down nothing arrives on any socket and nothing leaves.
void sim_socket_link_changed(bool up);

#endif
