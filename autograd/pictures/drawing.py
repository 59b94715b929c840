"""`draw`: what is to be shown, and what things are called where it is called from."""

from __future__ import annotations

import contextlib
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .. import call as calls
from ..backward import pull_back
from ..graph import Array, Constant, Node, enable_grad, next_order
from ..op import Op
from ..tensor import Tensor, asarray, result
from .engines import known
from .graph_view import Failure, Options, View, view
from .names import Names, around
from .picture import Picture

Gradients = dict[Any, Array]


def draw(
    *what: Any,
    depth: int | None = None,
    fold: bool | None = None,
    constants: bool = True,
    helpers: bool = True,
    backward: bool = False,
    rankdir: str = "LR",
    title: str = "",
    engine: str | None = None,
) -> Picture:
    """Draws the graph that led to a Tensor, with values, and gradients where they have arrived.

    Parameters
    ----------
    *what
        One of: Tensors; a function and its inputs; a model and its input; an exception that an op
        raised. A function is called here, and its gradients are shown without touching any
        `.grad`. Where a call fails, the picture shows what was computed up to there.
    depth : int, optional
        How many levels of modules to open; deeper ones are one box each. All, if not given.
    fold : bool, optional
        Show one of several blocks that are alike, with ×12. If not given: in large graphs.
    constants, helpers : bool
        Whether to show constants, and ops that only rearrange (reshape, transpose, …).
    backward : bool
        Show the backward pass, too: the ops that make the gradients, and whose rule each is.
        Computed anew; needs a loss through which `backward()` has not gone yet (or with
        `retain_graph=True`).
    rankdir : {"LR", "TB"}
        Which way the picture flows: to the right, or down.
    title : str, optional
    engine : {"graphviz", "pygraphviz", "built-in"}, optional
        Who lays it out; the first of these that is there, if not given.

    Raises
    ------
    TypeError
        If there is nothing to draw in what is given.

    Examples
    --------
    >>> import numpy as np, autograd as ag
    >>> from autograd.pictures import draw
    >>> def f(x, w):
    ...     h = x * w
    ...     return np.tanh(h)
    >>> print(draw(f, 2.0, -0.5).text())
    x               leaf scalar      2.0      ∂ -0.21
    w               leaf scalar      -0.5     ∂ 0.8399
    h = x · w       multiply scalar  -1.0     ∂ 0.42
    ▸ f = tanh h    tanh scalar      -0.7616  ∂ 1.0

    Karpathy's micrograd drew scalars this way; the layout is Sugiyama's.
    """
    known(engine)
    if rankdir not in ("LR", "TB"):
        raise ValueError(f'rankdir={rankdir!r}: "LR" flows to the right, "TB" down.')
    frame = sys._getframe(1)
    options = Options(depth, fold, constants, helpers)
    first, *inputs = what or (None,)
    if isinstance(first, BaseException):
        return Picture(_failed(first, around(frame), frame, options, title), rankdir, engine)
    if isinstance(first, Tensor) or not callable(first):
        tensors = list(_tensors(what))
        names = around(frame)
        gradients = None
    else:
        is_model = hasattr(type(first), "parameters")
        try:
            with enable_grad():
                given = _given(first, inputs, wanting=not is_model)
                out, inner = _observed(first, [tensor for _, tensor in given])
        except Exception as error:
            outside = ("", first) if is_model else ("f", None)
            return Picture(_failed(error, around(frame, outside), frame, options, title), rankdir, engine)
        tensors = list(_tensors([out]))
        model = [("", first)] if is_model else []
        names = around(frame, *given, *model, *inner, *_used_by(first))
        called = getattr(first, "__name__", "")
        if len(tensors) == 1 and called.isidentifier():
            names.of.setdefault(id(_place(tensors[0])), called)
        gradients = None if is_model else _gradients(tensors)
    if not tensors:
        raise TypeError(_nothing_in(what))
    made_by: dict[Node, str] = {}
    roots = list(dict.fromkeys(_place(t) for t in tensors))
    if backward:
        roots, gradients = _with_backward(roots, names, made_by)
    for tensor in tensors:
        names.arrays.setdefault(id(_place(tensor)), tensor.array)
    shown = view(roots, names, options, gradients, made_by, title)
    return Picture(shown, rankdir, engine)


def _place(tensor: Tensor) -> Any:
    return tensor.node if tensor.node is not None else tensor.as_constant()


def _tensors(things: Iterable[Any]) -> Iterator[Tensor]:
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


def _nothing_in(what: tuple[Any, ...]) -> str:
    given = ", ".join(type(w).__name__ for w in what) or "nothing"
    return (
        f"draw was given {given}, in which there is no Tensor. It draws Tensors (draw(loss)), a "
        "function of Tensors and its inputs (draw(f, x, y)), a model and its input (draw(model, x))."
    )


# -- functions and models -------------------------------------------------------------------------


def _given(f: Callable[..., Any], inputs: list[Any], wanting: bool) -> list[tuple[str, Any]]:
    """The inputs, called as the function calls them; numbers and arrays as Tensors."""
    named = getattr(f, "forward", f)
    try:
        bound = inspect.signature(named).bind(*inputs).arguments
    except (TypeError, ValueError):  # it has no signature, or will complain itself
        bound = {f"input{i}": value for i, value in enumerate(inputs)}
    flat: list[tuple[str, Any]] = []
    for name, value in bound.items():
        several = isinstance(value, tuple) and len(bound) < len(inputs)
        flat += [(f"{name}[{i}]", v) for i, v in enumerate(value)] if several else [(name, value)]
    return [(name, _as_tensor(value, name, wanting)) for name, value in flat]


def _as_tensor(value: Any, name: str, wanting: bool) -> Any:
    """A number stands for a value that may vary; an array of integers is data."""
    if isinstance(value, list) and value:
        with contextlib.suppress(TypeError, ValueError):  # of other things than numbers, or ragged
            array = np.array(value)
            value = array if array.dtype.kind in "fiub" else value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Tensor(float(value), requires_grad=wanting, name=name)
    if isinstance(value, (np.ndarray, np.floating)) and np.asarray(value).dtype.kind in "fiub":
        array = np.asarray(value)
        return Tensor(array, requires_grad=wanting and array.dtype.kind == "f", name=name)
    return value


def _observed(f: Callable[..., Any], inputs: list[Any]) -> tuple[Any, list[tuple[str, Any]]]:
    """What f returns, and its local variables when it did: their names are the best there are."""
    code = getattr(f, "__code__", None)
    local: list[tuple[str, Any]] = []

    def at_return(frame: types.FrameType, event: str, argument: Any) -> None:
        if event == "return" and frame.f_code is code:
            local[:] = list(frame.f_locals.items())

    before = sys.getprofile()
    if code is None or before is not None:
        return f(*inputs), local
    sys.setprofile(at_return)
    try:
        return f(*inputs), local
    finally:
        sys.setprofile(None)


def _used_by(f: Callable[..., Any]) -> Iterator[tuple[str, Any]]:
    """The variables from outside that a function uses."""
    if not isinstance(f, types.FunctionType):
        return
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not yet filled
            continue
    for name in f.__code__.co_names:
        if name in f.__globals__:
            yield name, f.__globals__[name]


def _gradients(tensors: list[Tensor]) -> Gradients | None:
    """∂out/∂leaf for a single number, without touching anyone's `.grad`."""
    if len(tensors) != 1 or tensors[0].size != 1 or tensors[0].node is None:
        return None
    start = np.ones(tensors[0].shape, tensors[0].dtype)
    try:
        return pull_back({tensors[0].node: start}, retain_graph=True)
    except RuntimeError:  # it leans on a graph that was used up: no gradients, then
        return None


# -- the backward pass as a graph -------------------------------------------------------------------


def _with_backward(
    roots: list[Any], names: Names, made_by: dict[Node, str]
) -> tuple[list[Any], Gradients]:
    """The gradients as roots beside the others, and who made each node on the way to them.

    A hook on each node tells when its gradient is complete; what is made from then until the next
    hook is made by its rule. So creation order, once more, tells what belongs together.
    """
    from ..graph import walk

    starts = [r for r in roots if isinstance(r, Node)]
    nodes = walk(starts)
    arrived: list[tuple[int, Node, Tensor]] = []
    before = [(node, node.hooks) for node in nodes]
    for node in nodes:
        node.hooks = [*(node.hooks or ()), lambda g, node=node: arrived.append((next_order(), node, g))]
    try:
        start = {n: result(np.ones(n.shape, n.dtype)) for n in starts}
        found = pull_back(start, retain_graph=True, create_graph=True)
    finally:
        for node, hooks in before:
            node.hooks = hooks
    result_name = names.of.get(id(starts[0]), starts[0].name or "out") if starts else "out"
    gradients: Gradients = {}
    for node, g in found.items():
        gradients[node] = g.array
    new: list[Any] = []
    for order, node, g in arrived:
        called = node.name or names.of.get(id(node))
        if g.node is not None and called:
            names.of.setdefault(id(g.node), f"∂{result_name}/∂{called}")
        if g.node is not None and node in found:
            new.append(g.node)
    made = [n for n in walk(new) if arrived and n.order > arrived[0][0]]
    turns = iter(arrived[::-1])
    turn = next(turns, None)
    for node in made:  # newest first, as the turns are now
        while turn is not None and turn[0] > node.order:
            turn = next(turns, None)
        if turn is not None and turn[1].op is not None:
            called = turn[1].name or names.of.get(id(turn[1]))
            made_by[node] = turn[1].op.name + (f" ({called})" if called else "")
    return [*roots, *dict.fromkeys(new)], gradients


# -- what failed ----------------------------------------------------------------------------------


def _failed(
    error: BaseException, names: Names, frame: types.FrameType, options: Options, title: str
) -> View:
    """What was recorded until an op raised, and that op, marked; else the error itself, again."""
    failure, local = _failure_in(error)
    if failure is None:
        raise error
    for other in (around(None, *local),):
        names.of = other.of | names.of
        names.arrays |= other.arrays
    return view([failure], names, options, title=title or "what was computed until it failed")


def _failure_in(error: BaseException) -> tuple[Failure | None, list[tuple[str, Any]]]:
    """The op whose call raised, from the traceback, and the variables of the frames above it."""
    failure: Failure | None = None
    local: list[tuple[str, Any]] = []
    traceback = error.__traceback__
    while traceback is not None:
        frame = traceback.tb_frame
        variables = frame.f_locals
        if frame.f_globals is vars(calls):
            op = variables.get("op")
            if isinstance(op, Op) and isinstance(error, Exception):
                failure = _failure(op, variables, error)
        elif failure is None:
            local += [(n, v) for n, v in variables.items() if not n.startswith("_")]
        traceback = traceback.tb_next
    return failure, local


def _failure(op: Op, variables: dict[str, Any], error: Exception) -> Failure:
    called = variables.get("called") or {n: variables[n] for n in op.inputs if n in variables}
    inputs: list[Any] = []
    for name in op.inputs:
        value = called.get(name)
        for item in value if name in op.sequences and isinstance(value, (list, tuple)) else [value]:
            inputs.append(_input(item))
    settings = {
        name: value for name, value in called.items()
        if name not in op.inputs and isinstance(value, (int, str, tuple))
        and value != op._defaults.get(name)
    }  # fmt: skip
    return Failure(op, tuple(inputs), settings, error)


def _input(value: Any) -> Any:
    if isinstance(value, Tensor):
        return _place(value)
    return Constant(value) if isinstance(value, np.ndarray) else value
