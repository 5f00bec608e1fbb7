"""What the dual tests share. Runs on both interpreters; a test is any function of a module named test_*."""

from lightwave.compat import heap_lock, heap_unlock


class raises:
    """`with raises(ValueError) as caught:` - afterwards `caught.error` is the exception."""

    def __init__(self, kind) -> None:
        self.kind = kind
        self.error = None

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback) -> bool:
        assert kind is not None, "%s was not raised" % self.kind.__name__
        self.error = error
        return issubclass(kind, self.kind)


class _NoAllocation:
    def __enter__(self) -> None:
        heap_lock()

    def __exit__(self, kind, error, traceback) -> bool:
        heap_unlock()
        return False


no_allocation = _NoAllocation()  # `with no_allocation:` - on MicroPython any allocation raises MemoryError


def cases(namespace: dict, rows):
    """Decorator: one test per row, named after the function and the row's first item, called with the other items.

    The function's own name becomes None, as it is no test."""

    def add(check):
        for row in rows:
            name = "%s_%s" % (check.__name__, row[0])
            assert name not in namespace, name
            namespace[name] = _bind(check, row[1:])

    return add


def _bind(check, arguments):
    def test():
        check(*arguments)

    return test


class Random:
    """A small repeatable generator (Park and Miller 1988): both interpreters see the same numbers."""

    def __init__(self, seed: int) -> None:
        self.state = seed % 2147483646 + 1

    def below(self, limit: int) -> int:
        """0..limit-1."""
        self.state = self.state * 48271 % 2147483647
        return self.state % limit
