"""Pictures of what is inside a model: how its weights and activations are spread."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd.plot import style

from ..capturing import capture, layers
from ..module import Module


def weights(model: Module, *, figure: Any = None) -> Any:
    """A histogram of every parameter: how its numbers are spread.

    Parameters
    ----------
    model : Module
        One that knows its sizes: call it on a batch first.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of matplotlib Axes

    Raises RuntimeError if layers do not know their input size yet, ValueError without parameters.

    >>> import nn
    >>> axes = weights(nn.Dense(10, in_features=64))  # doctest: +SKIP
    """
    spread = {name: parameter.array for name, parameter in model.named_parameters()}
    return _histograms("nn.plot.weights", spread, "value", figure)


def activations(model: Module, x: Any, *, figure: Any = None) -> Any:
    """A histogram of every layer's output for a batch, on one scale: does the signal live?

    Vanishing: it narrows from layer to layer. Saturated: it piles up at the ends. Dead: zeros.

    Parameters
    ----------
    model : Module
    x : array_like
        A batch, the larger the better.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of matplotlib Axes

    >>> import nn
    >>> axes = activations(nn.Dense(10, "relu"), np.ones((5, 3)))  # doctest: +SKIP

    Source: X. Glorot, Y. Bengio, "Understanding the Difficulty of Training Deep Feedforward Neural
    Networks", AISTATS 2010.
    """
    shown = layers(model)
    outputs = {
        path or type(model).__name__: output
        for path, output in capture(model, x).items()
        if path.partition("#")[0] in shown and isinstance(output, np.ndarray)
    }
    return _histograms("nn.plot.activations", outputs, "output", figure, one_scale=True)


def _histograms(
    asked: str, spread: Mapping[str, Any], what: str, figure: Any, one_scale: bool = False
) -> Any:
    if not spread:
        raise ValueError(f"{asked}: there is nothing to draw in this model.")
    numbers = {name: values[np.isfinite(values)].astype(float) for name, values in spread.items()}
    every = np.concatenate(list(numbers.values()))
    scale = (every.min(), every.max()) if one_scale and every.size else None
    with style.several(figure, asked, style.sized(len(spread), 3.6, 3.0)) as figure:
        axes = style.panels(figure, len(spread))
        for ax, (name, values) in zip(axes, spread.items()):
            finite = numbers[name]
            share = np.full(finite.shape, 100 / max(values.size, 1))
            bins = min(40, max(8, math.isqrt(values.size)))
            heights, *_ = ax.hist(
                finite, bins=bins, range=scale, weights=share, color=style.COLOURS[0]
            )
            ax.set_ylim(0, 1.5 * heights.max() or 1)  # room for the notes
            notes = [f"mean {finite.mean():.3g}", f"std {finite.std():.3g}"] if finite.size else []
            if (zero := 100 * np.sum(finite == 0) / max(finite.size, 1)) >= 1:
                notes.append(f"{zero:.0f} % are 0")
            if broken := values.size - finite.size:
                notes.append(f"{broken:,} not finite!")
            ax.set_title(style.shown(name), loc="left")
            ax.text(
                0.98, 0.98, "\n".join(notes).replace("-", "−"), transform=ax.transAxes, ha="right",
                va="top", fontsize=12,
            )  # fmt: skip
            ax.set_xlabel(what)
            ax.locator_params(nbins=4)
        for ax in axes[:: style.columns(len(spread))]:
            ax.set_ylabel("% of values")
    return axes
