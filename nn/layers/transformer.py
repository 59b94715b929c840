"""The transformer's block: look around, then think; each adds to what is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..module import Module
from ..random import Rng
from .attention import MultiHeadAttention
from .dense import Dense, Init
from .dropout import Dropout
from .normalization import LayerNorm


class TransformerBlock(Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)): one layer of a transformer.

    Shapes: (…, t, units) -> (…, t, units).

    Each part sees a normalized x and adds to x itself (pre-norm), so gradients have a way past all
    blocks. After the last block, a model normalizes once more.

    Parameters
    ----------
    units : int
        The size of each position's vector, at the input and the output.
    heads : int
        How many parts the attention is split into.
    hidden : int, optional
        The size of the feed-forward network's middle; 4 · units if not given.
    causal : bool
        Whether each position sees only what comes before it, as where texts are continued.
    activation : str or callable
    dropout : float
        The share of each part's output that is dropped in training.
    init, dtype, rng
        Of the layers inside.

    Raises ValueError for shapes that do not fit. A mask is that of `MultiHeadAttention`.

    >>> import numpy as np, nn
    >>> model = nn.Sequential(
    ...     nn.Embedding(65, 32),
    ...     nn.PositionalEmbedding(16),
    ...     nn.TransformerBlock(32, heads=4, causal=True),
    ...     nn.TransformerBlock(32, heads=4, causal=True),
    ...     nn.LayerNorm(),
    ...     nn.Dense(65),
    ... )
    >>> model(np.zeros((8, 16), int)).shape
    (8, 16, 65)

    Source: A. Vaswani et al., "Attention Is All You Need", NIPS 2017; pre-norm: R. Xiong et al.,
    "On Layer Normalization in the Transformer Architecture", ICML 2020.
    """

    def __init__(
        self,
        units: int,
        heads: int,
        hidden: int | None = None,
        causal: bool = False,
        activation: str | Callable[..., Any] = "gelu",
        dropout: float = 0.0,
        init: Init = "xavier_uniform",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        rng = np.random.default_rng(rng) if isinstance(rng, int) else rng
        common: dict[str, Any] = dict(init=init, dtype=dtype, rng=rng)
        hidden = 4 * units if hidden is None else hidden
        self.norm_1 = LayerNorm(units, dtype=dtype)
        self.attention = MultiHeadAttention(units, heads, causal, in_features=units, **common)
        self.norm_2 = LayerNorm(units, dtype=dtype)
        self.expand = Dense(hidden, activation, in_features=units, **common)
        self.contract = Dense(units, in_features=hidden, **common)
        self.dropout = Dropout(dropout, rng=rng)

    def forward(self, x: Any, mask: Any = None) -> Any:
        x = x + self.dropout(self.attention(self.norm_1(x), mask=mask))
        return x + self.dropout(self.contract(self.expand(self.norm_2(x))))
