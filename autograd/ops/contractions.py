"""Contractions: products of several arrays over any axes, and of several matrices."""

from __future__ import annotations

import functools
import itertools
import math
from functools import partial
from typing import Any

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from .products import why_not_matmul
from .shape import as_array

__all__ = ["tensordot", "einsum", "multi_dot", "matrix_power"]

op = partial(_op, register=True)

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


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
    letters = dict(zip(known, LETTERS))
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
    letters = LETTERS.swapcase()

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
                raise ValueError(f"multi_dot: {why_not_matmul(s, t)}") from None
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
    example="""
    >>> ag.matrix_power(ag.Tensor([[1.0, 1.0], [0.0, 1.0]]), 3)
    Tensor([[1., 3.],
            [0., 1.]])
    """,
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
