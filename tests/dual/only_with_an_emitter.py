# Imported by test_compat.py only: stands for the viper half of a pair of twins.
import micropython


@micropython.viper
def answer() -> int:
    return 42
