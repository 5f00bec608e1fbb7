"""Reading a board's serial port for days: a thread that opens it again whenever it is gone."""

from __future__ import annotations

import codecs
import threading
import time
from pathlib import Path
from typing import TextIO

import serial
from _flash_errors import explained
from _monitor_board import Board

BAUD = 115200
READ_S = 0.2
RETRY_S = 0.5


class Listener:
    """`start` it, `stop` it; `lock` guards the board, which any other thread may look at while it holds it."""

    def __init__(self, board: Board, log: Path, lock: threading.Lock) -> None:
        self._board = board
        self._log = log
        self._lock = lock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"listen to {board.port}", daemon=True)
        self._line = self._open()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _open(self) -> serial.Serial:
        """Raises OSError. Both lines stay as they are where the system lets us: together they reset many boards."""
        line = serial.Serial(None, BAUD, timeout=READ_S, exclusive=True)
        line.dtr = line.rts = False
        line.port = self._board.port
        line.open()
        return line

    def _run(self) -> None:
        with open(self._log, "a", encoding="utf-8") as log:
            while not self._stop.is_set():
                try:
                    self._listen(log)
                except OSError as error:  # pyserial's own is one
                    self._line.close()
                    with self._lock:
                        self._board.gone(explained(error, self._board.port).cause, time.monotonic())
                    self._wait_for_it()
            self._line.close()

    def _listen(self, log: TextIO) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not self._stop.is_set():
            data = self._line.read(self._line.in_waiting or 1)
            if not data:
                continue
            with self._lock:
                lines = self._board.feed(decoder.decode(data), time.monotonic())
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
            log.writelines(f"{stamp}Z {line}\n" for line in lines)
            log.flush()

    def _wait_for_it(self) -> None:
        while not self._stop.wait(RETRY_S):
            try:
                self._line = self._open()
            except OSError:
                continue
            with self._lock:
                self._board.back(time.monotonic())
            return
