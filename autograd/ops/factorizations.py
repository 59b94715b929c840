"""Factorizations of matrices, and of stacks of them: Cholesky's, QR, eigenvalues, singular values.

The rules are written with the same functions that they differentiate, so they hold at every order.
Where a factorization is not unique (signs of eigenvectors, any basis of an eigenspace), gradients
are right for functions that do not depend on the choice.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from ..backward import GradientWarning
from ..declare import composite, refuse
from ..declare import op as _op
from ..errors import warn
from ..op import A, Sample
from ..tensor import Tensor, unwrap
from .matrices import symmetric, teaching, well_conditioned

__all__ = ("cholesky", "qr", "eigh", "eigvalsh", "svd", "svdvals")

op = partial(_op, register=True)


def _slanted(a: Any) -> Any:
    """Nothing is 0 below the diagonal: there LAPACK turns the sign of a row of r: a jump."""
    rows, columns = a.shape[-2:]
    return well_conditioned(a) + 2 * np.tri(rows, columns, -1)


def _apart(a: Any) -> Any:
    """Symmetric; the diagonal keeps the eigenvectors' signs from being a matter of rounding."""
    return symmetric(a) + np.diag(2.0 * np.arange(a.shape[-1]))


def _positive(a: Any) -> Any:
    return symmetric(a @ a.mT) + np.eye(a.shape[-1])


def _singular_kinks(a: Any, *_: Any, **__: Any) -> Any:
    """Small where two singular values are near each other, or one is near 0."""
    s = np.linalg.svd(a, compute_uv=False)
    return np.concatenate([np.diff(s), s], axis=-1) / 20


def _spectral_kinks(a: Any, *_: Any, **__: Any) -> Any:
    """Small where two eigenvalues of a symmetric matrix are near each other."""
    return np.diff(np.linalg.eigvalsh(a)) / 20


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
    return symmetric(inverse.mT @ _lower(l.mT @ g) @ inverse)


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
    example="""
    >>> ag.eigvalsh(ag.Tensor([[2.0, 0.0], [0.0, 1.0]]))
    Tensor([1., 2.])
    """,
    samples=[Sample(A(3, 3, make=symmetric)), Sample(A(2, 2, 2, make=symmetric), "U")],
    kinks=_spectral_kinks,
)


@eigvalsh.wrt("a")
def _(g, a, UPLO):
    w, v = np.linalg.eigh(a, UPLO)
    _warn_at_second_order(w, "eigenvalues")
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
        _warn_at_second_order(s, "singular values", but=0)
        gradient = u * _at_corners_0(g, unwrap(s))[..., None, :] @ vh
    return symmetric(gradient) if hermitian else gradient


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


def _warn_at_second_order(values, name, but=None):
    """At first order values that coincide are no matter; but this first order is recorded, for a
    second. (`but` is where they may, having no derivative there anyway.)"""
    if not isinstance(values, Tensor):
        return
    near = np.abs(np.diff(values.array, axis=-1)) <= _rounding(values.array)
    if but is not None:
        near &= np.abs(values.array[..., 1:] - but) > _rounding(values.array)
    if near.any():
        warn(
            f"second derivatives of {name} that coincide: {values.array}. The share of them that "
            "turns their vectors within a plane is left out. Part the values first: add a small "
            "diagonal of different numbers; or write the function without them (norms, traces, "
            "determinants).",
            GradientWarning,
        )


refuse(
    "the eigenvalues of a matrix that is not symmetric are complex numbers, which are not "
    "differentiated here yet. For a symmetric matrix write np.linalg.eigh or eigvalsh; else "
    "np.linalg.svd, whose values are real.",
    np.linalg.eig,
    np.linalg.eigvals,
)
