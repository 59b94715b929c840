"""Products of matrices and what is built on them."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..op import A, Sample
from ..declare import op as _op

op = partial(_op, register=True)


@op(
    claims=np.matmul,
    formula="x1 @ x2",
    signature="(m,n),(n,p)->(m,p)",
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
def matmul(x1, x2, /):
    """The matrix product x1 @ x2, over leading batch axes that broadcast.

    >>> import numpy as np, autograd as ag
    >>> w = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> (np.array([1.0, 10.0]) @ w).sum().backward()
    >>> w.grad
    Tensor([[ 1.,  1.],
            [10., 10.]])

    Shapes: (m,n),(n,p)->(m,p); a vector on either side loses its axis again.
    """
    return np.matmul(x1, x2)


@matmul.wrt("x1")
def _(g, x2, x1_shape, x2_shape):
    if len(x2_shape) == 1:  # (…, n) @ (n,): g lost the last axis
        return g[..., None] * x2
    if len(x1_shape) == 1:  # (n,) @ (…, n, p): g lost the row axis
        return (x2 @ g[..., None])[..., 0]
    return g @ x2.mT


@matmul.wrt("x2")
def _(g, x1, x1_shape, x2_shape):
    if len(x1_shape) == 1:
        return x1[:, None] * g[..., None, :] if len(x2_shape) > 1 else x1 * g
    if len(x2_shape) == 1:
        return (x1.mT @ g[..., None])[..., 0]
    return x1.mT @ g
