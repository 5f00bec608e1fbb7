"""One update from the order to the reset: checks, download, verification, switch. Imported when an order comes.

Everything that can be refused is refused before the flash is touched: what the order says, the statement's signature,
board, kind, age, expiry, and with the first bytes of the image the chip. What arrives is hashed while it is written to
the slot that is not running, and only what has the signed size and hash is switched to.
"""

from binascii import hexlify, unhexlify
from hashlib import sha256

from lightwave import messages, release, ticks
from lightwave.app_archive import ArchiveError
from lightwave.compat import const
from lightwave.ed25519 import Verification
from lightwave.release import ReleaseError
from lightwave_node.download import Download, Refused

_BLOCK = const(4096)
_NO_SPACE = const(28)  # ENOSPC, which MicroPython's errno does not name
_BITS_A_STEP = const(2)  # of a signature check of 253: 4 ms by counted instructions, and 0.16 s before and after them
_LET_DRAW_MS = const(1)  # between steps that compute: only who sleeps hands the GIL to the thread that draws
_DIM_US = const(600000)  # the strips fade before the flash is written, and draw less current from then on
_WAIT_MS = const(5)  # for the network in one step: time pings and keepalives go on beside
_STALLED_US = const(4000000)
_RETRY_US = const(500000)
_ATTEMPTS = const(20)  # connections without a byte, one after another
FAILURES = (ReleaseError, ArchiveError, Refused, OSError, MemoryError)


class Updater:
    """`for _ in updater.steps(): ...` does it, each step some milliseconds and at most one flash sector; raises one of
    FAILURES. `state` and `pct` are those of ota_status; `dim` is True from the download on. Afterwards
    `restart` says whether there is something new to start."""

    def __init__(self, order, board, key, clock, port, connect, own_address):
        self._order = order
        self._board = board
        self._key = key
        self._clock = clock
        self._port = port
        self._connect = connect
        self._own_address = own_address
        self.sha256 = order["sha256"]
        self.version = order["version"]
        self.state = messages.OTA_CHECKING
        self.pct = 0
        self.dim = False
        self.restart = False

    def steps(self):
        statement = self._read_statement()
        yield
        yield from self._check_signature()
        block = bytearray(_BLOCK)
        slot = self._port.slot(statement["kind"])
        for digest in slot.digests(statement["size"], block):
            there = digest
            self._clock.sleep_ms(_LET_DRAW_MS)
            yield
        if there != unhexlify(statement["sha256"]):
            yield from self._fetch(statement, slot, block)
        yield from self._fade()
        self.state = messages.OTA_WRITING
        yield
        self._port.switch(slot, statement)
        self.state = messages.OTA_REBOOTING
        self.pct = 100
        self.restart = True

    def _read_statement(self):
        order = self._order
        if not self._key:
            raise ReleaseError("update_key", "config.json has none, so nothing can be trusted")
        for field in ("statement", "signature", "unix_s"):
            if field not in order:
                raise ReleaseError(field, "is missing in the order")
        statement = release.decode(_bytes("statement", order["statement"]))
        for field in ("version", "sha256"):
            if statement[field] != order[field]:
                raise ReleaseError(field, "is not what was signed")
        release.check_fit(statement, self._board, self._port.counter, order["unix_s"])
        return statement

    def _check_signature(self):
        order = self._order
        signed = _bytes("statement", order["statement"])
        check = Verification(_bytes("update_key", self._key), signed, _bytes("signature", order["signature"]))
        right = None
        while right is None:
            right = check.step(_BITS_A_STEP)
            self._clock.sleep_ms(_LET_DRAW_MS)
            yield
        if not right:
            raise ReleaseError("signature", "is not that of the update key")

    def _fetch(self, statement, slot, block):
        """Download into the slot. The flash is first written with the first whole block."""
        yield from self._fade()
        self.state = messages.OTA_DOWNLOADING
        began_at = self._clock.now()
        digest = sha256()
        size = statement["size"]
        download = Download(self._clock, self._connect, self._own_address, self._order["url"], size)
        view = memoryview(block)
        began = False
        try:
            for filled in self._blocks(download, view, size):
                if filled and not began:
                    slot.check_head(view[:filled], size)
                    self._port.begin()
                    began = True
                    yield from slot.begin()
                if filled:
                    digest.update(view[:filled])
                    slot.write(block, filled)
                    self.pct = download.at * 99 // size
                yield
            print("[OTA] %d bytes in %d ms" % (size, ticks.diff(self._clock.now(), began_at) // 1000))
            self.state = messages.OTA_VERIFYING
            yield
            if hexlify(digest.digest()).decode() != statement["sha256"]:
                raise ReleaseError("sha256", "what was downloaded is something else")
            slot.finish()
        except FAILURES:
            if began:
                yield from slot.abandon()
            raise
        finally:
            download.close()

    def _fade(self):
        """Wait until the strips are dim and steady."""
        if not self.dim:
            self.dim = True
            since = self._clock.now()
            while ticks.diff(self._clock.now(), since) < _DIM_US:
                yield

    def _blocks(self, download, view, size):
        """Yields the bytes of each block when `view` holds it, and 0 while it does not yet."""
        for at in range(0, size, len(view)):
            wanted = min(len(view), size - at)
            while download.at < at + wanted:
                for _ in self._some(download, view[download.at - at : wanted]):
                    yield 0
            yield wanted

    def _some(self, download, view):
        """Read at least a byte into the view, however often the connection breaks before."""
        attempts = 0
        since = self._clock.now()
        while True:
            try:
                if not download.is_open:
                    download.open()
                if download.read_into(view):
                    return
                download.wait(_WAIT_MS)
                if ticks.diff(self._clock.now(), since) > _STALLED_US:
                    raise OSError("nothing came for %d s" % (_STALLED_US // 1000000))
            except OSError as error:
                download.close()
                attempts += 1
                if attempts >= _ATTEMPTS:
                    raise OSError("download: %s" % error) from None
                since = self._clock.now()
                while ticks.diff(self._clock.now(), since) < _RETRY_US:
                    yield
                since = self._clock.now()
            yield


def reason(error):
    """One of FAILURES as ota_status says it."""
    if isinstance(error, MemoryError):
        return "no memory left"
    if isinstance(error, OSError) and error.errno == _NO_SPACE:
        return "image: does not fit, the flash is full"
    return str(error)


def _bytes(field, text):
    try:
        return unhexlify(text)
    except ValueError:
        raise ReleaseError(field, "must be hexadecimal digits") from None
