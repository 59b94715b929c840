"""Plots of descent; they need the extra `plots`.

    import optim
    optim.plot.paths(lambda x: x[0]**2 / 20 + x[1]**2, [-7.0, 2.0], [optim.SGD(lr=0.95)])
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import no_grad
from autograd.plot import style

from .descent import Function, descent_paths
from .optimizer import Optimizer

__all__ = ["paths"]

Limits = tuple[float, float]


def paths(
    f: Function,
    init_x: Any,
    optimizers: Mapping[str, Optimizer] | list[Optimizer],
    step_num: int = 30,
    *,
    gradient: Function | None = None,
    xlim: Limits | None = None,
    ylim: Limits | None = None,
    ax: Any = None,
) -> Any:
    """The paths of any optimizers on the contours of a function of two numbers.

    Parameters
    ----------
    f, init_x, optimizers, step_num, gradient
        As for `descent_paths`, which computes the paths.
    xlim, ylim : (low, high), optional
        The part to show; unless given, it holds all paths.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    Raises ValueError if init_x is not two numbers, or no optimizer is given.

    >>> ax = paths(
    ...     lambda x: x[0] ** 2 / 20 + x[1] ** 2, [-7.0, 2.0],
    ...     {"SGD": optim.SGD(lr=0.95), "Adam": optim.Adam(lr=0.3)}, xlim=(-8, 8), ylim=(-3, 3),
    ... )  # doctest: +SKIP

    Source: S. Goki, Deep Learning from Scratch, section 6.1.
    """
    if (shape := np.shape(init_x)) != (2,):
        raise ValueError(f"optim.plot.paths: init_x has shape {shape}; a picture has two axes.")
    if not optimizers:
        raise ValueError("optim.plot.paths: no optimizers, so no paths. Give [optim.SGD(lr=0.1)].")
    walked = descent_paths(f, init_x, optimizers, step_num, gradient=gradient)
    points = np.concatenate([path[np.isfinite(path).all(axis=1)] for path in walked.values()])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = 0.1 * (high - low) + 1e-3
    xlim = xlim or (float(low[0] - margin[0]), float(high[0] + margin[0]))
    ylim = ylim or (float(low[1] - margin[1]), float(high[1] + margin[1]))

    xs, ys = np.linspace(*xlim, 80), np.linspace(*ylim, 80)
    with no_grad(), np.errstate(all="ignore"):
        heights = np.array([[float(f(np.array([x, y]))) for x in xs] for y in ys])
    heights = np.ma.masked_invalid(heights)
    with style.one(ax, "optim.plot.paths", size=(7.2, 5.0)) as ax:
        ax.grid(False)
        ax.axhline(0, color=style.GREY, linestyle="--", linewidth=0.9, zorder=1)
        ax.axvline(0, color=style.GREY, linestyle="--", linewidth=0.9, zorder=1)
        if np.ptp(heights) > 0:
            ax.contour(xs, ys, heights, levels=20, colors="0.7", linewidths=0.9, zorder=1)
        lines = []
        for i, path in enumerate(walked.values()):
            every = max(1, len(path) // 40)
            lines += ax.plot(
                *path.T, **style.dots(i), markevery=every, markersize=6, linewidth=1.6, alpha=0.9
            )
        start = ax.plot(*points[0], "k*", markersize=16, linestyle="none", zorder=4)
        ax.set(xlim=xlim, ylim=ylim, xlabel="x0", ylabel="x1")
        ax.set_title(f"{step_num} steps on the contours of f", loc="left")
        style.legend(ax, start + lines, ["start", *walked])
    return ax
