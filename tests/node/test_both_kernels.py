"""The inner loops: plain Python here, machine code as well on MicroPython (test_on_micropython.py)."""

import kernel_vectors

from lightwave.compat import MICROPYTHON
from lightwave_node import kernels


def test_plain():
    kernel_vectors.check(kernels)


def test_viper():
    if MICROPYTHON:
        from lightwave_hw import kernels_viper

        kernel_vectors.check(kernels_viper)


def test_twins_have_the_same_names():
    if MICROPYTHON:
        from lightwave_hw import kernels_viper

        for name in dir(kernels):
            if not name.startswith("_"):
                assert hasattr(kernels_viper, name), name
