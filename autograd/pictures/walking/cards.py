"""The picture that is lit up: the same boxes in the same places as `draw`'s, in parts with names.

Colours are the page's (walk.css), which knows day and night. What changes while one walks (a value
that arrives, a sum that grows) is drawn here in all its states, one above the other; the page only
says which of them is seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from ..layout import Area, Placed, layout
from ..summary import Look
from ..svg import BAR, HEAD, LINE, LOOKS, PADDING, bars, box_path, summary, text_width, way
from ..view import Box, Frame, View, assignment, head

SMALL, MEDIUM = 12.0, 12.5
AROUND = 26.0  # for the ring around a lit box
MARK = 10.0  # for the word above it


@dataclass
class States:
    """What a box shows, one after the other."""

    values: list[Look] = field(default_factory=list)
    gradients: list[Look] = field(default_factory=list)


class Card:
    """One box with all its states."""

    def __init__(self, box: Box, states: States, place: int) -> None:
        self.box, self.states, self.place = box, states, place
        self.left, self.right = head(box)
        self.rows = [assignment(box)] if box.expression or _is_named_result(box) else []
        self.notes = list(box.notes)
        top = text_width(self.left, 13, bold=True) + text_width(self.right, SMALL) + 16
        body = [text_width(row, MEDIUM, mono=True) for row in (*self.rows, *self.notes)]
        body += [_look_width("", look) for look in states.values]
        body += [_look_width("∂ ", look) for look in states.gradients]
        values, gradients = map(_most_lines, (states.values, states.gradients))
        rows = len(self.rows) + len(self.notes) + values + gradients
        self.gradients_from = len(self.rows) + values
        self.notes_from = self.gradients_from + gradients
        height = HEAD + (rows * LINE + 8 if rows else 0)
        self.size = max([56.0, top, *body]) + 2 * PADDING, height + MARK

    def drawn(self, area: Area) -> str:
        left, top, right, bottom = area = area[0], area[1] + MARK, area[2], area[3]
        look = LOOKS[self.box.kind]
        whole = box_path(area, look.round)
        upper, flat = (left, top, right, top + HEAD), bottom - top > HEAD
        ring = box_path((left - 6, top - 6, right + 6, bottom + 6), look.round + 5)
        parts = [
            f'<g class="box {self.box.kind}" id="box{self.place}" role="button" tabindex="-1" '
            f"aria-label={quoteattr(self.left)}>",
            f'<path class="ring" d="{ring}"/>',
            f'<text class="mark" x="{right + 5:.1f}" y="{top - 11:.1f}"></text>',
            f'<path class="ground" d="{whole}"/>',
            f'<path class="head" d="{box_path(upper, look.round, flat)}"/>',
            f'<path class="edge" d="{whole}"/>',
            _text("name", left + PADDING, top + 16.5, self.left),
            _text("shape", right - PADDING, top + 16.5, self.right),
        ]
        x, first = left + PADDING, top + HEAD + 17
        for i, row in enumerate(self.rows):
            parts.append(_text("expression", x, first + i * LINE, row))
        for role, mark, looks, line in (
            ("value", "", self.states.values, len(self.rows)),
            ("gradient", "∂ ", self.states.gradients, self.gradients_from),
        ):
            for k, state in enumerate(looks):
                said = _look(mark, state, x, first + line * LINE)
                parts.append(f'<g class="{role} state{k}">{said}</g>')
        for i, note in enumerate(self.notes):
            parts.append(_text("note", x, first + (self.notes_from + i) * LINE, note))
        return "".join(parts) + "</g>"


def drawing(view: View, states: list[States]) -> str:
    """The whole picture."""
    cards = [Card(*both, i) for i, both in enumerate(zip(view.boxes, states, strict=True))]
    arrows = list(view.arrows)
    placed = layout([card.size for card in cards], arrows, [b.frames for b in view.boxes])
    width, height = placed.width + 2 * AROUND, placed.height + 2 * AROUND
    parts = [
        f'<svg id="graph" viewBox="0 0 {width:.0f} {height:.0f}" data-width="{width:.0f}" '
        f'data-height="{height:.0f}" role="group" aria-label={quoteattr(summary(view))}>',
        f'<g transform="translate({AROUND} {AROUND})">',
        *(_frame(view.frames[i], area) for i, area in placed.frames.items()),
        *(_arrow(placed, arrow, view.arrows[arrow]) for arrow in arrows),
        *(card.drawn(area) for card, area in zip(cards, placed.boxes, strict=True)),
        "</g></svg>",
    ]
    return "\n".join(parts)


def _is_named_result(box: Box) -> bool:
    return bool(box.name) and box.kind in ("op", "backward", "failed")


def _most_lines(looks: list[Look]) -> int:
    return max([len(look.lines) for look in looks], default=0)


def _look_width(mark: str, look: Look) -> float:
    bar = len(look.bars) * BAR + 8 if look.bars else 0
    return max(text_width(mark + line, MEDIUM, mono=True) for line in look.lines) + bar


def _look(mark: str, look: Look, x: float, y: float) -> str:
    first, *others = look.lines
    parts = []
    if look.bars:
        parts.append(_text("", x, y, mark) if mark else "")
        x += text_width(mark, MEDIUM, mono=True)
        parts.append(f'<path class="bars" d="{bars(x, y + 5, look.sparkline())}"/>')
        parts.append(_text("", x + len(look.bars) * BAR + 8, y, first))
    else:
        parts.append(_text("", x, y, mark + first))
    parts += [_text("", x, y + (i + 1) * LINE, " " * len(mark) + line)
              for i, line in enumerate(others)]  # fmt: skip
    return "".join(parts)


def _text(kind: str, x: float, y: float, text: str) -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>' if text else ""


def _frame(frame: Frame, area: Area) -> str:
    left, top, _, _ = area
    return (
        f'<path class="frame {frame.kind}" d="{box_path(area, 8)}"/>'
        + _text("frame-name", left + 10, top + 16, frame.label)
    )


def _arrow(placed: Placed, arrow: tuple[int, int], count: int) -> str:
    """An arrow with a head at each end, of which the page shows the one that is meant."""
    route = [(x, y + MARK / 2) for x, y in placed.routes[arrow]]  # boxes begin below the mark
    (x0, y0), (x1, y1) = route[0], route[-1]
    often = _text("often", x1 - 12, y1 - 7, f"×{count}" if count > 1 else "")
    return (
        f'<g class="arrow" id="arrow{arrow[0]}-{arrow[1]}"><path class="line" d="{way(route)}"/>'
        f'<path class="line back" d="M{x1 - 7:.1f} {y1:.1f}h7"/>'  # where no head is then
        f'<path class="tip" d="M{x1:.1f} {y1:.1f}l-9 -5v10z"/>'
        f'<path class="tip back" d="M{x0 + 1:.1f} {y0:.1f}l9 -5v10z"/>{often}</g>'
    )
