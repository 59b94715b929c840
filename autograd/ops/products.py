"""Products: sums over a shared axis of what stands on it in two arrays.

Going back, one rule serves all: the gradient of one factor is the product of the arriving gradient
with the other factor, summed over the axes that only those two have.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from typing import Any

import numpy as np

from ..call import binary
from ..declare import _published, composite
from ..declare import op as _op
from ..op import A, Op, Rule, Sample
from .shape import as_array

__all__ = [
    "matmul", "dot", "vecdot", "inner", "vdot", "outer", "kron", "cross",
]  # fmt: skip

op = partial(_op, register=True)


def product(
    function: Callable[..., Any],
    wrt_x: Rule,
    wrt_y: Rule,
    *,
    claims: tuple[Callable[..., Any], ...],
    **about: Any,
) -> Any:
    """Declares an op of two arrays, reached by the short call of elementwise ops: products stand
    in every training step. Its rules ask for `x` and `y`."""
    both = [Parameter(name, Parameter.POSITIONAL_ONLY) for name in ("x", "y")]
    declared = Op(function, parameters=both, **about)
    declared.add_rule(("x",), wrt_x)
    declared.add_rule(("y",), wrt_y)
    return _published(binary(declared), declared, claims, register=True)


def explained(why: Callable[..., str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """NumPy's ValueError in words of the caller's shapes, which `why(*shapes)` finds."""

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(x: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
            try:
                return function(x, y, *args, **kwargs)
            except ValueError as error:
                reason = why(np.shape(x), np.shape(y), *args)
                name = function.__name__.removeprefix("_")
                raise ValueError(f"{name}: {reason or error}") from None

        return call

    return wrap


# -- matrices and vectors -----------------------------------------------------------------------


def why_not_matmul(x: tuple[int, ...], y: tuple[int, ...], *_: Any) -> str:
    asked = f"{x} @ {y}"
    if not x or not y:
        return f"{asked}: a single number has no axis to sum over. Write x * y."
    m, n = x[-1], y[max(len(y) - 2, 0)]
    if m == n:
        return f"{asked}: the leading axes {x[:-2]} and {y[:-2]} do not broadcast."
    reason = f"{asked}: inner sizes {m} and {n} differ."
    if len(x) > 1 and x[-2] == n and not (len(y) > 1 and y[-1] == m):
        return f"{reason} Transpose the first? Its .mT is {(*x[:-2], m, x[-2])}."
    if len(y) > 1:
        return f"{reason} Transpose the second? Its .mT is {(*y[:-2], y[-1], n)}."
    return reason


def _matmul_wrt_x(g, y):
    y = as_array(y)
    if y.ndim == 1:  # (…, n) @ (n,): g has lost the last axis
        return g[..., None] * y
    if g.ndim < y.ndim:  # (n,) @ (…, n, p): g has lost the row axis
        return (y @ g[..., None])[..., 0]
    return g @ y.mT


def _matmul_wrt_y(g, x):
    x = as_array(x)
    if x.ndim == 1:  # (n,) @ (…, n, p): the outer product; (n,) @ (n,): g is a number
        return x * g if g.ndim == 0 else x[:, None] * g[..., None, :]
    if g.ndim < x.ndim:  # (…, m, n) @ (n,)
        return (x.mT @ g[..., None])[..., 0]
    return x.mT @ g


@explained(why_not_matmul)
def _matmul(x: Any, y: Any, /, **keywords: Any) -> Any:
    """The matrix product x @ y, over leading batch axes that broadcast.

    Shapes: (m?,n),(n,p?)->(m?,p?); a vector on either side loses its axis again.

    Raises ValueError if the inner sizes differ or the leading axes do not broadcast.

    >>> import numpy as np, autograd as ag
    >>> w = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (np.array([1.0, 10.0]) @ w).sum().backward()
    >>> w.grad
    Tensor([[ 1.,  1.],
            [10., 10.]])

    Source: Goodfellow et al., Deep Learning, 2016, section 6.5.6.
    """
    return np.matmul(x, y, **keywords)


matmul = product(
    _matmul,
    _matmul_wrt_x,
    _matmul_wrt_y,
    name="matmul",
    claims=(np.matmul, np.linalg.matmul),
    formula="x @ y",
    signature="(m?,n),(n,p?)->(m?,p?)",
    samples=[
        Sample(A(2, 3), A(3, 4)),
        Sample(A(3), A(3, 4)),
        Sample(A(2, 3), A(3)),
        Sample(A(3), A(3)),
        Sample(A(2, 2, 3), A(3, 4)),
        Sample(A(2, 1, 2, 3), A(3, 3, 2)),
        Sample(A(2, 2, 3), A(3)),
        Sample(A(3), A(2, 3, 2)),
    ],
)


def _why_not(signature: str) -> Callable[..., str]:
    """For products whose shapes a gufunc signature tells."""
    terms = [tuple(term.strip("()").split(",")) for term in signature.split("->")[0].split("),")]

    def why(*shapes_and_more: Any) -> str:
        shapes = shapes_and_more[: len(terms)]
        asked = ", ".join(map(str, shapes))
        for letters, shape in zip(terms, shapes):
            if len(shape) < len(letters):
                return f"({asked}): {shape} has too few axes for {signature}."
        sizes: dict[str, int] = {}
        for letters, shape in zip(terms, shapes):
            for letter, n in zip(letters, shape[len(shape) - len(letters) :]):
                if sizes.setdefault(letter, n) != n:
                    return f"({asked}): {letter} of {signature} is {sizes[letter]} and {n}."
        leading = " and ".join(str(s[: len(s) - len(term)]) for term, s in zip(terms, shapes))
        return f"({asked}): the leading axes {leading} do not broadcast."

    return why


if hasattr(np, "matvec"):  # NumPy ≥ 2.2
    __all__ += ["matvec", "vecmat"]

    @explained(_why_not("(m,n),(n)->(m)"))
    def _matvec(x: Any, y: Any, /, **keywords: Any) -> Any:
        """Matrices times vectors, over leading batch axes of both.

        Raises ValueError if the sizes differ or the leading axes do not broadcast.

        >>> import autograd as ag
        >>> ag.matvec(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
        Tensor([21., 43.])
        """
        return np.matvec(x, y, **keywords)

    @explained(_why_not("(m),(m,n)->(n)"))
    def _vecmat(x: Any, y: Any, /, **keywords: Any) -> Any:
        """Vectors times matrices, over leading batch axes of both.

        Raises ValueError if the sizes differ or the leading axes do not broadcast.

        >>> import autograd as ag
        >>> ag.vecmat([1.0, 10.0], ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
        Tensor([31., 42.])
        """
        return np.vecmat(x, y, **keywords)

    def _rows(a, b):
        """The outer products of the vectors in a and b: (…, m), (…, n) → (…, m, n)."""
        return as_array(a)[..., :, None] * as_array(b)[..., None, :]

    matvec = product(
        _matvec,
        lambda g, y: _rows(g, y),
        lambda g, x: np.vecmat(g, x),
        name="matvec",
        claims=(np.matvec,),
        formula="x @ y",
        signature="(m,n),(n)->(m)",
        samples=[Sample(A(2, 3), A(3)), Sample(A(2, 1, 2, 3), A(3, 3)), Sample(A(2, 3), A(2, 3))],
    )
    vecmat = product(
        _vecmat,
        lambda g, y: np.matvec(y, g),
        lambda g, x: _rows(x, g),
        name="vecmat",
        claims=(np.vecmat,),
        formula="x @ y",
        signature="(m),(m,n)->(n)",
        samples=[Sample(A(2), A(2, 3)), Sample(A(3, 2), A(2, 1, 2, 3)), Sample(A(2, 2), A(2, 3))],
    )


@op(
    claims=(np.vecdot, np.linalg.vecdot),
    formula="Σ x1 · x2",
    signature="(n),(n)->()",
    samples=[
        Sample(A(3), A(3)),
        Sample(A(2, 3), A(3)),
        Sample(A(2, 1, 3), A(4, 3)),
        Sample(A(3, 2), A(3), axis=0),
        Sample(A(2, 3), A(2, 3), axis=-2, keepdims=True),
    ],
)
def vecdot(x1, x2, /, out=None, *, axis=-1, keepdims=False, dtype=None):
    """The inner products of the vectors along an axis; the other axes broadcast.

    Raises ValueError if the vectors' lengths differ or the other axes do not broadcast.

    >>> import autograd as ag
    >>> ag.vecdot(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    Tensor([21., 43.])
    """
    return _vecdot(x1, x2, out=out, axis=axis, keepdims=keepdims, dtype=dtype)


_vecdot = explained(_why_not("(n),(n)->()"))(np.vecdot)


@vecdot.wrt("x1")
def _(g, x2, x1_shape, axis, keepdims):
    return _along(g, x2, axis, keepdims, len(x1_shape))


@vecdot.wrt("x2")
def _(g, x1, x2_shape, axis, keepdims):
    return _along(g, x1, axis, keepdims, len(x2_shape))


def _along(g, other, axis, keepdims, ndim):
    """g times the other vectors, which are then put along the axis of the first; counted from the
    end, because broadcasting adds axes at the front."""
    g = np.moveaxis(g, axis, -1) if keepdims else np.expand_dims(g, -1)
    return np.moveaxis(g * np.moveaxis(as_array(other), axis, -1), -1, from_end(axis, ndim))


def from_end(axis: int, ndim: int) -> int:
    return axis - ndim if axis >= 0 else axis


# -- dot and its kin ------------------------------------------------------------------------------


@composite(claims=np.dot)
def dot(a, b, out=None):
    """np.dot: of vectors and matrices their matrix product, of a number and an array their product,
    and of N-d arrays the sum over the last axis of a and the last but one of b.

    Formula: out = a @ b; for N-d b: out[i,…,j,…,p] = Σₙ a[i,…,n] · b[j,…,n,p]

    Raises ValueError if the sizes along these axes differ, or for `out=` (the result is a Tensor).

    >>> import autograd as ag
    >>> ag.dot(ag.Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor(11.)
    """
    if out is not None:
        raise TypeError("dot(out=…) on Tensors: the result is a new Tensor; assign it to a name.")
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return matmul(a, b) if b.ndim <= 2 else np.tensordot(a, b, axes=(-1, -2))


@op(
    claims=np.inner,
    formula="Σ a · b, over the last axes",
    samples=[
        Sample(A(3), A(3)),
        Sample(A(2, 3), A(3)),
        Sample(A(3), A(2, 2, 3)),
        Sample(A(2, 3), A(2, 2, 3)),
        Sample(A(), A(2, 3)),
        Sample(A(2, 3), A()),
    ],
)
def inner(a, b, /):
    """The sums over the last axes of both; a number with anything is their product.

    Shapes: (i…,n),(j…,n)->(i…,j…)

    Raises ValueError if the sizes of the last axes differ.

    >>> import autograd as ag
    >>> ag.inner(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    Tensor([21., 43.])
    """
    try:
        return np.inner(a, b)
    except ValueError:
        s, t = np.shape(a), np.shape(b)
        raise ValueError(f"inner: last axes of {s} and {t} differ, {s[-1]} and {t[-1]}.") from None


@inner.wrt("a")
def _(g, b, a_shape):
    return np.tensordot(g, b, np.ndim(b) - 1) if a_shape and np.ndim(b) else np.multiply(g, b)


@inner.wrt("b")
def _(g, a, b_shape):
    if not (np.ndim(a) and b_shape):
        return np.multiply(g, a)
    rows = list(range(np.ndim(a) - 1))
    return np.tensordot(g, a, (rows, rows))


@op(
    claims=np.vdot,
    formula="Σ a · b, over all elements",
    samples=[Sample(A(3), A(3)), Sample(A(2, 3), A(3, 2)), Sample(A(), A())],
)
def vdot(a, b, /):
    """The sum of the products of all elements, read in a row.

    Raises ValueError if one has more elements than the other.

    >>> import autograd as ag
    >>> ag.vdot(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 1.0, 1.0, 10.0])
    Tensor(46.)
    """
    try:
        return np.vdot(a, b)
    except ValueError:
        raise ValueError(
            f"vdot: {np.shape(a)} and {np.shape(b)} have {np.size(a)} and {np.size(b)} elements."
        ) from None


@vdot.wrt("a")
def _(g, b, a_shape):
    return g * np.reshape(b, a_shape)


@vdot.wrt("b")
def _(g, a, b_shape):
    return g * np.reshape(a, b_shape)


outer = op(
    np.outer,
    formula="aᵢ · bⱼ",
    note="Arrays with several axes are read in a row first.",
    example="""
    >>> ag.outer(ag.Tensor([1.0, 2.0]), [3.0, 4.0])
    Tensor([[3., 4.],
            [6., 8.]])
    """,
    samples=[Sample(A(2), A(3)), Sample(A(2, 2), A(3, 1)), Sample(A(), A(2))],
)


@outer.wrt("a")
def _(g, b, a_shape):
    return np.reshape(g @ np.ravel(b), a_shape)


@outer.wrt("b")
def _(g, a, b_shape):
    return np.reshape(np.ravel(a) @ g, b_shape)


kron = op(
    np.kron,
    formula="a ⊗ b",
    note="kron(a, b)[i·m + k, j·n + l] = a[i, j] · b[k, l], for b of shape (m, n).",
    signature="(i,j),(m,n)->(im,jn)",
    example="""
    >>> ag.kron(ag.Tensor([1.0, 10.0]), [1.0, 2.0])
    Tensor([ 1.,  2., 10., 20.])
    """,
    samples=[
        Sample(A(2), A(3)),
        Sample(A(2, 3), A(3, 2)),
        Sample(A(2), A(2, 3)),
        Sample(A(2, 1, 2), A(3)),
        Sample(A(), A(2, 2)),
    ],
)


@kron.wrt("a")
def _(g, b, a_shape):
    a_sizes, b_sizes = _equally_long(a_shape, np.shape(b))
    return np.reshape(_blocks(g, a_sizes, b_sizes, np.reshape(b, b_sizes), 1), a_shape)


@kron.wrt("b")
def _(g, a, b_shape):
    a_sizes, b_sizes = _equally_long(np.shape(a), b_shape)
    return np.reshape(_blocks(g, a_sizes, b_sizes, np.reshape(a, a_sizes), 0), b_shape)


def _equally_long(s: tuple[int, ...], t: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    ndim = max(len(s), len(t))
    return (1,) * (ndim - len(s)) + s, (1,) * (ndim - len(t)) + t


def _blocks(g, a_sizes, b_sizes, factor, first):
    """g as a block for each element of a, summed with one factor over every second axis."""
    pairs = [n for pair in zip(a_sizes, b_sizes) for n in pair]
    summed = list(range(first, len(pairs), 2))
    return np.tensordot(np.reshape(g, pairs), factor, (summed, list(range(len(summed)))))


@op(
    claims=np.cross,
    formula="a × b",
    note="Vectors of length 3; NumPy deprecates those of length 2: append a zero to them.",
    signature="(3),(3)->(3)",
    samples=[
        Sample(A(3), A(3)),
        Sample(A(2, 3), A(3)),
        Sample(A(3, 2), A(2, 3), axisa=0),
        Sample(A(3, 2), A(4, 1, 3), 0, -1, 1),
        Sample(A(3, 2), A(3, 2), axis=0),
    ],
)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector product of vectors of length 3, along the axes named.

    Raises ValueError for vectors of another length.

    >>> import autograd as ag
    >>> ag.cross(ag.Tensor([1.0, 0.0, 0.0]), [0.0, 1.0, 0.0])
    Tensor([0., 0., 1.])
    """
    for array, along in ((a, axisa), (b, axisb)):
        shape = np.shape(array)
        n = shape[along if axis is None else axis]
        if n != 3:
            raise ValueError(
                f"cross: vectors of length 3 are needed, those of {shape} have length {n}."
                + (" Append a zero: np.pad(a, …)." if n == 2 else "")
            )
    return np.cross(a, b, axisa, axisb, axisc, axis)


@cross.wrt("a")
def _(g, b, a_shape, axisa, axisb, axisc, axis):
    if axis is not None:
        axisa = axisb = axisc = axis
    return np.cross(b, g, axisb, axisc, from_end(axisa, len(a_shape)))


@cross.wrt("b")
def _(g, a, b_shape, axisa, axisb, axisc, axis):
    if axis is not None:
        axisa = axisb = axisc = axis
    return np.cross(g, a, axisc, axisa, from_end(axisb, len(b_shape)))
