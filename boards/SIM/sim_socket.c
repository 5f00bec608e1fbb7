// The socket module as the ESP32 port has it, over host sockets: addresses are (host, port) tuples, blocking calls
// wait in slices of 100 ms between which callbacks and Ctrl-C are served, and a zero-length datagram ends a socket
// for good (DESIGN fact 5). The unix port's own module differs in all of these.

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "py/gc.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/objtuple.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "shared/netutils/netutils.h"
#include "sim_net.h"
#include "sim_socket_object.h"

static const mp_obj_type_t sim_socket_type;

static sim_socket_obj_t *socket_new(int type, int protocol) {
    sim_socket_obj_t *self = mp_obj_malloc_with_finaliser(sim_socket_obj_t, &sim_socket_type);
    self->fd = -1;
    self->type = type;
    self->protocol = protocol;
    self->state = type == SOCK_STREAM ? SOCKET_NEW : SOCKET_OPEN;
    self->blocking = true;
    self->retries = WAIT_FOREVER;
    return self;
}

static mp_obj_t socket_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    (void)type;
    mp_arg_check_num(n_args, n_kw, 0, 3, false);
    if (n_args > 0 && mp_obj_get_int(args[0]) != AF_INET) {
        mp_raise_OSError(EAFNOSUPPORT);
    }
    sim_socket_obj_t *self = socket_new(n_args > 1 ? mp_obj_get_int(args[1]) : SOCK_STREAM,
        n_args > 2 ? mp_obj_get_int(args[2]) : 0);
    self->fd = sim_net_socket(self->type, self->protocol);
    if (self->fd < 0 && errno == ENFILE) {
        gc_collect(); // a forgotten socket may still hold a place
        self->fd = sim_net_socket(self->type, self->protocol);
    }
    if (self->fd < 0) {
        mp_raise_OSError(errno);
    }
    return MP_OBJ_FROM_PTR(self);
}

static void socket_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    (void)kind;
    mp_printf(print, "<socket %d>", ((sim_socket_obj_t *)MP_OBJ_TO_PTR(self_in))->fd);
}

// ---- addresses ------------------------------------------------------------------------------------------------

static struct sockaddr_in resolve(mp_obj_t host_obj, mp_obj_t port_obj) {
    const char *host = mp_obj_str_get_str(host_obj);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(mp_obj_get_int(port_obj)) };
    if (host[0] == 0 || inet_pton(AF_INET, host, &address.sin_addr) == 1) {
        return address; // "" is INADDR_ANY
    }
    struct addrinfo hints = { .ai_family = AF_INET }, *found = NULL;
    MP_THREAD_GIL_EXIT();
    int error = getaddrinfo(host, NULL, &hints, &found);
    MP_THREAD_GIL_ENTER();
    if (error != 0) {
        mp_raise_OSError(-2); // the port's number for a name that is not known
    }
    address.sin_addr = ((struct sockaddr_in *)found->ai_addr)->sin_addr;
    freeaddrinfo(found);
    return address;
}

static struct sockaddr_in resolve_tuple(mp_obj_t tuple) {
    mp_obj_t *items;
    mp_obj_get_array_fixed_n(tuple, 2, &items);
    return resolve(items[0], items[1]);
}

mp_obj_t sim_socket_format_address(const struct sockaddr_in *address) {
    return netutils_format_inet_addr((uint8_t *)&address->sin_addr, ntohs(address->sin_port), NETUTILS_BIG);
}

static mp_obj_t socket_getaddrinfo(size_t n_args, const mp_obj_t *args) {
    struct sockaddr_in address = resolve(args[0], args[1]);
    mp_obj_t entry[] = {
        MP_OBJ_NEW_SMALL_INT(AF_INET),
        n_args > 3 && mp_obj_get_int(args[3]) != 0 ? args[3] : MP_OBJ_NEW_SMALL_INT(SOCK_STREAM),
        n_args > 4 ? args[4] : MP_OBJ_NEW_SMALL_INT(0),
        MP_OBJ_NEW_QSTR(MP_QSTR_),
        sim_socket_format_address(&address),
    };
    mp_obj_t tuple = mp_obj_new_tuple(MP_ARRAY_SIZE(entry), entry);
    return mp_obj_new_list(1, &tuple);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_getaddrinfo_obj, 2, 6, socket_getaddrinfo);

// ---- timeouts --------------------------------------------------------------------------------------------------

static mp_obj_t set_timeout(mp_obj_t self_in, int64_t timeout_ms) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->blocking = timeout_ms != 0;
    self->retries = timeout_ms < 0 ? WAIT_FOREVER : (uint32_t)(timeout_ms / SIM_SOCKET_SLICE_MS);
    return mp_const_none;
}

static mp_obj_t socket_settimeout(mp_obj_t self, mp_obj_t seconds) {
    return set_timeout(self, seconds == mp_const_none ? -1
        : (int64_t)(mp_obj_get_float(seconds) * MICROPY_FLOAT_CONST(1000.0)));
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_settimeout_obj, socket_settimeout);

static mp_obj_t socket_setblocking(mp_obj_t self, mp_obj_t on) {
    return set_timeout(self, mp_obj_is_true(on) ? -1 : 0);
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_setblocking_obj, socket_setblocking);

// ---- connections ----------------------------------------------------------------------------------------------

static mp_obj_t socket_bind(mp_obj_t self_in, mp_obj_t tuple) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->state = SOCKET_OPEN;
    if (sim_net_bind(self->fd, resolve_tuple(tuple)) != 0) {
        mp_raise_OSError(errno);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_bind_obj, socket_bind);

static mp_obj_t socket_listen(size_t n_args, const mp_obj_t *args) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    self->state = SOCKET_OPEN;
    if (listen(self->fd, n_args > 1 ? mp_obj_get_int(args[1]) : 2) != 0) {
        mp_raise_OSError(errno);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_listen_obj, 1, 2, socket_listen);

static mp_obj_t socket_accept(mp_obj_t self_in) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    struct sockaddr_in from;
    int fd;
    for (uint32_t i = 0; (fd = sim_net_accept(self->fd, &from)) < 0; ++i) {
        sim_socket_raise_if(errno == EAGAIN ? sim_socket_wait_slice(self, POLLIN, i) : errno);
    }
    sim_socket_obj_t *client = socket_new(self->type, self->protocol);
    client->fd = fd;
    client->state = SOCKET_OPEN;
    mp_obj_t result[] = { MP_OBJ_FROM_PTR(client), sim_socket_format_address(&from) };
    return mp_obj_new_tuple(2, result);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_accept_obj, socket_accept);

static mp_obj_t socket_connect(mp_obj_t self_in, mp_obj_t tuple) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    self->state = SOCKET_OPEN;
    if (sim_net_connect(self->fd, resolve_tuple(tuple)) == 0) {
        return mp_const_none;
    }
    if (errno != EINPROGRESS || !self->blocking) {
        mp_raise_OSError(errno);
    }
    for (uint32_t i = 0; !sim_net_wait(self->fd, POLLOUT, 0); ++i) {
        int error = sim_socket_wait_slice(self, POLLOUT, i);
        sim_socket_raise_if(error == 0 ? 0 : MP_ETIMEDOUT);
    }
    int error = 0;
    getsockopt(self->fd, SOL_SOCKET, SO_ERROR, &error, &(socklen_t) {sizeof(error)});
    sim_socket_raise_if(error);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_2(socket_connect_obj, socket_connect);

static mp_obj_t socket_setsockopt(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(args[0]);
    int level = mp_obj_get_int(args[1]);
    int option = mp_obj_get_int(args[2]);
    bool known = (level == SOL_SOCKET && (option == SO_REUSEADDR || option == SO_BROADCAST))
        || (level == IPPROTO_TCP && option == TCP_NODELAY);
    if (!known) {
        mp_printf(&mp_plat_print, "Warning: lwip.setsockopt() option not implemented\n");
        return mp_const_none;
    }
    int value = mp_obj_get_int(args[3]);
    if (setsockopt(self->fd, level, option, &value, sizeof(value)) != 0) {
        mp_raise_OSError(errno);
    }
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_setsockopt_obj, 4, 4, socket_setsockopt);

static mp_obj_t socket_fileno(mp_obj_t self) {
    return MP_OBJ_NEW_SMALL_INT(((sim_socket_obj_t *)MP_OBJ_TO_PTR(self))->fd);
}
static MP_DEFINE_CONST_FUN_OBJ_1(socket_fileno_obj, socket_fileno);

static mp_obj_t socket_makefile(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    return args[0];
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(socket_makefile_obj, 1, 3, socket_makefile);

static const mp_rom_map_elem_t socket_locals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___del__), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_close), MP_ROM_PTR(&mp_stream_close_obj) },
    { MP_ROM_QSTR(MP_QSTR_bind), MP_ROM_PTR(&socket_bind_obj) },
    { MP_ROM_QSTR(MP_QSTR_listen), MP_ROM_PTR(&socket_listen_obj) },
    { MP_ROM_QSTR(MP_QSTR_accept), MP_ROM_PTR(&socket_accept_obj) },
    { MP_ROM_QSTR(MP_QSTR_connect), MP_ROM_PTR(&socket_connect_obj) },
    { MP_ROM_QSTR(MP_QSTR_send), MP_ROM_PTR(&sim_socket_send_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendall), MP_ROM_PTR(&sim_socket_sendall_obj) },
    { MP_ROM_QSTR(MP_QSTR_sendto), MP_ROM_PTR(&sim_socket_sendto_obj) },
    { MP_ROM_QSTR(MP_QSTR_recv), MP_ROM_PTR(&sim_socket_recv_obj) },
    { MP_ROM_QSTR(MP_QSTR_recvfrom), MP_ROM_PTR(&sim_socket_recvfrom_obj) },
    { MP_ROM_QSTR(MP_QSTR_setsockopt), MP_ROM_PTR(&socket_setsockopt_obj) },
    { MP_ROM_QSTR(MP_QSTR_settimeout), MP_ROM_PTR(&socket_settimeout_obj) },
    { MP_ROM_QSTR(MP_QSTR_setblocking), MP_ROM_PTR(&socket_setblocking_obj) },
    { MP_ROM_QSTR(MP_QSTR_makefile), MP_ROM_PTR(&socket_makefile_obj) },
    { MP_ROM_QSTR(MP_QSTR_fileno), MP_ROM_PTR(&socket_fileno_obj) },
    { MP_ROM_QSTR(MP_QSTR_read), MP_ROM_PTR(&mp_stream_read_obj) },
    { MP_ROM_QSTR(MP_QSTR_readinto), MP_ROM_PTR(&mp_stream_readinto_obj) },
    { MP_ROM_QSTR(MP_QSTR_readline), MP_ROM_PTR(&mp_stream_unbuffered_readline_obj) },
    { MP_ROM_QSTR(MP_QSTR_write), MP_ROM_PTR(&mp_stream_write_obj) },
};
static MP_DEFINE_CONST_DICT(socket_locals, socket_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(sim_socket_type, MP_QSTR_socket, MP_TYPE_FLAG_NONE, make_new, socket_make_new,
    print, socket_print, protocol, &sim_socket_stream, locals_dict, &socket_locals);

static const mp_rom_map_elem_t socket_globals_table[] = {
    { MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_socket) },
    { MP_ROM_QSTR(MP_QSTR_socket), MP_ROM_PTR(&sim_socket_type) },
    { MP_ROM_QSTR(MP_QSTR_getaddrinfo), MP_ROM_PTR(&socket_getaddrinfo_obj) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET), MP_ROM_INT(AF_INET) },
    { MP_ROM_QSTR(MP_QSTR_AF_INET6), MP_ROM_INT(AF_INET6) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_STREAM), MP_ROM_INT(SOCK_STREAM) },
    { MP_ROM_QSTR(MP_QSTR_SOCK_DGRAM), MP_ROM_INT(SOCK_DGRAM) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_TCP), MP_ROM_INT(IPPROTO_TCP) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_UDP), MP_ROM_INT(IPPROTO_UDP) },
    { MP_ROM_QSTR(MP_QSTR_IPPROTO_IP), MP_ROM_INT(IPPROTO_IP) },
    { MP_ROM_QSTR(MP_QSTR_SOL_SOCKET), MP_ROM_INT(SOL_SOCKET) },
    { MP_ROM_QSTR(MP_QSTR_SO_REUSEADDR), MP_ROM_INT(SO_REUSEADDR) },
    { MP_ROM_QSTR(MP_QSTR_SO_BROADCAST), MP_ROM_INT(SO_BROADCAST) },
    { MP_ROM_QSTR(MP_QSTR_TCP_NODELAY), MP_ROM_INT(TCP_NODELAY) },
};
static MP_DEFINE_CONST_DICT(socket_globals, socket_globals_table);

const mp_obj_module_t sim_socket_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&socket_globals,
};

MP_REGISTER_EXTENSIBLE_MODULE(MP_QSTR_socket, sim_socket_module);
