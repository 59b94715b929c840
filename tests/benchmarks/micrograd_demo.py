"""micrograd's own demo: two moons, an MLP 2-16-16-1, SVM loss, a step of gradient descent.

Source: A. Karpathy, https://github.com/karpathy/micrograd, demo.ipynb. A step there takes about a
second, so its turns are few and long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from harness import Engine, Row, main, race


def moons(count: int) -> tuple[Any, Any]:
    """Two half circles that reach into each other, labelled −1 and 1."""
    import numpy as np

    t = np.linspace(0, np.pi, count // 2)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    lower = np.stack([1 - np.cos(t), 0.5 - np.sin(t)], axis=1)
    points = np.concatenate([upper, lower])
    points += np.random.default_rng(1337).normal(scale=0.1, size=points.shape)
    return points, np.repeat([-1.0, 1.0], count // 2)


def glassgrad(count: int) -> Callable[[], Any]:
    import numpy as np

    import nn
    import optim

    x, y = moons(count)
    model = nn.Sequential(nn.Dense(16, "relu"), nn.Dense(16, "relu"), nn.Dense(1))
    model(x)  # the first input tells the sizes
    parameters = model.parameters()
    optimizer = optim.SGD(parameters, lr=0.1)

    def step():
        scores = model(x)[:, 0]
        loss = np.maximum(1 - y * scores, 0).mean() + 1e-4 * sum((p * p).sum() for p in parameters)
        accuracy = np.mean((scores > 0) == (y > 0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item(), accuracy

    return step


def micrograd(count: int) -> Callable[[], Any]:
    from micrograd.engine import Value
    from micrograd.nn import MLP

    x, y = moons(count)
    model = MLP(2, [16, 16, 1])

    def step():
        scores = [model([Value(v) for v in row]) for row in x]
        losses = [(1 + -yi * score).relu() for yi, score in zip(y, scores)]
        data = sum(losses) * (1.0 / len(losses))
        loss = data + 1e-4 * sum(p * p for p in model.parameters())
        accuracy = sum((yi > 0) == (score.data > 0) for yi, score in zip(y, scores)) / len(y)
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= 0.1 * p.grad
        return loss.data, accuracy

    return step


def rows(quick: bool) -> Iterator[Row]:
    count = 4 if quick else 100
    engines = {"glassgrad": Engine(glassgrad, count), "micrograd": Engine(micrograd, count)}
    ratio = race(engines, quick, turns=3).ratio("glassgrad", "micrograd")
    yield Row("micrograd's demo (moons, MLP 2-16-16-1), of micrograd's time", ratio, 0.02)


if __name__ == "__main__":
    main(rows)
