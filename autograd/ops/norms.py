"""Norms of vectors and matrices. Where a norm is 0, its derivative is 0, at every order."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .reduce import axes_of, expand
from .shape import as_array

__all__ = ("norm", "vector_norm", "matrix_norm")

op = partial(_op, register=True)


@composite(claims=np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """The norm of vectors (axis a number) or matrices (axis a pair), Euclidean unless `ord` says
    otherwise: (Σ |x|ᵖ)^(1/p).

    | ord | of a vector | of a matrix |
    |---|---|---|
    | None | √Σ x² | √Σ x² |
    | p | (Σ \\|x\\|ᵖ)^(1/p) | |
    | ∞, −∞ | the largest, smallest \\|x\\| | the largest, smallest sum of a row's \\|x\\| |
    | 1, −1 | as p | the largest, smallest sum of a column's \\|x\\| |
    | 2, −2 | as p | the largest, smallest singular value |
    | 0 | how many are not 0 | |
    | "fro", "nuc" | | √Σ x², the sum of the singular values |

    Where the norm is 0, its derivative is 0; where p < 2, so is the derivative by an element that
    is 0. Raises ValueError for an order that the number of axes does not have.

    >>> import autograd as ag
    >>> x = ag.Tensor([3.0, 4.0], requires_grad=True)
    >>> ag.norm(x).backward()
    >>> x.grad
    Tensor([0.6, 0.8])
    """
    x = as_array(x)
    if axis is None and ord is None:
        return vector_norm(x, keepdims=keepdims)
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1:
        return vector_norm(x, axis=axes, keepdims=keepdims, ord=2 if ord is None else ord)
    if len(axes) == 2:
        value = _matrix_norm(x, "fro" if ord is None else ord, *axes)
        return value if keepdims else np.squeeze(value, axes)
    raise ValueError(
        f"norm: ord={ord!r} over {len(axes)} axes. Vectors have one axis, matrices two: pass axis=."
    )


@composite(claims=np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """The norm of the elements along some axes (all of them for None), as if in a row; see `norm`.

    >>> import autograd as ag
    >>> ag.vector_norm(ag.Tensor([[3.0, 4.0]]), ord=1)
    Tensor(7.)
    """
    x = _real(x)
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; a vector's is a number, ∞ or −∞.")
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(np.abs(np.sign(x)), axis=axis, keepdims=keepdims)
    return p_norm(x, ord, axis, keepdims)


@composite(claims=np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """The norm of the matrices in the last two axes; see `norm`.

    Shapes: (m,n)->()

    >>> import autograd as ag
    >>> ag.matrix_norm(ag.Tensor([[3.0, 0.0], [0.0, 4.0]]))
    Tensor(5.)
    """
    return norm(x, ord, (-2, -1), keepdims)


def _lengths(x, axis):
    return np.sqrt(np.sum(np.square(x), axis=axis))


@op(
    formula="(Σ |x|ᵖ)^(1/p)",
    note="Where it is 0, its derivative is 0, at every order; for p < 2 also the derivative by an "
    "element that is 0.",
    samples=[
        Sample(A(3)),
        Sample(A(2, 3), axis=0),
        Sample(A(2, 3, 2), axis=(0, -1), keepdims=True),
        Sample(A(2, 3), 1, axis=1),
        Sample(A(3), 3),
        Sample(A(4, make=lambda a: a * [1, 0, 1, 1]), 4),
        Sample(A(3), 1.5),
        Sample(A(3), -1),
    ],
    kinks=lambda x, p=2, axis=None, **_: _lengths(x, axis) if p % 2 == 0 else x,
)
def p_norm(x, p=2, axis=None, keepdims=False):
    """(Σ |x|ᵖ)^(1/p) along some axes, for a number p that is neither 0 nor infinite."""
    return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=p)


@p_norm.wrt("x")
def _(g, x, out, p, axis, keepdims):
    g, out = expand(g, axis, keepdims, x.shape), expand(out, axis, keepdims, x.shape)
    still = unwrap(out) == 0
    unit = x / np.where(still, 1, out)
    if p == 2:
        slope = unit
    elif p % 2 == 0:
        slope = unit ** (p - 1)
    else:
        zero = unwrap(x) == 0
        slope = np.sign(unwrap(x)) * np.where(zero, 1, np.abs(unit)) ** (p - 1)
    return np.where(still, 0, g) * slope


def _real(x):
    """As NumPy does before it takes a norm: integers become floating-point numbers."""
    x = as_array(x)
    return x if x.dtype.kind == "f" else x.astype(float)


def _matrix_norm(x, ord, row, column):
    """The norm with its two axes kept, as axes of length 1."""
    x = _real(x)
    if ord in ("fro", "f"):
        return p_norm(x, 2, (row, column), keepdims=True)
    if ord in (1, -1, np.inf, -np.inf):
        along, across = (row, column) if abs(ord) == 1 else (column, row)
        sums = np.sum(np.abs(x), axis=along, keepdims=True)
        return (np.max if ord > 0 else np.min)(sums, axis=across, keepdims=True)
    if ord not in (2, -2, "nuc"):
        raise ValueError(
            f"norm: ord={ord!r} is not a norm of matrices, which are 1, 2, ∞, −1, −2, −∞, 'fro' "
            "and 'nuc'."
        )
    values = np.linalg.svdvals(np.moveaxis(x, (row, column), (-2, -1)))
    picks: dict[Any, Any] = {2: np.max, -2: np.min, "nuc": np.sum}
    return np.expand_dims(picks[ord](values, axis=-1), (row, column))
