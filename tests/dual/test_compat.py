import sys

from dual_support import no_allocation, raises

from lightwave import compat


def test_crc32_check_value():
    assert compat.crc32(b"123456789") == 0xCBF43926


def test_interpreter_is_told():
    assert compat.MICROPYTHON == (sys.implementation.name == "micropython")


def test_a_locked_heap_refuses_allocation_on_micropython():
    def allocate():
        with no_allocation:
            return [1] * 100

    if compat.MICROPYTHON:
        with raises(MemoryError):
            allocate()
    else:
        allocate()


def test_first_importable_takes_the_first_that_loads():
    assert compat.first_importable("lightwave.no_such_module", "lightwave.ticks").PERIOD == 1 << 30


def test_first_importable_passes_over_a_module_for_another_interpreter():
    # CPython has no `micropython`, so this file's decorator is a NameError; MicroPython loads it or finds no emitter
    twin = compat.first_importable("only_with_an_emitter", "lightwave.ticks")
    assert twin.__name__ == "lightwave.ticks" or (compat.MICROPYTHON and twin.answer() == 42)


def test_first_importable_does_not_hide_the_last_error():
    with raises(ImportError):
        compat.first_importable("lightwave.no_such_module", "lightwave.nor_this")


def test_json_is_compact_and_keeps_characters():
    assert compat.to_json(["ä", 1]) == '["ä",1]'


def test_every_module_imports_alone():
    for name in ("apply_queue", "beat", "constants", "edges", "fields", "histogram", "messages", "packets", "timesync"):
        assert compat.first_importable("lightwave." + name)
