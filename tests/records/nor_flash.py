# A flash in RAM for the SIM's MicroPython: a block device for littlefs2 that counts and whose power can go.

BLOCK = 4096
EIO = 5


class Flash:
    """NOR flash: an erase sets bits, a program clears them. From step `cut_at` on there is no power; the step under way
    does half of its work."""

    def __init__(self, blocks=40):
        self.blocks = blocks
        self.data = bytearray(b"\xff" * (BLOCK * blocks))
        self.steps = 0
        self.programmed = 0  # bytes
        self.erases = 0
        self.cut_at = -1

    def readblocks(self, block, buf, offset=0):
        at = block * BLOCK + offset
        buf[:] = self.data[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=None):
        if offset is None:
            self.ioctl(6, block)
            offset = 0
        length = self._power(len(buf))
        at = block * BLOCK + offset
        self.programmed += length
        for place in range(length):
            self.data[at + place] &= buf[place]
        if length < len(buf):
            raise OSError(EIO)

    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return BLOCK
        if op == 6:
            length = self._power(BLOCK)
            at = arg * BLOCK
            self.erases += 1
            self.data[at : at + length] = b"\xff" * length
            if length < BLOCK:
                raise OSError(EIO)
            return 0
        return None

    def _power(self, length):
        """How much of a step is done."""
        self.steps += 1
        if self.cut_at < 0 or self.steps < self.cut_at:
            return length
        return length // 2 if self.steps == self.cut_at else 0

    @property
    def off(self):
        return 0 <= self.cut_at <= self.steps
