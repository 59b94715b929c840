"""What `import autograd, nn, optim` costs, against `import numpy`, which it contains.

Each import runs in a Python of its own, with its compiled files in place, as after the first time.
What a bare Python takes to start is taken off both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from harness import ROOT, Measured, Row, main

PROGRAMS = ("pass", "import numpy", "import autograd, nn, optim")


def rows(quick: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as compiled:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        for program in PROGRAMS:
            _seconds(program, env)
        count = 1 if quick else 25
        turns = [[_seconds(program, env) for program in PROGRAMS] for _ in range(count)]
    ratios = [(ours - bare) / (numpy - bare) for bare, numpy, ours in turns]
    bare, numpy, ours = map(statistics.median, zip(*turns))
    said = f"{(ours - bare) * 1e3:.0f} ms, NumPy {(numpy - bare) * 1e3:.0f} ms"
    ratio = Measured(statistics.median(ratios), said)
    yield Row("import autograd, nn, optim, of import numpy", ratio, 1.5, 1.2)


def _seconds(program: str, env: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=env, check=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main(rows)
