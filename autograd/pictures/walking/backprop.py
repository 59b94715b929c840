"""The backward pass once more, contribution by contribution, and nothing of anybody's touched.

The rules are the engine's own, and so are un-broadcasting and the order of additions, so every
number here is the number that `backward()` leaves in `.grad`.
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import memory
from ...backward import _fit, as_gradient
from ...call import Parts
from ...graph import Array, Constant, Node, _Recording
from ...tensor import Tensor


@dataclass(frozen=True)
class Contribution:
    """What one op's rule gives to one of its inputs."""

    node: Node  # whose rule
    place: int  # among the inputs of the node
    g: Any  # the gradient that arrived at the node
    raw: Any  # what the rule gave
    fitted: Any  # in the input's own shape and dtype
    before: Any  # what had arrived at the input; None if this is the first
    total: Any

    @property
    def source(self) -> Any:
        return self.node.inputs[self.place]


def contributions(root: Node, nodes: list[Node], saved: dict[Node, Any]) -> Iterator[Contribution]:
    """Every contribution, in the order in which `backward()` makes them. `nodes` are newest
    first."""
    gradients: dict[Node, Any] = {root: np.ones(root.shape, root.dtype)}
    for node in nodes:
        g = gradients.get(node)
        if g is None or node.op is None:
            continue
        with np.errstate(all="ignore"), _Recording(False):
            arriving = list(node.plan.pull(g, saved[node]))
        for place, (source, raw) in enumerate(zip(node.inputs, arriving, strict=True)):
            if raw is None:
                continue
            raw = raw if hasattr(raw, "shape") else as_gradient(raw, source, node)
            fits = raw.shape == source.shape and raw.dtype is source.dtype
            fitted = raw if fits else _fit(raw, source, node)
            before = gradients.get(source)
            with np.errstate(all="ignore"):
                gradients[source] = fitted if before is None else before + fitted
            yield Contribution(node, place, g, raw, fitted, before, gradients[source])


def saved_arrays(nodes: list[Node], known: dict[int, Array]) -> dict[Node, Any]:
    """What the rules of the nodes need: as kept; after a `backward()` that let it go, from the
    small values that the graph keeps for pictures.

    Raises RuntimeError if that cannot be done, and if a value has changed since."""
    memory.check_unchanged(nodes)
    for node in nodes:
        for place in node.inputs:
            if type(place) is Node and place.op is None and _changed_since(place.value, node):
                raise RuntimeError(
                    f"walk: {place.name or 'a leaf'}, of shape {place.shape}, was changed after "
                    f"{node.op.name if node.op else ''} used it (by an optimizer's step, or an "
                    "assignment), so the values to walk through are gone. Compute the loss again, "
                    "and call ag.walk(loss) before the step."
                )
    return {
        node: _again(node, known) if node.saved is None else node.saved
        for node in nodes
        if node.op is not None
    }


def _changed_since(array: Any, node: Node) -> bool:
    return memory.latest > node.order and memory._written_after(array, node.order)


def value_of(item: Any, known: dict[int, Array]) -> Any:
    """The array of a node or constant, the number itself; None if nobody kept it."""
    if isinstance(item, (Node, Constant)):
        return item.value if item.value is not None else known.get(id(item))
    return item


def _again(node: Node, known: dict[int, Array]) -> tuple[Any, ...]:
    """The node's saved arrays, from its inputs' values: believed only if they give its value."""
    op, names = node.op, node.plan.names
    assert op is not None
    if not names:
        return ()
    values = iter([value_of(source, known) for source in node.inputs])
    given: dict[str, Any] = {}
    for name in op.inputs:
        count = len(node.inputs) - len(op.inputs) + 1
        given[name] = (
            [next(values) for _ in range(count)] if name in op.sequences else next(values)
        )
    settings = node.settings or {}
    out = value_of(node, known)
    every = [node, *node.inputs]
    if lost := [place for place in every if value_of(place, known) is None]:
        what = "result" if lost[0] is node else "input"
        shape = getattr(lost[0], "shape", "…")
        raise RuntimeError(
            f"walk: backward() has used this graph up, and the {what} of {op.name}, of shape "
            f"{shape}, was too large to be kept. Call ag.walk(loss) before loss.backward(), or "
            "write loss.backward(retain_graph=True)."
        )
    call = inspect.BoundArguments(op.call, OrderedDict(given | settings))
    try:
        with np.errstate(all="ignore"):
            same = np.array_equal(op.function(*call.args, **call.kwargs), out, equal_nan=True)
    except Exception:
        same = False
    if not same:
        raise RuntimeError(
            f"walk: backward() has used this graph up, and {op.name} on the values that are there "
            "now does not give the value that it had: they have changed since (by an optimizer's "
            "step?), or a setting was not kept. Compute the loss again, and call ag.walk(loss) "
            "before loss.backward()."
        )
    everything = {**op._defaults, **settings, **given, "out": out}
    return tuple(
        everything[n] if n in everything else _shapes(everything[n.removesuffix("_shape")])
        for n in names
    )


def _shapes(value: Any) -> Any:
    return list(map(np.shape, value)) if isinstance(value, list) else np.shape(value)


def find_arrays(nodes: list[Node], saved: dict[Node, Any], known: dict[int, Array]) -> None:
    """Adds to `known` what the graph does not keep for pictures: arrays that the rules keep (a
    large result is often what the next op's rule asks for), and what can be computed again."""
    for node in nodes[::-1]:
        op = node.op
        if op is None or op.sequences:
            continue
        places = dict(zip(op.inputs, node.inputs, strict=False)) | {"out": node}
        for name, value in zip(node.plan.names, saved[node], strict=True):
            place = places.get(name)
            if isinstance(place, (Node, Constant)) and isinstance(value, np.ndarray):
                known.setdefault(id(place), value)
    for node in nodes[::-1]:
        op = node.op
        if op is None or value_of(node, known) is not None:
            continue
        settings = node.settings or {}
        if set(op.call.parameters) - set(op.inputs) - settings.keys():
            continue  # there may be settings that were not kept
        values = dict(zip(op.inputs, [value_of(i, known) for i in node.inputs], strict=True))
        if all(value is not None for value in values.values()):
            call = inspect.BoundArguments(op.call, OrderedDict(values | settings))
            with np.errstate(all="ignore"):
                known[id(node)] = np.asarray(op.function(*call.args, **call.kwargs))


def as_array(value: Any) -> Any:
    """A gradient as an array of its own; None for that of an op with several outputs."""
    if isinstance(value, Tensor):
        value = value.array
    return None if isinstance(value, Parts) else np.array(value)
