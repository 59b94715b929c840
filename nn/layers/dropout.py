"""Dropout: a network that cannot rely on any one of its units."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor

from ..module import Module
from ..random import Rng, generator


class Dropout(Module):
    """In training, each element becomes 0 with probability `rate`, and the others grow by
    1 / (1 − rate), so that the mean stays; in evaluation, all pass.

    Raises ValueError for a rate outside 0 ≤ rate < 1.

    >>> import numpy as np, nn
    >>> layer = nn.Dropout(0.5, rng=0)
    >>> layer(np.ones(6))
    array([2., 2., 2., 0., 0., 0.])
    >>> layer.eval()(np.ones(6))
    array([1., 1., 1., 1., 1., 1.])

    Source: N. Srivastava et al., "Dropout", JMLR 15 (2014) 1929, section 10 (scaled in training).
    """

    def __init__(self, rate: float = 0.5, rng: Rng = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate is {rate}, the share that is dropped: 0 ≤ rate < 1.")
        self.rate = rate
        self.rng = np.random.default_rng(rng) if isinstance(rng, int) else rng

    def forward(self, x: Any) -> Any:
        if not self.training or not self.rate:
            return x
        x = x if isinstance(x, Tensor) else np.asarray(x, float)
        kept = generator(self.rng).random(x.shape, np.float32) >= self.rate
        return x * (kept.astype(x.dtype) / (1 - self.rate))

    def describe(self) -> str:
        return f"{self.rate}"
