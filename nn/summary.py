"""The table of a model: layers, output shapes, weights and biases apart, totals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from autograd import Tensor

from .parameter import LazyParameter

if TYPE_CHECKING:
    from .module import Module

HEAD = ("layer", "path", "output", "weights", "biases", "parameters")
TEXT_COLUMNS = 3  # to the left; numbers to the right


def summarize(model: Module) -> str:
    """One row for each Module that holds parameters itself, or holds no other Modules, or computes
    with those that it holds without calling them (an LSTM with its cells).

    A bias is what an attribute that begins with b holds, in one axis or none (`bias`, `b1`,
    `beta`). What is shared counts once, where it is met first.
    """
    from .module import Module, walk

    within: dict[int, Module] = {}
    for _, module in model.modules():
        inner = [m for _, m in module.modules() if m is not module]
        if module._output_shape is not None and all(m._output_shape is None for m in inner):
            within |= {id(m): within.get(id(module), module) for m in inner}

    held: dict[int, list[tuple[str, Any]]] = {}
    for name, owner, thing in walk(model):
        row = within.get(id(owner), owner)
        held.setdefault(id(row), []).append((name.rpartition(".")[2], thing))

    rows: list[tuple[str, ...]] = []
    numbers: Counter[str] = Counter()
    for path, module in model.modules():
        if id(module) in within:
            continue
        inside = held.get(id(module), [])
        own = [(name, thing) for name, thing in inside if not isinstance(thing, Module)]
        if own or not any(isinstance(thing, Module) for _, thing in inside):
            kind = type(module).__name__.lower()
            numbers[kind] += 1
            rows.append((f"{kind}_{numbers[kind]}", path, _output(module), *_counts(own)))

    everything = [thing for _, _, thing in walk(model)]
    tensors = [thing for thing in everything if isinstance(thing, Tensor)]
    complete = not any(isinstance(thing, LazyParameter) for thing in everything)
    trained = sum(t.size for t in tensors if t.requires_grad)
    total = sum(t.size for t in tensors)
    parts = "all trained" if trained == total else f"{trained:,} trained, {total - trained:,} not"
    end = [
        f"{'' if complete else 'at least '}{total:,} parameters "
        f"({_bytes(sum(t.array.nbytes for t in tensors))}), {parts}"
    ]
    if not complete:
        end.append("unbuilt layers find their input size when the model is first called on data")
    return "\n".join([type(model).__name__, *aligned([HEAD, *rows], range(TEXT_COLUMNS)), *end])


def _output(module: Module) -> str:
    shape = module._output_shape
    if shape is None:
        return "not seen"
    sizes = ["N", *map(str, shape[1:])] if len(shape) > 1 else [str(n) for n in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"


def _counts(own: list[tuple[str, Any]]) -> tuple[str, str, str]:
    """How many weights, biases, and both."""
    sizes: dict[bool, list[int | None]] = {False: [], True: []}
    for name, thing in own:
        size = thing.size if isinstance(thing, Tensor) else None
        sizes[name.startswith("b") and len(thing.shape) <= 1].append(size)
    both = [*sizes[False], *sizes[True]]
    return _sum(sizes[False], "?"), _sum(sizes[True], "?"), _sum(both, "unbuilt")


def _sum(sizes: list[int | None], unknown: str) -> str:
    known = [size for size in sizes if size is not None]
    return f"{sum(known):,}" if len(known) == len(sizes) else unknown


def _bytes(n: float) -> str:
    for unit in ("B", "KiB", "MiB"):
        if n < 1024:
            return f"{n:.3g} {unit}"
        n /= 1024
    return f"{n:.3g} GiB"


def aligned(rows: Sequence[tuple[str, ...]], left: Container[int]) -> list[str]:
    """A head, a rule, rows, a rule: columns in `left` begin alike, the others end alike."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = []
        for i, (cell, width) in enumerate(zip(row, widths, strict=True)):
            gap = " " * (width - _width(cell))
            cells.append(cell + gap if i in left else gap + cell)
        lines.append("  ".join(cells).rstrip())
    rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
    return [lines[0], rule, *lines[1:], rule]


def _width(text: str) -> int:
    """Columns on a terminal: Korean and its like take two each."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(c) in "WF" else 1 for c in text)
