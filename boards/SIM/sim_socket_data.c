// The half of the socket object that waits and moves bytes.

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/mpthread.h"
#include "py/runtime.h"
#include "shared/netutils/netutils.h"
#include "sim_net.h"
#include "sim_socket_object.h"

int sim_socket_wait_slice(const sim_socket_obj_t *self, short events, uint32_t i) {
    if (!self->blocking) {
        return MP_EAGAIN;
    }
    MP_THREAD_GIL_EXIT();
    bool ready = sim_net_wait(self->fd, events, SIM_SOCKET_SLICE_MS);
    MP_THREAD_GIL_ENTER();
    mp_handle_pending(true);
    if (!ready && self->retries != WAIT_FOREVER && i >= self->retries) {
        return self->retries == 0 ? MP_EAGAIN : MP_ETIMEDOUT;
    }
    return 0;
}

void sim_socket_raise_if(int error) {
    if (error != 0) {
        mp_raise_OSError(error);
    }
}

static mp_uint_t receive(mp_obj_t self_in, void *buffer, size_t size, struct sockaddr_in *from, int *errcode) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (self->state == SOCKET_NEW) {
        *errcode = MP_ENOTCONN;
        return MP_STREAM_ERROR;
    }
    if (self->state == SOCKET_PEER_CLOSED) {
        return 0;
    }
    for (uint32_t i = 0;; ++i) {
        socklen_t length = sizeof(*from);
        ssize_t count = recvfrom(self->fd, buffer, size, MSG_DONTWAIT, (struct sockaddr *)from,
            from != NULL ? &length : NULL);
        if (count == 0) {
            self->state = SOCKET_PEER_CLOSED; // for datagrams too: the port makes no difference
        }
        if (count >= 0) {
            return (mp_uint_t)count;
        }
        *errcode = errno;
        if (*errcode != EAGAIN && *errcode != EINTR) {
            return MP_STREAM_ERROR;
        }
        *errcode = sim_socket_wait_slice(self, POLLIN, i);
        if (*errcode != 0) {
            return MP_STREAM_ERROR;
        }
    }
}

// Send all of data, in as many pieces as it takes; what was sent when the time is over, or an OSError if nothing.
static size_t transmit(sim_socket_obj_t *self, const void *data, size_t size) {
    size_t sent = 0;
    for (uint32_t i = 0; sent < size; ++i) {
        int count = sim_net_send(self->fd, (const char *)data + sent, size - sent, NULL);
        if (count > 0) {
            sent += count;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR && errno != EINPROGRESS) {
            mp_raise_OSError(errno);
        }
        int error = sim_socket_wait_slice(self, POLLOUT, i);
        if (error != 0 && sent > 0) {
            break;
        }
        sim_socket_raise_if(error);
    }
    return sent;
}

static mp_obj_t receive_bytes(mp_obj_t self, mp_obj_t size, struct sockaddr_in *from) {
    vstr_t bytes;
    vstr_init_len(&bytes, mp_obj_get_int(size));
    int errcode;
    mp_uint_t count = receive(self, bytes.buf, bytes.len, from, &errcode);
    if (count == MP_STREAM_ERROR) {
        mp_raise_OSError(errcode);
    }
    bytes.len = count;
    return mp_obj_new_bytes_from_vstr(&bytes);
}

static mp_obj_t socket_recv(mp_obj_t self, mp_obj_t size) {
    return receive_bytes(self, size, NULL);
}
MP_DEFINE_CONST_FUN_OBJ_2(sim_socket_recv_obj, socket_recv);

static mp_obj_t socket_recvfrom(mp_obj_t self, mp_obj_t size) {
    struct sockaddr_in from = { 0 };
    mp_obj_t bytes = receive_bytes(self, size, &from);
    mp_obj_t result[] = { bytes, sim_socket_format_address(&from) };
    return mp_obj_new_tuple(2, result);
}
MP_DEFINE_CONST_FUN_OBJ_2(sim_socket_recvfrom_obj, socket_recvfrom);

static mp_obj_t socket_send(mp_obj_t self, mp_obj_t data) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    return MP_OBJ_NEW_SMALL_INT(transmit(MP_OBJ_TO_PTR(self), buffer.buf, buffer.len));
}
MP_DEFINE_CONST_FUN_OBJ_2(sim_socket_send_obj, socket_send);

static mp_obj_t socket_sendall(mp_obj_t self, mp_obj_t data) {
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    if (transmit(MP_OBJ_TO_PTR(self), buffer.buf, buffer.len) < buffer.len) {
        mp_raise_OSError(MP_ETIMEDOUT);
    }
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_2(sim_socket_sendall_obj, socket_sendall);

static mp_obj_t socket_sendto(mp_obj_t self_in, mp_obj_t data, mp_obj_t tuple) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_buffer_info_t buffer;
    mp_get_buffer_raise(data, &buffer, MP_BUFFER_READ);
    struct sockaddr_in to = { .sin_family = AF_INET };
    to.sin_port = htons(netutils_parse_inet_addr(tuple, (uint8_t *)&to.sin_addr, NETUTILS_BIG));
    for (uint32_t i = 0;; ++i) {
        int count = sim_net_send(self->fd, buffer.buf, buffer.len, &to);
        if (count >= 0) {
            return MP_OBJ_NEW_SMALL_INT(count);
        }
        // A refusal of an earlier datagram, reported late: lwIP's UDP never passes these on.
        if (errno != ECONNREFUSED) {
            sim_socket_raise_if(errno == EAGAIN || errno == EINTR ? sim_socket_wait_slice(self, POLLOUT, i) : errno);
        }
    }
}
MP_DEFINE_CONST_FUN_OBJ_3(sim_socket_sendto_obj, socket_sendto);

static mp_uint_t socket_stream_read(mp_obj_t self, void *buffer, mp_uint_t size, int *errcode) {
    return receive(self, buffer, size, NULL, errcode);
}

static mp_uint_t socket_stream_write(mp_obj_t self_in, const void *data, mp_uint_t size, int *errcode) {
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    for (uint32_t i = 0;; ++i) {
        int count = sim_net_send(self->fd, data, size, NULL);
        if (count >= 0) {
            return (mp_uint_t)count;
        }
        *errcode = errno == EAGAIN || errno == EINTR || errno == EINPROGRESS ? sim_socket_wait_slice(self, POLLOUT, i) : errno;
        if (*errcode != 0) {
            return MP_STREAM_ERROR;
        }
    }
}

static mp_uint_t socket_stream_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    (void)arg;
    sim_socket_obj_t *self = MP_OBJ_TO_PTR(self_in);
    switch (request) {
        case MP_STREAM_CLOSE:
            if (self->fd >= 0) {
                sim_net_close(self->fd);
                self->fd = -1;
            }
            return 0;
        case MP_STREAM_GET_FILENO: // select.poll() works on this
            if (self->fd >= 0) {
                return self->fd;
            }
            break;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}

const mp_stream_p_t sim_socket_stream = {
    .read = socket_stream_read,
    .write = socket_stream_write,
    .ioctl = socket_stream_ioctl,
};
