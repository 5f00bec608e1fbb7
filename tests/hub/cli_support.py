"""`k1` as a process, and a hub as one."""

import os
import signal
import subprocess
import sys
import tempfile

K1 = (sys.executable, "-m", "lightwave_hub.cli.main")


def k1(*words, text_in=None, **environment):
    """Run `k1 words` to its end; what this machine's user has configured is not looked at."""
    return subprocess.run(
        [*K1, *words],
        capture_output=True,
        text=True,
        input=text_in,
        timeout=30,
        check=False,
        env={**os.environ, "K1_CONFIG": "/no/such/cli.toml", **environment},
    )


class HubProcess:
    """`k1 hub` on a free port of 127.0.0.1; open to everybody, unless access is what is tested."""

    def __init__(self, *options, access=False):
        self._store = tempfile.TemporaryDirectory(prefix="k1-test-")
        self.store = self._store.name
        command = [*K1, "hub", "--host", "127.0.0.1", "--port", "0", "--store", self._store.name, *options]
        command += [] if access else ["--open"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert "http://127.0.0.1:" in line, self.process.stderr.read()
        self.link = line.split()[-1]
        self.url = self.link.partition("#")[0].rstrip("/")

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        _, errors = self.process.communicate(timeout=10)
        self._store.cleanup()
        return self.process.returncode, errors
