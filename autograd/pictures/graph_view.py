"""From the graph to what a picture shows of it: the words in each box, and the arrows."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Constant, Node
from .phrases import Leaf, forward, in_full
from .plain import visible
from .simplify import Failure, Graph, Options, Summary
from .subject import Subject
from .summary import Look, look, number
from .view import Box, View


def view(subject: Subject, options: Options, title: str = "") -> View:
    """What a picture of everything that led to the subject shows."""
    return Painter(subject, options, title).view()


class Painter:
    def __init__(self, subject: Subject, options: Options, title: str = "") -> None:
        self.graph = Graph(subject.roots, subject.names, options)
        self.subject = subject
        self.names = subject.names
        self.title = visible(title, 120)
        self.index: dict[Any, int] = {}  # item that is shown -> its box; filled by view()

    def view(self) -> View:
        graph = self.graph
        shown: dict[Any, float] = {}  # item -> when it comes, in creation order
        for item in graph.consumers:
            stands = graph.shown(item)
            if stands is not None:
                joined = graph.stands_for[item] if isinstance(item, Constant) else item
                when = self._when(joined if isinstance(joined, Constant) else item)
                shown[stands] = max(shown.get(stands, 0.0), when)
        items = sorted(
            shown,
            key=lambda item: (
                shown[item], len(graph.frames_of.get(item, ())), self._argument(item)
            ),
        )  # fmt: skip
        index = self.index = {item: i for i, item in enumerate(items)}
        arrows: Counter[tuple[int, int]] = Counter()
        first_copies = {item for item in graph.consumers if graph.stands_for[item] is item}
        for user in graph.consumers:
            target = graph.shown(user)
            if target is None or not getattr(user, "op", None):
                continue
            for source in user.inputs:
                if source in graph.consumers:
                    start = graph.shown(source)
                    if start is None or start is target:
                        continue
                    arrow = index[start], index[target]
                    if user in first_copies or isinstance(target, Summary):
                        arrows[arrow] += 1
                    elif arrow[0] < arrow[1]:  # a copy's; from one copy to the next there is none
                        arrows.setdefault(arrow, 1)
        boxes = [self._box(item) for item in items]
        for box, item in zip(boxes, items, strict=True):
            box.frames = graph.frames_of.get(item, ())
        for root in graph.roots:
            if not isinstance(root, Failure):
                boxes[index[graph.shown(root)]].is_result = True
        inputs = [self._inputs(item, index) for item in items]
        return View(
            boxes,
            dict(arrows),
            graph.frames,
            inputs,
            self.title,
            [*graph.remarks, *map(_line, self.subject.remarks)],
        )

    def box_of(self, item: Any) -> int | None:
        """The box that shows this item of the graph, or what it is part of; after view()."""
        stands = self.graph.shown(item) if item in self.graph.consumers else None
        return None if stands is None else self.index[stands]

    def speaks_of(self, item: Any) -> Any:
        """The item whose value and gradient the box of this one shows."""
        return self._last(item) if isinstance(item, Summary) and item.span else item

    def _when(self, item: Any) -> float:
        """An op when it was made; a leaf or a constant right before it is first used."""
        if getattr(item, "op", None) is not None and isinstance(item, Node):
            return item.order
        uses = [c.order for c in self.graph.consumers[item] if isinstance(c, Node)]
        return min(uses) - 0.5 if uses else math.inf

    def _argument(self, item: Any) -> int:
        """Which argument of its first user it is: weight comes before bias."""
        uses = [c for c in self.graph.consumers.get(item, ()) if isinstance(c, Node)]
        first = min(uses, key=lambda node: node.order, default=None)
        inputs = first.inputs if first is not None else ()
        return next((i for i, given in enumerate(inputs) if given is item), 0)

    def _inputs(self, item: Any, index: dict[Any, int]) -> list[int | str]:
        """What an expression's gaps (…) stand for, by index; the other inputs in words."""
        found: list[int | str] = []
        for source in getattr(item, "inputs", ()):
            word = self._word(source)
            stands = self.graph.shown(source) if source in self.graph.consumers else None
            found.append(word if word or stands is None else index[stands])
        return found

    def name(self, item: Any) -> str:
        """Its own name, or what the caller calls it; in a module's frame, without the module's."""
        own, found = getattr(item, "name", None), self.names.of.get(id(item))
        if own is not None and not (found and found.endswith(f".{own}")):
            return visible(own)
        if found is None and getattr(item, "value", None) is not None:
            found = self.names.of.get(id(item.value))
            if found is None and isinstance(item, Constant):
                found = self.names.of_cast(item.value)
        return self._in_its_frames(found, item) if found is not None else ""

    def _in_its_frames(self, name: str, item: Any) -> str:
        """The name, without that of the innermost module that it is shown in."""
        for i in self.graph.frames_of.get(item, ())[::-1]:
            around = self.graph.frames[i].name
            if around and name.startswith(around):
                return visible(name.removeprefix(around).lstrip("."))
        return visible(name)

    def _box(self, item: Any) -> Box:
        if isinstance(item, Summary):
            return self._summary(item)
        box = Box("op", self.name(item), shape=_shape(item))
        op = getattr(item, "op", None)
        if op is None:
            box.kind = box.title = self._kind_of_source(item)
        else:
            box.title = visible(op.name)
            box.expression = self.expression(item, lambda source: self._word(source))
        if isinstance(item, Failure):
            box.kind = "failed"
            said = visible(f"{type(item.error).__name__}: {item.error}", 400)
            box.notes = tuple(textwrap.wrap("✗ " + said, 64, subsequent_indent="  ", max_lines=5))
            return box
        if op is not None and item in self.subject.made_by:
            box.kind = "backward"
            box.notes = (f"made by {visible(self.subject.made_by[item])}",)
        origin = getattr(item, "origin", None)  # known under ag.debug()
        if origin is not None:
            box.notes += (f"at {visible(origin, 64)}",)
        if item.shape is not None:
            box.value, box.grad = self._value(item), self._grad(item)
            if box.value is None:
                used_up = op is not None and item.saved is None and box.grad is None
                box.notes += ("values and ∂ not kept" if used_up else "values not kept",)
        return box

    def _kind_of_source(self, item: Any) -> str:
        if isinstance(item, Constant):
            return "constant"
        return "parameter" if id(item) in self.names.parameters else "leaf"

    def _value(self, item: Any) -> Look | None:
        array = item.value if item.value is not None else self.names.arrays.get(id(item))
        return None if array is None else look(array)

    def _grad(self, item: Any) -> Look | None:
        if not isinstance(item, Node):
            return None
        owner = item.owner() if item.owner is not None else None
        array, gradients = None, self.subject.gradients
        if gradients is not None and item in gradients:
            array = gradients[item]
        elif owner is not None and owner.grad is not None:
            array = owner.grad.array
        elif item.op is not None or owner is None:
            array = item.grad
        return None if array is None else look(array)

    def expression(self, item: Any, word: Callable[[Any], str]) -> str:
        """The op's formula with the names of its inputs in it, then its settings."""
        op = item.op
        gap = "(…)" if op.formula and "(" not in op.formula else "…"
        leaves = [Leaf(word(source) or gap) for source in item.inputs]
        return visible(in_full(forward(op, leaves, item.settings, item.shape)), 60)

    def _word(self, source: Any) -> str:
        """An input in an expression: its name, or the number itself; "" if it has neither."""
        if isinstance(source, (bool, int, float, np.generic)):
            return _number_in_words(source)
        if self.graph.is_word(source):
            return _number_in_words(source.value[()])
        return self.name(source) if source is not None else ""

    def _summary(self, item: Summary) -> Box:
        ops = [m for m in item.members if getattr(m, "op", None) is not None]
        size = sum(int(np.prod(m.shape)) for m in item.members if getattr(m, "op", None) is None)
        notes = [f"{len(ops)} op{'s' if len(ops) != 1 else ''}"]
        if item.kind == "earlier":
            return Box("earlier", title="earlier", notes=(f"… {len(ops)} ops not shown",))
        assert item.span is not None
        if size:
            notes.append(f"{size:,} parameters")
        last = self._last(item)
        box = Box(
            "module",
            self._in_its_frames(item.span.name, item),
            visible(item.span.kind),
            _shape(last),
            notes=tuple(notes),
        )
        box.value = look(last.value) if last.value is not None else None
        box.grad = self._grad(last) if last.grad is not None else None
        return box

    def _last(self, item: Summary) -> Any:
        """The last op in it whose result is used outside."""
        ops = [m for m in item.members if getattr(m, "op", None) is not None]
        outside = [
            op
            for op in ops
            if any(self.graph.shown(c) is not item for c in self.graph.consumers[op])
        ]
        return (outside or ops)[-1]


def _line(remark: str) -> str:
    return visible(remark, 160)


def _shape(item: Any) -> str:
    """`(2, 3) float32`; float64, the usual, goes without saying."""
    if item.shape is None:
        return ""
    dtype = "" if item.dtype == np.float64 else f" {item.dtype}"
    return ("scalar" if item.shape == () else str(item.shape)) + dtype


def _number_in_words(value: Any) -> str:
    text = number(value, digits=6)
    return f"({text})" if text.startswith("-") else text


