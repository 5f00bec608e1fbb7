"""`python -m tests.bench [NAME]`: runs every bench beside this file, or one; each writes build/bench/NAME.json."""

import importlib
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[1] / "tools")]


def bench_names() -> list[str]:
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def main() -> int:
    wanted = sys.argv[1:] or bench_names()
    unknown = sorted(set(wanted) - set(bench_names()))
    if unknown:
        print(f"bench: no bench named {', '.join(unknown)}; there are {', '.join(bench_names())}", file=sys.stderr)
        return 2
    quick = os.environ.get("QUICK", "") not in ("", "0")
    for name in wanted:
        importlib.import_module(f"tests.bench.{name}").main(quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
