"""A node's console: everything it printed, and waiting for what it will print."""

from __future__ import annotations

import codecs
import os
import re
import threading
import time

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n(?:  .*\n)*(?P<error>\S.*)")
# print() sends its arguments one by one; output that has not grown for so long is taken as complete.
SETTLED_S = 0.03
_THREAD_DIED = "Unhandled exception in thread"


class Console:
    """Collects the output of one or more power cycles; a reader thread per cycle feeds it."""

    def __init__(self) -> None:
        self._text = ""
        self._matched = 0
        self._grown = threading.Condition()
        self._readers = 0

    @property
    def text(self) -> str:
        """All output so far, with plain newlines."""
        with self._grown:
            return self._text

    @property
    def ended(self) -> bool:
        """Whether the node has closed its output and all of it has been read."""
        with self._grown:
            return self._readers == 0

    def attach(self, fd: int) -> None:
        """Read fd to its end in the background, then close it."""
        with self._grown:
            self._readers += 1
        threading.Thread(target=self._read, args=(fd,), name="sim-console", daemon=True).start()

    def _read(self, fd: int) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := os.read(fd, 65536):
            with self._grown:
                # A \r at the end of a piece joins the \n that starts the next.
                self._text = (self._text + decoder.decode(data)).replace("\r\n", "\n")
                self._grown.notify_all()
        os.close(fd)
        with self._grown:
            self._readers -= 1
            self._grown.notify_all()

    def wait_for(self, pattern: str, timeout: float) -> re.Match[str] | None:
        """The next match behind the previous wait's; None when time is over or the output has ended without it."""
        expression = re.compile(pattern, re.MULTILINE)
        deadline = time.monotonic() + timeout
        with self._grown:
            while True:
                match = expression.search(self._text, self._matched)
                left = deadline - time.monotonic()
                at_end = match is not None and match.end() == len(self._text)
                # There the line may go on, and the match with it.
                if at_end and left > 0 and self._readers and self._grown.wait(min(left, SETTLED_S)):
                    continue
                if match:
                    self._matched = match.end()
                    return match
                if left <= 0 or self._readers == 0:
                    return None
                self._grown.wait(left)

    def tail(self, lines: int = 40) -> str:
        """The last lines, for error messages."""
        return "\n".join(self.text.splitlines()[-lines:])

    def crash(self) -> str | None:
        """The first traceback of the node's own doing, or None. Ctrl-C and what is typed at the REPL are the user's."""
        text = self.text
        if _THREAD_DIED in text:
            return text[text.index(_THREAD_DIED) :]
        for match in _TRACEBACK.finditer(text):
            if not match["error"].startswith("KeyboardInterrupt") and 'File "<stdin>"' not in match[0]:
                return match[0]
        return None
