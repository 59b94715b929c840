"""From a declared op to a call: compute on the arrays, and record a node if a gradient is wanted.

There are two kinds of call. An elementwise op of one or two inputs is on every step's path, so its
call is written out; any other op takes the general one, which binds arguments by name.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any, cast

import numpy as np

from .errors import shapes_under_line
from .graph import SMALL, Constant, Node, is_recording, small
from .op import Mask, Op, Plan
from .tensor import Tensor, holds_tensor, requires_grad, result, unwrap

_new, ndarray = object.__new__, np.ndarray

# -- elementwise ops -----------------------------------------------------------------------------


def unary(op: Op) -> Callable[..., Any]:
    function, plan = op.function, op.plan((True,))
    pick = _picker(plan.names, ("x", "out"))

    def call(x: Any, out: Any = None, /, **keywords: Any) -> Any:
        if keywords or out is not None:
            return _ufunc_call(op, call, (x,), out, keywords)
        if not isinstance(x, Tensor):
            return function(x)
        array, node = x.array, x.node
        try:
            out = function(array)
        except Exception as error:
            _explain(error, op, {"x": x})
            raise
        if type(out) is not ndarray:  # a ufunc turns a 0-d array into a number
            out = np.asarray(out)
        tensor = _new(Tensor)
        tensor.array = out
        recording = node is not None and is_recording()
        if not recording:
            tensor.node = None
            return tensor
        value = out if out.size <= SMALL and out.base is None else small(out)
        tensor.node = made = Node(
            op, plan, (node,), pick(array, out), None, value, out.shape, out.dtype
        )
        if recording is not True:
            recording.made(made, {"x": x}, out)
        return tensor

    return call


def binary(op: Op) -> Callable[..., Any]:
    function = op.function
    plans = [op.plan(mask) for mask in _PATTERNS]
    picks = [_picker(plan.names, ("x", "y", "out")) for plan in plans]

    def call(x: Any, y: Any, out: Any = None, /, **keywords: Any) -> Any:
        if keywords or out is not None:
            return _ufunc_call(op, call, (x, y), out, keywords)
        x_array = x_node = x
        y_array = y_node = y
        pattern = 0  # which inputs need a gradient: an index into _PATTERNS
        if isinstance(x, Tensor):
            x_array, x_node = x.array, x.node
            if x_node is not None:
                pattern = 1
        elif not isinstance(y, Tensor):
            return function(x, y)
        if isinstance(y, Tensor):
            y_array, y_node = y.array, y.node
            if y_node is not None:
                pattern += 2
        try:
            out = function(x_array, y_array)
        except Exception as error:
            _explain(error, op, {"x": x, "y": y})
            raise
        if type(out) is not ndarray:  # a ufunc turns a 0-d array into a number
            out = np.asarray(out)
        tensor = _new(Tensor)
        tensor.array = out
        recording = pattern and is_recording()
        if not recording:
            tensor.node = None
            return tensor
        if pattern == 1:
            y_node = _shown(y)
        elif pattern == 2:
            x_node = _shown(x)
        saved = picks[pattern](x_array, y_array, out)
        value = out if out.size <= SMALL and out.base is None else small(out)
        tensor.node = made = Node(
            op, plans[pattern], (x_node, y_node), saved, None, value, out.shape, out.dtype
        )
        if recording is not True:
            recording.made(made, {"x": x, "y": y}, out)
        return tensor

    return call


_PATTERNS = ((False, False), (True, False), (False, True), (True, True))


def _picker(names: tuple[str, ...], available: tuple[str, ...]) -> Callable[..., tuple[Any, ...]]:
    """A function of the available values that gives those named, in the order of `names`."""
    items = [n if n in available else f"shape({n.removesuffix('_shape')})" for n in names]
    source = f"lambda {', '.join(available)}: ({''.join(item + ', ' for item in items)})"
    return cast("Callable[..., tuple[Any, ...]]", eval(source, {"shape": np.shape}))


def _shown(value: Any) -> Any:
    """An input that needs no gradient, as the graph remembers it for pictures."""
    if isinstance(value, Tensor):
        return value.as_constant()
    if isinstance(value, np.ndarray):
        return Constant(value)
    return value if isinstance(value, (int, float, np.generic)) else None


def _ufunc_call(
    op: Op, call: Callable[..., Any], inputs: tuple[Any, ...], out: Any, keywords: dict[str, Any]
) -> Any:
    """A ufunc with keywords: `out=` into an array if nothing is recorded; `dtype=` as a cast."""
    out = keywords.pop("out", out)
    if isinstance(out, tuple):
        (out,) = out
    if not (is_recording() and requires_grad(inputs)) and not isinstance(out, Tensor):
        value = op.function(*map(unwrap, inputs), out=out, **keywords)
        return result(value) if out is None and holds_tensor(inputs) else value
    op.refuse_keywords({"out": out, **keywords})
    dtype = keywords.pop("dtype", None)
    if unknown := keywords.keys() - {"casting", "order", "subok", "where"}:
        raise TypeError(f"{op.name}({', '.join(sorted(unknown))}=…) cannot be recorded.")
    if dtype is not None:
        inputs = tuple(
            [x.astype(dtype) if isinstance(x, Tensor) else np.asarray(x, dtype) for x in inputs]
        )
    return call(*inputs)


# -- any other op --------------------------------------------------------------------------------


def general(op: Op) -> Callable[..., Any]:
    function, nested = op.function, bool(op.sequences)

    def call(*args: Any, **kwargs: Any) -> Any:
        given = op.bind(args, kwargs)
        nodes = _nodes_of(op, given, len(args), kwargs)
        if not nodes:
            return function(*args, **kwargs)
        recording = is_recording()
        if recording:
            mask = op.mask(given, nodes)
            recording = _recordable(op, given, nodes, mask) and recording
        plain = unwrap(args) if nested else [x.array if isinstance(x, Tensor) else x for x in args]
        try:
            out = function(*plain, **{name: unwrap(value) for name, value in kwargs.items()})
        except Exception as error:
            _explain(error, op, given)
            raise
        if not recording:
            return out if given.get("out") is not None else wrapped(out)
        multiple = isinstance(out, (tuple, list))
        if not multiple and out.dtype.kind != "f":
            return result(out)  # sum(x, dtype=int): integers do not change by a little
        settings = {
            name: value
            for name, value in (*zip(op.positional, args), *kwargs.items())
            if name not in op.inputs and isinstance(value, _SHOWN_SETTINGS)
        }
        inputs = _inputs_of(op, given, nodes, mask)
        if not multiple and type(out) is not ndarray:
            out = np.asarray(out)
        plan = op.plan(mask)
        facts = (None, None, None) if multiple else (small(out), out.shape, out.dtype)
        made = Node(op, plan, inputs, _saved(op, plan, given, out), settings or None, *facts)
        if recording is not True:
            recording.made(made, given, out)
        return outputs(out, made) if multiple else result(out, made)

    return call


NO_OUT = (
    "{}(out=Tensor) would write into a Tensor's memory unseen by the graphs that read it. Give the "
    "result a name instead, or pass a plain array as out=."
)
_SHOWN_SETTINGS = (int, float, str, tuple, type(None))


def _nodes_of(op: Op, given: dict[str, Any], count: int, kwargs: Any) -> dict[str, Any]:
    """The Tensors among the arguments, by parameter: their nodes (None where no gradient is
    wanted); for a sequence of arrays that has a Tensor in it, a list of nodes."""
    nodes: dict[str, Any] = {}
    for name in (*op.positional[:count], *kwargs):
        value = given.get(name)
        if isinstance(value, Tensor):
            if name == "out":
                raise TypeError(NO_OUT.format(op.name))
            nodes[name] = value.node
    for name in op.sequences:
        items = given[name] = list(given[name])
        if any(isinstance(item, Tensor) for item in items):
            nodes[name] = [item.node if isinstance(item, Tensor) else None for item in items]
    return nodes


def _recordable(op: Op, given: dict[str, Any], nodes: dict[str, Any], mask: Mask) -> bool:
    """Whether a gradient is wanted at all; raises if it is wanted where there is no rule."""
    for name, node in nodes.items():
        if name not in op.inputs and node is not None:
            raise TypeError(
                f"{op.name} has no derivative with respect to {name!r}. Pass {name}.detach() to "
                "treat it as a constant."
            )
    wanted = True in mask or any(True in f for f in mask if isinstance(f, tuple))
    if wanted:
        op.refuse_keywords(given)
    return wanted


def _inputs_of(
    op: Op, given: dict[str, Any], nodes: dict[str, Any], mask: Mask
) -> tuple[Any, ...]:
    """What the node remembers of each input: its node, or what a picture can show of it."""
    inputs: list[Any] = []
    for name, flag in zip(op.inputs, mask, strict=True):
        if isinstance(flag, tuple):
            items = zip(nodes.get(name, flag), flag, given[name], strict=True)
            inputs += [node if wanted else _shown(item) for node, wanted, item in items]
        else:
            inputs.append(nodes[name] if flag else _shown(given[name]))
    return tuple(inputs)


def _saved(op: Op, plan: Plan, given: dict[str, Any], out: Any) -> tuple[Any, ...]:
    """What the wanted rules ask for, in the plan's order; lists of numbers as arrays."""
    saved: list[Any] = []
    for name in plan.names:
        if name == "out":
            saved.append(out)
            continue
        shape_only = name not in given
        source = name.removesuffix("_shape") if shape_only else name
        value = given[source]
        if source in op.sequences:
            value = [unwrap(item) for item in value]
            saved.append([np.shape(item) for item in value] if shape_only else value)
            continue
        if isinstance(value, Tensor):
            value = value.array
        elif isinstance(value, list):
            value = np.asarray(unwrap(value)) if source in op.inputs else unwrap(value)
        saved.append(np.shape(value) if shape_only else value)
    return tuple(saved)


def wrapped(out: Any) -> Any:
    """A result that is not recorded: Tensors around it, in the same tuple, list or namedtuple."""
    if isinstance(out, (tuple, list)):
        return _rebuild(out, [wrapped(part) for part in out])
    return result(out) if isinstance(out, (ndarray, np.generic)) else out


def _rebuild(like: Any, parts: list[Any]) -> Any:
    if hasattr(like, "_fields"):
        return type(like)(*parts)
    return type(like)(parts)


# -- several outputs ----------------------------------------------------------------------------


class Parts:
    """The gradient of an op with several outputs, gathered part by part.

    It adds up as an array does, so backward's loop need not know that a value can be a tuple.
    """

    shape = dtype = None
    size = math.inf
    base = None

    def __init__(self, found: dict[int, Any], outputs: list[tuple[Any, Any]]) -> None:
        self.found = found
        self.outputs = outputs

    def __add__(self, other: Parts) -> Parts:
        found = dict(self.found)
        for i, g in other.found.items():
            found[i] = found[i] + g if i in found else g
        return Parts(found, self.outputs)

    def __iter__(self) -> Any:
        """One gradient for each output: zeros where none arrived."""
        for i, (shape, dtype) in enumerate(self.outputs):
            yield self.found[i] if i in self.found else np.zeros(shape, dtype)


output = Op(lambda outputs, index: outputs[index], "output", formula="outputs[index]")


def outputs(parts: Any, node: Node) -> Any:
    """The outputs of an op that has several, as Tensors: each at its own place behind the node."""
    tensors = [result(part, _part(node, i, parts)) for i, part in enumerate(parts)]
    return _rebuild(parts, tensors)


def _part(node: Node, i: int, outputs: Sequence[Any]) -> Node:
    """The node of one output: its gradient is that of the whole, at one place."""
    likes = [(part.shape, part.dtype) for part in outputs]
    plan = Plan((), lambda g, saved: (Parts({i: g}, likes),))
    part = np.asarray(outputs[i])
    return Node(output, plan, (node,), (), {"index": i}, small(part), part.shape, part.dtype)


# -- errors, at the boundary --------------------------------------------------------------------


def _explain(error: Exception, op: Op, called: dict[str, Any]) -> None:
    """Adds to NumPy's error which op was asked, and of what."""

    def spell(value: Any) -> str:
        if isinstance(value, Tensor):
            return value._describe()
        if isinstance(value, np.ndarray):
            return f"array of shape {value.shape}"
        if isinstance(value, (list, tuple)) and any(
            isinstance(v, (Tensor, np.ndarray)) for v in value
        ):
            return "[" + ", ".join(map(spell, value)) + "]"
        text = repr(value)
        return text if len(text) <= 40 else text[:37] + "…"

    given = [
        f"{name} = {spell(value)}"
        for name, value in called.items()
        if value is not op._defaults.get(name, inspect)
    ]
    error.add_note(f"in {op.name}: {'; '.join(given)}")
    if line := shapes_under_line():
        error.add_note(line)
