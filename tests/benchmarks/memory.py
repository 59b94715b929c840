"""What a step needs besides its data and parameters; and what a recorded op takes.

Extra resident memory: after a small step has loaded code and woken threads, the step's data and
parameters are made, and the system is asked how much more the process held at its peak over some
steps (VmHWM of /proc/self/status: Linux only).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import elementwise_chain
import training_step
from harness import Engine, Measured, Row, ask, main

STEPS = 5
WORK: dict[str, dict[str, Callable[..., Any]]] = {
    "training step, batch 128, Adam": {
        "glassgrad": lambda size: training_step.glassgrad(size, "Adam"),
        "PyTorch": lambda size: training_step.pytorch(size, "Adam", fused=False),
    },
    "chain of 5 tanh on 1 M float32": {
        "glassgrad": elementwise_chain.glassgrad,
        "PyTorch": elementwise_chain.pytorch,
    },
}
SIZES = {"training step, batch 128, Adam": 128, "chain of 5 tanh on 1 M float32": 1_000_000}


def extra(work: str, engine: str, size: int) -> float | None:
    """Bytes at the peak of some steps, above what was there before them."""
    status, reset = Path("/proc/self/status"), Path("/proc/self/clear_refs")
    if not reset.exists():
        return None
    make = WORK[work][engine]
    small = make(8)
    for _ in range(STEPS):
        small()
    step = make(size)
    reset.write_text("5")  # the peak begins anew
    before = _kilobytes(status, "VmRSS")
    for _ in range(STEPS):
        step()
    return (_kilobytes(status, "VmHWM") - before) * 1024


def _kilobytes(status: Path, field: str) -> int:
    lines = status.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def bytes_per_op(ops: int) -> float:
    """Of a recorded chain of `y * w`, `y + x` on 8 float64: values and saved arrays too."""
    import tracemalloc

    import numpy as np

    import autograd as ag

    x = ag.Tensor(np.linspace(0.1, 1, 8), requires_grad=True)
    w = ag.Tensor(np.full(8, 0.999), requires_grad=True)
    tracemalloc.start()
    y = x
    for _ in range(ops // 2):
        y = y * w
        y = y + x
    return tracemalloc.get_traced_memory()[0] / ops


def rows(quick: bool) -> Iterator[Row]:
    for work, size in SIZES.items():
        ours, theirs = [ask(Engine(extra, work, e, 16 if quick else size)) for e in WORK[work]]
        value, said = None, "Linux and PyTorch are needed"
        if ours is not None and theirs:
            value, said = ours / theirs, f"{ours / 1e6:.1f} MB, PyTorch {theirs / 1e6:.1f} MB"
        yield Row(f"memory of a {work}, of PyTorch's", Measured(value, said), 1)
    per_op = ask(Engine(bytes_per_op, 100 if quick else 10_000))
    said = "its node, value, inputs and saved arrays"
    yield Row("a recorded op on 8 float64", Measured(per_op, said), 700, unit=" B")


if __name__ == "__main__":
    main(rows)
