"""Run by MicroPython: `micropython run_micropython.py <folder of lightwave> test_file.py [tests to leave out]`.

Prints "ok NAME" or "FAIL NAME" with the traceback after it for every test of the file, and at last "end"."""

import sys


def _run(name: str, test) -> bool:
    try:
        test()
    except Exception as error:
        print("FAIL", name)
        sys.print_exception(error, sys.stdout)
        return False
    print("ok", name)
    return True


def main(library: str, path: str, *left_out: str) -> None:
    folder, _, file = path.rpartition("/")
    sys.path[:0] = [library, folder]
    module = __import__(file[:-3])
    passed = True
    tests = module.__dict__  # dir() would not list names made at run time
    for name in sorted(tests):
        test = tests[name]
        if name.startswith("test_") and callable(test) and name not in left_out:
            passed = _run(name, test) and passed
    print("end")
    sys.exit(0 if passed else 1)


main(*sys.argv[1:])
