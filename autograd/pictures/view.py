"""What a picture shows: boxes, arrows and frames, in words. Nothing here knows how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .summary import Look


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


def head(box: Box) -> tuple[str, str]:
    """The head of a box, left and right: what made it, or what it is called; and its shape."""
    if box.kind in ("op", "backward", "failed", "earlier"):
        return box.title, box.shape
    left = box.name or box.title
    return left, " · ".join(filter(None, [box.title if box.name else "", box.shape]))


def lines(box: Box) -> Iterator[tuple[str, str, str, str]]:
    """The rows under a box's head: (role, mark, sparkline, text), from the top."""
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
    return (
        f"{box.name} = {box.expression}"
        if box.name and box.expression
        else box.name or box.expression
    )
