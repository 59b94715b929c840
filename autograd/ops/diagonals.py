"""Diagonals and triangles of matrices. Reading a diagonal and writing one undo each other."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from .shape import as_array

__all__ = ("diagonal", "diag", "diagflat", "trace", "tril", "triu")

op = partial(_op, register=True)

diagonal = op(
    np.diagonal,
    formula="aᵢᵢ",
    example="""
    >>> ag.diagonal(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([1., 4.])
    """,
    samples=[
        Sample(A(2, 3)),
        Sample(A(3, 3), 1),
        Sample(A(3, 2), offset=-1),
        Sample(A(2, 2), 5),
        Sample(A(2, 3, 4), 1, 2, 0),
        Sample(A(2, 3, 4), axis1=-1, axis2=1),
    ],
)


@diagonal.wrt("a")
def _(g, a_shape, offset, axis1, axis2):
    return on_diagonal(g, offset, axis1, axis2, a_shape)


@op(
    formula="zeros, with x on a diagonal",
    samples=[Sample(A(2), 1, 0, 1, (2, 3)), Sample(A(3, 2), 0, -1, 0, (2, 3, 4))],
)
def on_diagonal(x, offset, axis1, axis2, shape):
    """Zeros of this shape, with x on a diagonal: the transpose of `np.diagonal`."""
    out = np.zeros(shape, x.dtype)
    line = np.diagonal(out, offset, axis1, axis2)
    line.flags.writeable = True  # NumPy hands out the view read-only, for its own reasons
    line[...] = x
    return out


@on_diagonal.wrt("x")
def _(g, offset, axis1, axis2):
    return np.diagonal(g, offset, axis1, axis2)


@composite(claims=np.diag)
def diag(v, k=0):
    """A vector as the k-th diagonal of a square matrix; of a matrix, its k-th diagonal.

    >>> import autograd as ag
    >>> ag.diag(ag.Tensor([1.0, 2.0]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    if v.ndim == 1:
        size = v.size + abs(k)
        return on_diagonal(v, k, 0, 1, (size, size))
    if v.ndim == 2:
        return np.diagonal(v, k)
    raise ValueError(f"diag: a vector or a matrix is needed, not shape {v.shape}.")


@composite(claims=np.diagflat)
def diagflat(v, k=0):
    """All elements, in a row, as the k-th diagonal of a square matrix.

    >>> import autograd as ag
    >>> ag.diagflat(ag.Tensor([[1.0], [2.0]]))
    Tensor([[1., 0.],
            [0., 2.]])
    """
    return np.diag(np.ravel(as_array(v)), k)


@composite(claims=np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """The sum of a diagonal: Σ aᵢᵢ.

    Shapes: (n,n)->()

    >>> import autograd as ag
    >>> x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> ag.trace(x).backward()
    >>> x.grad
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


@composite(claims=np.linalg.diagonal)
def _diagonal_of_matrices(x, /, *, offset=0):
    """`diagonal` of the matrices in the last two axes: (…,m,n)->(…,k)."""
    return np.diagonal(x, offset, -2, -1)


@composite(claims=np.linalg.trace)
def _trace_of_matrices(x, /, *, offset=0, dtype=None):
    """`trace` of the matrices in the last two axes: (…,n,n)->(…)."""
    return np.trace(x, offset, -2, -1, dtype=dtype)


# -- triangles ------------------------------------------------------------------------------------

TRIANGLES = (
    Sample(A(3)),  # a vector is stretched to a square first
    Sample(A(2, 3)),
    Sample(A(3, 3), 1),
    Sample(A(2, 3, 3), k=-1),
    Sample(A(0, 2)),
)
tril = op(
    np.tril,
    example="""
    >>> ag.tril(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 0.],
            [3., 4.]])
    """,
    samples=TRIANGLES,
)
triu = op(
    np.triu,
    example="""
    >>> ag.triu(ag.Tensor([[1.0, 2.0], [3.0, 4.0]]))
    Tensor([[1., 2.],
            [0., 4.]])
    """,
    samples=TRIANGLES,
)


@tril.wrt("m")
def _(g, k):
    return np.tril(g, k)


@triu.wrt("m")
def _(g, k):
    return np.triu(g, k)
