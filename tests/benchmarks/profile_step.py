"""Where one step goes: `python tests/benchmarks/profile_step.py`.

The table of `ag.profile()` for one step of a benchmark's work (`training_step` unless `convnet` or
`transformer` is named), after some that wake everything up: time forward and backward and bytes
kept, for each op. `--save step.svg` saves the flame, `.html` both. Your own step is profiled the
same way: `with ag.profile() as p: …`, then `print(p)`.
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
WORK: dict[str, tuple[Any, ...]] = {
    # which script's step, and its arguments: for real, and for --quick
    "training_step": ((128, "Adam"), (4, "Adam")),
    "convnet": ((100,), (2,)),
    "transformer": ((32, 64), (2, 8)),
}
WAKING = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("work", nargs="?", default="training_step", choices=WORK)
    parser.add_argument("--save", type=Path, metavar="FILE", help=".svg, .html or .txt")
    parser.add_argument("--quick", action="store_true", help="a small step: does it run?")
    asked = parser.parse_args()
    for name in [name for name in os.environ if name.startswith("OPENBLAS_")]:
        del os.environ[name]  # as for the benchmarks: users' machines pin no kernels
    sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

    import autograd as ag

    script = __import__(asked.work)
    step = script.glassgrad(*WORK[asked.work][asked.quick])
    for _ in range(WAKING):
        step()
    model = inspect.getclosurevars(step).nonlocals["model"]  # so its layers stand in the flame
    with ag.profile() as profile:
        step()
    print(f"One step of {asked.work}: {(script.__doc__ or '').partition(chr(10))[0]}")
    print(f"{sum(p.size for p in model.parameters()):,} parameters\n\n{profile}")
    if asked.save:
        print(f"\n{profile.save(asked.save)}")


if __name__ == "__main__":
    main()
