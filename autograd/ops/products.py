"""Products: sums over a shared axis of what stands on it in two arrays.

Going back, one rule serves all: the gradient of one factor is the product of the arriving gradient
with the other factor, summed over the axes that only those two have.
"""

from __future__ import annotations

import functools
import itertools
import math
import string
from collections.abc import Callable
from functools import partial
from inspect import Parameter
from typing import Any

import numpy as np

from ..call import binary
from ..declare import _published, composite, constant
from ..declare import op as _op
from ..op import A, Op, Rule, Sample
from .shape import as_array

__all__ = [
    "matmul", "dot", "vecdot", "inner", "vdot", "outer", "kron", "cross",
    "tensordot", "einsum", "multi_dot", "matrix_power",
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


def _why_not_matmul(x: tuple[int, ...], y: tuple[int, ...], *_: Any) -> str:
    asked = f"{x} @ {y}"
    if not x or not y:
        return f"{asked}: a single number has no axis to sum over. Write x * y."
    m, n = x[-1], y[max(len(y) - 2, 0)]
    if m == n:
        return f"{asked}: the leading axes {x[:-2]} and {y[:-2]} do not broadcast."
    reason = f"{asked}: inner sizes {m} and {n} differ."
    if len(x) > 1 and x[-2] == n and not (len(y) > 1 and y[-1] == m):
        return f"{reason} Transpose one? a.mT is {(*x[:-2], m, x[-2])}."
    if len(y) > 1:
        return f"{reason} Transpose one? b.mT is {(*y[:-2], y[-1], n)}."
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


@explained(_why_not_matmul)
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
    return matmul(a, b) if b.ndim <= 2 else tensordot(a, b, axes=(-1, -2))


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


# -- over any axes ------------------------------------------------------------------------------


@op(
    claims=(np.tensordot, np.linalg.tensordot),
    formula="Σ a · b, over the axes named",
    samples=[
        Sample(A(2, 3), A(2, 3)),
        Sample(A(2, 3), A(3, 4), 1),
        Sample(A(2), A(3), axes=0),
        Sample(A(2, 3, 4), A(4, 2), axes=([2, 0], [0, 1])),
        Sample(A(3, 2, 4), A(2, 5, 3), axes=((0, 1), (2, 0))),
        Sample(A(2, 3), A(2, 3), axes=(-1, -1)),
    ],
)
def tensordot(a, b, axes=2):
    """The sum of products over axes of both: the last n of a and the first n of b (`axes=n`), or
    those listed (`axes=(of_a, of_b)`). The remaining axes of a come first, then those of b.

    Raises ValueError if the sizes of paired axes differ.

    >>> import autograd as ag
    >>> a, b = ag.Tensor([[1.0, 2.0], [3.0, 4.0]]), [[1.0, 10.0], [100.0, 1000.0]]
    >>> ag.tensordot(a, b, axes=([0, 1], [1, 0]))
    Tensor(4231.)
    """
    try:
        return np.tensordot(a, b, axes)
    except ValueError:
        s, t = np.shape(a), np.shape(b)
        raise ValueError(_why_not_tensordot(s, t, *_paired(axes, len(s), len(t)))) from None


def _why_not_tensordot(
    s: tuple[int, ...], t: tuple[int, ...], of_a: list[int], of_b: list[int]
) -> str:
    asked = f"tensordot: {s} over axes {of_a} with {t} over axes {of_b}"
    if len(of_a) != len(of_b):
        return f"{asked}: name as many axes of one as of the other."
    differ = [f"{s[i]} and {t[j]}" for i, j in zip(of_a, of_b) if s[i] != t[j]]
    return f"{asked}: the sizes {', '.join(differ)} differ."


def _paired(axes: Any, a_ndim: int, b_ndim: int) -> tuple[list[int], list[int]]:
    """The summed axes of a and of b, counted from the front."""
    if isinstance(axes, (int, np.integer)):
        return list(range(a_ndim - int(axes), a_ndim)), list(range(int(axes)))
    of_a, of_b = ([int(i) for i in np.atleast_1d(side)] for side in axes)
    return [i % a_ndim for i in of_a], [j % b_ndim for j in of_b]


@tensordot.wrt("a")
def _(g, b, a_shape, axes):
    of_a, of_b = _paired(axes, len(a_shape), np.ndim(b))
    free = [i for i in range(len(a_shape)) if i not in of_a]
    b_free = [j for j in range(np.ndim(b)) if j not in of_b]
    back = np.tensordot(g, b, (list(range(len(free), len(free) + len(b_free))), b_free))
    partners = [of_a[of_b.index(j)] for j in sorted(of_b)]
    return np.transpose(back, np.argsort([*free, *partners]).tolist())


@tensordot.wrt("b")
def _(g, a, b_shape, axes):
    of_a, of_b = _paired(axes, np.ndim(a), len(b_shape))
    free = [j for j in range(len(b_shape)) if j not in of_b]
    a_free = [i for i in range(np.ndim(a)) if i not in of_a]
    back = np.tensordot(a, g, (a_free, list(range(len(a_free)))))
    partners = [of_b[of_a.index(i)] for i in sorted(of_a)]
    return np.transpose(back, np.argsort([*partners, *free]).tolist())


@composite(claims=np.einsum)
def einsum(*operands, out=None, optimize=False, **kwargs):
    """Sums of products, spelt by index letters: `einsum("ij,jk->ik", a, b)` is a @ b.

    Every form that NumPy has: repeated letters (diagonals, traces), `...`, no `->` (letters that
    appear once, in alphabetical order), and lists of places, `einsum(a, [0, 1], b, [1, 2])`.

    `optimize=True` chooses the order of several products and uses BLAS where it can. Going back,
    large sums are always so optimized.

    Raises ValueError if the letters do not fit the shapes.

    >>> import autograd as ag
    >>> x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> ag.einsum("ii", x).backward()
    >>> x.grad
    Tensor([[1., 0.],
            [0., 1.]])
    """
    if isinstance(operands[0], str):
        subscripts, *arrays = operands
    else:
        subscripts, arrays = _from_places(operands)
    return _einsum(subscripts, arrays, out, optimize, **kwargs)


@op(
    name="einsum",
    sequences=("operands",),
    samples=[
        Sample("ij,jk->ik", [A(2, 3), A(3, 4)]),
        Sample("ij,jk", [A(2, 3), A(3, 4)]),
        Sample("ba", [A(2, 3)]),
        Sample("ii", [A(3, 3)]),
        Sample("ii->i", [A(3, 3)]),
        Sample("iji->j", [A(2, 3, 2)]),
        Sample("iii->i", [A(2, 2, 2)]),
        Sample("ij->", [A(2, 3)]),
        Sample("ij,k->k", [A(2, 3), A(2)]),
        Sample("...ij,...jk->...ik", [A(2, 2, 3), A(3, 2)]),
        Sample("i...,i...->...", [A(2, 3, 2), A(2, 2)]),
        Sample("...,i...", [A(2), A(3, 2)]),
        Sample("ij,jk,kl->il", [A(2, 3), A(3, 2), A(2, 2)], optimize=True),
        Sample("ij,ij->ij", [A(2, 1), A(2, 3)]),
        Sample("i,j,i->", [A(2), A(1), A(2)]),
    ],
)
def _einsum(subscripts, operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    keywords = dict(dtype=dtype, order=order, casting=casting)
    try:
        return np.einsum(subscripts, *operands, out=out, optimize=optimize, **keywords)
    except ValueError as error:
        reason = _why_not_einsum(subscripts, [np.shape(x) for x in operands]) or error
        raise ValueError(f"einsum: {subscripts!r}: {reason}") from None


@_einsum.wrt("operands")
def _(g, i, operands, operands_shape, subscripts, optimize):
    shape = operands_shape[i]
    back, diagonals, alone = _transposed(subscripts, tuple(map(len, operands_shape)), i)
    ties = [np.eye(shape[axis], dtype=g.dtype) for axis in diagonals]
    factors = [g, *map(as_array, operands[:i]), *map(as_array, operands[i + 1 :]), *ties]
    grad = np.einsum(back, *factors, optimize=bool(optimize) or _is_large(back, factors))
    if grad.shape == shape:
        return grad
    grad = np.expand_dims(grad, alone)
    return np.broadcast_to(grad, np.broadcast_shapes(grad.shape, shape))


@functools.lru_cache(maxsize=1024)
def _transposed(
    subscripts: str, ndims: tuple[int, ...], i: int
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """The einsum of g and the other operands that gives the gradient of operand i.

    It is the same sum with g and operand i exchanged, but for two things. A letter that repeats in
    operand i gets a new letter there, and an identity matrix ties it to the first: the axes of
    these matrices come second. A letter that stands nowhere else was summed over alone: the
    gradient is the same all along these axes, which come third.
    """
    terms, output = _labels(subscripts, ndims)
    target: list[Any] = []
    ties: dict[int, list[Any]] = {}
    for axis, label in enumerate(terms[i]):
        if label in target:
            ties[axis] = [label, (label, axis)]
        target.append((label, axis) if label in target else label)
    factors = [output, *terms[:i], *terms[i + 1 :], *ties.values()]
    known = dict.fromkeys(label for factor in factors for label in factor)
    letters = dict(zip(known, string.ascii_letters))
    spelt = ",".join("".join(letters[label] for label in factor) for factor in factors)
    alone = tuple(axis for axis, label in enumerate(target) if label not in known)
    return f"{spelt}->{''.join(letters[x] for x in target if x in known)}", tuple(ties), alone


def _labels(subscripts: str, ndims: tuple[int, ...]) -> tuple[list[list[Any]], list[Any]]:
    """A label for each axis of each operand, and for each of the result. Those under `...` are
    numbers, counted from the last, because they broadcast."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")

    def spell(term: str, hidden: int) -> list[Any]:
        before, dots, after = term.partition("...")
        return [*before, *(range(hidden, 0, -1) if dots else ()), *after]

    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims)]
    if not arrow:
        letters = left.replace(",", "").replace(".", "")
        right = "..." + "".join(x for x in sorted(set(letters)) if letters.count(x) == 1)
    widest = max([n for term, n in zip(terms, hidden) if "..." in term], default=0)
    return [spell(*pair) for pair in zip(terms, hidden)], spell(right, widest)


def _from_places(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """`a, [0, 1], b, [1, 2]` as letters; capitals first, as NumPy orders them."""
    letters = string.ascii_uppercase + string.ascii_lowercase

    def spell(places: Any) -> str:
        return "".join("..." if place is Ellipsis else letters[place] for place in places)

    subscripts = ",".join(spell(places) for places in operands[1::2])
    if len(operands) % 2:
        return f"{subscripts}->{spell(operands[-1])}", list(operands[:-1:2])
    return subscripts, list(operands[::2])


def _is_large(subscripts: str, factors: list[Any]) -> bool:
    """Whether finding a good order (about 10 µs) is little against the sum itself."""
    terms = subscripts.partition("->")[0].split(",")
    sizes = {x: n for term, factor in zip(terms, factors) for x, n in zip(term, factor.shape)}
    return math.prod(sizes.values()) > 2**15


def _why_not_einsum(subscripts: str, shapes: list[tuple[int, ...]]) -> str:
    terms = subscripts.replace(" ", "").partition("->")[0].split(",")
    if len(terms) != len(shapes):
        return f"{len(terms)} terms for {len(shapes)} operands, {', '.join(map(str, shapes))}."
    for term, shape in zip(terms, shapes):
        named = len(term.replace("...", ""))
        if named > len(shape) or ("..." not in term and named < len(shape)):
            return f"{term!r} names {named} axes, but its operand has shape {shape}."
    labels, _ = _labels(subscripts, tuple(map(len, shapes)))
    found: dict[Any, tuple[int, tuple[int, ...]]] = {}
    for places, shape in zip(labels, shapes):
        for label, n in zip(places, shape):
            size, where = found.setdefault(label, (n, shape))
            if n != size and 1 not in (n, size):
                name = label if isinstance(label, str) else "an axis under '...'"
                return f"{name} is {size} in {where}, but {n} in {shape}."
    return ""


constant(np.einsum_path)

# -- several matrices -----------------------------------------------------------------------------


@op(
    claims=np.linalg.multi_dot,
    sequences=("arrays",),
    formula="a @ b @ c @ …",
    note="In the order that needs the fewest multiplications, going back too.",
    samples=[
        Sample([A(2, 3), A(3, 2)]),
        Sample([A(2, 3), A(3, 4), A(4, 2)]),
        Sample([A(2), A(2, 3), A(3, 2)]),
        Sample([A(2, 3), A(3, 2), A(2)]),
        Sample([A(2), A(2, 3), A(3)]),
        Sample([A(2), A(2)]),
    ],
)
def multi_dot(arrays, *, out=None):
    """The product of several matrices; the first may be a row, the last a column (1-d).

    Raises ValueError if neighbours' sizes differ.

    >>> import autograd as ag
    >>> ag.multi_dot([ag.Tensor([1.0, 2.0]), [[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0]])
    Tensor(19.)
    """
    try:
        return np.linalg.multi_dot(arrays, out=out)
    except ValueError as error:
        shapes = [np.shape(x) for x in arrays]
        for s, t in itertools.pairwise(shapes):
            if s and t and s[-1] != t[0]:
                raise ValueError(f"multi_dot: {_why_not_matmul(s, t)}") from None
        raise error


@multi_dot.wrt("arrays")
def _(g, i, arrays, arrays_shape):
    arrays = [*map(as_array, arrays)]
    rows = 1 if len(arrays_shape[0]) == 1 else arrays_shape[0][0]
    arrays[0] = np.reshape(arrays[0], (rows, arrays_shape[0][-1]))
    columns = 1 if len(arrays_shape[-1]) == 1 else arrays_shape[-1][1]
    arrays[-1] = np.reshape(arrays[-1], (arrays_shape[-1][0], columns))
    before, after = [[a.mT for a in reversed(part)] for part in (arrays[:i], arrays[i + 1 :])]
    factors = [*before, np.reshape(g, (rows, columns)), *after]
    return np.reshape(np.linalg.multi_dot(factors), arrays_shape[i])


matrix_power = op(
    np.linalg.matrix_power,
    formula="aⁿ",
    note="""
    Needs log n products, going back too: the derivative of aⁿ along g stands in the corner of the
    n-th power of a block matrix, [[a, g], [0, a]] (Higham, Functions of Matrices, 2008, eq. 3.16).
    """,
    signature="(m,m)->(m,m)",
    samples=[
        Sample(A(2, 2), 3),
        Sample(A(2, 2, 2), 2),
        Sample(A(3, 3), 0),
        Sample(A(2, 2), 1),
        Sample(A(2, 2, make=lambda a: a + 5 * np.eye(2), domain=(-1, 1)), -2),
    ],
    domain=(-1.5, 1.5),
)


@matrix_power.wrt("a")
def _(g, a, n):
    a = as_array(a).mT
    top = np.concatenate([a, g], axis=-1)
    bottom = np.concatenate([np.zeros(g.shape, g.dtype), a], axis=-1)
    size = a.shape[-1]
    power = np.linalg.matrix_power(np.concatenate([top, bottom], axis=-2), n)
    return power[..., :size, size:]
