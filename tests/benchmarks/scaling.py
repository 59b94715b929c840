"""How each of a step's costs grows with the batch, the width and the depth of a network.

Forward, backward and update (SGD) of a stack of Dense layers with ReLU, each against PyTorch. A
cost that grew faster than it must would show as a ratio that rises from one end to the other: the
bar is on the ratio at the far end over that at the near end. `--figures FOLDER` saves scaling.svg.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import harness
from harness import Engine, Measured, Row, Times, main, race
from training_step import weights_and_batch

SWEEPS = {
    "batch": [dict(batch=n) for n in (1, 8, 64, 512, 4096)],
    "width": [dict(width=n) for n in (16, 64, 256, 1024, 4096)],
    "depth": [dict(depth=n, width=64) for n in (1, 4, 16, 64, 256, 1000)],
}
USUAL = dict(batch=64, width=256, depth=3)
COSTS = ["step", "forward", "backward", "update"]


def sizes_of(width: int, depth: int) -> list[int]:
    return [*[width] * (depth + 1), 10]


def glassgrad(batch: int, width: int, depth: int) -> Callable[[], list[float]]:
    import nn
    import optim

    weights, x, labels = weights_and_batch(batch, sizes_of(width, depth))
    layers = [nn.Dense(width, activation="relu", in_features=width) for _ in range(depth)]
    model = nn.Sequential(*layers, nn.Dense(10, in_features=width))
    for layer, weight in zip(model.layers, weights):
        layer.weight.data = weight
    optimizer = optim.SGD(model.parameters(), lr=0.0)  # the network stays as it is
    clock = time.perf_counter

    def step():
        start = clock()
        loss = nn.cross_entropy(model(x), labels)
        forward = clock()
        loss.backward()
        backward = clock()
        optimizer.step()
        optimizer.zero_grad()
        return [forward - start, backward - forward, clock() - backward]

    return step


def pytorch(batch: int, width: int, depth: int) -> Callable[[], list[float]]:
    import torch
    from torch import nn

    weights, x, labels = weights_and_batch(batch, sizes_of(width, depth))
    layers: list[Any] = []
    for weight in weights:
        linear = nn.Linear(*weight.shape)
        linear.weight.data = torch.from_numpy(weight.T.copy())
        layers += [linear, nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    x, labels = torch.from_numpy(x), torch.from_numpy(labels)
    clock = time.perf_counter

    def step():
        start = clock()
        loss = nn.functional.cross_entropy(model(x), labels)
        forward = clock()
        loss.backward()
        backward = clock()
        optimizer.step()
        optimizer.zero_grad()
        return [forward - start, backward - forward, clock() - backward]

    return step


def rows(quick: bool) -> Iterator[Row]:
    measured: dict[str, list[tuple[int, Times]]] = {}
    for name, points in SWEEPS.items():
        if quick:
            points = points[:1]
        measured[name] = []
        for point in points:
            size = {**USUAL, **point}
            engines = {
                "glassgrad": Engine(glassgrad, *size.values()),
                "PyTorch": Engine(pytorch, *size.values()),
            }
            measured[name].append((point[name], race(engines, quick, turns=7)))
        (near, first), (far, last) = measured[name][0], measured[name][-1]
        for part, cost in enumerate(COSTS):
            ends = [t.ratio("glassgrad", "PyTorch", part=part) for t in (first, last)]
            value, said = None, f"{name} {near}: {ends[0].said}; {far}: {ends[1].said}"
            if ends[0].value is not None and ends[1].value is not None:
                value = ends[1].value / ends[0].value
                said = f"{ends[0].value:.2f} at {name} {near}, {ends[1].value:.2f} at {far}; {said}"
            yield Row(f"{name} {near}…{far}, {cost}: far / near", Measured(value, said), 1.1)
    if harness.figures is not None:
        draw(measured)


def draw(measured: dict[str, list[tuple[int, Times]]]) -> None:
    """Above: times, ours solid, PyTorch's dashed. Below: their ratios."""
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # letters stay letters
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 3, figsize=(12, 6), sharex="col", sharey="row")
    for (above, below), (name, points) in zip(axes.T, measured.items()):
        sizes = [size for size, _ in points]
        for part, cost in enumerate(COSTS):
            ours, theirs = (
                [times.median(engine, part) for _, times in points]
                for engine in ("glassgrad", "PyTorch")
            )
            (line,) = above.plot(sizes, ours, label=cost)
            if None not in theirs:
                above.plot(sizes, theirs, "--", color=line.get_color())
                below.plot(sizes, [a / b for a, b in zip(ours, theirs)], color=line.get_color())
        above.set(xscale="log", yscale="log", title=name)
        below.set(xscale="log", yscale="log", xlabel=name)
        below.axhline(1, color="0.7", linewidth=0.8, zorder=0)
        below.set_yticks([0.35, 0.5, 0.7, 1, 1.4, 2], minor=False)
        below.yaxis.set_major_formatter("{x:g}")
        below.yaxis.set_minor_formatter("")
    axes[0, 0].set_ylabel("seconds (dashed: PyTorch)")
    axes[1, 0].set_ylabel("glassgrad / PyTorch")
    axes[0, 0].legend()
    figure.tight_layout()
    assert harness.figures is not None
    harness.figures.mkdir(parents=True, exist_ok=True)
    figure.savefig(harness.figures / "scaling.svg")
    plt.close(figure)


if __name__ == "__main__":
    main(rows)
