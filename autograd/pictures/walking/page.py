"""The page: one file that loads nothing. Python works out every step, page.js shows them."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import Any

import numpy as np

from ..graph_view import Painter
from ..plain import visible
from ..simplify import Summary
from ..summary import look
from ..view import View
from .arrays import Shelf
from .backprop import value_of
from .cards import States, drawing
from .rules import plain
from .steps import CHAPTERS, Step, Story

MARKS = {  # beside the lit box, and the one that receives
    "forward": ("now", ""),
    "loss": ("now", ""),
    "seed": ("start: 1", ""),
    "back": ("rule", "+="),
    "update": ("new value", ""),
}


def page(steps: list[Step], story: Story, view: View, title: str, remarks: list[str]) -> str:
    """The whole page as text."""
    told = _Told(steps, story, view)
    script = _file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    if told.shelf.in_words_only:
        remarks = [*remarks, f"{told.shelf.in_words_only} arrays are described in words, to keep "
                   "the page small"]  # fmt: skip
    chapters = [
        f'<li><button type="button"><b>{i}</b><span>{name}</span></button></li>'
        for i, name in enumerate(CHAPTERS, 1)
    ]
    parts = {
        "title": html.escape(title),
        "hash": f"sha256-{digest}",
        "style": _file("page.css"),
        "chapters": "".join(chapters),
        "graph": drawing(view, told.states),
        "count": str(len(steps)),
        "remarks": html.escape("".join(f" · {remark}" for remark in remarks)),
        "text": html.escape(in_lines(steps)),
        "data": _json(told.data()),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _file("page.html"))


def in_lines(steps: list[Step]) -> str:
    """The steps as lines of text."""
    lines, chapter = [], -1
    for i, step in enumerate(steps, 1):
        if step.chapter != chapter:
            chapter = step.chapter
            lines.append(f"{chapter + 1}. {CHAPTERS[chapter]}")
        lines.append(f"{i:>5}  {step.text}")
    return "\n".join(lines)


def framed(document: str, title: str) -> str:
    """The page in a frame of its own, for a notebook: no style or script of either reaches the
    other."""
    return (
        f'<iframe srcdoc="{html.escape(document)}" title="{html.escape(title)}" loading="lazy" '
        'sandbox="allow-scripts" style="width:100%;height:780px;border:0"></iframe>'
    )


class _Told:
    """The steps in terms of boxes, arrows and arrays by their numbers."""

    def __init__(self, steps: list[Step], story: Story, view: View) -> None:
        self.steps, self.story, self.view = steps, story, view
        self.painter: Painter = story.painter
        self.shelf = Shelf()
        self.states = [States() for _ in view.boxes]
        self.boxes: list[dict[str, Any]] = [{} for _ in view.boxes]
        self.speaker: dict[Any, int] = {}  # item whose value and gradient a box shows -> the box
        for item, i in self.painter.index.items():
            self._begin(item, i)
        self.told = [self._step(step) for step in steps]

    def data(self) -> dict[str, Any]:
        return {
            "out": self.story.word(self.story.root),
            "chapters": CHAPTERS,
            "steps": self.told,
            "boxes": self.boxes,
            "arrays": self.shelf.shown,
        }

    def _begin(self, item: Any, i: int) -> None:
        box = self.view.boxes[i]
        name = box.name or box.title
        label = ", ".join(filter(None, [name, box.title if box.name else "", box.shape]))
        self.boxes[i] = {"name": name, "label": label, "values": [], "gradients": [],
                         "given": not getattr(item, "op", None) and not isinstance(item, Summary)}
        if isinstance(item, Summary) and not item.span:
            return
        speaks = self.painter.speaks_of(item)
        self.speaker[speaks] = i
        value = value_of(speaks, self.story.known)
        if value is not None:
            self._state(i, "values", value)

    def _state(self, i: int, what: str, array: Any) -> int:
        """One more state of a box; its number."""
        getattr(self.states[i], what).append(look(np.asarray(array)))
        self.boxes[i][what].append(self.shelf.put(array))
        return len(self.boxes[i][what]) - 1

    def _box(self, item: Any) -> int:
        i = None if item is None else self.painter.box_of(item)
        return -1 if i is None else i

    def _step(self, step: Step) -> dict[str, Any]:
        box = self._box(step.node)
        to = self._box(step.target) if step.kind == "back" else -1
        arrows = [(to, box)] if to >= 0 else []
        if step.kind == "forward":
            arrows = [(start, end) for start, end in self.view.arrows if end == box]
        reveals: list[tuple[int, str, int]] = []
        speaks = self.speaker.get(step.target, -1) if step.target is not None else -1
        if speaks >= 0:
            if step.kind == "forward" and self.boxes[speaks]["values"]:
                reveals.append((speaks, "value", 0))
            if step.kind in ("seed", "back") and step.gradient is not None:
                k = self._state(speaks, "gradients", step.gradient)
                reveals.append((speaks, "gradient", k))
            if step.kind == "update":
                reveals.append((speaks, "value", self._state(speaks, "values", step.value)))
        operands = [(plain(name), value) for name, value in step.operands]
        if all(np.size(value) == 1 for _, value in operands):
            operands = []  # the formula has said it
        return {
            "chapter": step.chapter,
            "box": box,
            "to": to,
            "lit": [f"arrow{a}-{b}" for a, b in arrows],
            "mark": MARKS.get(step.kind, ("", "")),
            "formula": step.formula,
            "numbers": step.numbers,
            "note": step.note,
            "reveals": reveals,
            "operands": [(name, self.shelf.put(value)) for name, value in operands],
        }


def _file(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _json(data: Any) -> str:
    """JSON that can stand inside a script element: no markup, no line that JavaScript would end."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def titled(title: str, out: str) -> str:
    return visible(title, 120) or f"{out}, step by step"
