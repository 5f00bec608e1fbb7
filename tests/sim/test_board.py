"""Power, resets, watchdog, serial port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lightwave_sim import NodeCrashed, SimNode
from tests.sim.conftest import RunScript


def mpremote(node: SimNode, *arguments: str) -> str:
    """Run the real tool against the node's serial port."""
    tool = shutil.which("mpremote", path=str(Path(sys.executable).parent)) or shutil.which("mpremote")
    if tool is None:
        pytest.skip("mpremote is not installed")
    result = subprocess.run(
        [tool, "connect", node.serial_path, *arguments], capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_identity(run_script: RunScript) -> None:
    node = run_script(
        """
        import machine, os, sys
        print(sys.platform, os.uname().machine, sys.path, machine.unique_id().hex(), machine.reset_cause())
        print(os.listdir("/"))
    """,
        mac="02:4B:31:AA:BB:CC",
    )
    node.wait_for(r"esp32 K1 SIM board with \S+ \['', '.frozen', '/lib'\] 024b31aabbcc 1")
    node.wait_for(r"\['config.json', 'main.py'\]")  # nothing of the host


def test_mpremote_works_unchanged(run_script: RunScript, tmp_path: Path) -> None:
    node = run_script("print('started')")
    assert mpremote(node, "exec", "print(1)").strip() == "1"
    (tmp_path / "hello.py").write_text("print('from a file')\n" + "# padding\n" * 800)
    mpremote(node, "fs", "cp", str(tmp_path / "hello.py"), ":hello.py")
    assert "hello.py" in mpremote(node, "fs", "ls")
    assert mpremote(node, "fs", "cat", ":hello.py") == (tmp_path / "hello.py").read_text()
    assert mpremote(node, "run", str(tmp_path / "hello.py")) == "from a file\n"
    mpremote(node, "soft-reset")
    assert mpremote(node, "exec", "import machine; print(machine.reset_cause())").strip() == "5"
    node.check()


def test_ctrl_c_stops_main_and_ctrl_d_starts_it_again(run_script: RunScript) -> None:
    node = run_script("""
        import time
        print("main runs")
        while True:
            time.sleep(10)
    """)
    node.wait_for("main runs")
    with open(node.serial_path, "wb", buffering=0) as serial:
        serial.write(b"\x03")
        node.wait_for("KeyboardInterrupt", 2)
        node.wait_for(">>> ")
        serial.write(b"\x04")
        node.wait_for("MPY: soft reboot")
    node.wait_for("main runs")
    node.check()


@pytest.mark.parametrize(
    "blocking",
    [
        "while True: pass",
        "import select; select.poll().poll()",
        "import network, socket, time; w = network.WLAN(); w.active(True); w.connect('LightwaveOS', 'lightwave-sim')\n"
        "while not w.isconnected(): time.sleep_ms(5)\n"
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(('', 0)); s.recv(1)",
    ],
    ids=["loop", "poll", "recv"],
)
def test_ctrl_c_ends_anything_that_blocks(run_script: RunScript, blocking: str) -> None:
    node = run_script(f"print('blocking')\n{blocking}\n")
    node.wait_for("blocking")
    with open(node.serial_path, "wb", buffering=0) as serial:
        serial.write(b"\x03")
        node.wait_for("KeyboardInterrupt", 3)


def test_hard_reset_starts_everything_over(run_script: RunScript) -> None:
    node = run_script("""
        import machine, _thread, socket
        print("cause", machine.reset_cause())
        if machine.reset_cause() == machine.PWRON_RESET:
            kept = [socket.socket() for _ in range(10)]
            _thread.start_new_thread(machine.reset, ())
            while True:
                pass
        print("sockets", len([socket.socket() for _ in range(16)]))
    """)
    assert node.wait_for(r"cause (\d)")[1] == "1"
    assert node.wait_for(r"cause (\d)")[1] == "2"
    assert node.wait_for(r"sockets (\d+)")[1] == "16"


def test_watchdog_resets_a_hung_node(run_script: RunScript) -> None:
    node = run_script("""
        import machine, time
        print("cause", machine.reset_cause())
        if machine.reset_cause() == machine.PWRON_RESET:
            dog = machine.WDT(timeout=300)
            for _ in range(10):
                time.sleep_ms(60)
                dog.feed()
            print("fed long enough")
            while True:
                pass
    """)
    node.wait_for("fed long enough")
    node.wait_for("watchdog got triggered", 2)
    assert node.wait_for(r"cause (\d)")[1] == "3"


def test_uncaught_exception_is_a_crash(run_script: RunScript) -> None:
    node = run_script("def fail():\n    raise RuntimeError('lost')\nfail()\n")
    node.wait_for("RuntimeError: lost")
    with pytest.raises(NodeCrashed, match="RuntimeError: lost"):
        node.check()


def test_a_death_nobody_ordered_is_a_crash(run_script: RunScript) -> None:
    node = run_script("print('up')")
    node.wait_for("up")
    os.kill(node.pid, signal.SIGSEGV)
    with pytest.raises(NodeCrashed, match="ended by itself"):
        node.wait_for("never", 5)


def test_pause_and_resume(run_script: RunScript) -> None:
    node = run_script("""
        import time
        last = time.ticks_ms()
        print("ticking")
        while True:
            time.sleep_ms(5)
            now = time.ticks_ms()
            if time.ticks_diff(now, last) > 150:
                print("gap")
            last = now
    """)
    node.wait_for("ticking")
    node.pause()
    with pytest.raises(TimeoutError):
        node.wait_for("gap", 0.3)
    node.resume()
    node.wait_for("gap")


def test_nodes_end_with_their_host(sim_build, tmp_path: Path) -> None:
    script = f"""
import os, sys
sys.path.insert(0, {str(sim_build.binary.parent.parent.parent / "boards" / "SIM")!r})
from pathlib import Path
from lightwave_sim import SimNode, SimOptions
node = SimNode(SimOptions(Path({str(tmp_path / "n")!r}), application=False))
node.start()
node.wait_for(">>> ")
print(node.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    pid = int(result.stdout)
    for _ in range(200):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return
        subprocess.run(["sleep", "0.01"], check=True)
    pytest.fail("the node outlived its host")
