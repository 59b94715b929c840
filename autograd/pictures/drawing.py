"""`draw`: what is to be shown, and what things are called where it is called from."""

from __future__ import annotations

import contextlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..graph import enable_grad
from ..tensor import Tensor
from .engines import known
from .failure import until
from .gradients import add_backward, add_gradients
from .graph_view import view
from .names import around
from .picture import Picture
from .simplify import Options
from .subject import Subject, tensors_in


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
        Computed anew; needs a graph that `backward()` has not used up.
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
    subject = _subject(what, frame)
    if backward:
        add_backward(subject)
    return Picture(view(subject, options, title), rankdir, engine)


def _subject(what: tuple[Any, ...], frame: types.FrameType) -> Subject:
    """What is to be drawn, with the names that the caller's frame has for it."""
    first, *inputs = what or (None,)
    if isinstance(first, Exception):
        return until(first, frame)
    if callable(first) and not isinstance(first, Tensor):
        return _called(first, inputs, frame)
    tensors = list(tensors_in(what))
    if not tensors:
        given = ", ".join(type(w).__name__ for w in what) or "nothing"
        raise TypeError(
            f"draw was given {given}, in which there is no Tensor. It draws Tensors (draw(loss)), "
            "a function and its inputs (draw(f, x, y)), a model and its input (draw(model, x))."
        )
    return Subject.of(tensors, around(frame))


# -- functions and models -------------------------------------------------------------------------


def _called(f: Callable[..., Any], inputs: list[Any], frame: types.FrameType) -> Subject:
    """The result of f; of a function (not of a model) with its gradients."""
    is_model = hasattr(type(f), "parameters")
    model = [("", f)] if is_model else []
    try:
        given = _given(f, inputs, wanting=not is_model)
        with enable_grad():
            out, local = _observed(f, [tensor for _, tensor in given])
    except Exception as error:
        return until(error, frame, *model)
    tensors = list(tensors_in([out]))
    if not tensors:
        raise TypeError(
            f"draw called {getattr(f, '__name__', f)!r}, which gave {type(out).__name__}: there is "
            "no Tensor in it to draw."
        )
    subject = Subject.of(tensors, around(frame, *given, *model, *local, *_used_by(f)))
    if not is_model:
        called = getattr(f, "__name__", "")
        if len(tensors) == 1 and called.isidentifier():
            subject.names.of.setdefault(id(subject.roots[0]), called)
        add_gradients(subject)
    return subject


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
