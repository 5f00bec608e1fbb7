"""What `k1 doctor` looks at. Each check gives what was found, and when that is not right, what to do next."""

import argparse
import errno
import importlib.util
import json
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from lightwave_hub import realtime
from lightwave_hub.cli import checks_machine, checks_network, settings
from lightwave_hub.cli.check import FAILURE, OK, WARNING, Check
from lightwave_hub.cli.client import HubClient, hub_of
from lightwave_hub.config import Config
from lightwave_hub.errors import ConfigError, HubError, UnreachableError
from lightwave_hub.tempo import midi_port

_MB = 1 << 20
_LITTLE_DISK = 200 * _MB
_NO_DISK = 20 * _MB
_GOOD_CLOCKS = ("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "xen", "riscv_clocksource")
_CLOCK = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")
_SLOW_CLOCK_NS = 2000  # to ask it must not cost what a tick does
_UNPRIVILEGED = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
_SPARE_FILES = 64  # beside one socket a node: the database, logs, pages, commands


def all_checks(config: Config, args: argparse.Namespace) -> list[Check]:
    osc = config.osc
    checks: list[Callable[[], Check]] = [
        checks_machine.versions,
        lambda: _page_port(config),
        lambda: _udp_port("time port", config.hub.host, config.stream.time_port, "[stream] time_port"),
        *([lambda: _udp_port("OSC port", osc.host, osc.port, "[osc] port")] if osc.enabled else []),
        _real_time,
        _clock_source,
        checks_machine.wall_clock,
        lambda: _open_files(config),
        lambda: checks_network.firewall(config),
        lambda: _access(config),
        _network,
        *checks_network.wifi_checks(),
        checks_machine.serial_ports,
        lambda: _disk(config),
        lambda: _extra("Ableton Link", _why_no_link(), config.tempo.source == "link"),
        lambda: _extra("MIDI clock", midi_port.why_not(), config.tempo.source == "midi"),
        lambda: _hub(args),
    ]
    return [check() for check in checks]


def _page_port(config: Config) -> Check:
    host, port = config.hub.host, config.hub.port
    name = "page port"
    try:
        socket.create_server((host, port)).close()
        return Check(name, OK, f"TCP {port} of {host} is free")
    except PermissionError:
        least = _UNPRIVILEGED.read_text().strip() if _UNPRIVILEGED.exists() else "1024"
        python = Path(sys.executable).resolve()
        return Check(
            name,
            FAILURE,
            f"TCP {port} may not be listened on by this user, only ports from {least} up",
            f"sudo setcap cap_net_bind_service,cap_sys_nice=ep {python}, or set [hub] port = 8080",
        )
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _taken(name, host, port)
        step = "set [hub] host to an address of this machine"
        return Check(name, FAILURE, f"{host}:{port}: {error.strerror or error}", step)


def _taken(name: str, host: str, port: int) -> Check:
    try:
        health = HubClient(f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}").get("/health")
        return Check(name, OK, f"a hub runs on TCP {port}: {health['name']}, {health['nodes']} nodes")
    except (HubError, KeyError, TypeError):
        step = f"`sudo ss -ltnp 'sport = :{port}'` names it; stop it, or set [hub] port"
        return Check(name, FAILURE, f"TCP {port} is taken by another program", step)


def _udp_port(name: str, host: str, port: int, key: str) -> Check:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as test:
        try:
            test.bind((host, port))
        except OSError as error:
            words = "is taken, by a running hub perhaps" if error.errno == errno.EADDRINUSE else str(error.strerror)
            step = f"`sudo ss -lunp 'sport = :{port}'` names it; or set {key}"
            return Check(name, WARNING, f"UDP {port}: {words}", step)
    return Check(name, OK, f"UDP {port} is free")


def _real_time() -> Check:
    """Tried on a thread of its own, which then ends."""
    got: list[str] = []
    thread = threading.Thread(target=lambda: got.append(realtime.raise_this_thread()))
    thread.start()
    thread.join()
    if got == ["fifo"]:
        return Check("real time", OK, "the tick thread may be scheduled first")
    who = os.environ.get("USER") or "you"
    return Check(
        "real time",
        WARNING,
        f"the tick thread gets {got[0]} only: on a busy machine ticks may come late",
        f"add `{who} - rtprio 20` to /etc/security/limits.d/k1.conf and log in again, or use setcap as for port 80",
    )


def _clock_source() -> Check:
    began = time.perf_counter_ns()
    for _ in range(1000):
        time.monotonic_ns()
    cost_ns = (time.perf_counter_ns() - began) // 1000
    source = _CLOCK.read_text().strip() if _CLOCK.exists() else "unknown"
    found = f"{source}, {cost_ns} ns to ask it"
    if cost_ns > _SLOW_CLOCK_NS or (_CLOCK.exists() and source not in _GOOD_CLOCKS):
        return Check("clock", WARNING, found, f"`cat {_CLOCK.with_name('available_clocksource')}` names better ones")
    return Check("clock", OK, found)


def _open_files(config: Config) -> Check:
    try:
        import resource
    except ImportError:
        return Check("open files", OK, "no limit is known here")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = config.limits.nodes + _SPARE_FILES
    if most != resource.RLIM_INFINITY and most < needed:
        step = "raise nofile in /etc/security/limits.d/k1.conf, or lower [limits] nodes"
        return Check("open files", FAILURE, f"at most {most}, but {config.limits.nodes} nodes need {needed}", step)
    return Check("open files", OK, "no limit" if most == resource.RLIM_INFINITY else f"up to {most}")


def _network() -> Check:
    """The address from which packets to an access point's network would leave; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as test:
        try:
            test.connect(("192.168.4.2", 9))
            address = test.getsockname()[0]
        except OSError:
            step = "join the nodes' network, or start the access point"
            return Check("network", WARNING, "there is no network nodes could be in", step)
    return Check("network", OK, f"nodes find this machine at {address}")


def _disk(config: Config) -> Check:
    folder = config.store.folder().absolute()
    while not os.path.lexists(folder):  # not Path.exists, which raises where a folder above may not be looked into
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Check(
            "disk", FAILURE, f"{folder} may not be written by this user", "set [store] path to a folder that may"
        )
    free = shutil.disk_usage(folder).free
    found = f"{free // _MB} MB free in {folder}"
    if free < _LITTLE_DISK:
        return Check("disk", FAILURE if free < _NO_DISK else WARNING, found, "make room: the show could not be saved")
    return Check("disk", OK, found)


def _why_no_link() -> str:
    return "" if importlib.util.find_spec("aalink") else "not installed; `pip install k1-lightwaveos[link]`"


def _access(config: Config) -> Check:
    if not config.access.enabled:
        found = "is off: whoever reaches the hub plays and changes the show"
        return Check("access", WARNING, found, "set [access] enabled = true")
    try:
        has_key = bool(config.access.join_secret())
    except ConfigError as error:
        return Check("access", FAILURE, error.detail, f"mend {error.key}; `k1 token join-key` prints a new key")
    nodes = "nodes prove the join key" if has_key else "any node may join, for there is no join key"
    return Check("access", OK, f"people need a token; {nodes}")


def _extra(name: str, why_not: str, is_wanted: bool) -> Check:
    if not why_not:
        return Check(name, OK, "can be used")
    if is_wanted:
        return Check(name, FAILURE, f"[tempo] source asks for it, but: {why_not}", "install it, or set another source")
    return Check(name, OK, f"not used ({why_not})")


def _hub(args: argparse.Namespace) -> Check:
    try:
        hub = hub_of(args)
        health = hub.get("/health")
        return Check("hub", OK, f"{hub.url}: {json.dumps(health)}")
    except UnreachableError as error:
        if error.url == settings.DEFAULT_URL:
            return Check("hub", OK, "none runs on this machine")
        return Check("hub", WARNING, str(error), "name the right one by --url, K1_HUB or the configuration")
    except HubError as error:
        return Check("hub", WARNING, str(error), "see `k1 nodes --help` on --url and --token")
