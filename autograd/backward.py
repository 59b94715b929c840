"""Backward: one loop that walks the graph from the newest node to the oldest.

The gradient of a node is complete when all nodes that used it have been visited, which creation
order guarantees. Then the node's plan turns it into gradients of the node's inputs, each is
un-broadcast to its input's shape, and added to what has arrived there before.

The same loop serves both modes. Given arrays, rules compute; given Tensors (`create_graph`), the
same rules are recorded, because Tensors speak NumPy's protocols.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Collection
from functools import partial
from typing import Any

import numpy as np

from . import memory
from .call import outputs
from .errors import warn
from .graph import SMALL, Array, Node, _Recording, depending_on, walk
from .tensor import Tensor, asarray, result, source, unwrap


class GradientWarning(UserWarning):
    """A gradient was computed, but it holds something that is probably not meant."""


def backward(tensor: Tensor, grad: Any, *, retain_graph: bool, create_graph: bool) -> None:
    """Fills `.grad` of the leaves that led to `tensor`; see `Tensor.backward`."""
    node = _node_of(tensor)
    g = _first_gradient(tensor, grad, create_graph)
    found = pull_back({node: g}, retain_graph=retain_graph, create_graph=create_graph)
    with _accumulating:
        while found:
            node, g = found.popitem()
            alone = sys.getrefcount(g) == 2  # held by us, and by this very question
            extra: Any = node.extra
            owner = extra.owner()
            if owner is None:
                continue  # the Tensor is gone, and nobody can ask for its gradient
            g = result(g.array.copy(), g.node) if isinstance(g, Tensor) else source(_own(g, alone))
            before = owner.grad
            if before is None:
                owner._grad = g
                extra.backwards = 1
            else:
                with _Recording(create_graph):
                    owner._grad = before + g
                extra.backwards += 1


_accumulating = threading.Lock()


def pull_back(
    gradients: dict[Node, Any],
    targets: Collection[Node] = (),
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """The gradients of the targets (of every leaf and retained node, if none are named), given
    those that arrive at some outputs.

    Nothing outside this function changes but the graph itself, which gives up its saved arrays as
    they are used (`retain_graph` keeps them).
    """
    retain_graph = retain_graph or create_graph
    nodes = walk(gradients)
    targets = set(targets)
    needed = depending_on(targets, nodes) if targets else None
    if needed is not None:
        nodes = [node for node in nodes if node in needed]
    _check_not_used_up(nodes)
    memory.check_unchanged(nodes)

    gradients = dict(gradients)
    found: dict[Node, Any] = {}
    sums: set[Node] = set()  # nodes whose gradient is a sum made here: nobody else holds that array
    add, alarm = np.add, _Alarm()
    with (
        np.errstate(all="ignore", invalid="call", call=alarm),  # rules may divide by 0: 1/√0 is ∞
        _Recording(create_graph),
    ):
        for node in nodes:
            g = gradients.pop(node, None)
            if g is None:
                continue
            extra = node.extra
            if extra is not None:  # a name, hooks, an owner, or what ag.debug() remembers
                if extra.hooks is not None:
                    g = _run_hooks(node, g)
                if extra.owner is not None:
                    found[node] = g
            if targets and node in targets:
                found[node] = g
            if g.size <= SMALL:
                node.grad = _shown(g) if create_graph or g.base is not None else g
            if node.op is None:
                continue
            saved = _as_recorded(node) if create_graph else node.saved
            if not retain_graph:
                node.saved = None
            try:
                pull = node.plan.pull if extra is None else _watched(node)
                arriving = pull(g, saved)  # one gradient for each input
            except Exception as error:
                explain(error, node, g)
                raise
            for source, gradient in zip(node.inputs, arriving):
                if gradient is None or (needed is not None and source not in needed):
                    continue
                try:
                    shape = node.shape if gradient is g else gradient.shape  # made at each look
                except AttributeError:
                    gradient = as_gradient(gradient, source, node)
                    shape = gradient.shape
                if shape != source.shape or gradient.dtype is not source.dtype:
                    gradient = _fit(gradient, source, node)
                before = gradients.get(source)
                if before is None:
                    gradients[source] = gradient
                elif source in sums:
                    add(before, gradient, before)
                else:
                    gradients[source] = total = before + gradient
                    if type(total) is np.ndarray and not create_graph:
                        sums.add(source)
            if alarm.rang:
                alarm.rang = False
                _warn_of_nan(node, g, arriving, [gradients.get(s) for s in node.inputs])
    return found


def _fit(gradient: Any, source: Node, node: Node, shape: tuple[int, ...] | None = None) -> Any:
    """Un-broadcasts to the input's shape (or to what stands for it): sums over the axes along which
    it was stretched; casts to its dtype."""
    if not isinstance(gradient, (np.ndarray, np.generic, Tensor)):
        gradient = as_gradient(gradient, source, node)
    shape = source.shape if shape is None else shape
    assert shape is not None
    if gradient.shape != shape:
        extra = gradient.ndim - len(shape)
        kept = gradient.shape[max(extra, 0) :]
        if extra < 0 or any(n not in (1, m) for n, m in zip(shape, kept, strict=True)):
            assert node.op is not None
            raise MisfitError(
                f"{_rule_for(node, source)} gave a gradient of shape {gradient.shape} for an input "
                f"of shape {shape}: a gradient has its input's shape, or one that "
                "broadcasting made of it.",
                node.op.name,
                _names_of(node, source),
            )
        stretched = [extra + i for i, n in enumerate(shape) if n == 1 and kept[i] != 1]
        gradient = gradient.sum(axis=(*range(extra), *stretched)).reshape(shape)
    if gradient.dtype != source.dtype:
        gradient = gradient.astype(source.dtype)
    return gradient


class MisfitError(ValueError):
    """A rule gave a gradient whose shape is not its input's."""

    def __init__(self, message: str, op: str, input: str) -> None:
        super().__init__(message)
        self.op = op
        self.input = input


def as_gradient(gradient: Any, source: Node, node: Node) -> Any:
    """What a rule returned that is no array: a number, or a list of them, of the input's shape."""
    if isinstance(gradient, (int, float, list)):
        with contextlib.suppress(TypeError, ValueError):
            array = _stacked(gradient)
            if array.shape in (source.shape, node.shape) and array.dtype.kind in "fiub":
                return array
    what = repr(gradient) if isinstance(gradient, (int, float)) else f"a {type(gradient).__name__}"
    many = f" of {len(gradient)}" if isinstance(gradient, (tuple, list)) else ""
    raise TypeError(
        f"{_rule_for(node, source)} returned {what}{many}; a rule returns one gradient, of its "
        f"input's shape {source.shape}."
    )


def _stacked(value: Any) -> Any:
    if isinstance(value, list):
        return np.stack([_stacked(item) for item in value])
    return value if isinstance(value, Tensor) else np.asarray(value)


def _as_recorded(node: Node) -> tuple[Any, ...]:
    """What the node saved, with inputs and output back at their places in the graph."""
    assert node.op is not None
    assert node.saved is not None
    places = {"out": node, **_places(node)}
    return tuple(
        _lift(value, places.get(name))
        for name, value in zip(node.plan.names, node.saved, strict=True)
    )


def _lift(array: Any, place: Any) -> Any:
    if isinstance(place, list):
        return [_lift(*pair) for pair in zip(array, place, strict=True)]
    if type(place) is not Node:
        return array
    return outputs(array, place) if place.shape is None else result(array, place)


def _watched(node: Node) -> Any:
    """The node's pull; through what an observer left there, if one did (`ag.debug()`)."""
    return node.plan.pull if node.origin is None else partial(node.origin.pull, node)


def _places(node: Node) -> dict[str, Any]:
    """The node's inputs by the parameters of its op: one, or the list of a sequence's."""
    op, inputs = node.op, iter(node.inputs)
    assert op is not None
    places: dict[str, Any] = {}
    for name in op.inputs:
        if name in op.sequences:
            length = len(node.inputs) - (len(op.inputs) - 1)  # an op has one sequence at most
            places[name] = [next(inputs) for _ in range(length)]
        else:
            places[name] = next(inputs)
    return places


def _names(node: Node) -> list[str]:
    """What the node's inputs are called, one name for each."""
    names: list[str] = []
    for name, place in _places(node).items():
        many = isinstance(place, list)
        names += [f"{name}[{i}]" for i in range(len(place))] if many else [name]
    return names


def _names_of(node: Node, source: Node) -> str:
    pairs = zip(_names(node), node.inputs, strict=False)
    return " or ".join([name for name, place in pairs if place is source])


def _rule_for(node: Node, source: Node) -> str:
    assert node.op is not None
    return f"the rule of {node.op.name} for {_names_of(node, source)}"


def explain(error: Exception, node: Node, g: Any) -> None:
    """Adds to an error which rule it comes from, and what the rule was given."""
    op = node.op
    assert op is not None
    rules: dict[Any, list[str]] = {}
    for names, rule, _ in op.rules:
        rules.setdefault(getattr(rule, "__code__", None), []).extend(names)
    trace, found = error.__traceback__, ""
    while trace is not None and not found:
        found = ", ".join(rules.get(trace.tb_frame.f_code, ()))
        trace = trace.tb_next
    which = f" for {found}" if found else ""
    given = [f"g = {'several gradients' if g.shape is None else f'an array of shape {g.shape}'}"]
    given += [f"{name} = {place}" for name, place in zip(_names(node), node.inputs, strict=False)]
    error.add_note(f"in the derivative rule of {op.name}{which}: {'; '.join(given)}")


# -- what happens at the edges ----------------------------------------------------------------


def _node_of(tensor: Tensor) -> Node:
    if tensor.node is None:
        raise RuntimeError(
            f"backward: {tensor._describe()} does not depend on anything that requires a "
            "gradient. Make an input with requires_grad=True, and compute outside no_grad() and "
            "without detach()."
        )
    return tensor.node


def _first_gradient(tensor: Tensor, grad: Any, create_graph: bool) -> Any:
    if grad is None:
        if tensor.size != 1:
            raise RuntimeError(
                f"backward from {tensor._describe()}: which of its {tensor.size} elements? Reduce "
                "it first (.sum(), .mean()), or pass grad=, the gradient that arrives here."
            )
        g: Any = np.ones(tensor.shape, tensor.dtype)
    else:
        g = grad if isinstance(grad, Tensor) else np.asarray(grad)
        if g.shape != tensor.shape:
            raise ValueError(
                f"backward: grad has shape {g.shape}, but {tensor._describe()} needs a gradient "
                "of its own shape."
            )
        g = g.astype(tensor.dtype) if g.dtype != tensor.dtype else g
    if create_graph:
        return g if isinstance(g, Tensor) else result(g)
    return g.array if isinstance(g, Tensor) else g


def _check_not_used_up(nodes: list[Node]) -> None:
    if used_up := [node for node in nodes if node.saved is None]:
        node = used_up[0]
        where = str(node.origin or "")
        raise RuntimeError(
            f"backward a second time through {node.op.name if node.op else 'a leaf'}"
            + (f" ({node.name!r})" if node.name else "")
            + (f", made at {where}" if where else "")
            + ": the arrays that its rule needs were let go by the first. Write "
            "backward(retain_graph=True) the first time, or add the losses and go backward once."
        )


def _run_hooks(node: Node, g: Any) -> Any:
    for hook in node.hooks or ():
        replaced = hook(_to_look_at(g))
        if replaced is not None:
            g = asarray(replaced) if isinstance(g, Tensor) else np.asarray(unwrap(replaced))
            if g.shape != node.shape:
                raise ValueError(
                    f"a hook returned a gradient of shape {g.shape} for a value of shape "
                    f"{node.shape}."
                )
            if g.dtype != node.dtype:
                g = g.astype(node.dtype)
    return g


def _to_look_at(g: Any) -> Tensor:
    """The gradient for a hook, which may replace it, but not write to it: others may have it."""
    array = np.asarray(unwrap(g)).view()
    array.flags.writeable = False
    return result(array, g.node if isinstance(g, Tensor) else None)


def _own(g: Any, alone: bool) -> Array:
    """The gradient as an array that nobody else holds: leaves own their gradients."""
    if type(g) is not np.ndarray:
        return np.array(g)
    return g if alone and g.base is None and g.flags.writeable else g.copy()


def _shown(g: Any) -> Any:
    array = g.array if isinstance(g, Tensor) else g
    return array if array.base is None else array.copy()


class _Alarm:
    """Rings when arithmetic makes a NaN: NumPy calls it through errstate, at no cost until then."""

    rang = False

    def __call__(self, kind: str, flag: int) -> None:
        self.rang = True


def _holds_nan(arrays: Any) -> bool:
    """Whether one of the gradients (arrays, Tensors, None) has a NaN."""
    return any(
        np.isnan(unwrap(a)).any() for a in arrays if a is not None and a.shape is not None
    )


def _warn_of_nan(node: Node, g: Any, arriving: Any, sums: Any) -> None:
    """Says where a NaN came from, if it was made here and not handed on: by the node's rules, or in
    the sums that their gradients joined."""
    given = [np.asarray(unwrap(part)) for part in (g if g.shape is None else (g,))]  # Parts, or one
    by_rules = _holds_nan(arriving)
    if _holds_nan(given) or not (by_rules or _holds_nan(sums)):
        return
    assert node.op is not None
    name = f" ({node.name!r})" if node.name else ""
    if not by_rules or any(np.isinf(a).any() for a in given):
        why = (
            "infinite gradients met, as ∞ − ∞ where a value was used twice or broadcast, or as "
            "∞ · 0 at a flat place. Keep slopes finite: √(x + ε) for √x at 0, for instance"
        )
    elif not all(np.all(a) for a in given):
        why = (
            "a gradient of 0 met an infinite slope. This is what a branch that was not taken does "
            "in where(x > 0, log(x), 0): write where(x > 0, log(where(x > 0, x, 1)), 0), so that "
            "the branch not taken is computed at a harmless value"
        )
    else:
        why = "the slope is not defined at this value"
    shape = "" if node.shape is None else f" of shape {node.shape}"
    warn(f"a gradient became NaN at {node.op.name}{name}{shape}: {why}.", GradientWarning)
