"""lightwave_hw's interfaces on CPython, so that the node's logic runs here against real sockets."""

import select
import socket
import time

from lightwave import ticks


class SystemClock:
    def now(self):
        return time.monotonic_ns() // 1000 % ticks.PERIOD

    def sleep_ms(self, ms):
        time.sleep(ms / 1000)

    def sleep_until(self, deadline):
        time.sleep(max(0, ticks.diff(deadline, self.now())) / 1e6)

    sleep_towards = sleep_until


class Connection:
    """lightwave_hw.tcp.Connection."""

    def __init__(self, own_address, host, port):
        self._socket = socket.create_connection((host, port), timeout=2, source_address=(own_address, 0))
        self._socket.setblocking(False)

    def wait(self, timeout_ms):
        select.select([self._socket], [], [], timeout_ms / 1000)

    def read_into(self, view):
        try:
            got = self._socket.recv_into(view)
        except BlockingIOError:
            return 0
        if got == 0:
            raise ConnectionResetError
        return got

    def is_writable(self):
        return bool(select.select([], [self._socket], [], 0)[1])

    def write(self, view):
        self._socket.settimeout(1)
        self._socket.sendall(view)
        self._socket.setblocking(False)

    def close(self):
        self._socket.close()


class Receiver:
    """lightwave_hw.datagram.NativeReceiver."""

    def __init__(self):
        self._socket = None
        self.opened = 0

    def open(self, address, port):
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((address, port))
        except OSError:
            self.close()
            raise
        self._socket.settimeout(0.1)
        self.opened += 1

    @property
    def address(self):
        return self._socket.getsockname()

    def receive(self, buf):
        try:
            return self._socket.recv_into(buf)
        except TimeoutError:
            return -1

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class TimeSocket(Receiver):
    """lightwave_hw.datagram.NativeTimeSocket."""

    def open(self, address, host, port):
        super().open(address, 0)
        self._socket.connect((host, port))

    def send(self, buf):
        self._socket.send(buf)


class Station:
    """lightwave_hw.station.Station, always in reach of its access point unless `joined` says otherwise."""

    def __init__(self, address="127.0.0.1"):
        self.joined = True
        self.connects = 0
        self._address = address

    def connect(self):
        self.connects += 1

    def is_connected(self):
        return self.joined

    def address(self):
        return self._address

    def mac(self):
        return "02:4B:31:00:00:01"

    def rssi(self):
        return -50

    def close(self):
        pass


class UpdatePort:
    """lightwave_hw.update_port.UpdatePort of a board that never took an update; keeps what it is told."""

    def __init__(self, slot=None, trial="", verdict=0, version="", counter=0):
        self.trial = trial
        self.verdict = verdict
        self.version = version or trial
        self.counter = counter
        self.did = []
        self._slot = slot

    def feed(self):
        pass

    def slot(self, kind):
        return self._slot

    def begin(self):
        self.did.append("begin")

    def switch(self, slot, statement):
        self.did.append("switch")
        self.version = statement["version"]

    def confirm(self):
        self.did.append("confirm")
        self.verdict = 1

    def give_up(self):
        self.did.append("give up")

    def reset(self):
        self.did.append("reset")
