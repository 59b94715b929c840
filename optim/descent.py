"""Descent on a function of a few numbers, to look at: the path as an array, and as a picture."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd import Tensor, numerical_gradient

from .optimizer import Optimizer
from .parameters import Array

Function = Callable[[Any], Any]


def gradient_descent(
    f: Function,
    init_x: Any,
    lr: float = 0.01,
    step_num: int = 100,
    *,
    endpoint: bool = False,
    gradient: Function | None = None,
) -> tuple[Array, Array]:
    """Goes step_num times against the gradient: x ← x − lr·∇f(x).

    Parameters
    ----------
    f : callable
        Takes an array of the shape of init_x, gives one number.
    init_x : array_like
        Where to begin; it is copied, and integers become floats.
    lr : float
    step_num : int
    endpoint : bool
        Whether the history ends with the point arrived at.
    gradient : callable, optional
        ∇f; unless given, `autograd.numerical_gradient` of f. `ag.grad(f)` is exact and fast.

    Returns
    -------
    x : ndarray
        The point arrived at.
    history : ndarray, (step_num, *x.shape)
        The point *before* each step; with endpoint=True one row more, which is x.

    Examples
    --------
    >>> x, history = gradient_descent(lambda x: x[0]**2 + x[1]**2, [-3.0, 4.0], 0.1, 20)
    >>> x
    array([-0.03458765,  0.04611686])
    >>> history.shape
    (20, 2)

    Source: S. Goki, Deep Learning from Scratch, section 4.4.1.
    """
    array = _start(init_x, "gradient_descent")
    slope = gradient or (lambda x: numerical_gradient(f, x))
    if isinstance(step_num, bool) or not isinstance(step_num, (int, np.integer)) or step_num < 0:
        raise ValueError(f"gradient_descent(step_num={step_num!r}): a count of steps, 0 or more.")
    history = np.empty((step_num + 1, *array.shape), array.dtype)
    for i in range(step_num):
        history[i] = array
        array -= lr * _plain(slope(array))
    history[step_num] = array
    return array, history if endpoint else history[:step_num]


def descent_paths(
    f: Function,
    init_x: Any,
    optimizers: Mapping[str, Optimizer] | list[Optimizer],
    step_num: int = 30,
    *,
    gradient: Function | None = None,
) -> dict[str, Array]:
    """The path of each optimizer from the same start: {name: (step_num + 1, *x.shape)}.

    Each begins afresh, on copies: the optimizers given stay as they are.

    >>> import optim
    >>> paths = descent_paths(
    ...     lambda x: x[0] ** 2 / 20 + x[1] ** 2, [-7.0, 2.0], [optim.SGD(lr=0.95)], 30
    ... )
    >>> paths["SGD"][-1]
    array([-0.350393  ,  0.08478232])
    """
    if not isinstance(optimizers, Mapping):
        optimizers = {type(o).__name__: o for o in optimizers}
    slope = gradient or (lambda x: numerical_gradient(f, x))
    paths = {}
    for name, given in optimizers.items():
        x = _start(init_x, "descent_paths")
        optimizer = copy.deepcopy(given)
        path = [x.copy()]
        for _ in range(step_num):
            optimizer.update({"x": x}, {"x": _plain(slope(x))})
            path.append(x.copy())
        paths[name] = np.array(path)
    return paths


def plot_paths(
    f: Function,
    init_x: Any,
    optimizers: Mapping[str, Optimizer] | list[Optimizer],
    step_num: int = 30,
    *,
    gradient: Function | None = None,
    ax: Any = None,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
) -> Any:
    """The paths of any optimizers on the contours of a function of two numbers, in one picture.

    Takes what `descent_paths` takes; `xlim` and `ylim` bound the picture, which otherwise holds
    the paths. Needs matplotlib, and returns its Axes.

    >>> import optim
    >>> ax = plot_paths(
    ...     lambda x: x[0] ** 2 / 20 + x[1] ** 2, [-7.0, 2.0],
    ...     {"SGD": optim.SGD(lr=0.95), "Adam": optim.Adam(lr=0.3)}, xlim=(-8, 8), ylim=(-3, 3),
    ... )  # doctest: +SKIP
    """
    if (shape := np.shape(init_x)) != (2,):
        raise ValueError(f"plot_paths: init_x has shape {shape}, and a picture has two axes.")
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "plot_paths draws with matplotlib: pip install glassgrad[plots]. descent_paths gives "
            "the points without it."
        ) from error
    paths = descent_paths(f, init_x, optimizers, step_num, gradient=gradient)
    points = np.concatenate([path[np.isfinite(path).all(axis=1)] for path in paths.values()])
    margin = 0.1 * (np.ptp(points, axis=0) + 1e-3)
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    xlim, ylim = xlim or (low[0], high[0]), ylim or (low[1], high[1])

    xs, ys = np.linspace(*xlim, 80), np.linspace(*ylim, 80)
    heights = [[float(f(np.array([x, y]))) for x in xs] for y in ys]
    ax = plt.subplots(layout="constrained")[1] if ax is None else ax
    ax.contour(xs, ys, heights, levels=20, colors="0.75", linewidths=0.8)
    ax.axhline(0, color="0.5", linestyle="--", linewidth=0.8)
    ax.axvline(0, color="0.5", linestyle="--", linewidth=0.8)
    for marker, (name, path) in zip("os^Dv*XP" * len(paths), paths.items()):
        ax.plot(*path.T, marker=marker, markersize=4, linewidth=1.2, label=name)
    ax.set(xlim=xlim, ylim=ylim, xlabel="x0", ylabel="x1")
    ax.legend()
    return ax


def _start(init_x: Any, asked_by: str) -> Array:
    x = np.array(init_x.array if isinstance(init_x, Tensor) else init_x)
    if x.dtype.kind not in "fiu":
        raise TypeError(f"{asked_by}: init_x has dtype {x.dtype}, not a real number's.")
    return x if x.dtype.kind == "f" else x.astype(float)


def _plain(g: Any) -> Any:
    return g.array if isinstance(g, Tensor) else g
