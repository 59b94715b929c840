"""Order statistics: the median and its kin, each a mix of at most two neighbours in sorted order.

One idea serves all six functions and all of NumPy's methods: asked for the quantile of the ranks
0, 1, 2, … instead of the values, NumPy itself answers with the place (say 2.25) between them, so
the result is ¾ of the element of rank 2 and ¼ of that of rank 3.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import op as _op
from ..op import A, Sample
from ..tensor import Tensor, unwrap
from .reduce import EVERY_AXIS, apart, axes_of, from_lines, to_lines
from .spread import HOLES

__all__ = ("median", "quantile", "percentile", "nanmedian", "nanquantile", "nanpercentile")

NOTE = "Elements that tie keep their order: the first counts as the smaller."
op = partial(_op, register=True, kinks=apart)


def _with(samples, *args, **kwargs):
    return [Sample(*s.args, *args, **s.kwargs, **kwargs) for s in samples]


_LINES = [s for s in EVERY_AXIS if s.kwargs.get("axis") != ()]
_HARD = [s for s in _LINES if s.args[0].shape == (2, 3)][1:]
METHODS = [
    Sample(A(5), 0.37, method=method)
    for method in (
        "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
        "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased",
        "lower", "higher", "midpoint", "nearest",
    )
]  # fmt: skip
WEIGHTED = [
    Sample(A(4), 0.4, weights=np.array([1.0, 2.0, 0.5, 1.0]), method="inverted_cdf"),
    Sample(A(2, 3), [0.2, 0.6], axis=1, weights=np.array([1.0, 2.0, 4.0]), method="inverted_cdf"),
    Sample(A(2, 2), 0.4, weights=np.array([[1.0, 2.0], [4.0, 1.0]]), method="inverted_cdf"),
]
QUANTILES = (*_with(_LINES, 0.3), *_with(_HARD, [[0.25], [0.6]]), *METHODS, *WEIGHTED)

# `overwrite_input` allows NumPy to spoil the array, which the graph may still need: not taken up.


@op(claims=np.median, formula="median a", note=NOTE, samples=_LINES)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """The middle element in sorted order, or the mean of the two in the middle.

    >>> import autograd as ag
    >>> x = ag.Tensor([3.0, 1.0, 2.0, 10.0], requires_grad=True)
    >>> ag.median(x).backward()
    >>> x.grad
    Tensor([0.5, 0. , 0.5, 0. ])
    """
    return np.median(a, axis, out, keepdims=keepdims)


@op(claims=np.nanmedian, formula="median a, NaN left out", note=NOTE, samples=HOLES)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=np._NoValue):
    """The median of the elements that are not NaN.

    >>> import numpy as np, autograd as ag
    >>> ag.nanmedian(ag.Tensor([3.0, np.nan, 1.0, 2.0]))
    Tensor(2.)
    """
    return np.nanmedian(a, axis, out, keepdims=keepdims)


QUANTILE_NOTE = NOTE + " At an element itself, the slope by q is that towards the next one."


@op(
    claims=np.quantile,
    formula="quantile q of a",
    note=QUANTILE_NOTE,
    samples=(*QUANTILES, Sample(A(5), A(2, domain=(0.05, 0.95)), method="hazen")),
)
def quantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *,
    weights=None,
):  # fmt: skip
    """The value below which the share q of the elements lies, 0 ≤ q ≤ 1; q may be a Tensor.

    Each quantile is a mix of two neighbours in sorted order, in proportions that the method sets.

    >>> import autograd as ag
    >>> x = ag.Tensor([10.0, 30.0, 20.0], requires_grad=True)
    >>> ag.quantile(x, 0.25).backward()
    >>> x.grad
    Tensor([0.5, 0. , 0.5])

    Hyndman and Fan, Sample quantiles in statistical packages, The American Statistician 50, 1996.
    """
    return np.quantile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


@op(
    claims=np.percentile,
    formula="percentile q of a",
    note=QUANTILE_NOTE,
    samples=[Sample(A(2, 3), [20.0, 60.0], axis=1), Sample(A(4), A(domain=(5.0, 95.0)))],
)
def percentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *,
    weights=None,
):  # fmt: skip
    """`quantile` with q in percent, 0 ≤ q ≤ 100.

    >>> import autograd as ag
    >>> ag.percentile(ag.Tensor([10.0, 30.0, 20.0]), 25)
    Tensor(15.)
    """
    return np.percentile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


@op(
    claims=np.nanquantile,
    formula="quantile q of a, NaN left out",
    note=QUANTILE_NOTE,
    samples=(*_with(HOLES, 0.3), *_with(HOLES, A(domain=(0.1, 0.9)))),
)
def nanquantile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=np._NoValue, *,
    weights=None,
):  # fmt: skip
    """`quantile` of the elements that are not NaN.

    >>> import numpy as np, autograd as ag
    >>> ag.nanquantile(ag.Tensor([10.0, 30.0, np.nan, 20.0]), 0.25)
    Tensor(15.)
    """
    return np.nanquantile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


@op(
    claims=np.nanpercentile,
    formula="percentile q of a, NaN left out",
    note=QUANTILE_NOTE,
    samples=_with(HOLES, [20.0, 60.0]),
)
def nanpercentile(
    a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=np._NoValue, *,
    weights=None,
):  # fmt: skip
    """`percentile` of the elements that are not NaN.

    >>> import numpy as np, autograd as ag
    >>> ag.nanpercentile(ag.Tensor([10.0, 30.0, np.nan, 20.0]), 25)
    Tensor(15.)
    """
    return np.nanpercentile(a, q, axis, out, method=method, keepdims=keepdims, weights=weights)


# -- the rules ------------------------------------------------------------------------------------

CONTINUOUS = {  # Hyndman and Fan's α and β: the place is q (n + 1 − α − β) + α − 1
    "linear": (1, 1), "interpolated_inverted_cdf": (0, 1), "weibull": (0, 0),
    "hazen": (1 / 2, 1 / 2), "median_unbiased": (1 / 3, 1 / 3), "normal_unbiased": (3 / 8, 3 / 8),
}  # fmt: skip


class _Mix:
    """How each result is made of its line (the reduced axes in a row): (1 − part) of the element
    of rank `low`, and `part` of the next. `slope` is how fast the place between them moves with q.
    """

    def __init__(self, function, a, axis, q=None, method="linear", weights=None):
        self.shape, self.axes = a.shape, axes_of(axis, len(a.shape))
        lines = to_lines(unwrap(a), self.axes)
        self.results = (*lines.shape[:-1], 1)  # one for each line
        skips_nan = function.__name__.startswith("nan")
        missing = np.isnan(lines)
        self.ranks = ranks = np.empty(lines.shape)
        in_order = np.argsort(lines, axis=-1, kind="stable")
        np.put_along_axis(ranks, in_order, np.arange(lines.shape[-1], dtype=float), axis=-1)
        some = ~missing.all(axis=-1, keepdims=True)  # of a line of NaN only, NumPy would warn again
        ranks[missing & some if skips_nan else missing] = np.nan
        if q is None:
            place = function(ranks, axis=-1, keepdims=True)
        else:
            weights = self._lined_up(weights)
            place = function(
                ranks, unwrap(q), axis=-1, method=method, keepdims=True, weights=weights
            )
        ranks[missing] = np.nan
        n = np.sum(~missing, axis=-1, keepdims=True) if skips_nan else lines.shape[-1]
        self.low = np.minimum(np.floor(place), np.maximum(n - 2, 0))
        self.part = (place - self.low).astype(lines.dtype)
        if q is not None:
            self._follow(q, n, method, 100 if function.__name__.endswith("percentile") else 1)

    def _lined_up(self, weights):
        """Weights as NumPy wants them for the lines: one for each element, or for each place."""
        if weights is None:
            return None
        weights = np.asarray(weights)
        return to_lines(weights, self.axes) if weights.shape == self.shape else weights.ravel()

    def _follow(self, q, n, method, whole):
        """Makes `part` a function of q, if q is recorded: the value stays, the slope comes."""
        q = np.reshape(q, np.shape(q) + (1,) * len(self.results))
        alpha, beta = CONTINUOUS.get(method, (0, 0))
        speed = n + 1 - alpha - beta
        place = unwrap(q) / whole * speed + alpha - 1
        moves = (place >= 0) & (place <= n - 1) & (n > 1) & (method in CONTINUOUS)
        self.slope = np.where(moves, speed / whole, 0).astype(self.part.dtype)
        if isinstance(q, Tensor):
            self.part = self.part + self.slope * (q - unwrap(q))


def _wrt_a(g, mix, q_shape=()):
    g = np.reshape(g, q_shape + mix.results)
    total = np.zeros(mix.results, mix.part.dtype)
    for k in np.ndindex(q_shape):
        low, high = mix.ranks == mix.low[k], mix.ranks == mix.low[k] + 1
        total = total + g[k] * (low * (1 - mix.part[k]) + high * mix.part[k])
    return from_lines(total, mix.shape, mix.axes)


def _wrt_q(g, a, mix, q_shape):
    g, lines = np.reshape(g, q_shape + mix.results), to_lines(a, mix.axes)
    slopes = []
    for k in np.ndindex(q_shape):
        low, high = mix.ranks == mix.low[k], mix.ranks == mix.low[k] + 1
        gap = np.sum(np.where(high, lines, 0) - np.where(low, lines, 0), axis=-1, keepdims=True)
        slopes.append(np.sum(g[k] * mix.slope[k] * gap))
    return np.reshape(np.stack(slopes), q_shape)


def _declare_median(declared, function):
    @declared.wrt("a")
    def _(g, a, axis):
        return _wrt_a(g, _Mix(function, a, axis))


def _declare_quantile(declared, function):
    @declared.wrt("a")
    def _(g, a, q, axis, method, weights):
        return _wrt_a(g, _Mix(function, a, axis, q, method, weights), np.shape(q))

    @declared.wrt("q")
    def _(g, a, q, axis, method, weights):
        return _wrt_q(g, a, _Mix(function, a, axis, q, method, weights), np.shape(q))


_declare_median(median, np.median)
_declare_median(nanmedian, np.nanmedian)
_declare_quantile(quantile, np.quantile)
_declare_quantile(percentile, np.percentile)
_declare_quantile(nanquantile, np.nanquantile)
_declare_quantile(nanpercentile, np.nanpercentile)
