"""From a declared op to a call: compute on the arrays, and record a node if a gradient is wanted.

There are two kinds of call. An elementwise op of one or two inputs is on every step's path, so its
call is written out; any other op takes the general one, which binds arguments by name.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import shapes_under_line
from .graph import SMALL, Node, is_recording, new_node, next_order, small
from .op import Op, Plan, remembered
from .pattern import NO_COMPLEX, Pattern, kind_of, kind_of_sequence, shown
from .tensor import Tensor, holds_tensor, requires_grad, result, unwrap

_new, ndarray = object.__new__, np.ndarray

# -- elementwise ops -----------------------------------------------------------------------------


def unary(op: Op) -> Callable[..., Any]:
    function = op.function
    ways: list[Way | None] = [None, None]

    def call(x: Any, out: Any = None, /, **keywords: Any) -> Any:
        if keywords or out is not None:
            return _ufunc_call(op, call, (x,), out, keywords)
        if not isinstance(x, Tensor):
            return function(x)
        array, node = x.array, x.node
        recording = node is not None and is_recording()
        if recording and recording is not True:
            recording.calling(op)
        try:
            out = function(array)
        except Exception as error:
            _explain(error, op, {"x": x})
            raise
        if type(out) is not ndarray:  # a ufunc turns a 0-d array into a number
            out = np.asarray(out)
        tensor = _new(Tensor)
        tensor.array = out
        if not recording:
            tensor.node = None
            return tensor
        plan, pick = ways[1] or _way(op, ways, 1)
        tensor.node = made = new_node(op, plan, (node,), pick(array, out), out)
        if recording is not True:
            recording.made(made, {"x": x}, out)
        return tensor

    return call


def binary(op: Op) -> Callable[..., Any]:
    function = op.function
    ways: list[Way | None] = [None, None, None, None]
    is_new = isinstance(function, np.ufunc)  # what it gives is no view of what it was given

    def apply(x: Any, y: Any, /) -> Any:
        x_array = x_node = x
        y_array = y_node = y
        pattern = 0  # which inputs want a gradient: 1 for x, 2 for y
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
        recording = pattern and is_recording()
        if recording and recording is not True:
            recording.calling(op)
        try:
            out = function(x_array, y_array)
        except Exception as error:
            _explain(error, op, {"x": x, "y": y})
            raise
        if type(out) is not ndarray:  # a ufunc turns a 0-d array into a number
            out = np.asarray(out)
        tensor = _new(Tensor)
        tensor.array = out
        if not recording:
            tensor.node = None
            return tensor
        if pattern == 1:
            y_node = shown(y)
            if y_node is None:  # a list
                y_array = np.asarray(y_array)
        elif pattern == 2:
            x_node = shown(x)
            if x_node is None:
                x_array = np.asarray(x_array)
        plan, pick = ways[pattern] or _way(op, ways, pattern)
        tensor.node = made = _new(Node)  # what new_node does, without a call
        made.op = op
        made.plan = plan
        made.inputs = (x_node, y_node)
        made.saved = pick(x_array, y_array, out)
        made.settings = None
        made.value = out if is_new and out.size <= SMALL else small(out)
        made.shape = out.shape
        made.dtype = out.dtype
        made.order = next_order()
        made.grad = None
        made.extra = None
        if recording is not True:
            recording.made(made, {"x": x, "y": y}, out)
        return tensor

    def call(x: Any, y: Any, out: Any = None, /, **keywords: Any) -> Any:
        if keywords or out is not None:
            return _ufunc_call(op, apply, (x, y), out, keywords)
        return apply(x, y)

    call.operator = apply  # type: ignore[attr-defined] # NumPy's signature alone costs 45 ns
    return call


Way = tuple[Plan, Callable[..., tuple[Any, ...]]]
"""How an elementwise call is recorded: its plan, and a function that picks what the plan saves."""


def _way(op: Op, ways: list[Way | None], pattern: int) -> Way:
    """The way for a pattern of inputs that want a gradient, when it is first met: 1 stands for the
    first input, 2 for the second, 3 for both."""
    plan = op.plan(tuple([bool(pattern >> i & 1) for i in range(len(op.inputs))]))
    items = [n if n in (*op.inputs, "out") else f"shape({n[:-6]})" for n in plan.names]
    text = f"lambda {', '.join(op.inputs)}, out: ({''.join(item + ', ' for item in items)})"
    ways[pattern] = way = plan, eval(text, {"shape": np.shape})
    return way


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
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"np.{op.name}(dtype={np.dtype(dtype)}) would lose the graph: integers and booleans do "
            "not change by a little. Write astype behind it, or .detach() before."
        )
    if unknown := keywords.keys() - {"casting", "order", "subok", "where"}:
        raise TypeError(f"{op.name}({', '.join(sorted(unknown))}=…) cannot be recorded.")
    if dtype is not None:
        inputs = tuple(
            [x.astype(dtype) if isinstance(x, Tensor) else np.asarray(x, dtype) for x in inputs]
        )
    return call(*inputs)


# -- any other op --------------------------------------------------------------------------------


def general(op: Op) -> Callable[..., Any]:
    function = op.function
    sequences = [
        (i, p.name)
        for i, p in enumerate(op.call.parameters.values() if op.sequences else ())
        if p.name in op.sequences and p.kind is not p.VAR_POSITIONAL
    ]
    kind = kind_of_sequence if op.sequences else kind_of

    def call(*args: Any, **kwargs: Any) -> Any:
        if sequences:
            args, kwargs = _with_lists(sequences, args, kwargs)
        kinds = (*map(kind, args), *map(kind, kwargs.values()))
        pattern = _pattern(op, kinds, tuple(kwargs))
        if not pattern.has_tensors:
            return function(*args, **kwargs)
        recording = is_recording()
        if recording and pattern.refusal:
            raise TypeError(pattern.refusal)
        recording = pattern.wanted and recording
        writes = False
        if pattern.names_memory:
            given = op.bind(args, kwargs)
            if recording:
                op.refuse_keywords(given)
            writes = given.get("out") is not None
        if recording and recording is not True:
            recording.calling(op)
        try:
            out = pattern.compute(function, args, kwargs)
        except Exception as error:
            _explain(error, op, op.bind(args, kwargs))
            raise
        if not recording:
            return out if writes else wrapped(out)
        multiple = isinstance(out, (tuple, list))
        if not multiple:
            try:
                letter = out.dtype.kind
            except AttributeError:
                out = _number(out, op)
                letter = out.dtype.kind
            if letter != "f":
                if letter == "c":
                    raise TypeError(NO_COMPLEX.format(f"what {op.name} gives is {out.dtype}"))
                return result(out)  # sum(x, dtype=int): integers do not change by a little
            if type(out) is not ndarray:
                out = np.asarray(out)
        inputs, saved, settings = pattern.record(args, kwargs, out)
        made = new_node(op, pattern.plan, inputs, saved, None if multiple else out, settings)
        if recording is not True:
            recording.made(made, {**op._defaults, **op.bind(args, kwargs)}, out)
        if not multiple:
            return result(out, made)
        try:
            return outputs(out, made)
        except AttributeError:
            if all(isinstance(part, (ndarray, np.generic)) for part in out):
                raise
            raise _no_array(out, op) from None

    return call


_pattern = remembered(Pattern)


def _number(out: Any, op: Op) -> Any:
    """A Python number that an op's function returned, as an array; refuses what is none."""
    if not isinstance(out, (int, float)):
        raise _no_array(out, op)
    return np.asarray(out)


def _no_array(out: Any, op: Op) -> TypeError:
    what = f"a {type(out).__name__}"
    if isinstance(out, (tuple, list)):
        what += f" of {', '.join(sorted({type(part).__name__ for part in out}))}"
    what = "None: is a return missing?" if out is None else f"{what}."
    return TypeError(
        f"op {op.name} returned {what} An op's function returns an array (np.array([...])), or a "
        "tuple of arrays if it has several outputs."
    )


def _with_lists(
    sequences: list[tuple[int, str]], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments with a list where a sequence of arrays is something else: a Tensor stands for
    its rows."""
    for i, name in sequences:
        given = args[i] if i < len(args) else kwargs.get(name, ())
        if isinstance(given, (list, tuple)):
            continue
        if i < len(args):
            args = (*args[:i], list(given), *args[i + 1 :])
        else:
            kwargs = {**kwargs, name: list(given)}
    return args, kwargs


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
    likes = [(part.shape, part.dtype) for part in parts]
    tensors = [result(part, _part(node, i, part, likes)) for i, part in enumerate(parts)]
    return _rebuild(parts, tensors)


def _part(node: Node, i: int, part: Any, likes: list[tuple[Any, Any]]) -> Node:
    """The node of one output: its gradient is that of the whole, at one place."""
    plan = Plan((), lambda g, saved: (Parts({i: g}, likes),))
    return new_node(output, plan, (node,), (), np.asarray(part), {"index": i})


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
