"""What the caller calls things: Tensors, arrays and modules found in the variables around a call.

Nothing of the caller's is run: only variables, dicts, lists, tuples and instance `__dict__`s are
looked into, to a small depth.
"""

from __future__ import annotations

import types
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..graph import Array
from ..tensor import Tensor

DEPTH = 5  # model.blocks[3].attention.query.weight
ITEMS = 1_000
VISITS = 50_000
NOT_THE_CALLERS = {"In", "Out", "exit", "quit", "get_ipython"}  # a notebook's own variables
CLOSED = (types.ModuleType, types.FunctionType, types.MethodType, type, np.generic)


@dataclass
class Span:
    """One call of a module: the nodes made during it have an order between start and stop."""

    start: int
    stop: int
    name: str
    kind: str  # the module's class
    parameters: frozenset[int] = frozenset()  # ids of the leaves found in it


@dataclass
class Names:
    """`id` of a node, constant or plain array → its name, its array; calls of modules."""

    of: dict[int, str] = field(default_factory=dict)
    arrays: dict[int, Array] = field(default_factory=dict)
    data: list[tuple[str, Array]] = field(default_factory=list)  # arrays that have a name
    parameters: set[int] = field(default_factory=set)
    spans: list[Span] = field(default_factory=list)

    def of_cast(self, array: Array) -> str | None:
        """What this array is a copy of in another dtype: a model of float32 casts its input."""
        for name, given in self.data if array.ndim else ():
            if given.shape == array.shape and given.dtype != array.dtype:
                with np.errstate(all="ignore"):
                    if np.array_equal(given.astype(array.dtype), array):
                        return name
        return None


def around(frame: types.FrameType | None, *first: tuple[str, Any]) -> Names:
    """Names for everything found from these objects, then from the frame's variables."""
    found = Names()
    every = [*first, *_variables(frame)]
    parts = {id(t) for _, t, inside in _things(every, set()) if inside and _is_part(t)}
    # After `for layer in model.layers`, the last one is called by its place, as the others are.
    variables = [(name, t) for name, t in every if not (name and id(t) in parts)]
    for name, thing in variables:
        if issubclass(type(thing), Tensor):
            _tensor(found, name, thing, False)
    for name, thing in variables:
        _prefer_places_in(found, name, thing, parts)
    modules: dict[int, tuple[str, Any]] = {}
    seen: set[int] = set()
    for but in (parts, set()):  # what is too deep in a model has its variable's name after all
        for name, thing, in_module in _things(every, seen, but):
            if issubclass(type(thing), Tensor):
                _tensor(found, name, thing, in_module)
            elif type(thing) is np.ndarray:
                found.of.setdefault(id(thing), name)
                found.data.append((name, thing))
            elif _is_part(thing):
                modules.setdefault(id(thing), (name, thing))
    for name, module in modules.values():
        for start, stop in tuple(getattr(module, "call_spans", ())):
            found.spans.append(Span(start, stop, name, type(module).__name__, _leaves(module)))
    return found


def _things(
    variables: Iterable[tuple[str, Any]], seen: set[int], but: Collection[int] = ()
) -> Iterator[tuple[str, Any, bool]]:
    """Everything in these variables, nearest first: its name, itself, whether a module has it.
    What was looked into before (`seen`) is not looked into again; `but` only inside modules."""
    queue = deque((name, thing, 0, False) for name, thing in variables)
    visits = 0
    while queue and visits < VISITS:
        visits += 1
        name, thing, depth, in_module = queue.popleft()
        if id(thing) in but and name and not in_module:
            continue
        yield name, thing, in_module
        closed = issubclass(type(thing), Tensor) or type(thing) is np.ndarray
        if not closed and depth < DEPTH and id(thing) not in seen:
            seen.add(id(thing))
            in_module = in_module or _is_part(thing)
            queue.extend((n, t, depth + 1, in_module) for n, t in _inside(name, thing))


def _is_part(thing: Any) -> bool:
    """A module, or a parameter of one: what is called by its place in a module, if it has one."""
    kind = type(thing)
    if issubclass(kind, Tensor):
        return kind is not Tensor
    return hasattr(kind, "parameters") and not issubclass(kind, CLOSED)


def _variables(frame: types.FrameType | None) -> Iterator[tuple[str, Any]]:
    if frame is None:
        return
    for variables in (frame.f_locals, frame.f_globals):
        for name, thing in list(variables.items()):
            if name.isidentifier() and not name.startswith("_") and name not in NOT_THE_CALLERS:
                yield name, thing


def _inside(name: str, thing: Any) -> Iterable[tuple[str, Any]]:
    if type(thing) is dict:
        return [
            (f"{name}[{key!r}]", t)
            for key, t in list(thing.items())[:ITEMS]
            if type(key) in (str, int)
        ]
    if type(thing) in (list, tuple):
        return [(f"{name}[{i}]", t) for i, t in enumerate(thing[:ITEMS])]
    attributes = {} if issubclass(type(thing), CLOSED) else _attributes(thing)
    dot = f"{name}." if name else ""
    return [
        (f"{dot}{a}", t) for a, t in list(attributes.items())[:ITEMS] if not str(a).startswith("_")
    ]


def _attributes(thing: Any) -> dict[str, Any]:
    """The instance's own `__dict__`, unless its class answers for it with code of its own."""
    for kind in type(thing).__mro__:
        if "__dict__" in vars(kind):
            own = vars(kind)["__dict__"]
            return own.__get__(thing) if type(own) is types.GetSetDescriptorType else {}
    return {}


def _tensor(found: Names, name: str, tensor: Tensor, in_module: bool) -> None:
    found.of.setdefault(id(tensor.array), name)
    if tensor.node is None:
        found.data.append((tensor.name or name, tensor.array))
    place = _place(tensor)
    if place is not None:
        found.of.setdefault(id(place), name)
        found.arrays.setdefault(id(place), tensor.array)
        if in_module or type(tensor) is not Tensor:
            found.parameters.add(id(place))


def _prefer_places_in(found: Names, name: str, thing: Any, parts: set[int]) -> None:
    """After `for w in weights`, w is the last weight: it is called weights[3] as the others are
    called, unless (as in `parameters = [w, b]`) most of them have names of their own."""
    if type(thing) not in (list, tuple, dict):
        return
    inside = [
        (n, t)
        for n, t in _inside(name, thing)
        if issubclass(type(t), Tensor) and id(t) not in parts
    ]
    if 2 * sum(id(t.array) in found.of for _, t in inside) <= len(inside):
        for n, tensor in inside:
            found.of[id(tensor.array)] = n
            if _place(tensor) is not None:
                found.of[id(_place(tensor))] = n


def _place(tensor: Tensor) -> Any:
    """What the graph knows this Tensor by, if it will outlive this question."""
    return (
        tensor.node
        if tensor.node is not None
        else tensor.as_constant()
        if tensor._is_source
        else None
    )


def _leaves(module: Any) -> frozenset[int]:
    """The ids of the leaves and constants anywhere in a module."""
    leaves: set[int] = set()
    queue: deque[tuple[Any, int]] = deque([(module, 0)])
    seen: set[int] = set()
    while queue:
        thing, depth = queue.popleft()
        if issubclass(type(thing), Tensor):
            leaves.add(id(_place(thing)))
        elif depth < DEPTH and id(thing) not in seen:
            seen.add(id(thing))
            queue.extend((t, depth + 1) for _, t in _inside("", thing))
    return frozenset(leaves)
