"""1,000 operations on 8 numbers: what an op costs by itself, forward and backward.

A chain of `y * w` and `y + x`; float64, one thread. Every safety net that is always on is on, and
the small values and gradients are kept for pictures. A longer chain says whether time grows as the
number of ops does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Measured, Row, main, race


def glassgrad(ops: int) -> Callable[[], Any]:
    import numpy as np

    import autograd as ag

    x = ag.Tensor(np.linspace(0.1, 1, 8), requires_grad=True)
    w = ag.Tensor(np.full(8, 0.999), requires_grad=True)

    def step():
        x.grad = w.grad = None
        y = x
        for _ in range(ops // 2):
            y = y * w
            y = y + x
        y.sum().backward()

    return step


def pytorch(ops: int) -> Callable[[], Any]:
    import torch

    torch.set_num_threads(1)
    x = torch.linspace(0.1, 1, 8, dtype=torch.float64, requires_grad=True)
    w = torch.full((8,), 0.999, dtype=torch.float64, requires_grad=True)

    def step():
        x.grad = w.grad = None
        y = x
        for _ in range(ops // 2):
            y = y * w
            y = y + x
        y.sum().backward()

    return step


def micrograd(ops: int) -> Callable[[], Any]:
    """One number instead of eight. Its backward visits the graph recursively."""
    import sys

    from micrograd.engine import Value

    sys.setrecursionlimit(10 * ops + 1000)
    x, w = Value(0.5), Value(0.999)

    def step():
        y = x
        for _ in range(ops // 2):
            y = y * w
            y = y + x
        y.backward()

    return step


def rows(quick: bool) -> Iterator[Row]:
    ops = 100 if quick else 1000
    engines = {
        "glassgrad": Engine(glassgrad, ops),
        "PyTorch": Engine(pytorch, ops),
        "micrograd, one number": Engine(micrograd, ops),
    }
    times = race(engines, quick)
    ratio = times.ratio("glassgrad", "PyTorch")
    yield Row("1,000 tiny ops, forward + backward, of PyTorch's time", ratio, 0.60, 0.45)

    many = 2_000 if quick else 1_000_000
    long = race({"long": Engine(glassgrad, many)}, quick, turns=1).median("long")
    short = times.median("glassgrad")
    if long and short:
        value = (long / many) / (short / ops)
        said = f"{long / many * 1e6:.2f} µs an op, and {short / ops * 1e6:.2f} µs"
        yield Row("time per op in a chain of 1,000,000, of that in 1,000", Measured(value, said), 2)


if __name__ == "__main__":
    main(rows)
