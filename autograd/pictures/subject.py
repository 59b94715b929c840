"""What a picture is of: places in the graph, and what is known about them besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Array, Node
from ..tensor import Tensor, asarray
from .names import Names


@dataclass
class Subject:
    """Roots (nodes, constants, failures), and what the graph itself does not tell."""

    roots: list[Any]
    names: Names
    gradients: dict[Any, Array] | None = None  # shown instead of those found in the graph
    made_by: dict[Node, str] = field(default_factory=dict)  # backward's nodes: by which op's rule
    remarks: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, tensors: Iterable[Tensor], names: Names) -> Subject:
        roots = []
        for tensor in tensors:
            root = place(tensor)
            roots.append(root)
            names.arrays.setdefault(id(root), tensor.array)
        return cls(list(dict.fromkeys(roots)), names)


def place(tensor: Tensor) -> Any:
    """What the graph knows a Tensor by."""
    return tensor.node if tensor.node is not None else tensor.as_constant()


def tensors_in(things: Iterable[Any]) -> Iterator[Tensor]:
    """The Tensors in it, also in lists, tuples and dicts; plain arrays as Tensors."""
    waiting = list(things)[::-1]
    while waiting:
        thing = waiting.pop()
        if isinstance(thing, Tensor):
            yield thing
        elif isinstance(thing, np.ndarray) and thing.dtype.kind in "fiubc":
            yield asarray(thing)
        elif isinstance(thing, dict):
            waiting.extend(list(thing.values())[::-1])
        elif isinstance(thing, (list, tuple)):
            waiting.extend(thing[::-1])
