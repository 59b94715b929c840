"""Linear algebra: equations, determinants, factorizations. All of it works on stacks of matrices.

The rules are written with the same functions that they differentiate, so they hold at every order.
Where a factorization is not unique (signs of eigenvectors, any basis of an eigenspace), gradients
are right for functions that do not depend on the choice.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..backward import GradientWarning
from ..declare import composite, constant, refuse
from ..declare import op as _op
from ..errors import warn
from ..op import A, Sample
from ..tensor import unwrap
from .shape import as_array

__all__ = (
    "solve", "inv", "tensorsolve", "tensorinv",
    "det", "slogdet",
    "cholesky", "qr", "eigh", "eigvalsh", "svd", "svdvals",
    "pinv", "lstsq", "cond",
)  # fmt: skip

op = partial(_op, register=True)


def _well_conditioned(a: Any) -> Any:
    """Of full rank, and not symmetric, for values between −1 and 1."""
    sizes = a.shape[-2:]
    return a + np.tri(*sizes) + 2 * max(sizes) * np.eye(*sizes)


def _symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def _slanted(a: Any) -> Any:
    """Nothing is 0 below the diagonal: there LAPACK turns the sign of a row of r: a jump."""
    rows, columns = a.shape[-2:]
    return _well_conditioned(a) + 2 * np.tri(rows, columns, -1)


def _apart(a: Any) -> Any:
    """Symmetric; the diagonal keeps the eigenvectors' signs from being a matter of rounding."""
    return _symmetric(a) + np.diag(2.0 * np.arange(a.shape[-1]))


def _positive(a: Any) -> Any:
    return _symmetric(a @ a.mT) + np.eye(a.shape[-1])


def _singular_kinks(a: Any, *_: Any, **__: Any) -> Any:
    """Small where two singular values are near each other, or one is near 0."""
    s = np.linalg.svd(a, compute_uv=False)
    return np.concatenate([np.diff(s), s], axis=-1) / 20


def _spectral_kinks(a: Any, *_: Any, **__: Any) -> Any:
    """Small where two eigenvalues of a symmetric matrix are near each other."""
    return np.diff(np.linalg.eigvalsh(a)) / 20


def teaching(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's error with the shape, the reason and the way out."""

    @functools.wraps(function)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(a, *args, **kwargs)
        except ValueError as error:  # a LinAlgError is one
            arrays = map(np.asarray, unwrap((a, *args[:1])))
            reason = _why_not(*arrays, said=str(error))
            raise type(error)(f"{function.__name__.removeprefix('_')}: {reason}") from None

    return call


def _why_not(a: Any, b: Any = None, *, said: str) -> str:
    if a.ndim < 2:
        return f"a matrix is needed (or a stack of them), not shape {a.shape}."
    if "square" in said:
        return (
            f"matrices of shape {a.shape[-2:]} are not square. The nearest to an inverse that they "
            "have is np.linalg.pinv(a); np.linalg.lstsq(a, b) and np.linalg.svd(a) take any shape."
        )
    if "Singular" in said:
        return (
            f"a of shape {a.shape} holds a singular matrix: its rows depend on each other. Add a "
            "little to its diagonal, a + 1e-6 * np.eye(n), or take np.linalg.lstsq or pinv."
        )
    if "positive definite" in said:
        lowest = np.linalg.eigvalsh(a).min()
        return (
            f"a of shape {a.shape} is not positive definite: its smallest eigenvalue is "
            f"{lowest:.3g}. Add more than that to its diagonal, a + s * np.eye(n)."
        )
    if b is not None and b.ndim and ("mismatch" in said or "Incompatible" in said):
        rows = b.shape[-2] if b.ndim > 1 else b.shape[-1]
        return f"a of shape {a.shape} has {a.shape[-2]} rows, b of shape {b.shape} has {rows}."
    return said


# -- equations ----------------------------------------------------------------------------------


@op(
    claims=np.linalg.solve,
    formula="a⁻¹ b",
    signature="(m,m),(m,n)->(m,n)",
    samples=[
        Sample(A(3, 3, make=_well_conditioned), A(3)),
        Sample(A(3, 3, make=_well_conditioned), A(3, 2)),
        Sample(A(2, 1, 2, 2, make=_well_conditioned), A(3, 2, 1)),
        Sample(A(2, 3, 3, make=_well_conditioned), A(3)),
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
    samples=[
        Sample(A(3, 3, make=_well_conditioned)),
        Sample(A(2, 2, 2, make=_well_conditioned)),
        Sample(A(1, 1, make=_well_conditioned)),
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


# -- determinants -------------------------------------------------------------------------------


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
    samples=[Sample(A(3, 3, make=_well_conditioned)), Sample(A(2, 2, 2, make=_well_conditioned))],
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


# -- factorizations -----------------------------------------------------------------------------


@op(
    claims=np.linalg.cholesky,
    formula="L with L Lᵀ = a",
    signature="(m,m)->(m,m)",
    note="""
    NumPy reads one triangle of a only. The gradient is symmetric, as PyTorch's and JAX's: that of
    cholesky((a + aᵀ) / 2).
    """,
    samples=[
        Sample(A(3, 3, make=_positive)),
        Sample(A(2, 2, 2, make=_positive), upper=True),
        Sample(A(1, 1, make=_positive)),
    ],
    domain=(-1, 1),
)
@teaching
def cholesky(a, /, *, upper=False):
    """The lower (or upper) triangular L for which L Lᵀ (or Lᵀ L) is a, which is symmetric and
    positive definite.

    Raises LinAlgError if a is not square, or is not positive definite.

    >>> import autograd as ag
    >>> ag.cholesky(ag.Tensor([[4.0, 2.0], [2.0, 2.0]]))
    Tensor([[2., 0.],
            [1., 1.]])

    Source: I. Murray, Differentiation of the Cholesky decomposition, arXiv:1602.07527, 2016.
    """
    return np.linalg.cholesky(a, upper=upper)


@cholesky.wrt("a")
def _(g, out, upper):
    l, g = (out.mT, g.mT) if upper else (out, g)
    inverse = np.linalg.inv(l)
    return _symmetric(inverse.mT @ _lower(l.mT @ g) @ inverse)


def _lower(x):
    """The lower triangle, with half of the diagonal."""
    return np.tril(x) - x * np.eye(x.shape[-1], dtype=x.dtype) / 2


@op(
    claims=np.linalg.qr,
    formula="q, r with q r = a",
    signature="(m,n)->(m,k),(k,n)",
    note="""
    Differentiable if the first k = min(m, n) columns of a are independent. Backward raises
    TypeError for what is not differentiable: mode "raw", and mode "complete" with m > n, whose
    further columns of q are any that fit.

    Source: S. Walter and L. Lehmann, Algorithmic differentiation of linear algebra functions,
    arXiv:1001.1654, 2010; for m < n: H.-J. Liao et al., Phys. Rev. X 9, 2019.
    """,
    samples=[
        Sample(A(3, 3, make=_slanted)),
        Sample(A(4, 2, make=_slanted)),
        Sample(A(2, 4, make=_slanted)),
        Sample(A(2, 3, 2, make=_slanted)),
        Sample(A(3, 2, make=_slanted), mode="r"),
        Sample(A(2, 2, make=_slanted), mode="complete"),
    ],
    domain=(-1, 1),
)
@teaching
def qr(a, mode="reduced"):
    """q with orthonormal columns and r upper triangular, q @ r = a. `mode="r"` gives r alone.

    >>> import autograd as ag
    >>> ag.qr(ag.Tensor([[0.0, 2.0], [-1.0, 3.0]])).R
    Tensor([[-1.,  3.],
            [ 0.,  2.]])
    """
    return np.linalg.qr(a, mode)


@qr.wrt("a")
def _(g, a, out, mode):
    if mode == "raw" or (mode == "complete" and a.shape[-2] > a.shape[-1]):
        raise TypeError(
            f"qr: mode={mode!r} of shape {a.shape} has no derivative: "
            + ("" if mode == "raw" else f"columns {a.shape[-1]}… of q are any that fit. ")
            + 'Write mode="reduced".'
        )
    if mode == "r":
        q, r = np.linalg.qr(a)
        g_q, g_r = np.zeros(q.shape, q.dtype), g
    else:
        (q, r), (g_q, g_r) = out, g
    k, n = r.shape[-2:]
    if n == k:
        return _wrt_tall(g_q, g_r, q, r)
    # A wide matrix is [x y]: only x is factorized, q u = x; then r = [u v] with v = qᵀ y.
    y, u, g_v = a[..., :, k:], r[..., :, :k], g_r[..., :, k:]
    g_x = _wrt_tall(g_q + y @ g_v.mT, g_r[..., :, :k], q, u)
    return np.concatenate([g_x, q @ g_v], axis=-1)


def _wrt_tall(g_q, g_r, q, r):
    sizes = np.abs(np.diagonal(unwrap(r), axis1=-2, axis2=-1))
    if np.any(sizes <= _rounding(sizes)):
        raise np.linalg.LinAlgError(
            f"qr: the first {r.shape[-1]} columns depend on each other, so q and r are not unique "
            "and have no derivative. np.linalg.svd, lstsq and pinv work at any rank."
        )
    lower = _lower(r @ g_r.mT - g_q.mT @ q)
    return np.linalg.solve(r, (g_q + q @ (lower + lower.mT)).mT).mT


_DEGENERATE = """
    Where two values coincide (to rounding), their vectors are any basis of a plane, and the share
    of the gradient that would turn them within it is taken as 0. That is right for functions that
    use the values alone (at first order), or the plane as a whole. If a gradient arrives at such
    vectors all the same, a GradientWarning says so.
"""


@op(
    claims=np.linalg.eigh,
    formula="λ, v with a v = v λ",
    signature="(m,m)->(m),(m,m)",
    note=f"""
    NumPy reads one triangle of a only. The gradient is symmetric: that of eigh((a + aᵀ) / 2).
    {_DEGENERATE}""",
    samples=[
        Sample(A(3, 3, make=_apart)),
        Sample(A(3, 3, make=_apart), "U"),
        Sample(A(2, 2, 2, make=_apart)),
    ],
    domain=(0.1, 1),
    kinks=_spectral_kinks,
)
@teaching
def eigh(a, UPLO="L"):
    """The eigenvalues of a symmetric matrix, in ascending order, and its eigenvectors, in columns.

    Raises LinAlgError if a is not square.

    >>> import autograd as ag
    >>> x = ag.Tensor([[2.0, 1.0], [1.0, 2.0]], requires_grad=True)
    >>> values, vectors = ag.eigh(x)
    >>> values[-1].backward()
    >>> x.grad
    Tensor([[0.5, 0.5],
            [0.5, 0.5]])

    Source: M. Giles, Collected matrix derivative results for forward and reverse mode AD, 2008.
    """
    return np.linalg.eigh(a, UPLO)


@eigh.wrt("a")
def _(g, out):
    (g_w, g_v), (w, v) = g, out
    turn = v.mT @ g_v
    gaps = w[..., None, :] - w[..., :, None]
    inside = _parted(_skew(turn), gaps, _off_diagonal(turn), unwrap(w), "eigenvalues")
    inside = inside + _on_diagonal(g_w)
    return v @ inside @ v.mT


eigvalsh = op(
    teaching(np.linalg.eigvalsh),
    claims=np.linalg.eigvalsh,
    formula="λ with a v = v λ",
    signature="(m,m)->(m)",
    note=f"""
    The eigenvalues of a symmetric matrix, in ascending order; its gradient is symmetric, as eigh's.
    At second order: {_DEGENERATE.strip()}
    """,
    samples=[Sample(A(3, 3, make=_symmetric)), Sample(A(2, 2, 2, make=_symmetric), "U")],
    kinks=_spectral_kinks,
)


@eigvalsh.wrt("a")
def _(g, a, UPLO):
    _, v = np.linalg.eigh(a, UPLO)
    return v * g[..., None, :] @ v.mT


@op(
    claims=np.linalg.svd,
    formula="u, s, vᵀ with u s vᵀ = a",
    signature="(m,n)->(m,k),(k),(k,n)",
    note=f"""
    Of full matrices only the first k = min(m, n) columns of u and rows of vᵀ are differentiable;
    the others are any that fit, and backward raises ValueError if a gradient arrives at them. With
    hermitian=True the gradient is symmetric. A singular value that is 0 is at a corner, as that of
    |x|: its derivative is 0.
    {_DEGENERATE}
    Source: J. Townsend, Differentiating the singular value decomposition, 2016.
    """,
    samples=[
        Sample(A(3, 3)),
        Sample(A(4, 2), full_matrices=False),
        Sample(A(2, 4), full_matrices=False),
        Sample(A(2, 2, 3), full_matrices=False),
        Sample(A(3, 2), compute_uv=False),
        Sample(A(3, 3, make=_apart, domain=(0.1, 1)), hermitian=True),
    ],
    kinks=_singular_kinks,
)
@teaching
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    """u, s and vh for which u @ diag(s) @ vh = a: s in descending order and not negative, the
    columns of u and the rows of vh orthonormal.

    >>> import autograd as ag
    >>> ag.svd(ag.Tensor([[3.0, 0.0], [0.0, -4.0]])).S
    Tensor([4., 3.])
    """
    return np.linalg.svd(a, full_matrices, compute_uv, hermitian)


@svd.wrt("a")
def _(g, a, out, compute_uv, hermitian):
    if compute_uv:
        gradient = _wrt_vectors_too(*g, *out)
    else:
        u, s, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
        gradient = u * _at_corners_0(g, unwrap(s))[..., None, :] @ vh
    return _symmetric(gradient) if hermitian else gradient


def _wrt_vectors_too(g_u, g_s, g_vh, u, s, vh):
    k = s.shape[-1]
    further = {f"columns {k}… of u": g_u[..., k:], f"rows {k}… of vh": g_vh[..., k:, :]}
    for name, gradient in further.items():
        if np.any(unwrap(gradient) != 0):
            raise ValueError(
                f"svd: a gradient arrives at {name} of a matrix of shape "
                f"{(u.shape[-1], vh.shape[-1])}: they are any that fit, so they have no "
                "derivative. Write full_matrices=False."
            )
    u, vh, g_u, g_vh = u[..., :k], vh[..., :k, :], g_u[..., :k], g_vh[..., :k, :]
    v, g_v, values = vh.mT, g_vh.mT, unwrap(s)
    turn_u, turn_v = u.mT @ g_u, v.mT @ g_v
    across, down = s[..., None, :], s[..., :, None]

    def parted(turn, gaps, cause):
        return _parted(turn, gaps, cause, values, "singular values")

    together, apart = turn_u + turn_v, turn_u - turn_v
    inside = (
        _on_diagonal(_at_corners_0(g_s, values))
        + parted(_skew(together), across - down, _off_diagonal(together))
        + parted(_skew(apart), across + down, _off_diagonal(apart))
    )
    gradient = u @ inside @ vh
    if u.shape[-2] > k:  # columns of u can leave the space that they span
        gradient = gradient + parted(g_u - u @ turn_u, across, unwrap(g_u)) @ vh
    if v.shape[-2] > k:
        gradient = gradient + u @ parted(g_v - v @ turn_v, across, unwrap(g_v)).mT
    return gradient


@composite(claims=np.linalg.svdvals)
def svdvals(x, /):
    """The singular values, in descending order: `ag.svd` with compute_uv=False.

    >>> import autograd as ag
    >>> ag.svdvals(ag.Tensor([[3.0, 0.0], [0.0, -4.0]]))
    Tensor([4., 3.])
    """
    return svd(x, compute_uv=False)


def _at_corners_0(g, values):
    return np.where(values <= _rounding(values), 0, g)


def _rounding(values):
    """How far apart values can be that coincide, in each matrix."""
    eps = 8 * values.shape[-1] * np.finfo(values.dtype).eps
    return eps * np.abs(values).max(-1, initial=0, keepdims=True)


def _skew(x):
    return (x - x.mT) / 2


def _on_diagonal(x):
    return x[..., None, :] * np.eye(x.shape[-1], dtype=x.dtype)


def _off_diagonal(x):
    return np.where(np.eye(x.shape[-1], dtype=bool), 0, unwrap(x))


def _parted(turn, gaps, cause, values, name):
    """turn / gaps, and 0 where a gap is 0 to rounding; with a warning if that leaves something out:
    if `cause`, the part of the gradient that could turn these vectors, is not 0 there."""
    none = np.abs(unwrap(gaps)) <= _rounding(values)[..., None]
    cause = np.abs(cause)
    if np.any(none & (cause > math.sqrt(np.finfo(values.dtype).eps) * cause.max(initial=0))):
        warn(
            f"a gradient arrives at vectors whose {name} coincide or are 0: {values}. Such vectors "
            "are any basis of a plane, and the share of the gradient that turns them within it is "
            "left out. Compute without them (norms, traces, inverses), or part the values first: "
            "add a small diagonal of different numbers.",
            GradientWarning,
        )
    return np.where(none, 0, turn / np.where(none, 1, gaps))


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
    samples=[
        Sample(A(3, 2)),
        Sample(A(2, 3)),
        Sample(A(2, 2, 2, make=_well_conditioned)),
        Sample(A(3, 3, make=_symmetric), hermitian=True),
    ],
    kinks=lambda a, **_: np.linalg.svd(a, compute_uv=False) / 20,
)


@pinv.wrt("a")
def _(g, a, out, hermitian):
    eye = np.eye(a.shape[-2], dtype=a.dtype)
    gradient = _wrt_least_squares(g, a, out, out, eye - a @ out)
    return _symmetric(gradient) if hermitian else gradient


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


# -- what np.linalg spells differently ----------------------------------------------------------


@composite(claims=np.linalg.outer)
def outer(x1, x2, /):
    """The products of all pairs of elements of two vectors."""
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"outer: vectors are needed, not {np.shape(x1)} and {np.shape(x2)}.")
    return np.outer(x1, x2)


@composite(claims=np.linalg.cross)
def cross(x1, x2, /, *, axis=-1):
    """The vector product of vectors of length 3."""
    return np.cross(x1, x2, axis=axis)


constant(np.linalg.matrix_rank)
refuse(
    "the eigenvalues of a matrix that is not symmetric are complex numbers, which are not "
    "differentiated here yet. For a symmetric matrix write np.linalg.eigh or eigvalsh; else "
    "np.linalg.svd, whose values are real.",
    np.linalg.eig,
    np.linalg.eigvals,
)
