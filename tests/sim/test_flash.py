"""Flash: NOR bits, the OTA state machine, a filesystem that survives power cuts."""

from __future__ import annotations

from lightwave_sim import SimNode, build_image
from tests.sim.conftest import RunScript


def test_flash_is_nor(run_script: RunScript) -> None:
    node = run_script("""
        from esp32 import Partition
        slot = Partition("ota_1")
        block = bytearray(4096)
        slot.ioctl(6, 0)
        slot.readblocks(0, block)
        print("erased", set(block) == {255})
        slot.writeblocks(0, b"\\xf0", 10)
        slot.writeblocks(0, b"\\x0f\\xaa", 10)
        byte = bytearray(3)
        slot.readblocks(0, byte, 9)
        print("anded", byte.hex())
        slot.writeblocks(0, bytes(range(256)) * 16)
        slot.readblocks(0, byte, 1)
        print("rewritten", byte.hex())
        try:
            slot.readblocks(slot.info()[3] // 4096, byte)
        except OSError as error:
            print("bounds", error)
    """)
    node.wait_for("erased True")
    node.wait_for("anded ff00aa")
    node.wait_for("rewritten 010203")
    node.wait_for("bounds .*INVALID_SIZE")


def test_partition_table(run_script: RunScript) -> None:
    node = run_script("""
        from esp32 import Partition
        for part in Partition.find(Partition.TYPE_APP) + Partition.find(Partition.TYPE_DATA):
            print(part.info()[4], part.info()[0], part.info()[1], part.ioctl(5, 0) * part.ioctl(4, 0) == part.info()[3])
        print("running", Partition(Partition.RUNNING).info()[4], Partition(0).get_next_update().info()[4])
    """)
    for line in ("ota_0 0 16 True", "ota_1 0 17 True", "nvs 1 2 True", "otadata 1 0 True", "vfs 1 129 True"):
        node.wait_for(line)
    node.wait_for("running ota_0 ota_1")


UPDATER = """
    import machine, os
    from esp32 import Partition
    running = Partition(Partition.RUNNING)
    print("boot", running.info()[4], machine.reset_cause())

    def install(path):
        slot = running.get_next_update()
        with open(path, "rb") as image:
            number = 0
            while True:
                block = image.read(4096)
                if not block:
                    break
                slot.writeblocks(number, block + b"\\xff" * (4096 - len(block)))
                number += 1
        slot.set_boot()

    if running.info()[4] == "ota_0" and "new.bin" in os.listdir():
        install("new.bin")
        os.remove("new.bin")
        print("installed")
        machine.reset()
"""


def start_update(run_script: RunScript, image: bytes, after: str) -> SimNode:
    node = run_script("print('factory')")
    node.wait_for("factory")
    node.kill()
    node.write_files({"/main.py": (UPDATER + after).replace("\n    ", "\n"), "/new.bin": image})
    node.power_on()
    return node


def test_update_that_marks_itself_valid_stays(run_script: RunScript) -> None:
    node = start_update(
        run_script,
        build_image("2.0", "print('image two')"),
        """
    if running.info()[4] == "ota_1":
        Partition.mark_app_valid_cancel_rollback()
        print("valid")
    """,
    )
    node.wait_for("boot ota_0")
    node.wait_for("installed")
    node.wait_for("image two")
    node.wait_for("boot ota_1 2")
    node.wait_for("valid")
    node.kill()
    node.power_on()
    node.wait_for("boot ota_1 1")


def test_update_that_does_not_is_rolled_back(run_script: RunScript) -> None:
    node = start_update(run_script, build_image("2.0"), "")
    node.wait_for("boot ota_1")
    node.kill()
    node.power_on()
    node.wait_for("boot ota_0")
    node.kill()
    node.power_on()
    node.wait_for("boot ota_0")


def test_update_that_hangs_before_the_application_is_rolled_back(run_script: RunScript) -> None:
    hang = "import machine\nmachine.WDT(timeout=200)\nprint('hanging')\nwhile True:\n    pass\n"
    node = start_update(run_script, build_image("2.0", hang), "")
    node.wait_for("hanging")
    node.wait_for("watchdog")
    node.wait_for("boot ota_0 3")


def test_incomplete_images_are_refused(run_script: RunScript) -> None:
    image = bytearray(build_image("2.0", payload=bytes(9000)))
    image[5000] ^= 1
    node = start_update(run_script, bytes(image), "")
    node.wait_for("ESP_ERR_OTA_VALIDATE_FAILED")


def test_files_survive_sigkill(run_script: RunScript) -> None:
    node = run_script("""
        try:
            with open("count") as file:
                print("kept", file.read())
        except OSError:
            pass
        n = 0
        while True:
            n += 1
            with open("count", "w") as file:
                file.write(str(n))
            if n % 5 == 0:
                print("wrote", n)
    """)
    for _ in range(3):
        wrote = int(node.wait_for(r"wrote (\d+)")[1])
        node.kill()
        node.power_on()
        assert int(node.wait_for(r"kept (\d+)")[1]) >= wrote
    node.check()


def test_nvs_keeps_what_was_committed(run_script: RunScript) -> None:
    node = run_script("""
        from esp32 import NVS
        nvs = NVS("node")
        try:
            blob = bytearray(8)
            print("kept", nvs.get_i32("boots"), nvs.get_blob("key", blob), bytes(blob[:3]))
        except OSError as error:
            print("fresh", error)
        nvs.set_i32("boots", -7)
        nvs.set_blob("key", b"abc")
        nvs.commit()
        nvs.set_i32("boots", 1)  # and not committed
        print("committed")
    """)
    node.wait_for("fresh .*NOT_FOUND")
    node.wait_for("committed")
    node.kill()
    node.power_on()
    node.wait_for(r"kept -7 3 b'abc'")
