# What the chip and the ESP32 port's _boot.py do before boot.py: choose the app slot, mount the flash, then hand over
# to the board's main loop. Started as `k1-sim -m sim_boot`.

import sys

import _sim
import sim_image
import vfs
from esp32 import Partition


def mount_flash():
    # The unix port has mounted the host's files at "/". Nothing on the board may see them.
    vfs.umount("/")
    storage = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
    try:
        vfs.mount(storage, "/")
    except OSError:
        print("Performing initial setup")
        vfs.VfsLfs2.mkfs(storage)
        vfs.mount(storage, "/")


_sim.ota_boot()
mount_flash()
sys.path[:] = ["", ".frozen", "/lib"]
sys.argv[:] = []

sim_image.run(Partition(Partition.RUNNING))
# Boot code leaves nothing behind for the application to find.
for _name in ("sim_image", "sim_boot"):
    sys.modules.pop(_name, None)
_sim.run()
