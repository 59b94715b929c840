"""A picture for a terminal: one line for each value, in the order in which they came to be."""

from __future__ import annotations

import re

from .plain import columns, padded
from .view import Box, View, lines

GAP = re.compile(r"(?<!\w)\(…\)|(?<=[(, ])…")
"""Where an expression says nothing of an input that has no name."""


def text(view: View) -> str:
    """Lines `name = expression   op  shape   value   ∂ gradient`; what has no name has a number."""
    rows: list[tuple[str, ...] | str] = []
    inside: tuple[int, ...] = ()
    if view.title:
        rows.append(view.title)
    for i, box in enumerate(view.boxes):
        if box.frames != inside:
            shared = sum(a == b for a, b in zip(inside, box.frames, strict=False))
            for depth, frame in enumerate(box.frames[shared:], shared):
                rows.append("  " * depth + f"┌ {view.frames[frame].label}")
            inside = box.frames
        rows.append(("  " * len(box.frames) + _said(view, i), _kind(box), *_arrays(box)))
    widths = [
        max([columns(r[c]) for r in rows if isinstance(r, tuple)], default=0) for c in range(4)
    ]
    shown = [
        row
        if isinstance(row, str)
        else "  ".join(
            padded(cell, width) for cell, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([*shown, *view.remarks])


def _label(view: View, i: int) -> str:
    return view.boxes[i].name or f"#{i + 1}"


def _said(view: View, i: int) -> str:
    box = view.boxes[i]
    given = [_label(view, x) if isinstance(x, int) else x for x in view.inputs[i]]
    expression = box.expression
    for label in [_label(view, x) for x in view.inputs[i] if isinstance(x, int)]:
        expression = GAP.sub(lambda _, label=label: label, expression, count=1)  # type: ignore[misc]
    if expression and not any(word and word in expression for word in given):
        expression += f"  of {', '.join(filter(None, given))}"  # the formula has letters of its own
    star = "▸ " if box.is_result else ""
    return star + (f"{_label(view, i)} = {expression}" if expression else _label(view, i))


def _kind(box: Box) -> str:
    return " ".join(filter(None, [box.title, box.shape]))


def _arrays(box: Box) -> tuple[str, str]:
    """Value and gradient, each on one line."""
    said: dict[str, list[str]] = {"value": [], "grad": [], "note": []}
    for role, *words in lines(box):
        if role in said:
            said[role] += [word.strip() for word in words]
    value, grad, note = (" ".join(filter(None, words)) for words in said.values())
    return value, "  ".join(filter(None, [grad, note]))
