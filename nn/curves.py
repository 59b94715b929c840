"""Learning curves: as text for a terminal, as a picture where matplotlib is installed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

BARS = "▁▂▃▄▅▆▇█"


def text_curves(history: Mapping[str, Sequence[float]], width: int = 48) -> str:
    """Each curve as one line of bars, with its first, best and last value.

    >>> print(text_curves({"loss": [2.3, 1.0, 0.5], "accuracy": [0.1, 0.7, 0.9]}))
    loss      2.3000 █▃▁ 0.5000   lowest  0.5000 at epoch 3
    accuracy  0.1000 ▁▆█ 0.9000   highest 0.9000 at epoch 3
    """
    names = max(map(len, history), default=0)
    rows = []
    for name, values in history.items():
        finite = [v for v in values if math.isfinite(v)]
        if not finite:
            continue
        low, high = min(finite), max(finite)
        falling = "loss" in name or "error" in name
        best = low if falling else high
        bars = _bars(values, low, high, width)
        which = "lowest " if falling else "highest"
        rows.append(
            f"{name:<{names}}  {values[0]:.4f} {bars} {values[-1]:.4f}   "
            f"{which} {best:.4f} at epoch {list(values).index(best) + 1}"
        )
    return "\n".join(rows)


def _bars(values: Sequence[float], low: float, high: float, width: int) -> str:
    """One bar for each value; for more values than `width`, one for each of `width` stretches."""
    if len(values) > width:
        values = [values[round(i * (len(values) - 1) / (width - 1))] for i in range(width)]
    span = (high - low) or 1.0
    return "".join(
        BARS[round((v - low) / span * (len(BARS) - 1))] if math.isfinite(v) else "×" for v in values
    )


def plot_curves(history: Mapping[str, Sequence[float]], path: str | Path) -> Path:
    """The curves as a picture file: losses on the left, metrics on the right.

    Raises
    ------
    ImportError
        If matplotlib is not installed: `pip install "glassgrad[plots]"`.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise ImportError(
            'a picture of the curves needs matplotlib: pip install "glassgrad[plots]"'
        ) from None
    losses = [name for name in history if "loss" in name]
    groups = [group for group in (losses, [n for n in history if n not in losses]) if group]
    figure = Figure(figsize=(5 * len(groups), 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    for k, group in enumerate(groups):
        axes = figure.add_subplot(1, len(groups), k + 1)
        for name, style in zip(group, ("-o", "--s", ":^", "-.d") * len(group), strict=False):
            epochs = range(1, len(history[name]) + 1)
            axes.plot(epochs, history[name], style, markersize=3, label=name)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path
