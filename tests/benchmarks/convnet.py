"""The book's SimpleConvNet on MNIST's size: 30 filters 5×5, ReLU, pool 2, 100, ReLU, 10; Adam.

Source: K. Saito, Deep Learning from Scratch, 2017, section 7.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Row, main, race


def images_and_labels(batch: int) -> tuple[Any, Any]:
    import numpy as np

    rng = np.random.default_rng(0)
    return rng.random((batch, 1, 28, 28), np.float32), rng.integers(10, size=batch)


def glassgrad(batch: int) -> Callable[[], Any]:
    import nn
    import optim

    x, labels = images_and_labels(batch)
    model = nn.Sequential(
        nn.Conv2d(1, 30, 5, activation="relu"),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dense(100, activation="relu"),
        nn.Dense(10),
    )
    model(x)  # the first input tells the sizes
    optimizer = optim.Adam(model.parameters())

    def step():
        optimizer.zero_grad()
        loss = nn.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()

    return step


def pytorch(batch: int, fused: bool) -> Callable[[], Any]:
    import torch
    from torch import nn

    x, labels = map(torch.from_numpy, images_and_labels(batch))
    model = nn.Sequential(
        nn.Conv2d(1, 30, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(30 * 12 * 12, 100),
        nn.ReLU(),
        nn.Linear(100, 10),
    )
    optimizer = torch.optim.Adam(model.parameters(), **({"fused": True} if fused else {}))

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()

    return step


def rows(quick: bool) -> Iterator[Row]:
    batch = 4 if quick else 100
    times = race(
        {
            "glassgrad": Engine(glassgrad, batch),
            "NumPy alone": Engine(glassgrad, batch, env={"GLASSGRAD_FAST": "0"}),
            "PyTorch": Engine(pytorch, batch, False),
            "fused": Engine(pytorch, batch, True),
        },
        quick,
    )
    peers = ("PyTorch", "fused")
    work = "SimpleConvNet, batch 100, Adam: / PyTorch"
    yield Row(work, times.ratio("glassgrad", *peers), 0.9, 0.6)
    yield Row("the same on NumPy alone: / PyTorch", times.ratio("NumPy alone", *peers), 0.9, 0.6)


if __name__ == "__main__":
    main(rows)
