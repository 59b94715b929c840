"""Reductions and scans that leave NaN out: to a NaN goes no gradient, as if it were not there."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import op as _op
from ..op import A, Sample
from ..tensor import unwrap
from .reduce import apart, axes_of, expand, max, min, others, shares
from .scan import sums_from, wrt_cumprod
from .spread import HOLES, with_holes

__all__ = ("nansum", "nanprod", "nanmean", "nanmax", "nanmin", "nancumsum", "nancumprod")

op = partial(_op, register=True)

NOTE = "The gradient of NaN is 0."
EMPTY_LINES = (Sample(A(2, 0), axis=1), Sample(A(2, 2, make=lambda a: a * [1, np.nan]), axis=0))
LINES = (
    Sample(A(5, make=with_holes)),
    Sample(A(2, 3, make=with_holes)),
    Sample(A(2, 3, make=with_holes), axis=-1),
)

# -- sums and products ----------------------------------------------------------------------------

nansum = op(
    np.nansum,
    formula="Σ a, NaN left out",
    note=NOTE,
    example="""
    >>> x = ag.Tensor([1.0, np.nan, 3.0], requires_grad=True)
    >>> ag.nansum(x).backward()
    >>> x.grad
    Tensor([1., 0., 1.])
    """,
    samples=(*HOLES, *EMPTY_LINES),
)


@nansum.wrt("a")
def _(g, a, axis, keepdims):
    return np.where(np.isnan(a), 0, expand(g, axis, keepdims, a.shape))


nanmean = op(
    np.nanmean,
    formula="Σ a / n, NaN left out",
    note=NOTE,
    example="""
    >>> ag.nanmean(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor(2.)
    """,
    samples=HOLES,
)


@nanmean.wrt("a")
def _(g, a, axis, keepdims):
    present = ~np.isnan(unwrap(a))
    n = np.sum(present, axis=axes_of(axis, a.ndim), keepdims=True)
    n = np.maximum(n, 1).astype(np.result_type(a.dtype, np.float32))  # float16 ends at 65504
    return np.where(present, expand(g, axis, keepdims, a.shape) / n, 0)


nanprod = op(
    np.nanprod,
    formula="Π a, NaN left out",
    note=NOTE,
    example="""
    >>> ag.grad(ag.nanprod)(np.array([2.0, np.nan, 3.0]))
    array([3., 0., 2.])
    """,
    samples=(*HOLES, *EMPTY_LINES),
)


@nanprod.wrt("a")
def _(g, a, axis, keepdims, initial):
    missing = np.isnan(a)
    rest = others(np.where(missing, 1, a), axis)
    slope = np.where(missing, 0, expand(g, axis, keepdims, a.shape) * rest)
    return slope if initial is None else slope * initial


nancumsum = op(
    np.nancumsum,
    formula="Σⱼ≤ᵢ aⱼ, NaN left out",
    note=NOTE,
    example="""
    >>> ag.nancumsum(ag.Tensor([1.0, np.nan, 3.0]))
    Tensor([1., 1., 4.])
    """,
    samples=LINES,
)


@nancumsum.wrt("a")
def _(g, a, axis):
    return np.where(np.isnan(a), 0, np.reshape(sums_from(g, axis), a.shape))


nancumprod = op(
    np.nancumprod,
    formula="Πⱼ≤ᵢ aⱼ, NaN left out",
    note=NOTE,
    example="""
    >>> ag.nancumprod(ag.Tensor([2.0, np.nan, 3.0]))
    Tensor([2., 2., 6.])
    """,
    samples=LINES,
)


@nancumprod.wrt("a")
def _(g, a, axis):
    missing = np.isnan(a)
    return np.where(missing, 0, wrt_cumprod(g, np.where(missing, 1, a), axis))


# -- extremes -------------------------------------------------------------------------------------

nanmax = op(
    np.nanmax,
    formula="max a, NaN left out",
    note=max.op.note,
    example="""
    >>> ag.grad(ag.nanmax)(np.array([1.0, np.nan, 3.0]))
    array([0., 0., 1.])
    """,
    samples=HOLES,
    kinks=apart,
)
nanmin = op(
    np.nanmin,
    formula="min a, NaN left out",
    note=min.op.note,
    example="""
    >>> ag.grad(ag.nanmin)(np.array([1.0, np.nan, 3.0]))
    array([1., 0., 0.])
    """,
    samples=HOLES,
    kinks=apart,
)
for _extreme in (nanmax, nanmin):

    @_extreme.wrt("a")
    def _(g, a, out, axis, keepdims, initial):
        return expand(g, axis, keepdims, a.shape) * shares(a, out, axis, keepdims, initial)
