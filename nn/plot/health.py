"""Pictures of health: what `nn.diagnose` found, layer by layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from autograd.plot import style

from ..module import Module

if TYPE_CHECKING:
    from ..diagnosis import Diagnosis


def gradients(
    model: Module,
    x: Any,
    y: Any,
    loss: str | Callable[..., Any] | None = None,
    *,
    figure: Any = None,
) -> Any:
    """Where gradients vanish or explode: three panels of what `nn.diagnose` finds in each layer.

    How large its outputs are, how much gradient arrives at it, and which share of it is dead or
    saturated. The first two on scales of decades.

    Parameters
    ----------
    model, x, y, loss
        As for `nn.diagnose`, which leaves the model as it is.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of three matplotlib Axes

    >>> import numpy as np, nn
    >>> deep = nn.Sequential(*[nn.Dense(20, "sigmoid") for _ in range(9)], nn.Dense(1))
    >>> x = np.random.default_rng(0).normal(size=(64, 20))
    >>> axes = gradients(deep, x, x[:, :1], loss="mse")  # doctest: +SKIP

    Source: X. Glorot, Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010.
    """
    from ..diagnosis import diagnose

    return draw(diagnose(model, x, y, loss), figure)


def draw(found: Diagnosis, figure: Any = None) -> Any:
    """What was found, drawn: the panels of `gradients`."""
    names = [style.shown(layer.path or layer.kind) for layer in found.layers]
    places = range(len(names))
    nothing = math.nan
    with style.several(figure, "nn.plot.gradients", size(found)) as figure:
        axes = figure.subplots(3, 1, sharex=True)
        series: list[tuple[str, list[Any]]] = [
            ("size of outputs (root mean square)", [layer.size for layer in found.layers]),
            ("norm of the gradient that arrives", [layer.gradient for layer in found.layers]),
        ]
        for i, (ax, (title, values)) in enumerate(zip(axes, series)):
            drawn = [v if v is not None and math.isfinite(v) else nothing for v in values]
            ax.plot(places, drawn, **style.look(0) | style.dots(i))
            if seen := [math.log10(v) for v in drawn if v > 0]:
                whole = 10.0 ** math.floor(min(seen)), 10.0 ** math.ceil(max(seen))
                ax.set_yscale("log", nonpositive="mask")
                ax.set_ylim(whole[0] / 1.5, whole[1] * 1.5)
            for place, v in zip(places, values):
                if v == 0 or (v is not None and not math.isfinite(v)):
                    ax.annotate(f"{v:g}", (place, 0.05), xycoords=("data", "axes fraction"),
                                ha="center")  # fmt: skip
            ax.set_title(title, loc="left")
        sick = [100 * (layer.sick or 0.0) for layer in found.layers]
        axes[2].bar(places, sick, color=style.COLOURS[1], hatch="//", edgecolor="white")
        axes[2].set_ylim(0, 100)
        if not any(sick):
            axes[2].text(0.5, 0.5, "none, in any layer", transform=axes[2].transAxes, ha="center")
        axes[2].set_title("dead or saturated, %", loc="left")
        long = max(map(len, names), default=0) > 6
        axes[2].set_xticks(places, names, **({"rotation": 45, "ha": "right"} if long else {}))
        axes[2].set_xlabel("from the input to the output")
        figure.suptitle(
            style.shown(f"{found.model}: loss {found.loss:.4g} on {found.samples:,} samples")
        )
    return axes


def for_a_file(found: Diagnosis) -> Any:
    """The same in a Figure of its own."""
    with style.bare(size(found), "a picture of the diagnosis") as figure:
        draw(found, figure)
    return figure


def size(found: Diagnosis) -> tuple[float, float]:
    """Room for the names of the layers."""
    return max(6.4, 0.75 * len(found.layers) + 1), 8.0
