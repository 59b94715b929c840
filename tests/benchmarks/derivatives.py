"""A Jacobian of tanh(W x), W 100×100, and the Hessian of a loss with 20 parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Row, main, race


def problem(size: int) -> tuple[Any, ...]:
    """W and x; data, targets and parameters of a network 3-4-1."""
    import numpy as np

    rng = np.random.default_rng(0)
    return (
        rng.standard_normal((size, size)) / size**0.5,
        rng.standard_normal(size),
        rng.standard_normal((16, 3)),
        rng.standard_normal(16),
        rng.standard_normal(20),
    )


def glassgrad(size: int, what: str) -> Callable[[], Any]:
    import numpy as np

    import autograd as ag

    W, x, data, targets, p = problem(size)

    def loss(p):
        hidden = np.tanh(data @ p[:12].reshape(3, 4) + p[12:16])
        return ((hidden @ p[16:] - targets) ** 2).mean()

    if what == "jacobian":
        jacobian = ag.jacobian(lambda x: np.tanh(W @ x))
        return lambda: jacobian(x)
    hessian = ag.hessian(loss)
    return lambda: hessian(p)


def pytorch(size: int, what: str) -> Callable[[], Any]:
    import torch

    W, x, data, targets, p = map(torch.from_numpy, problem(size))

    def loss(p):
        hidden = torch.tanh(data @ p[:12].reshape(3, 4) + p[12:16])
        return ((hidden @ p[16:] - targets) ** 2).mean()

    if what == "jacobian":
        jacobian = torch.func.jacrev(lambda x: torch.tanh(W @ x))
        return lambda: jacobian(x)
    hessian = torch.func.hessian(loss)
    return lambda: hessian(p)


def rows(quick: bool) -> Iterator[Row]:
    size = 10 if quick else 100
    for what, work in (
        ("jacobian", "Jacobian of tanh(W x), W 100×100, of torch.func.jacrev"),
        ("hessian", "Hessian of a 20-parameter MLP's loss, of torch.func.hessian"),
    ):
        engines = {
            "glassgrad": Engine(glassgrad, size, what),
            "PyTorch": Engine(pytorch, size, what),
        }
        yield Row(work, race(engines, quick).ratio("glassgrad", "PyTorch"), 3, 1)


if __name__ == "__main__":
    main(rows)
