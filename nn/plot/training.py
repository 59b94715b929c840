"""Pictures of training: loss and metrics from epoch to epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autograd.plot import style

from ..curves import numbers
from ..metrics import higher_is_better

if TYPE_CHECKING:
    from ..history import History

PANEL = 5.0, 3.9  # inches


def curves(history: History | Mapping[str, Sequence[Any]], *, figure: Any = None) -> Any:
    """The learning curves: a panel for the loss, and one for each metric.

    What was measured on validation data is dashed, beside what it belongs to; the legend tells the
    best value, and when.

    Parameters
    ----------
    history : History or dict
        What `fit` returned, or {"loss": [2.3, 1.0], "val_loss": [2.2, 1.1], …}.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of matplotlib Axes

    Raises ValueError if there is no epoch to draw.

    >>> axes = curves({"loss": [2.3, 1.0], "accuracy": [0.1, 0.7]})  # doctest: +SKIP
    """
    given: Any = history
    found = numbers(getattr(given, "history", given))
    kinds = _kinds(found)
    if not kinds:
        raise ValueError("nn.plot.curves: nothing to draw; not one epoch was finished.")
    with style.several(figure, "nn.plot.curves", style.sized(len(kinds), *PANEL, 3)) as figure:
        axes = style.panels(figure, len(kinds), most=3)
        for ax, kind in zip(axes, kinds):
            lines, names = [], []
            for i, (start, name) in enumerate((("", "training"), ("val_", "validation"))):
                if (values := found.get(start + kind)) is None:
                    continue
                best = (max if higher_is_better(kind) else min)(v for v in values if v == v)
                epochs = range(1, len(values) + 1)
                lines += ax.plot(
                    epochs, values, **style.look(i) | style.dots(i), markersize=5,
                    markevery=max(1, len(values) // 20), label=start + kind,
                )  # fmt: skip
                names.append(f"{name}, best {best:.4g} at {values.index(best) + 1}")
            ax.set_xlabel("epoch")
            ax.xaxis.get_major_locator().set_params(integer=True)
            ax.set_title(style.shown(kind), loc="left")
            style.legend(ax, lines, names)
    return axes


def for_a_file(history: Mapping[str, Sequence[Any]]) -> Any:
    """The learning curves in a Figure of their own; without an epoch it is empty."""
    kinds = _kinds(numbers(history))
    with style.bare(style.sized(len(kinds) or 1, *PANEL, 3), "a picture of the curves") as figure:
        if kinds:
            curves(history, figure=figure)
    return figure


def _kinds(found: Mapping[str, Any]) -> list[str]:
    """What was measured, on whatever data."""
    return list(dict.fromkeys(name.removeprefix("val_") for name in found))
