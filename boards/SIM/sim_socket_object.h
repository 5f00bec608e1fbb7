// The socket object, shared by its two halves: sim_socket.c (addresses, connections, options, the module) and
// sim_socket_data.c (everything that moves bytes).
#ifndef K1_SIM_SOCKET_OBJECT_H
#define K1_SIM_SOCKET_OBJECT_H

#include <netinet/in.h>

#include "py/obj.h"
#include "py/stream.h"

// Timeouts are counted in slices of this length, between which callbacks and Ctrl-C are served.
#define SIM_SOCKET_SLICE_MS (100)
#define WAIT_FOREVER (UINT32_MAX)

enum { SOCKET_NEW, SOCKET_OPEN, SOCKET_PEER_CLOSED };

typedef struct _sim_socket_obj_t {
    mp_obj_base_t base;
    int fd; // -1 when closed
    uint8_t type;
    uint8_t protocol;
    uint8_t state;
    bool blocking;
    uint32_t retries; // slices to wait beyond the first, as the port counts timeouts
} sim_socket_obj_t;

// Called after EAGAIN in slice number i of a call: wait one slice, or return the errno with which to give up.
int sim_socket_wait_slice(const sim_socket_obj_t *self, short events, uint32_t i);
void sim_socket_raise_if(int error);
mp_obj_t sim_socket_format_address(const struct sockaddr_in *address);

extern const mp_stream_p_t sim_socket_stream;
extern const mp_obj_fun_builtin_fixed_t sim_socket_send_obj;
extern const mp_obj_fun_builtin_fixed_t sim_socket_sendall_obj;
extern const mp_obj_fun_builtin_fixed_t sim_socket_sendto_obj;
extern const mp_obj_fun_builtin_fixed_t sim_socket_recv_obj;
extern const mp_obj_fun_builtin_fixed_t sim_socket_recvfrom_obj;

#endif
