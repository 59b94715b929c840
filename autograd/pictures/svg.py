"""A picture as SVG, drawn without any engine: boxes by layout.py, words by graph_view.py.

What a box is can be told without colours: what an op made is round with a dark head, what the user
made is square, a constant is dashed, a result has a double edge, a failure a thick one and a cross.
Everything is in presentation attributes, since a notebook shares one style sheet between pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from .layout import Area, Point, layout
from .plain import columns
from .view import Box, Frame, View, head, lines

SANS = (
    "'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Noto Sans', 'Noto Sans KR', "
    "'Apple SD Gothic Neo', 'Malgun Gothic', NanumGothic, sans-serif"
)
MONO = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', NanumGothicCoding, monospace"
LINE = 18.0
PADDING = 10.0
HEAD = 24.0
MARGIN = 16.0
BAR = 4.0
RING = 4.0  # between the two edges of a result


@dataclass(frozen=True)
class Look:
    """Colours of one kind of box; every text has a contrast of 4.5 or more with its ground."""

    edge: str
    ground: str
    head: str
    head_text: str
    dash: str = ""
    round: float = 0.0
    thick: float = 1.5


LOOKS = {
    "op": Look("#334155", "#ffffff", "#334155", "#ffffff", round=9),
    "leaf": Look("#0369a1", "#ffffff", "#e0f2fe", "#0c4a6e", thick=2),
    "parameter": Look("#1d4ed8", "#ffffff", "#dbeafe", "#1e3a8a", thick=2),
    "constant": Look("#64748b", "#ffffff", "#f1f5f9", "#334155", dash="5 3"),
    "backward": Look("#9f1239", "#ffffff", "#9f1239", "#ffffff", round=9),
    "module": Look("#475569", "#ffffff", "#e2e8f0", "#1e293b", round=3),
    "failed": Look("#b91c1c", "#fef2f2", "#b91c1c", "#ffffff", round=9, thick=4),
    "earlier": Look("#64748b", "#ffffff", "#f1f5f9", "#334155", dash="2 3", round=9),
}
INK = {"expression": "#0f172a", "value": "#0f172a", "grad": "#b42318", "note": "#475569"}
MUTED = "#475569"
PAPER = "#ffffff"


def svg(view: View, rankdir: str = "LR", caption: str = "") -> str:
    """The picture; `caption` is written small beneath it."""
    cards = [_Card(box) for box in view.boxes]
    arrows = list(view.arrows)
    placed = layout([card.size for card in cards], arrows, [b.frames for b in view.boxes], rankdir)
    heading = 28.0 if view.title else 0.0
    footing = [*view.remarks, *([caption] if caption else [])]
    wide = max(
        [
            placed.width,
            *(text_width(text, 12) for text in footing),
            text_width(view.title, 16, bold=True),
        ]
    )
    width, height = wide + 2 * MARGIN, placed.height + 2 * MARGIN + heading + len(footing) * LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label={quoteattr(summary(view))} '
        f'font-family="{SANS}" font-size="13">',
        f"<title>{escape(summary(view))}</title>",
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
    ]
    if view.title:
        parts.append(_text(MARGIN, MARGIN + 14, view.title, "#0f172a", size=16, weight="bold"))
    parts.append(f'<g transform="translate({MARGIN} {MARGIN + heading})">')
    parts += [_frame(view.frames[i], area) for i, area in placed.frames.items()]
    parts += [
        _arrow(twig, view.arrows[arrow], rankdir) for arrow, twig in twigs(placed.routes).items()
    ]
    ways = list(placed.routes.values())
    parts += [
        _frame_label(view.frames[i], area, _crossings(area, ways, rankdir))
        for i, area in placed.frames.items()
    ]
    parts += [card.drawn(area) for card, area in zip(cards, placed.boxes, strict=True)]
    parts.append("</g>")
    for i, text in enumerate(footing):
        y = MARGIN + heading + placed.height + (i + 1) * LINE
        parts.append(_text(MARGIN, y, text, MUTED, size=12))
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def summary(view: View) -> str:
    """What a reader who sees no picture is told."""
    results = [box.name or box.title for box in view.boxes if box.is_result]
    results[3:] = ["…"] if len(results) > 3 else []
    of = f" of {', '.join(results)}" if results else ""
    return f"Computation graph{of}: {len(view.boxes)} boxes, {len(view.arrows)} arrows"


class _Card:
    """One box: a head with what it is and its shape, then its rows."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.look = LOOKS[box.kind]
        self.rows = list(lines(box))
        self.left, self.right = head(box)
        top = text_width(self.left, 13, bold=True) + text_width(self.right, 11.5) + 16
        body = [
            text_width(f"{mark} {text}" if mark else text, 12.5, mono=True)
            + (len(heights) * BAR + 8 if heights else 0)
            for _, mark, heights, text in self.rows
        ]
        rows = len(self.rows) * LINE + 8 if self.rows else 0.0
        self.ring = RING if box.is_result else 0.0
        self.size = (
            max([48.0, top, *body]) + 2 * (PADDING + self.ring),
            HEAD + rows + 2 * self.ring,
        )

    def drawn(self, area: Area) -> str:
        look, ring = self.look, self.ring
        outer = box_path(area, look.round + ring if look.round else 0)
        left, top, right, _ = area = _grown(area, -ring)
        whole = box_path(area, look.round)
        head_only = box_path((left, top, right, top + HEAD), look.round, flat=bool(self.rows))
        dash = f' stroke-dasharray="{look.dash}"' if look.dash else ""
        parts = [f"<g><title>{escape(self._spoken())}</title>"]
        if ring:
            parts.append(
                f'<path d="{outer}" fill="{PAPER}" stroke="{look.edge}" stroke-width="1.5"/>'
            )
        parts += [
            f'<path d="{whole}" fill="{look.ground}"/>',
            f'<path d="{head_only}" fill="{look.head}"/>',
            f'<path d="{whole}" fill="none" stroke="{look.edge}" '
            f'stroke-width="{look.thick}"{dash}/>',
            _text(left + PADDING, top + 16.5, self.left, look.head_text, weight="bold"),
            _text(right - PADDING, top + 16.5, self.right, look.head_text, size=11.5, anchor="end"),
        ]
        y = top + HEAD + 4
        for role, mark, heights, text in self.rows:
            y += LINE
            x = left + PADDING
            weight = "bold" if role == "expression" else ""
            if heights:
                parts.append(_text(x, y - 5, mark, INK[role], size=12.5, mono=True))
                x += text_width(f"{mark} ", 12.5, mono=True) if mark else 0
                parts.append(f'<path d="{bars(x, y, heights)}" fill="{INK[role]}"/>')
                x += len(heights) * BAR + 8
            elif mark:
                text = f"{mark} {text}"
            parts.append(_text(x, y - 5, text, INK[role], size=12.5, mono=True, weight=weight))
        parts.append("</g>")
        return "".join(parts)

    def _spoken(self) -> str:
        return "\n".join(
            [
                f"{self.left}  {self.right}",
                *(f"{mark} {text}".strip() for _, mark, _, text in self.rows),
            ]
        )


def _grown(area: Area, by: float) -> Area:
    left, top, right, bottom = area
    return left - by, top - by, right + by, bottom + by


def box_path(area: Area, r: float, flat: bool = False) -> str:
    """A box with round corners, below only if not flat."""
    left, top, right, bottom = area
    if not r:
        return f"M{left:.1f} {top:.1f}H{right:.1f}V{bottom:.1f}H{left:.1f}Z"
    up = f"M{left:.1f} {top + r:.1f}a{r} {r} 0 0 1 {r} {-r}H{right - r:.1f}a{r} {r} 0 0 1 {r} {r}"
    if flat:
        return f"{up}V{bottom:.1f}H{left:.1f}Z"
    return f"{up}V{bottom - r:.1f}a{r} {r} 0 0 1 {-r} {r}H{left + r:.1f}a{r} {r} 0 0 1 {-r} {-r}Z"


def _frame(frame: Frame, area: Area) -> str:
    dash = ' stroke-dasharray="7 4"' if frame.kind == "repeat" else ""
    return (
        f'<path d="{box_path(area, 6)}" fill="#64748b" fill-opacity="0.07" '
        f'stroke="#64748b"{dash}/>'
    )


def _frame_label(frame: Frame, area: Area, crossed: list[float]) -> str:
    """As far left as no arrow crosses it; if there is no such place, over the arrow, in a halo."""
    left, top, right, _ = area
    width = text_width(frame.label, 12.5, bold=True)
    x = first = left + 10
    for arrow in crossed:
        if x - 6 < arrow < x + width + 4:
            x = arrow + 8
    x = x if x + width < right - 4 else first
    label = _text(x, top + 16, frame.label, "#334155", size=12.5, weight="bold")
    return f'<g stroke="#eef0f3" stroke-width="4" paint-order="stroke">{label}</g>'


def _crossings(area: Area, routes: list[list[Point]], rankdir: str) -> list[float]:
    """Where arrows cross the line on which the frame's title stands, from the left."""
    left, top, right, _ = area
    y, down = top + 12, rankdir == "TB"
    found = []
    for route in routes:
        for (x0, y0), (x1, y1) in pairwise(route):
            if min(y0, y1) > y or max(y0, y1) < y or min(x0, x1) > right or max(x0, x1) < left:
                continue
            if y0 == y1:
                continue  # along the line: no place beside it
            low, high = 0.0, 1.0  # how far along its curve (`way`) it is there, by halving
            for _ in range(12):
                t = (low + high) / 2
                way = 1.5 * t * (1 - t) + t**3 if down else (3 - 2 * t) * t * t
                if (y0 + (y1 - y0) * way < y) == (y0 < y1):
                    low = t
                else:
                    high = t
            across = (3 - 2 * t) * t * t if down else 1.5 * t * (1 - t) + t**3
            found.append(x0 + (x1 - x0) * across)
    return sorted(found)


def twigs(routes: dict[tuple[int, int], list[Point]]) -> dict[tuple[int, int], list[Point]]:
    """Of each arrow, what is not drawn already: arrows from one box share their way until one
    leaves it, so that one box with 500 users is one line with 500 twigs."""
    found: dict[tuple[int, int], list[Point]] = {}
    longest: dict[int, list[Point]] = {}
    for arrow, route in sorted(routes.items(), key=lambda item: len(item[1])):
        drawn = longest.get(arrow[0], route[:1])
        fork = max(len(drawn) - 2, 0)
        found[arrow] = route[fork:] if route[fork] == drawn[fork] else route
        longest[arrow[0]] = route
    return found


def _arrow(route: list[Point], count: int, rankdir: str) -> str:
    down = rankdir == "TB"
    x1, y1 = route[-1]
    head = f"M{x1:.1f} {y1:.1f}l-4 -8h8z" if down else f"M{x1:.1f} {y1:.1f}l-8 -4v8z"
    parts = [
        f'<path d="{way(route, down)}" fill="none" stroke="#475569" stroke-width="1.4"/>',
        f'<path d="{head}" fill="#475569"/>',
    ]
    if count > 1:
        parts.append(_text(x1 - 12, y1 - 7, f"×{count}", MUTED, size=11.5, anchor="end"))
    return "".join(parts)


def way(route: list[Point], down: bool = False) -> str:
    """An arrow's line up to its head, in the words of a path; what runs level is one straight line,
    however many ranks it passes."""
    along, across = (1, 0) if down else (0, 1)
    level = "V" if down else "H"
    (x, y), *others = route
    tip = list(others.pop())
    tip[along] -= 7
    path = [f"M{x:.0f} {y:.0f}"]
    last = (x, y)
    for point in [*others, (tip[0], tip[1])]:
        middle = (last[along] + point[along]) / 2
        if abs(last[across] - point[across]) < 1:
            path = path[:-1] if path[-1][0] == level else path
            path.append(f"{level}{point[along]:.0f}")
            last = (last[0], point[1]) if down else (point[0], last[1])
            continue
        (x0, y0), (x1, y1) = last, point
        if down:
            path.append(f"C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}")
        else:
            path.append(f"C{middle:.0f} {y0:.0f} {middle:.0f} {y1:.0f} {x1:.0f} {y1:.0f}")
        last = point
    return "".join(path)


def bars(x: float, y: float, heights: str) -> str:
    """The histogram: the sparkline's blocks as bars, in the words of a path."""
    path = []
    for i, block in enumerate(heights):
        height = " ▁▂▃▄▅▆▇█".index(block) * 1.6
        if height:
            path.append(f"M{x + i * BAR:.1f} {y - 3:.1f}v{-height:.1f}h{BAR - 1:.1f}v{height:.1f}z")
    return "".join(path)


def _text(
    x: float,
    y: float,
    text: str,
    ink: str,
    size: float = 13,
    weight: str = "",
    anchor: str = "",
    mono: bool = False,
) -> str:
    if not text:
        return ""
    attributes = f'font-size="{size}" fill="{ink}"'
    attributes += f' font-weight="{weight}"' if weight else ""
    attributes += f' text-anchor="{anchor}"' if anchor else ""
    attributes += f' font-family="{MONO}" xml:space="preserve"' if mono else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{escape(text)}</text>'


def text_width(text: str, size: float, bold: bool = False, mono: bool = False) -> float:
    """About how wide it will be, rather more than less: no font is at hand to ask."""
    if mono:
        return columns(text) * size * 0.605
    narrow = sum(c in "iljtfrI.,:;'|![]() " for c in text)
    wide = sum(c in "mwMW@%" for c in text)
    capital = sum(c.isupper() for c in text)
    units = columns(text) * 0.56 - narrow * 0.24 + wide * 0.3 + capital * 0.12
    return units * size * (1.06 if bold else 1.0)
