"""One look for every plot of autograd, nn and optim: type for a projector, colours for all eyes.

Whatever a colour says, a line style, a marker or a hatch says too. Matplotlib is imported when the
first plot is drawn; its own settings are as they were afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

# M. Okabe, K. Ito, "Color Universal Design", 2008; without yellow, which white swallows.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)), (0, (1, 3)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "+++", "---", "ooo")
GREY = "0.45"

SETTINGS: dict[str, Any] = {
    "font.size": 13, "axes.titlesize": 14, "axes.labelsize": 13, "legend.fontsize": 12,
    "lines.linewidth": 2.4, "lines.markersize": 7, "hatch.linewidth": 0.6,
    "axes.spines.top": False, "axes.spines.right": False, "axes.axisbelow": True,
    "axes.grid": True, "grid.color": "0.85", "grid.linewidth": 0.8, "legend.framealpha": 0.9,
}  # fmt: skip

# After Matplotlib's own, which comes with it: the first that is there draws what that one lacks.
KOREAN = (
    "NanumGothic", "Noto Sans CJK KR", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic",
    "NanumBarunGothic", "AppleGothic", "UnDotum", "Baekmuk Dotum", "Droid Sans Fallback",
)  # fmt: skip


def look(i: int) -> dict[str, Any]:
    """Colour and line style of the i-th curve."""
    return {"color": COLOURS[i % len(COLOURS)], "linestyle": LINES[i % len(LINES)]}


def dots(i: int) -> dict[str, Any]:
    """Colour and marker of the i-th kind of points."""
    return {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]}


def shown(text: Any) -> str:
    r"""A name as a label that shows just it: no formula between `$`, no character unseen.

    >>> print(shown("cost in $, \n in $"))
    cost in \$, \n in \$
    """
    letters = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    return "".join(letters).replace("$", r"\$")


@contextmanager
def one(ax: Any, asked: str, size: tuple[float, float] = (6.4, 4.4)) -> Iterator[Any]:
    """Axes to draw into: those given, or new ones, in the look of this page."""
    with theme(asked, afresh=ax is None) as plt:
        if ax is None:
            ax = plt.figure(figsize=size, layout="constrained").add_subplot()
        yield ax
        _finish([ax])


@contextmanager
def several(figure: Any, asked: str, size: tuple[float, float]) -> Iterator[Any]:
    """A Figure to put Axes into: the one given (a part of one, too), or a new one."""
    with theme(asked, afresh=figure is None) as plt:
        if figure is None:
            figure = plt.figure(figsize=size, layout="constrained")
        yield figure
        _finish(figure.get_axes())


def columns(count: int, most: int = 4) -> int:
    """How many panels stand side by side."""
    return max(1, min(count, most))


@contextmanager
def bare(size: tuple[float, float], asked: str) -> Iterator[Any]:
    """A new Figure that pyplot knows nothing of, for files: nobody has to close it."""
    with theme(asked):
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def sized(count: int, width: float, height: float, most: int = 4) -> tuple[float, float]:
    """The size of a figure for so many panels of that size."""
    across = columns(count, most)
    return across * width, math.ceil(count / across) * height


def panels(figure: Any, count: int, most: int = 4) -> Any:
    """So many Axes, in rows, as one array; where the last row has fewer, it ends earlier."""
    across = columns(count, most)
    axes = figure.subplots(math.ceil(count / across), across, squeeze=False).ravel()
    for ax in axes[count:]:
        ax.remove()
    return axes[:count]


def legend(ax: Any, handles: Sequence[Any], names: Sequence[Any], **settings: Any) -> None:
    """A legend that shows each name as it is, also one that begins with `_`."""
    drawn = ax.legend(handles, [""] * len(handles), **settings)
    for text, name in zip(drawn.get_texts(), names, strict=True):
        text.set_text(shown(name))


def require(asked: str) -> Any:
    """matplotlib.pyplot, imported where the first picture is wanted.

    Raises ImportError, naming the extra, if it is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(
            f"{asked} draws with matplotlib, of the extra `plots` "
            '(in a checkout: pip install -e ".[plots]")'
        ) from None
    return plt


@contextmanager
def theme(asked: str, afresh: bool = True) -> Iterator[Any]:
    """Matplotlib's settings, for a while; from its own defaults on, whatever the user's are."""
    plt = require(asked)
    with plt.rc_context():
        if afresh:
            plt.rcdefaults()
        plt.rcParams.update(SETTINGS | {"font.family": fonts(), "text.usetex": False})
        yield plt


def _finish(axes: Sequence[Any]) -> None:
    """Ticks are made when the picture is drawn, by the settings of that time; labels were made with
    the axes, by the settings of then. So both are told now."""
    for ax in axes:
        ax.tick_params(labelsize=12, labelfontfamily=fonts())
        for axis in (ax.xaxis, ax.yaxis):
            axis.label.set(fontsize=13, fontfamily=fonts())


@cache
def fonts() -> list[str]:
    """The fonts to look for a character in."""
    from matplotlib.font_manager import fontManager

    installed = set(fontManager.get_font_names())
    return ["DejaVu Sans", *(name for name in KOREAN if name in installed)]
