"""Attention as a layer, and what tells it where in the sequence it is."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor

from .. import init as initialisers
from ..functional import attention
from ..module import Module
from ..parameter import LazyParameter
from ..random import Rng
from .casting import cast
from .dense import Dense, Init


class MultiHeadAttention(Module):
    """Every position asks all others, in several heads at once: out(attention(query, key, value)).

    Shapes: x (…, t, in) -> (…, t, units). With `context` (…, s, in), positions of x ask those of
    the context (cross-attention) instead of one another.

    Parameters
    ----------
    units : int
        The size of the output, and of queries, keys and values of all heads together.
    heads : int
        How many parts these are split into, each of which attends for itself.
    causal : bool
        Whether each position sees itself and what comes before it only.
    in_features : int, optional
        Found at the first call if not given; a context may have another size.
    bias, init, dtype, rng
        Of the four Dense layers inside: `query`, `key`, `value` and `out`.

    Raises ValueError for shapes that do not fit.

    >>> import numpy as np, nn
    >>> layer = nn.MultiHeadAttention(8, heads=2, causal=True)
    >>> x = np.ones((3, 5, 8))
    >>> layer(x).shape
    (3, 5, 8)

    A mask says True where a position may look; padding at the end of a sequence is hidden so:

    >>> lengths = np.array([5, 2, 3])
    >>> known = np.arange(5) < lengths[:, None]
    >>> layer(x, mask=known[:, None, :]).shape
    (3, 5, 8)

    Source: A. Vaswani et al., "Attention Is All You Need", NIPS 2017, section 3.2.2.
    """

    def __init__(
        self,
        units: int,
        heads: int,
        causal: bool = False,
        in_features: int | None = None,
        bias: bool = True,
        init: Init = "xavier_uniform",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        if not isinstance(heads, (int, np.integer)) or heads < 1 or units % heads:
            raise ValueError(
                f"MultiHeadAttention: {units} units do not split into {heads} equal heads."
            )
        rng = np.random.default_rng(rng) if isinstance(rng, int) else rng
        common: dict[str, Any] = dict(bias=bias, init=init, dtype=dtype, rng=rng)
        self.heads = heads
        self.causal = causal
        self.query = Dense(units, in_features=in_features, **common)
        self.key = Dense(units, in_features=in_features, **common)
        self.value = Dense(units, in_features=in_features, **common)
        self.out = Dense(units, in_features=units, **common)

    def forward(self, x: Any, context: Any = None, mask: Any = None) -> Any:
        context = x if context is None else context
        q, k, v = self.query(x), self.key(context), self.value(context)
        return self.out(attention(q, k, v, mask, self.causal, self.heads))

    def describe(self) -> str:
        return f"heads={self.heads}" + (", causal" if self.causal else "")


class PositionalEmbedding(Module):
    """x + a learned vector for each place in the sequence.

    Shapes: (…, t, units) -> (…, t, units), for t up to `length`; weight (length, units). The size
    is found at the first call. `nn.sinusoidal_positions` are places that need no learning.

    Raises ValueError for longer sequences.

    >>> import numpy as np, nn
    >>> layer = nn.PositionalEmbedding(64)
    >>> layer(np.zeros((3, 10, 8))).shape
    (3, 10, 8)
    >>> layer
    PositionalEmbedding(64, 8)

    Source: J. Gehring et al., "Convolutional Sequence to Sequence Learning", ICML 2017.
    """

    weight: Tensor | LazyParameter

    def __init__(
        self,
        length: int,
        units: int | None = None,
        init: Init = 0.02,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        weight = LazyParameter((length, None), initialisers.get(init), "weight", dtype, rng)
        self.weight = weight if units is None else weight.build(units)

    def forward(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else np.asarray(x)
        if x.ndim < 2:
            raise ValueError(f"{self!r} takes (…, position, feature), not {x.shape}.")
        x = cast(self, x, self.weight.dtype)
        time, units = x.shape[-2:]
        if isinstance(self.weight, LazyParameter):
            self.weight = self.weight.build(units)
        length, size = self.weight.shape
        if units != size or time > length:
            raise ValueError(
                f"{self!r} knows {length} places of {size} features; the input has shape "
                f"{x.shape}. Make it with a length of {max(time, length)} and {units} units."
            )
        return x + (self.weight if time == length else self.weight[:time])

    def describe(self) -> str:
        length, units = self.weight.shape
        return f"{length}, {'?' if units is None else units}"
