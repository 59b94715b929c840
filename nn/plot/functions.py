"""Pictures of activation functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import elementwise_grad
from autograd.plot import style

from ..layers.activation import get, name_of

GRID = 1001


def activation(
    *functions: str | Callable[..., Any],
    xlim: tuple[float, float] = (-5.0, 5.0),
    figure: Any = None,
) -> Any:
    """Activation functions, and beside them their derivatives.

    Parameters
    ----------
    *functions : str or callable
        Names, functions, or layers: "relu", nn.tanh, nn.LeakyReLU(slope=0.1).
    xlim : (low, high)
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of two matplotlib Axes

    Raises ValueError for a function that does not go element by element: softmax has no curve.

    >>> axes = activation("sigmoid", "tanh", "relu")  # doctest: +SKIP

    Source: I. Goodfellow et al., Deep Learning, 2016, section 6.3.
    """
    if not functions:
        raise ValueError('nn.plot.activation: which? Write nn.plot.activation("relu", "tanh").')
    # An even number of steps: so 0, where many of them have their kink, is a point of the grid.
    x = np.linspace(*xlim, GRID)
    curves, names = [], []
    for given in functions:
        f = get(given)
        y = np.asarray(f(x))
        if y.shape != x.shape or not np.allclose(f(x[:1]), y[:1], equal_nan=True):
            raise ValueError(
                f"nn.plot.activation: {name_of(f)} looks at several inputs at once, so it has no "
                "curve."
            )
        curves.append((y, elementwise_grad(f)(x)))
        names.append(given if isinstance(given, str) else name_of(f))
    with style.several(figure, "nn.plot.activation", size=(10.0, 4.4)) as figure:
        axes = figure.subplots(1, 2)
        for ax, which, title in zip(axes, (0, 1), ("f(x)", "its derivative, f′(x)")):
            lines = [ax.plot(x, y[which], **style.look(i))[0] for i, y in enumerate(curves)]
            ax.set(xlim=xlim, xlabel="x")
            ax.set_title(title, loc="left")
        style.legend(axes[0], lines, names)
    return axes
