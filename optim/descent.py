"""Descent on a function of a few numbers, to look at: the path as an array. See `optim.plot`."""

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


def _start(init_x: Any, asked_by: str) -> Array:
    x = np.array(init_x.array if isinstance(init_x, Tensor) else init_x)
    if x.dtype.kind not in "fiu":
        raise TypeError(f"{asked_by}: init_x has dtype {x.dtype}, not a real number's.")
    return x if x.dtype.kind == "f" else x.astype(float)


def _plain(g: Any) -> Any:
    return g.array if isinstance(g, Tensor) else g
