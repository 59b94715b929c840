"""The graph: what a node is, how recording is switched, how the graph is walked.

A node is one application of one op. It knows which op, on what inputs, and what the op's
derivative rules will need; nothing in it points at a Tensor, so a graph has no reference cycles
and goes away with the last Tensor that leads to it.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import weakref
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .op import Op, Plan
    from .tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]

SMALL = 64
"""Arrays of up to this many elements stay in the graph, so that a picture can show them."""

next_order = itertools.count(1).__next__
"""Creation order. Inputs come before outputs, so sorting by it is a topological sort; writes to
memory draw from the same count (memory.py), so "changed after it was used" is one comparison."""


class Node:
    """One value in the graph: a leaf (`op is None`) or the result of an op.

    What a node keeps: its op, its inputs, and the arrays that the op's rules asked for (`saved`,
    laid out by `plan`; None once backward has used them). Arrays of up to `SMALL` elements stay as
    `value` and `grad` for pictures. Everything else about the forward pass is forgotten.
    """

    __slots__ = (
        "dtype",  # of the value; its gradient has the same
        "extra",  # what few nodes have: a name, hooks, an owner, an origin; else None
        "grad",  # the gradient that arrived in the last backward, if small; for pictures only
        "inputs",  # Node where a gradient flows; Constant, scalar or None where none does
        "op",  # the Op that made it; None for a leaf
        "order",
        "plan",  # which gradients are wanted, and where in `saved` the rules find what they need
        "saved",
        "settings",  # the op's keywords as called (axis=1, …); None if there are none
        "shape",
        "value",
    )

    op: Op | None
    plan: Plan
    inputs: tuple[Any, ...]
    saved: tuple[Any, ...] | None
    settings: dict[str, Any] | None
    value: Any
    shape: Any
    dtype: Any
    order: int
    grad: Any
    extra: Extra | None

    def __repr__(self) -> str:
        kind = self.op.name if self.op else "leaf"
        return f"<{kind} node{f' {self.name}' if self.name else ''} {self.shape} {self.dtype}>"

    @staticmethod
    def _rare(attribute: str) -> Any:
        """An attribute that lives in `extra`, which most nodes do without: less memory a node,
        and one test instead of four in backward's loop."""

        def read(node: Node) -> Any:
            return None if node.extra is None else getattr(node.extra, attribute)

        def write(node: Node, value: Any) -> None:
            if node.extra is None:
                node.extra = Extra()
            setattr(node.extra, attribute, value)

        return property(read, write)

    name = _rare("name")
    hooks = _rare("hooks")
    owner = _rare("owner")
    origin = _rare("origin")


class Extra:
    """What few nodes have."""

    __slots__ = ("backwards", "hooks", "name", "origin", "owner")

    def __init__(self) -> None:
        self.name: str | None = None
        self.hooks: list[Callable[..., Any]] | None = None  # see (and may replace) the gradient
        self.owner: weakref.ref[Tensor] | None = None  # the Tensor whose `.grad` is filled
        self.backwards = 0  # how many backwards have added up in the owner's `.grad`
        self.origin: Any = None  # what an Observer left there


def new_node(
    op: Op | None,
    plan: Any,
    inputs: tuple[Any, ...],
    saved: tuple[Any, ...],
    out: Array | None,
    settings: dict[str, Any] | None = None,
) -> Node:
    """The node of the value `out` (None for a tuple of values: each has a node of its own).

    A function and not `Node.__init__`, because calling a class costs 0.1 µs more (Python 3.11).
    """
    node = _new(Node)
    node.op = op
    node.plan = plan
    node.inputs = inputs
    node.saved = saved
    node.settings = settings
    if out is None:
        node.value = node.shape = node.dtype = None
    else:
        node.value = out if out.size <= SMALL and out.base is None else small(out)
        node.shape = out.shape
        node.dtype = out.dtype
    node.order = next_order()
    node.grad = None
    node.extra = None
    return node


_new = object.__new__


def leaf(array: Array, name: str | None, owner: Tensor | None) -> Node:
    """The node of a Tensor that the user made and wants a gradient for."""
    node = new_node(None, None, (), (), array)
    node.value = array  # however large, and whatever it is a view of: the Tensor holds it anyway
    node.name = name
    node.owner = weakref.ref(owner) if owner is not None else None
    return node


class Constant:
    """An input that needs no gradient: its name and shape for pictures, its value if small."""

    __slots__ = ("dtype", "name", "shape", "value")

    def __init__(self, array: Array, name: str | None = None) -> None:
        self.name = name
        self.shape = array.shape
        self.dtype = array.dtype
        self.value = small(array)

    def __repr__(self) -> str:
        return f"<constant{f' {self.name}' if self.name else ''} {self.shape} {self.dtype}>"


def small(array: Any) -> Any:
    """The array, if it is small enough to stay in the graph for pictures; else None."""
    if array.size > SMALL:
        return None
    return array if array.base is None else array.copy()  # a view would keep its whole base alive


# -- walking ------------------------------------------------------------------------------------


def walk(roots: Iterable[Node]) -> list[Node]:
    """Every node that leads to the roots, newest first: an order in which backward can go.

    Collect, then sort by creation order: no recursion, so no depth is too deep, and about half the
    time of counting children (119 ns a node against 280).
    """
    nodes = list(dict.fromkeys(roots))
    seen = set(nodes)
    for node in nodes:  # which grows meanwhile
        for source in node.inputs:
            if type(source) is Node and source not in seen:
                seen.add(source)
                nodes.append(source)
    nodes.sort(key=attrgetter("order"), reverse=True)
    return nodes


def depending_on(targets: Iterable[Node], nodes: list[Node]) -> set[Node]:
    """Those of `nodes` (newest first, as `walk` gives them) whose value depends on a target."""
    found = set(targets)
    for node in reversed(nodes):
        if node not in found and not found.isdisjoint(i for i in node.inputs if type(i) is Node):
            found.add(node)
    return found


# -- the recording switch -----------------------------------------------------------------------

class Observer:
    """Stands for "recording is on" in a block, and sees what is recorded (`ag.debug()`,
    `ag.profile()`). An object that it leaves as a node's `origin` sees the node's backward:
    `origin.pull(node, g, saved)` then runs the rules, and `str(origin)` says where it was made."""

    def calling(self, op: Op) -> None:
        """An op is about to compute something that will be recorded."""

    def made(self, node: Node, called: dict[str, Any], out: Any) -> None:
        """It has, from the arguments `called`, and this is its node."""

    def leaving(self, tensor: Tensor, how: str) -> None:
        """A Tensor of the graph becomes a Python number."""


_recording: ContextVar[Any] = ContextVar("autograd_recording", default=True)
"""False, True, or an Observer."""

is_recording = _recording.get  # 13 ns; per thread and per async task, as every ContextVar
_outer: ContextVar[tuple[Any, ...]] = ContextVar("autograd_outer_recording", default=())


def observer() -> Any:
    """The Observer in charge, also where recording is off for a while; or None."""
    settings = (*_outer.get(), _recording.get())
    return next((s for s in reversed(settings) if not isinstance(s, bool)), None)


class _Recording:
    """Sets recording on or off for a block, a function, a generator or a coroutine."""

    def __init__(self, value: Any) -> None:
        self._value = value  # the only state: one object may serve many threads, nested too

    def __enter__(self) -> None:
        value = observer() or True if self._value is True else self._value
        _outer.set((*_outer.get(), _recording.get()))
        _recording.set(value)

    def __exit__(self, *exc_info: object) -> None:
        *outer, before = _outer.get()
        _outer.set(tuple(outer))
        _recording.set(before)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        value = self._value

        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                return _switched_generator(function(*args, **kwargs), value)

            return generator

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:
                with _Recording(value):
                    return await function(*args, **kwargs)

            return coroutine

        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"{function.__name__} is an async generator, which runs in parts. Write `with "
                "no_grad():` (or enable_grad) inside it, around what does not yield."
            )

        @functools.wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:
            with _Recording(value):
                return function(*args, **kwargs)

        return plain


def _switched_generator(generator: Any, value: Any) -> Any:
    """Each step of the generator runs with recording set; between steps the caller's setting."""
    step, given = generator.send, None
    while True:
        try:
            with _Recording(value):
                produced = step(given)
        except StopIteration as stop:
            return stop.value
        try:
            step, given = generator.send, (yield produced)
        except GeneratorExit:
            generator.close()
            raise
        except BaseException as error:
            step, given = generator.throw, error


def no_grad() -> _Recording:
    """Switches recording off: a context manager and a decorator, per thread and per async task.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """
    return _Recording(False)


def enable_grad() -> _Recording:
    """Switches recording on again, inside `no_grad`: a context manager and a decorator.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True)
    >>> with ag.no_grad(), ag.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """
    return _Recording(True)
