"""Packages of Debian's release "trixie" on a machine that runs something else: no root, no system setting touched.

apt keeps a private state in one folder and fetches from the machine's own mirror, checked against the machine's own
Debian keyring. What it fetches is only ever unpacked into a folder, never installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

RELEASE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
TIMEOUT_S = 900  # for one apt command; the Xtensa toolchain is 150 MB
# A mirror out of reach must not hold up a build: one more try, then say so.
NETWORK_OPTIONS = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")


class TrixieError(Exception):
    """The packages cannot be had here; the message is one sentence that says why."""


class PrivateApt:
    """apt-get with its own sources, lists and cache below `home`; kind is "deb" or "deb-src"."""

    def __init__(self, home: Path, kind: str = "deb") -> None:
        self._home = home.resolve()
        self._kind = kind
        self._environment = {**os.environ, "APT_CONFIG": str(self._home / "apt.conf"), "LC_ALL": "C"}
        self._fresh = False

    def unpack(self, packages: Sequence[str], root: Path, leave_out: Sequence[str] = ()) -> None:
        """Put the packages' files below `root`, which appears whole or not at all.

        leave_out: tar patterns of members nobody needs, such as "./usr/share/doc".
        """
        debs = self._home / "debs"
        growing = root.with_name(root.name + ".new")
        for folder in (debs, growing):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self._update()
        self._apt("download", *packages, cwd=debs)
        for deb in sorted(debs.glob("*.deb")):
            _unpack_deb(deb, growing, leave_out)
        shutil.rmtree(root, ignore_errors=True)
        growing.rename(root)
        shutil.rmtree(debs)

    def source(self, package: str, into: Path) -> Path:
        """Fetch a source package's files into a folder; returns the .dsc that describes them."""
        self._update()
        into.mkdir(parents=True, exist_ok=True)
        self._apt("source", "--download-only", package, cwd=into)
        descriptions = sorted(into.glob(f"{package}_*.dsc"))
        if not descriptions:
            raise TrixieError(f"apt fetched no source package of {package}.")
        return descriptions[-1]

    def _update(self) -> None:
        """Write the configuration and fetch the lists of packages, once per process."""
        if self._fresh:
            return
        uri, keyring = _mirror()
        for folder in ("lists/partial", "cache/archives/partial"):
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        sources = self._home / "sources.list"
        sources.write_text(f"{self._kind} [signed-by={keyring}] {uri} {RELEASE} main\n")
        settings = {
            "Dir::Etc::sourcelist": sources,
            "Dir::Etc::sourceparts": "-",
            "Dir::State": self._home,
            "Dir::Cache": self._home / "cache",
            "Dir::State::status": "/dev/null",  # nothing counts as installed
            "APT::Sandbox::User": "",  # root would else download as a user who cannot write here
            "Acquire::Languages": "none",
        }
        (self._home / "apt.conf").write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
        self._apt("update")
        self._fresh = True

    def _apt(self, *arguments: str, cwd: Path | None = None) -> None:
        _run(["apt-get", "-q", *NETWORK_OPTIONS, *arguments], self._environment, cwd)


def _mirror() -> tuple[str, str]:
    """Where this machine's own Debian packages come from, and the keyring that vouches for them."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise TrixieError("Packages of trixie need apt-get and dpkg-deb, which this machine has not.")
    layout = "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(SIGNED_BY)|$(REPO_URI)"
    listing = _run(["apt-get", "indextargets", "--format", layout, "Created-By: Packages"], os.environ)
    for line in listing.splitlines():
        origin, label, component, keyring, uri = line.split("|", 4)
        # The security archive has the same origin, but not the packages of another release.
        if origin == label == "Debian" and component == "main":
            keyring = keyring if keyring.startswith("/") else str(KEYRING)  # older apt does not tell
            if not Path(keyring).exists():
                break
            return uri, keyring
    raise TrixieError("This machine's apt has no Debian mirror with its keyring, so packages of trixie cannot be had.")


def _run(command: Sequence[str], environment: Mapping[str, str], cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise TrixieError(f"`{' '.join(command[:2])}` was still busy after {TIMEOUT_S} s.") from None
    # `apt-get update` exits with 0 even when it reached nothing.
    failed = [line for line in done.stderr.splitlines() if line.startswith(("E:", "Err:", "W: Failed"))]
    if done.returncode != 0 or failed:
        reason = failed[0] if failed else done.stderr.strip()
        raise TrixieError(f"Packages of trixie could not be fetched: {reason}")
    return done.stdout


def _unpack_deb(deb: Path, root: Path, leave_out: Sequence[str]) -> None:
    patterns = [f"--exclude={pattern}" for pattern in leave_out]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as archive:
        tar = ["tar", "-x", "-f", "-", "-C", str(root), "--no-same-owner", *patterns]
        unpacked = subprocess.run(tar, stdin=archive.stdout, check=False).returncode
    if archive.returncode != 0 or unpacked != 0:
        raise TrixieError(f"{deb.name} could not be unpacked.")
