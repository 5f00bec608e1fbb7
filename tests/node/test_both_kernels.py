"""The inner loops: plain Python here, machine code as well on MicroPython (test_on_micropython.py)."""

import kernel_random
import kernel_vectors

from lightwave.compat import MICROPYTHON
from lightwave_node import kernels


def names():
    return [name for name in kernels.__all__ if name not in kernel_random.NOT_HERE]


def test_plain():
    kernel_vectors.check(kernels)


def test_viper():
    if MICROPYTHON:
        from lightwave_hw import kernels_viper

        kernel_vectors.check(kernels_viper)


def test_twins_have_the_same_names():
    if MICROPYTHON:
        from lightwave_hw import kernels_viper

        assert kernels_viper.__all__ == kernels.__all__
        for name in kernels.__all__:
            assert hasattr(kernels_viper, name), name


def test_twins_agree_on_200_random_inputs():
    """On CPython only that the plain ones stay within their buffers and within 16 bits."""
    other = kernels
    if MICROPYTHON:
        from lightwave_hw import kernels_viper as other
    for name in names():
        kernel_random.check(name, kernels, other, 200 if MICROPYTHON else 40)


def test_every_kernel_has_random_inputs():
    assert sorted(names()) == sorted(kernel_random.ARGUMENTS)
