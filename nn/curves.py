"""Learning curves: as text for a terminal, in a notebook, as a picture where matplotlib is."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .metrics import higher_is_better

if TYPE_CHECKING:
    from pathlib import Path

BARS = "▁▂▃▄▅▆▇█"


def text_curves(history: Mapping[str, Sequence[float]], width: int = 48) -> str:
    """Each curve as one line of bars, with its first, best and last value.

    >>> print(text_curves({"loss": [2.3, 1.0, 0.5], "accuracy": [0.1, 0.7, 0.9]}))
    loss      2.3000 █▃▁ 0.5000   lowest  0.5000 at epoch 3
    accuracy  0.1000 ▁▆█ 0.9000   highest 0.9000 at epoch 3
    """
    names = max(map(len, numbers(history)), default=0)
    rows = []
    for name, values in numbers(history).items():
        low, high, best = _range(name, values)
        bars = _bars(values, low, high, width)
        which = "highest" if higher_is_better(name) else "lowest "
        rows.append(
            f"{name:<{names}}  {values[0]:.4f} {bars} {values[-1]:.4f}   "
            f"{which} {best:.4f} at epoch {list(values).index(best) + 1}"
        )
    return "\n".join(rows)


def numbers(history: Mapping[str, Sequence[Any]]) -> dict[str, list[float]]:
    """The curves in it: what is no number (a matrix), or never finite, is none."""
    curves = {name: values for name, values in history.items() if not any(map(np.ndim, values))}
    return {
        name: [float(v) for v in values]
        for name, values in curves.items()
        if any(math.isfinite(v) for v in values)
    }


def _range(name: str, values: Sequence[float]) -> tuple[float, float, float]:
    """The lowest, the highest, and the best of them."""
    finite = [v for v in values if math.isfinite(v)]
    low, high = min(finite), max(finite)
    return low, high, high if higher_is_better(name) else low


def _bars(values: Sequence[float], low: float, high: float, width: int) -> str:
    """One bar for each value; for more values than `width`, one for each of `width` stretches."""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    span = (high - low) or 1.0
    return "".join(
        BARS[round((v - low) / span * (len(BARS) - 1))] if math.isfinite(v) else "×" for v in values
    )


def html_curves(history: Mapping[str, Sequence[float]]) -> str:
    """The curves as a table for a notebook: name, first, a small picture (SVG), last, best."""
    from html import escape

    rows = []
    for name, values in numbers(history).items():
        low, high, best = _range(name, values)
        rows.append(
            f"<tr><td>{escape(name)}</td><td>{values[0]:.4f}</td><td>{_svg(values, low, high)}"
            f"</td><td>{values[-1]:.4f}</td><td>{best:.4f} at epoch {values.index(best) + 1}</td>"
            "</tr>"
        )
    head = "".join(f"<th>{title}</th>" for title in ("", "first", "", "last", "best"))
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _svg(values: Sequence[float], low: float, high: float, width: int = 240) -> str:
    """One curve; where a value is not finite it has a gap."""
    span, step = (high - low) or 1.0, width / max(len(values) - 1, 1)
    pieces: list[list[str]] = [[]]
    for i, v in enumerate(values):
        if math.isfinite(v):
            pieces[-1].append(f"{4 + i * step:.1f},{36 - (v - low) / span * 32:.1f}")
        elif pieces[-1]:
            pieces.append([])
    lines = "".join(
        f'<polyline points="{" ".join(points)}" fill="none" stroke="currentColor" '
        'stroke-width="1.5"/>'
        for points in pieces
        if len(points) > 1
    )
    dots = "".join(
        '<circle cx="{}" cy="{}" r="2" fill="currentColor"/>'.format(*points[-1].split(","))
        for points in pieces
        if points
    )
    return f'<svg width="{width + 8}" height="40" role="img">{lines}{dots}</svg>'


def figure(history: Mapping[str, Sequence[float]]) -> Any:
    """The curves as `nn.plot.curves` draws them, in a Figure of their own, which nobody has to
    close; empty if there is no epoch to draw.

    Raises ImportError if matplotlib is not installed.
    """
    from .plot.training import for_a_file

    return for_a_file(history)


def plot_curves(history: Mapping[str, Sequence[float]], path: str | Path) -> Path:
    """The curves as a picture file, in the format that its ending asks for.

    Raises
    ------
    ImportError
        If matplotlib is not installed (the extra `plots`).
    """
    return saved(figure(history), path)


def saved(picture: Any, path: str | os.PathLike[str]) -> Path:
    """Where a Figure was written to; the folder is made if need be."""
    from pathlib import Path

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.savefig(path, dpi=120)
    return path
