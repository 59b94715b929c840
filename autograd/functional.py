"""Derivatives as functions of functions, for those who think f ↦ f′ rather than in graphs.

All are built from two steps: record f on Tensors of its own (`_trace`), and walk back
(`pull_back`). Arrays in, arrays out, which are constants for any graph outside; Tensors in, Tensors
out, through which gradients flow on. They nest, because a transform inside another one records its
own backward pass.

    grad, value_and_grad, elementwise_grad      one number out
    vjp, jacobian, hessian                      many numbers out, row by row
    jvp, hvp                                    a derivative along one direction
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from .backward import pull_back
from .declare import elementwise
from .graph import Node, depending_on, enable_grad, is_recording, leaf, walk
from .rows import pull_rows
from .tensor import Tensor, asarray, requires_grad, result, source, unwrap
from .tree import filled, leaves, rebuild

_alias = elementwise(lambda x: x.view(), lambda g: g, name="input", formula="x")
_tracing: ContextVar[bool] = ContextVar("autograd_tracing", default=False)


class _Trace:
    """One run of f on Tensors that stand for chosen arguments."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: Sequence[int],
    ) -> None:
        self.trees = [args[i] for i in argnums]
        self.given = [x for tree in self.trees for x in leaves(tree)]
        nested, recording = _tracing.get(), is_recording()
        with enable_grad():
            self.inputs = [_standing_for(x) for x in self.given]
            self.nodes: list[Node] = [t.node for t in self.inputs if t.node is not None]
            stand_ins = iter(self.inputs)
            args = list(args)
            for i, tree in zip(argnums, self.trees, strict=True):
                args[i] = filled(tree, stand_ins)
            before = _tracing.set(True)
            try:
                self.out = f(*args, **kwargs)
            finally:
                _tracing.reset(before)
        self.outputs = leaves(self.out)
        for out in self.outputs:
            _check_recorded(f, out)
        # Our own backward pass is recorded if somebody outside differentiates through it: because
        # an argument comes from there, or because f reads something from there.
        tensors_given = any(isinstance(x, Tensor) for x in self.given)
        self.recorded = recording and (nested or tensors_given) and self._depends_on_more()

    def _depends_on_more(self) -> bool:
        nodes = walk([out.node for out in self.outputs if out.node is not None])
        inner = depending_on(self.nodes, nodes)
        return any(
            type(source) is Node and source not in inner for node in inner for source in node.inputs
        ) or len(inner.intersection(nodes)) < len(nodes)

    def pull(self, gradients: Sequence[Any], *, retain_graph: bool = True) -> list[Any]:
        """The gradients of the chosen arguments, given those of the outputs."""
        recorded = self.recorded or requires_grad(gradients)
        found = _pull(self.outputs, gradients, self.nodes, recorded, retain_graph)
        taken = [*map(unwrap, gradients)]
        return [_handed_out(g, x, recorded, taken) for g, x in zip(found, self.given, strict=True)]

    def trees_of(self, gradients: Sequence[Any]) -> list[Any]:
        """One tree for each chosen argument."""
        remaining = iter(gradients)
        return [filled(tree, remaining) for tree in self.trees]

    def value(self) -> Any:
        """What f gave, as arrays if arrays were given; in memory of its own, which nobody needs."""
        if self.recorded:
            return self.out
        if any(isinstance(x, Tensor) for x in self.given):
            return rebuild(self.out, lambda t: source(t.array.copy()))
        return rebuild(self.out, lambda t: t.array[()] if t.ndim == 0 else t.array.copy())


def _pull(
    outputs: Sequence[Tensor],
    gradients: Sequence[Any],
    targets: Sequence[Node],
    recorded: bool,
    retain_graph: bool = False,
) -> list[Any]:
    """The gradient of each target, given those of the outputs; zeros where none arrives."""
    arriving: dict[Node, Any] = {}
    for out, g in zip(outputs, gradients, strict=True):
        if out.node is not None:
            g = asarray(g) if recorded else (g.array if isinstance(g, Tensor) else g)
            arriving[out.node] = arriving[out.node] + g if out.node in arriving else g
    found = pull_back(
        arriving, targets, retain_graph=retain_graph or recorded, create_graph=recorded
    )
    return [found[t] if t in found else np.zeros(t.shape, t.dtype) for t in targets]


def _handed_out(g: Any, given: Any, recorded: bool, taken: list[Any]) -> Any:
    """A gradient as the caller gave its argument: a Tensor, an array or a number, in memory of its
    own. `taken` are arrays that somebody has already; it joins them."""
    array = np.asarray(unwrap(g))
    if not array.flags.writeable or array.base is not None or any(array is a for a in taken):
        array = array.copy()
    taken.append(array)
    if recorded and isinstance(g, Tensor):
        return result(array, g.node)
    if recorded or isinstance(given, Tensor):
        return source(array)
    return array if isinstance(given, np.ndarray) else array[()]


def _standing_for(x: Any) -> Tensor:
    if isinstance(x, Tensor) and x.node is not None:
        return _alias(x)
    if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        x = float(x)
    tensor = result(x.array if isinstance(x, Tensor) else np.asarray(x))
    if tensor.dtype.kind != "f":
        Tensor(tensor.array, requires_grad=True)  # raises the error that explains
    name = x.name if isinstance(x, Tensor) else None
    tensor.node = leaf(tensor.array, name, None)  # the transform asks for the gradient by node
    return tensor


def _check_recorded(f: Callable[..., Any], out: Any) -> None:
    if not isinstance(out, Tensor):
        raise TypeError(
            f"{_name(f)} gave a {type(out).__name__}, which has left the graph: float(), math.* "
            "and .numpy() do that. Use NumPy's functions (np.exp, not math.exp). If it is a "
            "constant on purpose, return 0 * x + constant."
        )


def _check_one_number(f: Callable[..., Any], trace: _Trace, transform: str) -> None:
    if len(trace.outputs) != 1 or trace.outputs[0].size != 1:
        shapes = [out.shape for out in trace.outputs]
        raise ValueError(
            f"{transform} needs a function that gives one number, but {_name(f)} gave shape "
            f"{shapes[0] if len(shapes) == 1 else shapes}. Sum it{_INSTEAD.get(transform, '')}."
        )


_FIRST = (
    ", or use ag.jacobian (every output) or ag.elementwise_grad (each element depends on its own "
    "input only)"
)
_INSTEAD = {
    "grad": _FIRST,
    "value_and_grad": _FIRST,
    "hessian": ", or use ag.jacobian(ag.jacobian(f)), which gives those of every output",
}
"""What else gives derivatives of a function of many numbers, by transform."""


def _name(f: Any) -> str:
    return getattr(f, "__name__", "f")


def _chosen(argnums: int | Sequence[int], args: Sequence[Any], f: Any) -> list[int]:
    numbers = [argnums] if isinstance(argnums, (int, np.integer)) else list(argnums)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise ValueError(
                f"argnums={argnums!r}, but {_name(f)} was called with "
                f"{len(args)} positional arguments."
            )
    chosen = [int(n) % len(args) for n in numbers]
    if len({*chosen}) < len(chosen):
        raise ValueError(f"argnums={argnums!r} names an argument twice.")
    return chosen


def _one_or_all(results: list[Any], argnums: int | Sequence[int]) -> Any:
    return results[0] if isinstance(argnums, (int, np.integer)) else tuple(results)


def _transform(wrapper: Callable[..., Any], f: Callable[..., Any], what: str) -> Callable[..., Any]:
    functools.update_wrapper(wrapper, f, assigned=("__module__",), updated=())
    wrapper.__name__ = f"{what}_of_{_name(f)}"
    wrapper.__doc__ = f"{what} of {_name(f)}: {getattr(f, '__doc__', None) or ''}"
    return wrapper


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The function that gives (f(x), ∇f(x)), for an f that gives one number.

    Examples
    --------
    >>> import numpy as np
    >>> value_and_grad(lambda x: np.sum(x**2))(np.array([3.0, 4.0]))
    (np.float64(25.0), array([6., 8.]))
    """

    return _transform(_value_and_grad(f, argnums, "value_and_grad"), f, "value_and_grad")


def _value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int], transform: str
) -> Callable[..., Any]:
    """The same, for the errors of the transform that asks for it."""

    def gradient(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        trace = _Trace(f, args, kwargs, _chosen(argnums, args, f))
        _check_one_number(f, trace, transform)
        (out,) = trace.outputs
        found = trace.pull([np.ones(out.shape, out.dtype)], retain_graph=False)
        return trace.value(), _one_or_all(trace.trees_of(found), argnums)

    return gradient


def _grad(f: Callable[..., Any], argnums: int | Sequence[int], transform: str) -> Any:
    both = _value_and_grad(f, argnums, transform)

    def gradient(*args: Any, **kwargs: Any) -> Any:
        return both(*args, **kwargs)[1]

    gradient.__name__ = _name(f)  # whoever differentiates it again speaks of f
    return gradient


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of f as a function: x ↦ ∂f/∂x, for an f that gives one number.

    Parameters
    ----------
    f : callable
        Written with NumPy's functions; may take other arguments too.
    argnums : int or sequence of ints
        Which positional arguments to derive by; several give a tuple.

    Raises
    ------
    TypeError
        If an argument holds integers, or f's result has left the graph (math.exp does that).
    ValueError
        If f gives more than one number.

    Examples
    --------
    >>> import numpy as np
    >>> grad(np.tanh)(0.0)
    np.float64(1.0)
    >>> grad(grad(grad(np.sin)))(0.0)   # −cos(0)
    np.float64(-1.0)
    >>> grad(lambda p: np.sum(p["w"] ** 2) * p["b"])({"w": np.array([1.0, 2.0]), "b": 3.0})
    {'w': array([ 6., 12.]), 'b': np.float64(5.0)}

    Source: the interface of HIPS autograd, https://github.com/HIPS/autograd.
    """
    return _transform(_grad(f, argnums, "grad"), f, "grad")


def elementwise_grad(f: Callable[..., Any], argnums: int = 0) -> Callable[..., Any]:
    """The slope of f at every element, for an f that works element by element.

    It is the gradient of the sum of f's outputs, so an f that mixes elements gives column sums of
    its Jacobian instead.

    Examples
    --------
    >>> import numpy as np
    >>> elementwise_grad(np.tanh)(np.array([0.0, 1.0]))
    array([1.        , 0.41997434])
    """

    def total(*args: Any, **kwargs: Any) -> Any:
        out = f(*args, **kwargs)
        _check_recorded(f, out)
        return out.sum()

    total.__name__ = _name(f)
    return _transform(_grad(total, argnums, "elementwise_grad"), f, "elementwise_grad")


def vjp(f: Callable[..., Any], *xs: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """f(*xs), and the function that maps a gradient g of it to (gᵀ ∂f/∂x for each x).

    Examples
    --------
    >>> import numpy as np
    >>> out, pullback = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 3., 40.]), array([ 1., 20.]))

    Source: J. Bradbury et al., JAX, 2018 (`jax.vjp`).
    """
    trace = _Trace(f, [filled(x, map(_kept, leaves(x))) for x in xs], {}, range(len(xs)))

    def pullback(g: Any) -> tuple[Any, ...]:
        given = [
            _shaped_like(out, part)
            for out, part in zip(trace.outputs, _parts(g, trace), strict=True)
        ]
        return tuple(trace.trees_of(trace.pull(given)))

    return trace.value(), pullback


def _kept(x: Any) -> Any:
    """An argument that is needed until later, whatever the caller does with it meanwhile."""
    return x.copy() if isinstance(x, np.ndarray) else x


def _parts(g: Any, trace: _Trace) -> list[Any]:
    parts = leaves(g) if isinstance(trace.out, (dict, list, tuple)) else [g]
    if len(parts) != len(trace.outputs):
        raise ValueError(
            f"the function has {len(trace.outputs)} outputs, but {len(parts)} gradients came."
        )
    return parts


def _shaped_like(t: Tensor, g: Any, what: str = "a gradient", where: str = "an output") -> Any:
    g = g if isinstance(g, Tensor) else np.asarray(g, dtype=t.dtype)
    if g.shape != t.shape:
        raise ValueError(f"{what} of shape {g.shape} does not fit {where} of shape {t.shape}.")
    return g


def jvp(f: Callable[..., Any], xs: Sequence[Any], vs: Sequence[Any]) -> tuple[Any, Any]:
    """f(*xs), and its derivative along the directions vs: Σ (∂f/∂x) v.

    Computed by reverse mode alone: the pullback is linear in g, so pulling *it* back along v gives
    the Jacobian-vector product.

    Examples
    --------
    >>> import numpy as np
    >>> jvp(np.sin, (0.0,), (2.0,))
    (np.float64(0.0), np.float64(2.0))

    Source: J. Townsend, "A new trick for calculating Jacobian vector products", 2017.
    """
    if len(xs) != len(vs):
        raise ValueError(
            f"jvp needs one direction for each argument: {len(xs)} and {len(vs)} came."
        )
    trace = _Trace(f, xs, {}, range(len(xs)))
    dummies = [_standing_for(np.zeros(out.shape, out.dtype)) for out in trace.outputs]
    with enable_grad():
        pulled = trace.pull(dummies)
    directions = [
        _shaped_like(t, v, "a direction", "an argument")
        for t, v in zip(pulled, [v for tree in vs for v in leaves(tree)], strict=True)
    ]
    targets = [d.node for d in dummies if d.node is not None]
    tangents = _pull(pulled, directions, targets, trace.recorded)
    taken: list[Any] = []
    return trace.value(), filled(
        trace.out,
        iter([_handed_out(t, trace.given[0], trace.recorded, taken) for t in tangents]),
    )


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """All derivatives of all outputs: x ↦ J with J[i, j] = ∂f(x)[i] / ∂x[j].

    Shapes: f: (*n) -> (*m) gives (*m, *n). One forward pass, then a backward pass for each element
    of the output, all side by side. Trees of outputs and of arguments give trees of Jacobians,
    outputs outside.

    Examples
    --------
    >>> import numpy as np
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        trace = _Trace(f, args, kwargs, _chosen(argnums, args, f))
        blocks = []
        for k, out in enumerate(trace.outputs):
            columns = _side_by_side(trace, out) or _pass_by_pass(trace, k)
            blocks.append(_one_or_all(trace.trees_of(columns), argnums))
        return filled(trace.out, iter(blocks))

    return _transform(jacobian_of, f, "jacobian")


def _side_by_side(trace: _Trace, out: Tensor) -> list[Any] | None:
    """The derivatives of one output by each argument, all rows in one backward pass, if that can
    be done (rows.py)."""
    found = None
    if out.node is not None and not trace.recorded:
        found = pull_rows(out.node, trace.nodes)
    if found is None:
        return None
    columns = [found[node].reshape(out.shape + node.shape) for node in trace.nodes]
    return [
        asarray(column) if isinstance(given, Tensor) else column
        for column, given in zip(columns, trace.given, strict=True)
    ]


def _pass_by_pass(trace: _Trace, k: int) -> list[Any]:
    """The same for output k, by one backward pass for each of its elements."""
    zeros = [np.zeros(out.shape, out.dtype) for out in trace.outputs]
    shape, rows = trace.outputs[k].shape, []
    for i in np.ndindex(shape):
        seed = zeros[k].copy()
        seed[i] = 1
        rows.append(trace.pull([*zeros[:k], seed, *zeros[k + 1 :]]))
    return [
        np.stack([row[j] for row in rows]).reshape(shape + stand_in.shape)
        if rows
        else np.zeros(shape + stand_in.shape, stand_in.dtype)
        for j, stand_in in enumerate(trace.inputs)
    ]


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """All second derivatives of an f that gives one number: H[i, j] = ∂²f / ∂x[i] ∂x[j].

    Examples
    --------
    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0]))
    array([[6., 2.],
           [2., 0.]])
    """
    return _transform(jacobian(_grad(f, argnums, "hessian"), argnums), f, "hessian")


def hvp(f: Callable[..., Any], x: Any, v: Any) -> Any:
    """The Hessian of f at x times a vector v, without ever forming the Hessian.

    Costs about two gradients. x and v may be trees (a model's parameters).

    Examples
    --------
    >>> import numpy as np
    >>> hvp(lambda x: x[0] ** 2 * x[1], np.array([1.0, 3.0]), np.array([1.0, 0.0]))
    array([6., 2.])

    Source: B. Pearlmutter, "Fast exact multiplication by the Hessian", 1994.
    """
    _, pullback = vjp(_grad(f, 0, "hvp"), x)
    return pullback(v)[0]


def stop_gradient(x: Any) -> Any:
    """The same values, as a constant: no gradient flows back through it. Arrays pass unchanged.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return x.detach() if isinstance(x, Tensor) else x
