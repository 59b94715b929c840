"""Linear equations, exactly or by least squares. All of it works on stacks of matrices.

The rules are written with the same functions that they differentiate, so they hold at every order.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .factorizations import svdvals
from .matrices import symmetric, teaching, well_conditioned
from .shape import as_array

__all__ = ("solve", "inv", "tensorsolve", "tensorinv", "pinv", "lstsq", "cond")

op = partial(_op, register=True)


@op(
    claims=np.linalg.solve,
    formula="a⁻¹ b",
    signature="(m,m),(m,n)->(m,n)",
    samples=[
        Sample(A(3, 3, make=well_conditioned), A(3)),
        Sample(A(3, 3, make=well_conditioned), A(3, 2)),
        Sample(A(2, 1, 2, 2, make=well_conditioned), A(3, 2, 1)),
        Sample(A(2, 3, 3, make=well_conditioned), A(3)),
    ],
    domain=(-1, 1),
)
@teaching
def solve(a, b):
    """The x for which a @ x = b; b is one vector (1-d), or a matrix with a vector in each column.

    Raises LinAlgError if a is not square, or is singular; ValueError if b has not as many rows.

    >>> import autograd as ag
    >>> ag.solve(ag.Tensor([[2.0, 0.0], [0.0, 4.0]]), [1.0, 1.0])
    Tensor([0.5 , 0.25])

    Source: M. Giles, Collected matrix derivative results for forward and reverse mode AD, 2008.
    """
    return np.linalg.solve(a, b)


@solve.wrt("a", "b")
def _(g, a, out):
    a = as_array(a)
    if out.ndim < a.ndim:  # b was a vector: g and out have lost the last axis
        back = np.linalg.solve(a.mT, g[..., None])
        return -back @ out[..., None, :], back[..., 0]
    back = np.linalg.solve(a.mT, g)
    return -back @ out.mT, back


inv = op(
    teaching(np.linalg.inv),
    claims=np.linalg.inv,
    formula="a⁻¹",
    note="Raises LinAlgError if a is not square, or is singular.",
    signature="(m,m)->(m,m)",
    example="""
    >>> ag.inv(ag.Tensor([[2.0, 0.0], [0.0, 4.0]]))
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """,
    samples=[
        Sample(A(3, 3, make=well_conditioned)),
        Sample(A(2, 2, 2, make=well_conditioned)),
        Sample(A(1, 1, make=well_conditioned)),
    ],
    domain=(-1, 1),
)


@inv.wrt("a")
def _(g, out):
    back = out.mT
    return -back @ g @ back


@composite(claims=np.linalg.tensorsolve)
def tensorsolve(a, b, axes=None):
    """The x for which tensordot(a, x, x.ndim) = b; `axes` of a are moved to its end first.

    Raises ValueError if the last axes of a have not as many elements as the first.

    >>> import numpy as np, autograd as ag
    >>> a = np.eye(6).reshape(2, 3, 2, 3) * 2
    >>> ag.tensorsolve(a, ag.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    Tensor([[0.5, 1. , 1.5],
            [2. , 2.5, 3. ]])
    """
    a, b = as_array(a), as_array(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(a.ndim - len(axes), a.ndim))
    unknown = a.shape[b.ndim :]
    size = math.prod(unknown)
    if size * size != a.size:
        raise np.linalg.LinAlgError(
            f"tensorsolve: a of shape {a.shape} gives {a.size // max(size, 1)} equations for the "
            f"{size} unknowns of shape {unknown}."
        )
    x = solve(np.reshape(a, (size, size)), np.ravel(b))
    return np.reshape(x, unknown)


@composite(claims=np.linalg.tensorinv)
def tensorinv(a, ind=2):
    """The inverse of a as a map by tensordot, from its axes `ind`… to those before.

    Raises LinAlgError if the two groups of axes have not equally many elements.

    >>> import numpy as np, autograd as ag
    >>> a = np.eye(6).reshape(2, 3, 2, 3) * 2
    >>> ag.tensorinv(ag.Tensor(a), ind=2)[1, 2]
    Tensor([[0. , 0. , 0. ],
            [0. , 0. , 0.5]])
    """
    a = as_array(a)
    if ind <= 0:
        raise ValueError(f"tensorinv: ind must be at least 1, not {ind}.")
    back = a.shape[ind:] + a.shape[:ind]
    return np.reshape(inv(np.reshape(a, (math.prod(a.shape[:ind]), -1))), back)


# -- least squares ------------------------------------------------------------------------------


pinv = op(
    teaching(np.linalg.pinv),
    claims=np.linalg.pinv,
    formula="a⁺",
    signature="(m,n)->(n,m)",
    note="""
    The gradient is that among matrices of the same rank: where a singular value is cut off as 0, a
    itself could leave it, and a⁺ would jump. With hermitian=True the gradient is symmetric.

    Source: G. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973.
    """,
    example="""
    >>> np.allclose(ag.pinv(ag.Tensor([[1.0], [1.0]])), [[0.5, 0.5]])
    True
    """,
    samples=[
        Sample(A(3, 2)),
        Sample(A(2, 3)),
        Sample(A(2, 2, 2, make=well_conditioned)),
        Sample(A(3, 3, make=symmetric), hermitian=True),
    ],
    kinks=lambda a, **_: np.linalg.svd(a, compute_uv=False) / 20,
)


@pinv.wrt("a")
def _(g, a, out, hermitian):
    eye = np.eye(a.shape[-2], dtype=a.dtype)
    gradient = _wrt_least_squares(g, a, out, out, eye - a @ out)
    return symmetric(gradient) if hermitian else gradient


def _wrt_least_squares(g, a, inverse, x, residual):
    """The gradient at a, of x = a⁺ b with residual b − a x."""
    back = inverse.mT @ g
    lost = g - inverse @ (a @ g)  # what a maps to 0
    return residual @ (inverse @ back).mT - back @ x.mT + inverse.mT @ x @ lost.mT


@composite(claims=np.linalg.lstsq)
@teaching
def lstsq(a, b, rcond=None):
    """The x for which |a @ x − b| is smallest (the shortest, of several); with plain arrays of the
    squared residuals, the rank, and the singular values of a.

    Formula: x = a⁺ b

    Shapes: (m,n),(m)->(n) or (m,n),(m,k)->(n,k)

    Only x is recorded; compute the residuals from it. The gradient is that among matrices of the
    same rank, as for `ag.pinv`. Raises LinAlgError if a and b have not equally many rows.

    >>> import autograd as ag
    >>> x, *_ = ag.lstsq(ag.Tensor([[1.0], [1.0]]), [2.0, 4.0])
    >>> x
    Tensor([3.])
    """
    x, *more = np.linalg.lstsq(unwrap(a), unwrap(b), rcond)
    return _least_squares(a, b, x, rcond), *more


@_op(name="lstsq", formula="a⁺ b")
def _least_squares(a, b, x, rcond):
    return x


@_least_squares.wrt("a", "b")
def _(g, a, b, out, rcond):
    a, b = as_array(a), as_array(b)
    if rcond is None:
        rcond = float(np.finfo(a.dtype).eps) * max(a.shape)
    inverse = np.linalg.pinv(a, max(rcond, 0))
    column = (lambda v: v[:, None]) if out.ndim == 1 else (lambda v: v)
    residual = column(b - a @ out)
    return _wrt_least_squares(column(g), a, inverse, column(out), residual), inverse.mT @ g


@composite(claims=np.linalg.cond)
def cond(x, p=None):
    """How much solving with x can magnify an error: |x| · |x⁻¹| in the norm p (None is 2: the
    largest singular value over the smallest).

    Raises LinAlgError for a singular x, unless p is None, 2 or −2.

    >>> import autograd as ag
    >>> ag.cond(ag.Tensor([[3.0, 0.0], [0.0, -4.0]]))
    Tensor(1.33333333)
    """
    x = as_array(x)
    if p in (None, 2, -2):
        s = svdvals(x)
        with np.errstate(divide="ignore"):
            return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(inv(x), p, (-2, -1))
