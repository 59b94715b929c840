"""A diagnosis to look at: a table with bars, for a notebook, as a picture."""

from __future__ import annotations

import math
import os
import textwrap
from html import escape
from typing import TYPE_CHECKING, Any

from ..summary import aligned

if TYPE_CHECKING:
    from .report import Diagnosis, Layer

HEAD = ("layer", "path", "mean", "std", "sick", "gradient", "", "∇w / w")
LEFT = (0, 1, 6)  # columns of text
BAR = 12
DECADES = 8


def rows(found: Diagnosis) -> list[tuple[str, ...]]:
    """One for each layer, as text."""
    return [
        (
            layer.kind,
            layer.path,
            f"{layer.mean:.2g}",
            f"{layer.std:.2g}",
            _sick(layer),
            _number(layer.gradient),
            bar,
            _number(layer.ratio),
        )
        for layer, bar in zip(found.layers, bars([layer.gradient for layer in found.layers]))
    ]


def bars(values: list[float | None]) -> list[str]:
    """Lengths that show decades: the largest fills the bar, eight decades less are nothing.

    >>> bars([1.0, 1e-4, 1e-9, 0.0, None])
    ['████████████', '██████', '▏', '0', '']
    """
    finite = [math.log10(v) for v in values if v and math.isfinite(v)]
    low = min([max(finite, default=0.0) - DECADES, *finite])
    low = max(low, max(finite, default=0.0) - DECADES)
    made = []
    for v in values:
        if v is None:
            made.append("")
        elif not math.isfinite(v):
            made.append("×")
        elif v == 0:
            made.append("0")
        else:
            full = round(BAR * (math.log10(v) - low) / DECADES)
            made.append("█" * full or "▏")
    return made


def text(found: Diagnosis) -> str:
    """The table, and below it the advice."""
    lines = [title(found), *aligned([HEAD, *rows(found)], LEFT)]
    lines += [
        "sick: dead units of a ReLU, or outputs where a sigmoid or tanh is flat; bars show "
        f"{DECADES} decades."
    ]
    for advice in found.advice:
        lines += textwrap.wrap(
            f"{advice.problem.upper()} at {advice.where}: {advice.text}",
            width=96, subsequent_indent="  ",
        )  # fmt: skip
    if not found.advice:
        lines.append("healthy: nothing here needs advice.")
    return "\n".join(lines)


def title(found: Diagnosis) -> str:
    return f"{found.model}: loss {found.loss:.4g} on {found.samples:,} samples"


def html(found: Diagnosis) -> str:
    """The same for a notebook."""

    def line(cells: tuple[str, ...], tag: str) -> str:
        aligns = ["left" if i in LEFT else "right" for i in range(len(cells))]
        return "".join(
            f'<{tag} style="text-align:{a}">{escape(c)}</{tag}>' for c, a in zip(cells, aligns)
        )

    body = "".join(f"<tr>{line(row, 'td')}</tr>" for row in rows(found))
    advice = "".join(
        f"<li><b>{escape(a.problem)}</b> at <code>{escape(a.where)}</code>: {escape(a.text)}</li>"
        for a in found.advice
    )
    told = f"<ul>{advice}</ul>" if advice else "<p>healthy: nothing here needs advice.</p>"
    return (
        f"<div><b>{escape(title(found))}</b><table><tr>{line(HEAD, 'th')}</tr>{body}</table>"
        f"{told}</div>"
    )


def figure(found: Diagnosis, path: str | os.PathLike[str] | None = None) -> Any:
    """Three panels, one above the other, layer by layer."""
    from ..curves import saved
    from ..plot.health import for_a_file

    picture = for_a_file(found)
    if path is not None:
        saved(picture, path)
    return picture


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"


def _sick(layer: Layer) -> str:
    return "" if layer.sick is None else f"{layer.sick:.0%}"
