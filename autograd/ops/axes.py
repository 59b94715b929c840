"""The axes in another order. Going back, they return to where they were."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample

__all__ = ("transpose", "permute_dims", "matrix_transpose", "swapaxes", "moveaxis", "rollaxis")

op = partial(_op, register=True)

transpose = op(
    np.transpose,
    formula="aᵀ",
    example="""
    >>> ag.transpose(ag.Tensor([[1.0, 2.0, 3.0]]))
    Tensor([[1.],
            [2.],
            [3.]])
    >>> ag.transpose(ag.Tensor(np.ones((2, 3, 4))), (2, 0, 1)).shape
    (4, 2, 3)
    """,
    samples=[
        Sample(A(3)),
        Sample(A(2, 3)),
        Sample(A(2, 3, 4), (2, 0, 1)),
        Sample(A(2, 3, 4), (-1, 0, 1)),
    ],
)
permute_dims = transpose  # the array API's name; in NumPy, too, it is one function


@transpose.wrt("a")
def _(g, axes):
    if axes is None:
        return np.transpose(g)
    return np.transpose(g, np.argsort([axis % len(axes) for axis in axes]).tolist())


matrix_transpose = op(
    np.matrix_transpose,
    claims=(np.matrix_transpose, np.linalg.matrix_transpose),
    formula="aᵀ",
    signature="(m,n)->(n,m)",
    example="""
    >>> ag.matrix_transpose(ag.Tensor(np.ones((5, 2, 3)))).shape
    (5, 3, 2)
    """,
    samples=[Sample(A(2, 3)), Sample(A(2, 3, 4))],
)


@matrix_transpose.wrt("x")
def _(g):
    return np.matrix_transpose(g)


swapaxes = op(
    np.swapaxes,
    example="""
    >>> ag.swapaxes(ag.Tensor(np.ones((2, 3, 4))), 0, -1).shape
    (4, 3, 2)
    """,
    samples=[Sample(A(2, 3), 0, 1), Sample(A(2, 3, 4), 0, -1)],
)


@swapaxes.wrt("a")
def _(g, axis1, axis2):
    return np.swapaxes(g, axis1, axis2)


moveaxis = op(
    np.moveaxis,
    example="""
    >>> ag.moveaxis(ag.Tensor(np.ones((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """,
    samples=[Sample(A(2, 3, 4), 0, -1), Sample(A(2, 3, 4), (0, 1), (2, 0))],
)


@moveaxis.wrt("a")
def _(g, source, destination):
    return np.moveaxis(g, destination, source)


@composite(claims=np.rollaxis)
def rollaxis(a, axis, start=0):
    """The axis moved backward until it stands before `start`. `moveaxis` is easier to read.

    >>> import numpy as np, autograd as ag
    >>> ag.rollaxis(ag.Tensor(np.ones((2, 3, 4))), 2).shape
    (4, 2, 3)
    """
    order = np.rollaxis(np.empty(range(a.ndim)), axis, start).shape  # the size of each is its name
    return np.transpose(a, order)
