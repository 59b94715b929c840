"""`ag.profile()`: where the time of a step goes, and what its graph keeps.

    with ag.profile() as p:
        loss = nn.functional.cross_entropy(model(x), labels)
        loss.backward()
    print(p)                     # a table: time forward and backward, bytes kept, for each op
    p.save("step.svg")           # a flame: forward and backward, modules, ops

It is an Observer (graph.py), so nothing is paid outside the block.
"""

from __future__ import annotations

import html
import os
import sys
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import numpy as np

from .graph import Node, Observer, _Recording
from .memory import owner
from .op import Op
from .pictures.names import Span, around
from .tensor import Tensor


class Call:
    """One call of an op: how long it took, each way, without what it called itself."""

    def __init__(self, profile: Profile, node: Node, forward: float, kept: int) -> None:
        assert node.op is not None
        self.profile = profile
        self.op = node.op.name
        self.order = node.order
        self.forward = forward
        self.backward = 0.0
        self.kept = kept

    def pull(self, node: Node, g: Any, saved: Any) -> Any:
        """Runs the node's rules against the clock. With create_graph, what they record is counted
        as calls of its own."""
        recorded, start = self.profile.measured, perf_counter()
        arriving = node.plan.pull(g, saved)
        elapsed = perf_counter() - start - (self.profile.measured - recorded)
        self.backward += elapsed
        self.profile.measured += elapsed
        return arriving

    def __str__(self) -> str:
        return ""  # the line that made the node is not looked up: it would take longer than the op


class Row(NamedTuple):
    """All calls of one op. Times are in seconds; `kept` counts the bytes that the graph kept."""

    op: str
    calls: int
    forward: float
    backward: float
    kept: int

    @property
    def time(self) -> float:
        return self.forward + self.backward


class Profile(Observer):
    """What `ag.profile()` measured: a table in a terminal, with a picture in a notebook."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.seconds = 0.0  # of the whole block
        self.measured = 0.0  # in ops and their rules
        self._spans: list[Span] = []
        self._known: dict[int, weakref.ref[Any]] = {}  # memory seen so far: it counts once
        self._own = 0.0  # what measuring itself took
        self._started = 0.0
        self._recording = _Recording(self)

    # -- measuring --------------------------------------------------------------------------

    def __enter__(self) -> Profile:
        self._recording.__enter__()
        self._began = perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.seconds += perf_counter() - self._began - self._own
        self._own = 0.0
        self._recording.__exit__(kind, error, trace)
        self._spans = around(sys._getframe(1)).spans

    def calling(self, op: Op) -> None:
        self._started = perf_counter()

    def made(self, node: Node, called: dict[str, Any], out: Any) -> None:
        stopped = perf_counter()
        forward = stopped - self._started
        self.measured += forward
        node.origin = call = Call(self, node, forward, self._newly_kept(node, called))
        self.calls.append(call)
        self._own += perf_counter() - stopped

    def _newly_kept(self, node: Node, called: dict[str, Any]) -> int:
        """The bytes that live on because this node saved them. What belongs to the caller (data,
        parameters) lives anyway, and what another node keeps is counted there."""
        for array in _arrays(called.values(), results=False):
            self._is_new(owner(array))
        memories = [owner(array) for array in _arrays(node.saved or ())]
        return sum([memory.nbytes for memory in memories if self._is_new(memory)])

    def _is_new(self, memory: Any) -> bool:
        known = self._known.get(id(memory))
        if known is not None and known() is memory:
            return False
        self._known[id(memory)] = weakref.ref(memory)
        return True

    # -- what was measured ------------------------------------------------------------------

    @property
    def rows(self) -> list[Row]:
        """One for each op, the most expensive first."""
        rows: dict[str, Row] = {}
        for call in self.calls:
            _, calls, forward, backward, kept = rows.get(call.op, Row(call.op, 0, 0.0, 0.0, 0))
            rows[call.op] = Row(
                call.op, calls + 1, forward + call.forward, backward + call.backward,
                kept + call.kept,
            )  # fmt: skip
        return sorted(rows.values(), key=lambda row: row.time, reverse=True)

    def text(self) -> str:
        """The table, and a line about the whole."""
        total = Row("", len(self.calls), *(
            sum(getattr(row, column) for row in self.rows) for column in Row._fields[2:]
        ))  # fmt: skip
        table = [("op", "calls", "forward", "backward", "share", "kept")]
        for row in (*self.rows, total._replace(op="all ops")):
            share = f"{row.time / (total.time or 1):.0%}"
            table.append(
                (row.op, str(row.calls), _time(row.forward), _time(row.backward), share,
                 _bytes(row.kept))
            )  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join([name.ljust(widths[0]), *map(str.rjust, rest, widths[1:])])
            for name, *rest in table
        ]
        return "\n".join([*lines, "", self._summary()])

    def _summary(self) -> str:
        between = max(self.seconds - self.measured, 0.0)
        return (
            f"{_time(self.seconds).strip()} in all, of which {_time(between).strip()} between the "
            "ops: Python, the engine, data, the optimizer."
        )

    def __repr__(self) -> str:
        return self.text()

    def svg(self) -> str:
        """The flame: each box is as wide as its time; below it, what that was spent on."""
        return _svg(self._flame(), self._summary())

    def _flame(self) -> Flame:
        whole = Flame("all", "other")
        spans = sorted(self._spans, key=lambda s: (s.start, -s.stop))
        for call in sorted(self.calls, key=lambda c: c.order):
            modules = [s for s in spans if s.start < call.order < s.stop]
            for way in ("forward", "backward"):
                seconds = getattr(call, way)
                box = whole.inner(way, way)
                outer = ""
                for span in modules:
                    box = box.inner(span.name.removeprefix(f"{outer}.") or span.kind, way)
                    outer = span.name
                box.inner(call.op, way).seconds += seconds
        whole.inner("between the ops", "other").seconds = max(self.seconds - self.measured, 0.0)
        return whole

    def html(self) -> str:
        """Table and flame as a page of its own, which loads nothing."""
        return (
            '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
            f"<title>Profile of {len(self.calls)} calls</title>\n"
            f'<body style="font:14px sans-serif">\n{self._repr_html_()}</body>\n</html>\n'
        )

    def _repr_html_(self) -> str:
        return f"{self.svg()}\n<pre>{html.escape(self.text())}</pre>\n"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the flame (.svg), the table (.txt), or both (.html).

        Raises ValueError for any other ending.
        """
        path = Path(path)
        writers = {".svg": self.svg, ".html": self.html, ".txt": lambda: self.text() + "\n"}
        if path.suffix.lower() not in writers:
            raise ValueError(
                f"a profile cannot be saved as {path.name!r}: the name should end with .svg, .html "
                "or .txt."
            )
        path.write_text(writers[path.suffix.lower()](), encoding="utf-8")
        return path


def profile() -> Profile:
    """Measures what is recorded in a block: time forward and backward and bytes kept, for each op.

    Times are an op's own: what its function took, and what its derivative rules took. Adding up
    gradients, the loop itself, data and optimizer are "between the ops". Modules that the block's
    surroundings have variables for (`model`) stand in the flame by name; of a module that is called
    more than 64 times, the last 64 calls.

    Measuring costs about 3 µs an op, which is taken off the total (AMD EPYC, Python 3.11, 2026-11).

    Examples
    --------
    >>> import numpy as np, autograd as ag
    >>> x = ag.Tensor(np.linspace(0, 1, 1000), requires_grad=True)
    >>> with ag.profile() as p:
    ...     (np.tanh(x) * x).sum().backward()
    >>> sorted((row.op, row.calls, row.kept) for row in p.rows)
    [('multiply', 1, 0), ('sum', 1, 0), ('tanh', 1, 8000)]

    The picture is B. Gregg's flame graph, Communications of the ACM 59(6), 2016, upside down.
    """
    return Profile()


def _arrays(values: Iterable[Any], results: bool = True) -> Iterator[Any]:
    """The arrays in some values, also inside lists; perhaps without the results of ops."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _arrays(value, results)
        elif isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, Tensor) and (results or value.is_leaf):
            yield value.array


def _time(seconds: float) -> str:
    for unit, size in (("s ", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def _bytes(count: float) -> str:
    for unit in ("B ", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB"


# -- the flame ------------------------------------------------------------------------------------

WIDTH, HEIGHT, CHARACTER = 960.0, 22.0, 6.8
COLOURS = {
    # dark enough grounds for white text, and told apart without colours by the top row's words
    "forward": ("#1d4ed8", "#2563eb", "#0f5fae", "#0369a1"),
    "backward": ("#9f1239", "#be123c", "#a8324a", "#b91c1c"),
    "other": ("#475569", "#64748b"),
}


class Flame:
    """A box: what it is called, and how long it took, by itself and inside."""

    def __init__(self, name: str, way: str) -> None:
        self.name = name
        self.way = way
        self.seconds = 0.0
        self.inside: dict[str, Flame] = {}

    def inner(self, name: str, way: str) -> Flame:
        if name not in self.inside:
            self.inside[name] = Flame(name, way)
        return self.inside[name]

    @property
    def total(self) -> float:
        return self.seconds + sum(box.total for box in self.inside.values())

    @property
    def depth(self) -> int:
        return 1 + max((box.depth for box in self.inside.values()), default=0)


def _svg(whole: Flame, caption: str) -> str:
    scale = WIDTH / (whole.total or 1.0)
    boxes: list[str] = []

    def draw(box: Flame, x: float, level: int, outer: str) -> None:
        width = box.total * scale
        if width < 0.2:
            return
        path = f"{outer} › {box.name}" if outer else box.name
        said = f"{path}: {_time(box.total).strip()}, {box.total / whole.total:.1%}"
        colours = COLOURS[box.way]
        room = int((width - 6) / CHARACTER)
        label = box.name if len(box.name) <= room else box.name[: room - 1] + "…" * (room > 3)
        text = (
            f'<text x="{x + 4:.2f}" y="{level * HEIGHT + 15:.1f}" fill="#ffffff">{escape(label)}'
            "</text>"
            if room > 1
            else ""
        )
        boxes.append(
            f'<g><title>{escape(said)}</title><rect x="{x:.2f}" y="{level * HEIGHT:.1f}" '
            f'width="{width:.2f}" height="{HEIGHT:.1f}" fill="{colours[level % len(colours)]}" '
            f'stroke="#ffffff" stroke-width="0.5"/>{text}</g>'
        )
        for inner in sorted(box.inside.values(), key=lambda b: b.way == "other"):
            draw(inner, x, level + 1, path if level else "")
            x += inner.total * scale

    draw(whole, 0.0, 0, "")
    height = whole.depth * HEIGHT + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {height:.0f}" '
        f'width="{WIDTH:.0f}" height="{height:.0f}" role="img" font-family="monospace" '
        f'font-size="11">\n<title>{escape(caption)}</title>\n'
        f'<rect width="{WIDTH:.0f}" height="{height:.0f}" fill="#ffffff"/>\n'
        + "\n".join(boxes)
        + f'\n<text x="2" y="{height - 8:.0f}" fill="#334155">{escape(caption)}</text>\n</svg>\n'
    )
