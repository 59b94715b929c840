"""Determinants, and their derivative at singular matrices too."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .linear_systems import inv
from .matrices import teaching, well_conditioned
from .shape import as_array

__all__ = ("det", "slogdet")

op = partial(_op, register=True)


@op(
    claims=np.linalg.det,
    formula="|a|",
    signature="(m,m)->()",
    note="""
    Right at singular matrices too at the first two orders; the third order needs invertible ones.
    """,
    samples=[
        Sample(A(3, 3)),
        Sample(A(2, 2, 2)),
        Sample(A(1, 1)),
        Sample(A(3, 3, make=lambda a: a * [[1], [1], [0]])),  # of rank 2
    ],
    kinks=lambda a: np.linalg.svd(a, compute_uv=False)[..., -2:-1],  # all is 0 but for rounding
)
@teaching
def det(a):
    """The determinant: the volume of the box that the rows span.

    Raises LinAlgError if a is not square.

    >>> import autograd as ag
    >>> x = ag.Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> ag.det(x).backward()
    >>> x.grad
    Tensor([[ 4., -3.],
            [-2.,  1.]])
    """
    return np.linalg.det(a)


@det.wrt("a")
def _(g, a):
    return np.expand_dims(g, (-2, -1)) * cofactors(a)


@_op(formula="|a| a⁻ᵀ", signature="(m,m)->(m,m)")
def cofactors(a):
    """|a| a⁻ᵀ, which exists for singular matrices too: with a = u s vᵀ, the signs of |u| and |v|
    times u s' vᵀ, where s'ᵢ is the product of all of s but sᵢ.

    >>> import numpy as np
    >>> cofactors(np.array([[1.0, 2.0], [2.0, 4.0]]))
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., None, None] * (u * others[..., None, :]) @ vh


@cofactors.wrt("a")
def _(g, a, out):
    a = as_array(a)
    if np.all(np.linalg.cond(unwrap(a)) ** 2 * np.finfo(a.dtype).eps < 1):
        along = np.sum(out * g, axis=(-2, -1), keepdims=True)
        return (along * out - out @ g.mT @ out) / np.expand_dims(np.linalg.det(a), (-2, -1))
    return _minors(g, a)


@_op
def _minors(g, a):
    """The derivative of the cofactors along g, for singular matrices: in the basis of the singular
    vectors each entry holds a product of all singular values but two."""
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    own = np.eye(n, dtype=bool)
    left_out = own[:, None, :] | own[None, :, :]  # [i, j, k]: whether k is i or j
    others = np.where(own, 0, np.where(left_out, 1, s[..., None, None, :]).prod(-1))
    sign = (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    inside = u.mT @ g @ vh.mT
    diagonal = (others @ np.diagonal(inside, axis1=-2, axis2=-1)[..., None]) * own
    return sign * u @ (diagonal - (others * inside).mT) @ vh


@_minors.wrt("g")
def _(g, a):
    return _minors(g, a)  # second derivatives are symmetric


@_minors.wrt("a")
def _(g):
    raise NotImplementedError(
        "the third derivative of det at a singular matrix. Derivatives of det are right to the "
        "second order there, and to any order at invertible matrices."
    )


@op(
    claims=np.linalg.slogdet,
    formula="sign of |a|, log(abs |a|)",
    signature="(m,m)->(),()",
    note="A singular matrix has no gradient here: backward raises LinAlgError.",
    samples=[Sample(A(3, 3, make=well_conditioned)), Sample(A(2, 2, 2, make=well_conditioned))],
    domain=(-1, 1),
)
@teaching
def slogdet(a):
    """The sign of the determinant (no gradient), and the logarithm of its absolute value.

    Raises LinAlgError if a is not square.

    >>> import autograd as ag
    >>> ag.slogdet(ag.Tensor([[2.0, 0.0], [0.0, -3.0]])).logabsdet
    Tensor(1.79175947)
    """
    return np.linalg.slogdet(a)


@slogdet.wrt("a")
def _(g, a):
    _, g = g
    return np.expand_dims(g, (-2, -1)) * inv(a).mT
