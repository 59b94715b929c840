"""Attention: each query takes the mean of the values, weighted by how well their keys fit it."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from autograd import Tensor, op

from .blocks import in_blocks
from .sums import sum_of_each_row


def attention(
    q: Any, k: Any, v: Any, mask: Any = None, causal: bool = False, heads: int = 1
) -> Any:
    """softmax(q @ k.mT / √d) @ v: scaled dot-product attention.

    Shapes: q (…, t, d), k (…, s, d), v (…, s, e) -> (…, t, e). With several heads, d and e are
    split into as many equal parts, each attends for itself, and the results stand side by side.

    Parameters
    ----------
    mask : array_like of bool, (…, t, s), optional
        True where a query may look at a key; all heads share it. A query that may look nowhere
        gets 0. For padded sequences, `known` (batch, s): mask=known[:, None, :].
    causal : bool
        Whether query i looks at keys 0 … i only, so that no position sees what comes after it.
    heads : int

    Raises ValueError for shapes that do not fit, and TypeError for a mask that is not boolean:
    libraries differ in what its numbers mean.

    >>> q, k, v = [[4.0, 0.0]], [[9.0, 0.0], [0.0, 9.0]], [[1.0], [2.0]]
    >>> attention(q, k, v).round(6)
    array([[1.]])
    >>> attention(q, k, v, mask=[[False, True]])
    array([[2.]])

    Source: A. Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2.
    """
    q, k, v = _sequence(q), _sequence(k), _sequence(v)
    t, s = _require_fitting(q.shape, k.shape, v.shape, heads)
    hidden = _hidden(mask, causal, t, s, q.shape, k.shape, q.dtype)
    return _attention(q, k, v, heads, hidden, [])


@op(name="attention", formula="softmax(q @ k.mT / √d) @ v", signature="(t,d),(s,d),(s,e)->(t,e)")
def _attention(q, k, v, heads, hidden, forward):
    """Going forward leaves the softmax in the list `forward`: going back needs it again."""
    leading = np.broadcast_shapes(*[a.shape[:-2] for a in (q, k, v)])
    q, k, v = _samples(leading, q, k, v)
    n, t, s = len(q), q.shape[1], k.shape[1]
    each = hidden is not None and hidden.ndim > 2  # its own for each sample, or one for all
    if each:
        hidden = np.broadcast_to(hidden, (*leading, *hidden.shape[-3:]))
        hidden = hidden.reshape(n, *hidden.shape[-3:])
    shares = np.empty((n, heads, t, s), q.dtype)
    out = np.empty((n, t, v.shape[-1]), q.dtype)

    def work(block):
        scores = _scores(q[block], k[block], heads)
        _softmax(scores, hidden[block] if each else hidden, out=shares[block])
        out[block] = _joined(shares[block] @ _split(v[block], heads))

    in_blocks(work, n, heads * t * s)
    forward[:] = [shares]
    return out.reshape(*leading, *out.shape[1:])


@_attention.wrt("q", "k", "v")
def _(g, q, k, v, heads, hidden, forward, out):
    if isinstance(g, Tensor):  # recorded: the softmax, too, must depend on q and k
        shares = _masked_softmax(_scores(q, k, heads), hidden)
        return _gradients(heads, g, q, k, v, out, shares)
    (shares,) = forward
    leading = out.shape[:-2]
    g, q, k, v, out = _samples(leading, g, q, k, v, out)
    found = [np.empty(a.shape, a.dtype) for a in (q, k, v)]

    def work(block):
        here = [a[block] for a in (g, q, k, v, out, shares)]
        for whole, part in zip(found, _gradients(heads, *here)):
            whole[block] = part

    in_blocks(work, len(q), math.prod(shares.shape[1:]))
    return [a.reshape(*leading, *a.shape[1:]) for a in found]


def _gradients(heads, g, q, k, v, out, shares):
    """Those of q, k and v, given that of the output."""
    g, q, k, v, out = [_split(a, heads) for a in (g, q, k, v, out)]
    # A softmax's slope takes from g @ v.mT its mean, weighted by the shares: that is g · out.
    slope = shares * (g @ v.mT - np.vecdot(g, out)[..., np.newaxis])
    slope = slope * (1 / math.sqrt(q.shape[-1]))
    return _joined(slope @ k), _joined(slope.mT @ q), _joined(shares.mT @ g)


def _scores(q, k, heads):
    return _split(q, heads) * (1 / math.sqrt(q.shape[-1] // heads)) @ _split(k, heads).mT


def _split(a, heads):
    """(…, t, heads · d) -> (…, heads, t, d), without a copy."""
    return np.swapaxes(np.reshape(a, (*a.shape[:-1], heads, a.shape[-1] // heads)), -2, -3)


def _joined(a):
    """(…, heads, t, d) -> (…, t, heads · d)"""
    *leading, heads, t, d = a.shape
    return np.reshape(np.swapaxes(a, -2, -3), (*leading, t, heads * d))


def _samples(leading, *arrays):
    """Arrays (…, t, d), whose leading axes broadcast, as (n, t, d)."""
    n = math.prod(leading)
    return [
        np.broadcast_to(a, (*leading, *a.shape[-2:])).reshape(n, *a.shape[-2:]) for a in arrays
    ]


# -- a softmax of what is not hidden --------------------------------------------------------------


@op(name="masked_softmax", formula="softmax(x + hidden)")
def _masked_softmax(x, hidden):
    return _softmax(x.copy(), hidden, np.empty_like(x))


@_masked_softmax.wrt("x")
def _(g, out):
    return out * (g - np.vecdot(g, out)[..., np.newaxis])


def _softmax(x, hidden, out):
    """Over the last axis, with `hidden` (0, or −∞) added, into `out`; 0 in rows that are hidden.

    One maximum for all rows is enough, and a third of the time of a maximum for each, unless some
    rows are so far below the others that all of their exponentials are lost.
    """
    if hidden is not None:
        x += hidden
    np.exp(np.subtract(x, x.max(initial=np.finfo(x.dtype).min), out=out), out=out)
    total = sum_of_each_row(out)
    if total.min(initial=1) < _lost(x.dtype):
        highest = np.maximum(x.max(axis=-1, keepdims=True), np.finfo(x.dtype).min)
        np.exp(np.subtract(x, highest, out=out), out=out)
        total = np.maximum(sum_of_each_row(out), _lost(x.dtype))
    out /= total
    return out


@functools.cache
def _lost(dtype):
    """Numbers below this have no full precision when multiplied by the smallest that matters."""
    return dtype.type(np.finfo(dtype).tiny / np.finfo(dtype).eps)


# -- who may look where ---------------------------------------------------------------------------


def _hidden(mask, causal, t, s, q_shape, k_shape, dtype):
    """What is added to the scores (…, heads, t, s): −∞ where a query may not look, else 0."""
    if causal and t != s:
        raise ValueError(
            f"attention: causal=True is for a sequence that looks at itself, not for {t} queries "
            f"and {s} keys. If the queries are the last of the keys: mask=np.tri({t}, {s}, "
            f"{s - t}, dtype=bool)."
        )
    if mask is None:
        return _causal(t, dtype) if causal else None
    mask = np.asarray(getattr(mask, "array", mask))
    if mask.dtype != bool:
        raise TypeError(
            f"attention: the mask is {mask.dtype}; it says True where a query may look at a key. "
            "Write mask.astype(bool) if 1 means this, mask == 0 if numbers are added to the scores "
            "or mark what is hidden."
        )
    scores = (*np.broadcast_shapes(q_shape[:-2], k_shape[:-2]), t, s)
    try:
        np.broadcast_to(mask, scores)
    except ValueError:
        cure = ""
        if mask.shape == (*scores[:-2], s):
            cure = f" Write mask[..., None, :], which says for each of the {s} keys whether it is."
        raise ValueError(
            f"attention: a mask of shape {mask.shape} does not say for {scores} (…, query, key) "
            f"who may look where.{cure}"
        ) from None
    if mask.ndim > 2:
        mask = mask[..., np.newaxis, :, :]  # the same for all heads
    hidden = np.where(mask, dtype.type(0), dtype.type(-np.inf))
    return hidden + _causal(t, dtype) if causal else hidden


@functools.lru_cache(maxsize=16)
def _causal(t, dtype):
    return np.where(np.tri(t, dtype=bool), dtype.type(0), dtype.type(-np.inf))


def _sequence(a):
    a = a if isinstance(a, Tensor) else np.asarray(a)
    return a if a.dtype.kind == "f" else a.astype(float)


def _require_fitting(q, k, v, heads):
    asked = f"attention of q {q}, k {k} and v {v}"
    if min(len(q), len(k), len(v)) < 2:
        raise ValueError(f"{asked}: each needs two axes, (…, position, feature).")
    if q[-1] != k[-1]:
        raise ValueError(f"{asked}: queries have {q[-1]} features, but keys {k[-1]}.")
    if k[-2] != v[-2]:
        raise ValueError(f"{asked}: {k[-2]} keys, but {v[-2]} values. Each key has its value.")
    if heads < 1 or q[-1] % heads or v[-1] % heads:
        raise ValueError(f"{asked}: features do not split into {heads} equal heads.")
    try:
        np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
    except ValueError:
        raise ValueError(f"{asked}: the leading axes do not broadcast.") from None
    return q[-2], k[-2]


# -- where in the sequence ------------------------------------------------------------------------


def sinusoidal_positions(length: int, units: int, dtype: Any = np.float32) -> Any:
    """Places in a sequence as waves: sin and cos of p / 10000^(2i / units), side by side.

    Shapes: -> (length, units), row p for place p. Added to embeddings, they tell a transformer,
    which sees a set, the order; nothing is learned, and places beyond those seen exist too.

    >>> sinusoidal_positions(2, 4).round(4)
    array([[0.    , 1.    , 0.    , 1.    ],
           [0.8415, 0.5403, 0.01  , 1.    ]], dtype=float32)

    Source: A. Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.5.
    """
    wave = np.arange(units) // 2 * 2 / units
    angle = np.arange(length)[:, np.newaxis] / 10000.0**wave
    return np.where(np.arange(units) % 2 == 0, np.sin(angle), np.cos(angle)).astype(dtype)
