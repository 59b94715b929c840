"""What stands for what in a picture of a graph.

Whatever simplifies a picture is one thing, a map from an item of the graph to the item that stands
for it (or to None, if nothing does):

* a repeated block stands for all its copies          (`fold`)
* one box stands for all that happened in a module    (`depth`)
* a helper op is stood for by its input               (`helpers=False`)
* nothing stands for a constant                       (`constants=False`)
* an array used twice is a constant that stands for the other
* one box stands for what is too far back to show     (`LIMIT`)

The arrows of the picture are the graph's own, between those that stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from ..graph import Constant, Node, walk
from .fold import Repeat, repeats
from .names import Names, Span
from .plain import visible
from .view import Frame

LIMIT = 1_000
"""A picture of more ops than this shows the newest."""

FOLD_FROM = 48
"""From so many ops on, repeated blocks are folded unless the caller says otherwise."""

Extent = tuple[int, int]

HELPERS = {
    "reshape", "transpose", "swapaxes", "moveaxis", "expand_dims", "squeeze", "ravel",
    "broadcast_to", "astype", "copy", "positive", "output",
}  # fmt: skip
"""Ops that only rearrange, so that a picture without them still tells what is computed."""


@dataclass
class Options:
    depth: int | None = None
    fold: bool | None = None
    constants: bool = True
    helpers: bool = True
    limit: int = LIMIT


class Failure:
    """An op that raised, as an item of the graph."""

    def __init__(
        self, op: Any, inputs: tuple[Any, ...], settings: dict[str, Any] | None, error: Exception
    ) -> None:
        self.op = op
        self.inputs = inputs
        self.settings = settings
        self.error = error
        self.shape = self.dtype = self.value = self.grad = self.name = None


class Summary:
    """An item that stands for many: a module, or what is too far back to show."""

    def __init__(self, kind: str, span: Span | None = None) -> None:
        self.kind = kind
        self.span = span
        self.members: list[Any] = []


class Graph:
    """Items, oldest first, and `stands_for`: the map from an item to the one that is shown."""

    def __init__(self, roots: Collection[Any], names: Names, options: Options) -> None:
        self.roots = list(roots)
        self.names = names
        failures = [r for r in roots if isinstance(r, Failure)]
        starts = [
            n for r in roots for n in ([r] if isinstance(r, Node) else getattr(r, "inputs", ()))
        ]
        nodes = walk(n for n in starts if isinstance(n, Node))[::-1]
        self.ops: list[Any] = [n for n in nodes if n.op is not None]
        self.consumers: dict[Any, list[Any]] = {n: [] for n in nodes}
        for item in [*self.ops, *failures]:
            for source in item.inputs:
                if isinstance(source, (Node, Constant)) and not self.is_word(source):
                    self.consumers.setdefault(source, []).append(item)
        for root in roots:
            self.consumers.setdefault(root, [])
        self.sources = [item for item in self.consumers if not getattr(item, "op", None)]
        self.stands_for: dict[Any, Any] = {item: item for item in self.consumers}
        self._join_constants()
        self.frames: list[Frame] = []
        self.frames_of: dict[Any, tuple[int, ...]] = {}
        self.remarks: list[str] = []

        self._put_into_modules(names, options.depth)
        if not options.helpers:
            self._hide_helpers()
        many = len(set(map(self.shown, self.ops))) >= FOLD_FROM
        if options.fold or (options.fold is None and many):
            self._fold()
        self._forget_the_oldest(options.limit)
        for source in self.sources:
            self._place_source(source, names)
            if isinstance(source, Constant) and not options.constants and source not in self.roots:
                self.stands_for[source] = None

    def _join_constants(self) -> None:
        """An array that is used several times is one box, though each use remembers it anew."""
        first: dict[int, Any] = {}
        for source in self.sources:
            if isinstance(source, Constant) and source.value is not None:
                one = first.setdefault(id(source.value), source)
                if one is not source:
                    self.stands_for[source] = one
                    self.consumers[one] += self.consumers[source]

    def is_word(self, source: Any) -> bool:
        """Whether it is told in words rather than in a box: a number without a name."""
        of = self.names.of
        return is_number(source) and id(source) not in of and id(source.value) not in of

    def shown(self, item: Any) -> Any:
        """The item that stands for this one in the end, or None."""
        while item is not None and self.stands_for[item] is not item:
            item = self.stands_for[item]
        return item

    def _put_into_modules(self, names: Names, depth: int | None) -> None:
        """An op is in a module if it was made during a call of it: by creation order."""
        if not self.ops or not names.spans:
            return
        spans = sorted(names.spans, key=lambda s: (s.start, -s.stop))
        boxes: dict[int, Summary] = {}
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
                box = boxes.setdefault(id(span), Summary("module", span))
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
        paths = [self.frames_of.get(op, ()) for op in ops]
        extents: dict[int, tuple[int, int]] = {}  # of each frame, in places of ops
        for i, path in enumerate(paths):
            for frame in path:
                extents[frame] = extents.get(frame, (i, i))[0], i
        folded = 0
        for repeat in repeats([self._signature(i, op, place) for i, op in enumerate(ops)]):
            along = _along_frames(repeat, paths, extents)
            if along is not None and along.start >= folded:
                self._fold_block(along, ops, extents)
                folded = along.start + along.period * along.times
        if any(frame.kind == "repeat" for frame in self.frames):
            self.remarks.append("×n: of n blocks that are alike, the first is shown")

    def _fold_block(self, repeat: Repeat, ops: list[Any], extents: dict[int, Extent]) -> None:
        number = len(self.frames)
        self.frames.append(Frame(f"×{repeat.times}", "repeat"))
        stop = repeat.start + repeat.period
        firsts = ops[repeat.start : stop]
        pairs = [
            (ops[repeat.start + i % repeat.period], ops[stop + i])
            for i in range(repeat.period * (repeat.times - 1))
        ]
        for first in firsts:
            path = self.frames_of.get(first, ())
            outer = [f for f in path if not repeat.start <= extents[f][0] <= extents[f][1] < stop]
            self.frames_of[first] = (*outer, number, *path[len(outer) :])
        for first, copy in pairs:
            self.stands_for[copy] = first
        for first, copy in pairs:  # a leaf of a copy folds with it, unless others use it
            for mine, its in zip(first.inputs, copy.inputs, strict=True):
                if mine is its or its not in self.consumers or mine not in self.consumers:
                    continue
                users = {self.stands_for[user] for user in self.consumers[its]}
                if getattr(its, "op", None) is None and users.issubset(firsts):
                    self.stands_for[its] = mine

    def _signature(self, i: int, op: Any, place: dict[Any, int]) -> Any:
        """What is done to what, with the inputs by how far back they are."""
        if op in self.roots:
            return id(op)
        inputs: list[Any] = []
        for source in op.inputs:
            stands = self.shown(source) if source in self.consumers else source
            if stands in place:
                inputs.append(i - place[stands])
            elif isinstance(stands, (Node, Constant)):
                value = stands.value.tolist() if is_number(stands) else None
                inputs.append((type(stands), stands.shape, str(stands.dtype), repr(value)))
            else:
                inputs.append(repr(stands))
        depth = len(self.frames_of.get(op, ()))
        return op.op.name, op.shape, str(op.dtype), repr(op.settings), tuple(inputs), depth

    def _forget_the_oldest(self, limit: int) -> None:
        shown = [op for op in self.ops if self.stands_for[op] is op]
        if len(shown) <= limit:
            return
        earlier = Summary("earlier")
        earlier.members = [op for op in shown[:-limit] if op not in self.roots]
        self.stands_for[earlier] = earlier
        for op in earlier.members:
            self.stands_for[op] = earlier
        self.remarks.append(f"{len(earlier.members)} earlier ops are not shown")

    def _place_source(self, source: Any, names: Names) -> None:
        """A leaf goes with the only box that uses it, and is in the frame that it belongs to."""
        if source in self.roots or self.stands_for[source] is not source:
            return
        users = {self.shown(c): None for c in self.consumers[source]}
        users.pop(None, None)
        (only, *others) = users or [None]
        if isinstance(only, Summary) and not others:
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


def _along_frames(
    repeat: Repeat, paths: list[tuple[int, ...]], extents: dict[int, Extent]
) -> Repeat | None:
    """The repeat, shifted so that no frame is half in a block: ababab has ba twice, too."""
    stop = repeat.start + repeat.period * repeat.times + repeat.rest
    for start in range(repeat.start, repeat.start + repeat.period):
        times = (stop - start) // repeat.period
        end, end_of_all = start + repeat.period, start + repeat.period * times
        touched = {extents[frame] for path in paths[start:end] for frame in path}
        if times >= 2 and all(
            (start <= first and last < end) or (first <= start and end_of_all <= last + 1)
            for first, last in touched
        ):
            return Repeat(start, repeat.period, times)
    return None


def is_number(source: Any) -> bool:
    """A constant that is one number."""
    return (
        isinstance(source, Constant)
        and source.name is None
        and source.shape == ()
        and source.value is not None
    )


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
