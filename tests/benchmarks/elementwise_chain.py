"""Five times `tanh(y * 1.1 + 0.1)` on a million float32, forward and backward.

Here memory is what counts: a step writes 80 MB. NumPy by hand writes into arrays that it keeps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Row, main, race

TIMES = 5


def glassgrad(size: int) -> Callable[[], Any]:
    import numpy as np

    import autograd as ag

    x = ag.Tensor(np.linspace(-1, 1, size, dtype=np.float32), requires_grad=True)

    def step():
        x.grad = None
        y = x
        for _ in range(TIMES):
            y = np.tanh(y * 1.1 + 0.1)
        y.sum().backward()

    return step


def pytorch(size: int) -> Callable[[], Any]:
    import torch

    x = torch.linspace(-1, 1, size, dtype=torch.float32, requires_grad=True)

    def step():
        x.grad = None
        y = x
        for _ in range(TIMES):
            y = torch.tanh(y * 1.1 + 0.1)
        y.sum().backward()

    return step


def by_hand(size: int) -> Callable[[], Any]:
    import numpy as np

    x = np.linspace(-1, 1, size, dtype=np.float32)
    outs = [np.empty_like(x) for _ in range(TIMES)]
    g, slope = np.empty_like(x), np.empty_like(x)

    def step():
        y = x
        for out in outs:
            np.multiply(y, 1.1, out=out)
            np.add(out, 0.1, out=out)
            y = np.tanh(out, out=out)
        y.sum()
        g.fill(1)
        for out in reversed(outs):
            np.multiply(out, out, out=slope)
            np.subtract(1, slope, out=slope)
            np.multiply(g, slope, out=g)
            np.multiply(g, 1.1, out=g)

    return step


def rows(quick: bool) -> Iterator[Row]:
    size = 1000 if quick else 1_000_000
    engines = {
        "glassgrad": Engine(glassgrad, size),
        "PyTorch": Engine(pytorch, size),
        "NumPy by hand": Engine(by_hand, size),
    }
    times = race(engines, quick)
    ratio = times.ratio("glassgrad", "PyTorch")
    yield Row("5 × tanh(y * 1.1 + 0.1), 1 M float32, of PyTorch's time", ratio, 0.70, 0.45)
    yield Row("the same, of NumPy by hand", times.ratio("glassgrad", "NumPy by hand"), 1.5)


if __name__ == "__main__":
    main(rows)
