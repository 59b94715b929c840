"""Pictures of functions: their derivatives, a tangent, a gradient field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functional, numerical
from ..tensor import Tensor
from . import style

Function = Callable[..., Any]
Limits = tuple[float, float]


def derivatives(
    f: Function, order: int = 1, xlim: Limits = (-4.0, 4.0), *, name: str = "f", ax: Any = None
) -> Any:
    """f and its derivatives up to `order`, each recorded from the one before, in one picture.

    Parameters
    ----------
    f : callable
        Element by element, made of functions that Tensors know: `np.tanh`, `lambda x: x**2`.
    order : int
    xlim : (low, high)
    name : str
        What f is called in the legend.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    >>> ax = derivatives(np.tanh, order=3)  # doctest: +SKIP

    Source: D. Maclaurin's picture of tanh, on the first page of HIPS autograd.
    """
    x = np.linspace(*xlim, 501)
    with style.one(ax, "ag.plot.derivatives") as ax:
        lines, names = [], []
        for i in range(order + 1):
            with np.errstate(all="ignore"):
                y = np.broadcast_to(_array(f(x)), x.shape)
            lines += ax.plot(x, _finite(y), **style.look(i))
            names.append(name + ("′" * i if i < 4 else f"⁽{str(i).translate(_RAISED)}⁾"))
            f = functional.elementwise_grad(f)
        ax.set(xlim=xlim, xlabel="x")
        style.legend(ax, lines, names)
    return ax


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def tangent(
    f: Function, x: float, xlim: Limits | None = None, *, h: float = 1e-4, ax: Any = None
) -> Any:
    """A function of one number and its tangent at x, by `tangent_line`: the slope is in the legend.

    Parameters
    ----------
    f : callable
        Of one number; any function, since the slope is taken by a central difference.
    x : float
        Where the line touches.
    xlim : (low, high), optional
        From where to where; unless given, as far around x as x is from 0 (2 at least).
    h : float
        As for `numerical_diff`.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    >>> ax = tangent(lambda x: 0.01 * x**2 + 0.1 * x, 5)  # doctest: +SKIP

    Source: S. Goki, Deep Learning from Scratch, section 4.3.3.
    """
    x = float(x)
    reach = max(2.0, abs(x))
    xlim = (x - reach, x + reach) if xlim is None else xlim
    line, slope = numerical.tangent_line(f, x, h), float(numerical.numerical_diff(f, x, h))
    grid = np.linspace(*xlim, 401)
    with np.errstate(all="ignore"):
        y = _finite(np.array([float(f(point)) for point in grid]))
    with style.one(ax, "ag.plot.tangent") as ax:
        curve = ax.plot(grid, y, **style.look(0))
        low, high = ax.get_ylim()  # the tangent may be steep: the curve says how much is seen
        straight = ax.plot(grid, [float(line(point)) for point in grid], **style.look(1))
        point = ax.plot([x], [float(f(x))], "o", color="black", markersize=9, zorder=3)
        ax.set(xlim=xlim, ylim=(low, high), xlabel="x")
        names = ["f(x)", f"tangent, slope {slope:.4g}", f"x = {x:.4g}, f(x) = {float(f(x)):.4g}"]
        style.legend(ax, curve + straight + point, names)
    return ax


def gradient_field(
    f: Function,
    xlim: Limits = (-2.0, 2.0),
    ylim: Limits = (-2.0, 2.0),
    step: float = 0.25,
    *,
    gradient: Function | None = None,
    ax: Any = None,
) -> Any:
    """The slope of a function of two numbers, as arrows: each points downhill, along −∇f.

    Arrows are as long as the slope is steep: one step where it is steepest, which the key above
    tells. The grid is the study notes': from the left and the lower edge to one step beyond the
    others, 18 by 18.

    Parameters
    ----------
    f : callable
        Takes an array (x0, x1), gives one number.
    xlim, ylim : (low, high)
    step : float
        From arrow to arrow.
    gradient : callable, optional
        ∇f; unless given, `numerical_gradient` of f. `ag.grad(f)` is exact.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    >>> ax = gradient_field(lambda x: np.sum(x**2))  # doctest: +SKIP

    Source: S. Goki, Deep Learning from Scratch, section 4.4.
    """
    if not step > 0:
        raise ValueError(f"gradient_field(step={step}): the arrows are a step apart, above 0.")
    slope = gradient or (lambda x: numerical.numerical_gradient(f, x))
    x0, x1 = (np.arange(low, high + 1.5 * step, step) for low, high in (xlim, ylim))
    points = np.stack(np.meshgrid(x0, x1), axis=-1).reshape(-1, 2)
    downhill = -np.array([_array(slope(point.copy())) for point in points], dtype=float)
    if downhill.shape != points.shape:
        raise ValueError(
            f"gradient_field: the gradient at a point has shape {downhill.shape[1:]}, not (2,)."
        )
    steepness = np.hypot(*downhill.T)
    steepest = float(np.max(steepness, initial=0.0, where=np.isfinite(steepness)))
    with style.one(ax, "ag.plot.gradient_field", size=(6.0, 5.6)) as ax:
        arrows = ax.quiver(
            *points.T, *np.ma.masked_invalid(downhill).T, angles="xy", scale_units="xy",
            scale=steepest / step or 1.0, width=0.005, color=style.COLOURS[0],
        )  # fmt: skip
        if steepest:
            ax.quiverkey(
                arrows, 0.78, 1.03, steepest, f"|∇f| = {steepest:.3g}", labelpos="E"
            )
        ax.set(xlim=xlim, ylim=ylim, xlabel="x0", ylabel="x1", aspect="equal")
        ax.set_title("downhill: −∇f", loc="left")
    return ax


def _array(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else np.asarray(value)


def _finite(y: Any) -> Any:
    """Gaps where there is nothing to draw."""
    return np.where(np.isfinite(y), y, np.nan)
