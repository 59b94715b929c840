"""A picture for a terminal: one line for each value, in the order in which they came to be."""

from __future__ import annotations

from .graph_view import Box, View, lines
from .plain import columns, padded


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
    widths = [max([columns(r[c]) for r in rows if isinstance(r, tuple)], default=0) for c in range(4)]
    shown = [
        row if isinstance(row, str)
        else "  ".join(padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    return "\n".join([*shown, *view.remarks])


def _label(view: View, i: int) -> str:
    return view.boxes[i].name or f"#{i + 1}"


def _said(view: View, i: int) -> str:
    box = view.boxes[i]
    given = [_label(view, x) if isinstance(x, int) else x for x in view.inputs[i]]
    expression = box.expression
    if "(…)" in expression:
        unnamed = iter([_label(view, x) for x in view.inputs[i] if isinstance(x, int) and not view.boxes[x].name])
        while "(…)" in expression:
            expression = expression.replace("(…)", next(unnamed, "…"), 1)
    elif expression and not any(word in expression for word in given if word):
        expression += f"  of {', '.join(filter(None, given))}"
    star = "▸ " if box.is_result else ""
    return star + (f"{_label(view, i)} = {expression}" if expression else _label(view, i))


def _kind(box: Box) -> str:
    return " ".join(filter(None, [box.title, box.shape]))


def _arrays(box: Box) -> tuple[str, str]:
    """Value and gradient, each on one line."""
    said = {"value": [""], "grad": [""], "note": [""]}
    for role, line, bars in lines(box):
        if role in said:
            said[role].append((bars + " " if bars else "") + line.strip())
    value, grad, note = (" ".join(s for s in found if s) for found in said.values())
    return value, "  ".join(filter(None, [grad, note]))
