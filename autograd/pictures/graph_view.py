"""From nodes of the graph to what a picture shows of them: boxes, arrows and frames around them.

Nothing here knows how a picture is drawn. Whatever simplifies a picture is one thing, a map from
an item of the graph to the item that stands for it (or to None, if nothing does):

* a repeated block stands for all its copies          (`fold`)
* one box stands for all that happened in a module    (`depth`)
* a helper op is stood for by its input               (`helpers=False`)
* nothing stands for a constant                       (`constants=False`)
* one box stands for what is too far back to show     (`LIMIT`)

The arrows of the picture are the graph's own, between those that stand.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Array, Constant, Node, walk
from .fold import Repeat, repeats
from .names import Names, Span
from .plain import visible
from .summary import Look, look, number

LIMIT = 1_000
"""A picture of more ops than this shows the newest."""

FOLD_FROM = 48
"""From so many ops on, repeated blocks are folded unless the caller says otherwise."""

HELPERS = {
    "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "ravel",
    "broadcast_to", "astype", "copy", "positive", "output",
}  # fmt: skip
"""Ops that only rearrange, so that a picture without them still tells what is computed."""


LETTERS = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
"""The names in a formula; x² has the name x in it, xʸ too, but not y."""


@dataclass
class Box:
    """One thing in a picture."""

    kind: str  # leaf, parameter, constant, op, backward, module, failed, earlier
    name: str = ""
    title: str = ""  # the op's name, or the kind in a word
    shape: str = ""
    expression: str = ""  # "x @ w", with the names of the inputs where they have one
    value: Look | None = None
    grad: Look | None = None
    notes: tuple[str, ...] = ()
    is_result: bool = False
    frames: tuple[int, ...] = ()  # the frames it is in, outermost first


@dataclass
class Frame:
    """A box around boxes: a module, or the one copy shown of a repeated block."""

    label: str
    kind: str  # module, repeat
    name: str = ""  # of the module


@dataclass
class View:
    """A picture before it is drawn. Arrows go from box to box by index; how often, by count."""

    boxes: list[Box]
    arrows: dict[tuple[int, int], int]
    frames: list[Frame]
    inputs: list[list[int | str]]  # of each box: the index of a box, or text
    title: str = ""
    remarks: list[str] = field(default_factory=list)


class Failure:
    """An op that raised, as an item of the graph."""

    def __init__(self, op: Any, inputs: tuple[Any, ...], settings: dict[str, Any] | None, error: Exception) -> None:
        self.op = op
        self.inputs = inputs
        self.settings = settings
        self.error = error
        self.shape = self.dtype = self.value = self.grad = self.name = None


class _Summary:
    """An item that stands for many: a module, or what is too far back to show."""

    def __init__(self, kind: str, span: Span | None = None) -> None:
        self.kind = kind
        self.span = span
        self.members: list[Any] = []


@dataclass
class Options:
    depth: int | None = None
    fold: bool | None = None
    constants: bool = True
    helpers: bool = True


def view(
    roots: Collection[Any],
    names: Names,
    options: Options,
    gradients: dict[Any, Array] | None = None,
    made_by: dict[Node, str] | None = None,
    title: str = "",
) -> View:
    """What a picture of everything that led to `roots` (nodes, constants, failures) shows.

    `gradients` are shown rather than those found in the graph; `made_by` names, for the nodes of
    a backward pass, the op whose rule made them.
    """
    graph = _Graph(roots, names, options)
    return _Painter(graph, names, gradients, made_by or {}, title).view()


# -- the items of the graph, and what stands for each ---------------------------------------------


class _Graph:
    """Items, oldest first, and `stands_for`: the map from an item to the one that is shown."""

    def __init__(self, roots: Collection[Any], names: Names, options: Options) -> None:
        self.roots = list(roots)
        failures = [r for r in roots if isinstance(r, Failure)]
        starts = [n for r in roots for n in ([r] if isinstance(r, Node) else getattr(r, "inputs", ()))]
        nodes = walk(n for n in starts if isinstance(n, Node))[::-1]
        self.ops: list[Any] = [n for n in nodes if n.op is not None]
        self.consumers: dict[Any, list[Any]] = {n: [] for n in nodes}
        for item in [*self.ops, *failures]:
            for source in item.inputs:
                if isinstance(source, (Node, Constant)) and not _is_number(source):
                    self.consumers.setdefault(source, []).append(item)
        for root in roots:
            self.consumers.setdefault(root, [])
        self.sources = [item for item in self.consumers if not getattr(item, "op", None)]
        self.stands_for: dict[Any, Any] = {item: item for item in self.consumers}
        self.frames: list[Frame] = []
        self.frames_of: dict[Any, tuple[int, ...]] = {}
        self.remarks: list[str] = []

        self._put_into_modules(names, options.depth)
        if not options.helpers:
            self._hide_helpers()
        if options.fold or (options.fold is None and len(set(map(self.shown, self.ops))) >= FOLD_FROM):
            self._fold()
        self._forget_the_oldest()
        for source in self.sources:
            self._place_source(source, names)
            if isinstance(source, Constant) and not options.constants and source not in self.roots:
                self.stands_for[source] = None

    def shown(self, item: Any) -> Any:
        """The item that stands for this one in the end, or None."""
        while item is not None and self.stands_for[item] is not item:
            item = self.stands_for[item]
        return item

    def _put_into_modules(self, names: Names, depth: int | None) -> None:
        """An op is in a module if it was made during a call of it: by creation order."""
        if not self.ops or not names.spans:
            return
        first, last = self.ops[0].order, self.ops[-1].order
        spans = sorted(
            {(s.start, s.stop): s for s in reversed(names.spans) if s.start < last and s.stop > first}.values(),
            key=lambda s: (s.start, -s.stop),
        )
        boxes: dict[int, _Summary] = {}
        numbers: dict[int, int] = {}
        open_spans: list[Span] = []
        waiting = iter(spans)
        coming = next(waiting, None)
        for op in self.ops:
            while coming is not None and coming.start < op.order:
                open_spans = [s for s in open_spans if s.stop > coming.start]
                open_spans.append(coming)
                coming = next(waiting, None)
            open_spans = [s for s in open_spans if s.stop > op.order]
            if depth is not None and len(open_spans) > depth:
                span = open_spans[depth]
                box = boxes.setdefault(id(span), _Summary("module", span))
                box.members.append(op)
                self.stands_for[op] = box
            frames, outer = [], ""
            for span in open_spans[: depth if depth is not None else None]:
                if id(span) not in numbers:
                    numbers[id(span)] = len(self.frames)
                    self.frames.append(Frame(_module_label(span, outer), "module", span.name))
                frames.append(numbers[id(span)])
                outer = span.name
            self.frames_of[self.stands_for[op]] = tuple(frames)
        for box in boxes.values():
            self.stands_for[box] = box

    def _hide_helpers(self) -> None:
        for op in self.ops:
            inputs = [i for i in op.inputs if isinstance(i, Node)]
            if op.op.name in HELPERS and len(inputs) == 1 and op not in self.roots:
                self.stands_for[op] = inputs[0]

    def _fold(self) -> None:
        ops = [op for op in self.ops if self.stands_for[op] is op]
        place = {op: i for i, op in enumerate(ops)}
        signatures = [self._signature(i, op, place) for i, op in enumerate(ops)]
        for repeat in repeats(signatures):
            found = self._along_frames(repeat, ops)
            if found is None:
                continue
            repeat, depth = found
            number_of_frame = len(self.frames)
            self.frames.append(Frame(f"×{repeat.times}", "repeat"))
            for i in range(repeat.period):
                first = ops[repeat.start + i]
                path = self.frames_of.get(first, ())
                self.frames_of[first] = (*path[:depth], number_of_frame, *path[depth:])
                for copy in ops[repeat.start + i + repeat.period : repeat.start + repeat.period * repeat.times : repeat.period]:
                    self.stands_for[copy] = first
                    for mine, its in zip(first.inputs, copy.inputs, strict=True):
                        if mine is not its and mine in self.consumers and its in self.consumers:
                            folded = set(map(self._folded_to, self.consumers[its])) == {first}
                            if getattr(its, "op", None) is None and folded:
                                self.stands_for[its] = mine

        if any(frame.kind == "repeat" for frame in self.frames):
            self.remarks.append("×n: of n blocks that are alike, the first is shown")

    def _along_frames(self, repeat: Repeat, ops: list[Any]) -> tuple[Repeat, int] | None:
        """The repeat, shifted so that no frame is half in a block (ababab has ba twice, too), and
        how many frames are around all of it."""
        first_of: dict[int, int] = {}
        last_of: dict[int, int] = {}
        for i, op in enumerate(ops):
            for frame in self.frames_of.get(op, ()):
                first_of.setdefault(frame, i)
                last_of[frame] = i
        stop = repeat.start + repeat.period * repeat.times
        for start in range(repeat.start, repeat.start + repeat.period):
            times = (stop - start) // repeat.period
            end, all_of_it = start + repeat.period, start + repeat.period * times
            touched = {f for op in ops[start:end] for f in self.frames_of.get(op, ())}
            inner = {f for f in touched if start <= first_of[f] and last_of[f] < end}
            outer = touched - inner
            if times >= 2 and all(first_of[f] <= start and all_of_it <= last_of[f] + 1 for f in outer):
                return Repeat(start, repeat.period, times), len(outer)
        return None

    def _folded_to(self, item: Any) -> Any:
        return self.stands_for[item]

    def _signature(self, i: int, op: Any, place: dict[Any, int]) -> Any:
        if op in self.roots:
            return id(op)
        inputs = []
        for source in op.inputs:
            stands = self.shown(source) if source in self.consumers else source
            if stands in place:
                inputs.append(i - place[stands])
            elif isinstance(stands, (Node, Constant)):
                inputs.append((type(stands), stands.shape, str(stands.dtype)))
            else:
                inputs.append(repr(stands))
        # frames tell blocks of different modules apart only by how deep they are
        return op.op.name, op.shape, str(op.dtype), repr(op.settings), tuple(inputs), len(self.frames_of.get(op, ()))

    def _forget_the_oldest(self) -> None:
        shown = [op for op in self.ops if self.stands_for[op] is op]
        if len(shown) <= LIMIT:
            return
        earlier = _Summary("earlier")
        earlier.members = [op for op in shown[:-LIMIT] if op not in self.roots]
        self.stands_for[earlier] = earlier
        for op in earlier.members:
            self.stands_for[op] = earlier
        self.remarks.append(f"{len(earlier.members)} earlier ops are not shown")

    def _place_source(self, source: Any, names: Names) -> None:
        """A leaf is hidden with the only box that uses it, and is in the frame that it belongs to."""
        if source in self.roots or self.stands_for[source] is not source:
            return
        users = {self.shown(c): None for c in self.consumers[source]}
        users.pop(None, None)
        (only, *others) = users or [None]
        if isinstance(only, _Summary) and not others:
            if only.kind == "earlier" or (only.span and id(source) in only.span.parameters):
                only.members.append(source)
                self.stands_for[source] = only
            return
        common = _common(self.frames_of.get(u, ()) for u in users)
        if id(source) not in names.parameters:  # data comes from outside
            common = tuple(f for f in common if self.frames[f].kind == "repeat")
            if len(self.consumers[source]) > len(users):
                common = ()
        self.frames_of[source] = common


def _is_number(source: Any) -> bool:
    """A constant that is told in words rather than in a box: one number without a name."""
    return isinstance(source, Constant) and source.name is None and source.shape == () and source.value is not None


def _common(paths: Iterable[tuple[int, ...]]) -> tuple[int, ...]:
    first, *others = list(paths) or [()]
    for other in others:
        while first != other[: len(first)]:
            first = first[:-1]
    return first


def _module_label(span: Span, outer: str) -> str:
    """`layers[0]: Dense`, without the name of the module around it."""
    name = span.name.removeprefix(outer).lstrip(".") if outer else span.name
    return f"{visible(name)}: {visible(span.kind)}" if name else visible(span.kind)


# -- the words in a box ---------------------------------------------------------------------------


class _Painter:
    def __init__(
        self, graph: _Graph, names: Names, gradients: dict[Any, Array] | None,
        made_by: dict[Node, str], title: str,
    ) -> None:
        self.graph = graph
        self.names = names
        self.gradients = gradients
        self.made_by = made_by
        self.title = title

    def view(self) -> View:
        graph = self.graph
        shown: dict[Any, float] = {}  # item -> when it comes, in creation order
        for item in graph.consumers:
            stands = graph.shown(item)
            if stands is not None:
                shown[stands] = max(shown.get(stands, 0.0), self._when(item))
        items = sorted(shown, key=lambda item: (shown[item], len(graph.frames_of.get(item, ()))))
        index = {item: i for i, item in enumerate(items)}
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
                    if user in first_copies or isinstance(target, _Summary):
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
        return View(boxes, dict(arrows), graph.frames, inputs, self.title, graph.remarks)

    def _when(self, item: Any) -> float:
        """An op when it was made; a leaf or a constant right before it is first used."""
        if getattr(item, "op", None) is not None and isinstance(item, Node):
            return item.order
        uses = [c.order for c in self.graph.consumers[item] if isinstance(c, Node)]
        return min(uses) - 0.5 if uses else math.inf

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
        own = getattr(item, "name", None)
        if own is not None:
            return visible(own)
        found = self.names.of.get(id(item))
        if found is None and getattr(item, "value", None) is not None:
            found = self.names.of.get(id(item.value))
        for i in self.graph.frames_of.get(item, ())[::-1] if found else ():
            around = self.graph.frames[i].name
            if around and found.startswith(around):
                found = found.removeprefix(around).lstrip(".")
                break
        return visible(found) if found else ""

    def _box(self, item: Any) -> Box:
        if isinstance(item, _Summary):
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
        if op is not None and item in self.made_by:
            box.kind = "backward"
            box.notes = (f"made by {visible(self.made_by[item])}",)
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
        array = None
        if self.gradients is not None and item in self.gradients:
            array = self.gradients[item]
        elif owner is not None and owner.grad is not None:
            array = owner.grad.array
        elif item.op is not None or owner is None:
            array = item.grad
        return None if array is None else look(array)

    def expression(self, item: Any, word: Callable[[Any], str]) -> str:
        """The op's formula with the names of its inputs in it, then its settings.

        A formula that is written with other letters than its inputs' own (xʸ) stays as it is."""
        op = item.op
        gap = "(…)" if op.formula and "(" not in op.formula else "…"
        words = [word(source) or gap for source in item.inputs]
        settings = {key: visible(repr(value), 24) for key, value in (item.settings or {}).items()}
        if op.name == "output":
            return visible(f"{words[0]}[{settings.get('index')}]")
        if not op.formula or op.sequences or len(op.inputs) != len(words):
            return visible(f"{op.name}({', '.join([*words, *_pairs(settings)])})", 60)
        places = dict(zip(op.inputs, words, strict=True))
        letters = set(LETTERS.findall(op.formula))
        if letters >= places.keys():
            places |= {key: value for key, value in settings.items() if key in letters}
            formula = LETTERS.sub(lambda match: places.get(match[0], match[0]), op.formula)
            rest = {key: value for key, value in settings.items() if key not in letters}
        else:
            formula = op.formula
            rest = {n: w for n, w in places.items() if w != gap} | settings
        return visible("  ".join([formula, *_pairs(rest)]), 60)

    def _word(self, source: Any) -> str:
        """An input in an expression: its name, or the number itself; "" if it has neither."""
        if isinstance(source, (bool, int, float, np.generic)):
            return _number_in_words(source)
        if _is_number(source):
            return _number_in_words(source.value[()])
        return self.name(source) if source is not None else ""

    def _summary(self, item: _Summary) -> Box:
        ops = [m for m in item.members if m.op is not None]
        size = sum(int(np.prod(m.shape)) for m in item.members if m.op is None)
        notes = [f"{len(ops)} op{'s' if len(ops) != 1 else ''}"]
        if item.kind == "earlier":
            return Box("earlier", title="earlier", notes=(f"… {len(ops)} ops not shown",))
        assert item.span is not None
        if size:
            notes.append(f"{size:,} parameters")
        outside = [op for op in ops if any(self.graph.shown(c) is not item for c in self.graph.consumers[op])]
        last = (outside or ops)[-1]
        box = Box("module", visible(item.span.name), visible(item.span.kind), _shape(last), notes=tuple(notes))
        box.value = look(last.value) if last.value is not None else None
        box.grad = self._grad(last) if last.grad is not None else None
        return box


def _shape(item: Any) -> str:
    """`(2, 3) float32`; float64, the usual, goes without saying."""
    if item.shape is None:
        return ""
    dtype = "" if item.dtype == np.float64 else f" {item.dtype}"
    return ("scalar" if item.shape == () else str(item.shape)) + dtype


def _number_in_words(value: Any) -> str:
    text = number(value, digits=6)
    return f"({text})" if text.startswith("-") else text


def _pairs(settings: dict[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in settings.items()]


def head(box: Box) -> tuple[str, str]:
    """The head of a box, left and right: what made it, or what it is called; and its shape."""
    if box.kind in ("op", "backward", "failed", "earlier"):
        return box.title, box.shape
    left = box.name or box.title
    return left, " · ".join(filter(None, [box.title if box.name else "", box.shape]))


def lines(box: Box) -> Iterator[tuple[str, str, str, str]]:
    """The rows under a box's head: (role, mark, sparkline, text), in the order in which they stand."""
    if box.expression or (box.name and box.kind in ("op", "backward", "failed")):
        yield "expression", "", "", assignment(box)
    for role, mark, shown in (("value", "", box.value), ("grad", "∂", box.grad)):
        if shown is not None:
            first, *others = shown.lines
            yield role, mark, shown.sparkline(), first
            yield from ((role, " " if mark else "", "", line) for line in others)
    for note in box.notes:
        yield "note", "", "", note


def assignment(box: Box) -> str:
    return f"{box.name} = {box.expression}" if box.name and box.expression else box.name or box.expression
