"""The hub as a process of its own, driven over HTTP: what `k1 demo` and the system tests stand on."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

START_TIMEOUT_S = 15
STOP_TIMEOUT_S = 5
REQUEST_TIMEOUT_S = 5
ADDRESS = re.compile(r"http://(?P<host>[^\s:/]+):(?P<port>\d+)/(#token=(?P<token>\S+))?")


class HubFailed(Exception):
    """The hub did not start, or ended by itself; `output` is what it printed."""

    def __init__(self, what: str, output: str) -> None:
        super().__init__(f"{what}\n{output}".rstrip())
        self.output = output


class HubProcess:
    """`k1 hub` on one address; `port` 0 lets the system choose, and a restart keeps what it chose. So does a restart
    with the port of time pings, which is any free one, for there may be several hubs on this machine. What it keeps
    goes to the folder `store`; its first start there gives the token that opens it. `options` are more of `k1 hub`'s.
    """

    def __init__(
        self,
        store: Path,
        host: str = "127.0.0.1",
        port: int = 0,
        log: Path | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.host = host
        self._options = options
        self._token = ""
        self.environment: dict[str, str] = {}  # of the next start, besides this process's own
        self.port = port
        self.time_port = _free_udp_port(host)
        self._store = store
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self._output: list[str] = []
        self._listening = threading.Event()

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def link(self) -> str:
        """The page's address with the token that opens it."""
        return f"{self.url}/#token={self._token}" if self._token else f"{self.url}/"

    @property
    def headers(self) -> dict[str, str]:
        """What opens the hub to a request."""
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    @property
    def output(self) -> str:
        return "".join(self._output)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        self._listening.clear()
        command = [sys.executable, "-m", "lightwave_hub.cli.main", "hub", "--host", self.host]
        command += ["--port", str(self.port), "--time-port", str(self.time_port), "--store", str(self._store)]
        command += self._options
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **self.environment},
            start_new_session=True,  # Ctrl-C is for the demo, which then ends the hub in order
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        self._listening.wait(START_TIMEOUT_S)
        if self._process.poll() is not None or not self.port:
            self.kill()
            raise HubFailed("The hub did not start:", self.output)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self._take(line)
        self._listening.set()  # it ended: nobody shall wait for an address any more

    def _take(self, line: str) -> None:
        if not self._listening.is_set() and (found := ADDRESS.search(line)):
            self.port = int(found["port"])
            self._token = found["token"] or self._token
            line = line.replace(f"#token={self._token}", "")  # logs hold no secrets
            self._listening.set()
        self._output.append(line)
        if self._log is not None:
            with self._log.open("a") as log:
                log.write(line)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_TIMEOUT_S)
            self._reader.join()
            return code
        except subprocess.TimeoutExpired:
            self.kill()
            raise HubFailed(f"The hub did not end within {STOP_TIMEOUT_S} s of SIGTERM:", self.output) from None

    def kill(self) -> None:
        """SIGKILL: what a pulled plug looks like to the nodes."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._reader.join()

    def check(self) -> None:
        """Raise HubFailed if it ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise HubFailed(f"The hub ended with exit code {self._process.returncode}:", self.output)

    def get(self, path: str) -> Any:
        return self._request(urllib.request.Request(self.url + path, headers=self.headers))

    def post(self, path: str, body: dict[str, object]) -> Any:
        headers = {"Content-Type": "application/json", **self.headers}
        data = json.dumps(body).encode()
        return self._request(urllib.request.Request(self.url + path, data, headers))

    def _request(self, request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=REQUEST_TIMEOUT_S) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise HubFailed(f"{request.full_url}: {error.code}", error.read().decode(errors="replace")) from error


def _free_udp_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
