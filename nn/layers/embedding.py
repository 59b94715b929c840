"""The embedding layer: words become rows of numbers, alike for words that are used alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor

from .. import init as initialisers
from ..functional import embedding
from ..functional.windows import each
from ..module import Module
from ..parameter import Parameter
from ..random import Rng
from .dense import Init


class Embedding(Module):
    """A row of `units` numbers for each of `vocabulary` words, which are numbered from 0.

    Shapes: (…)->(…,units), of integers; weight (vocabulary, units).

    Parameters
    ----------
    vocabulary, units : int
    init : str, float or callable
        How the weight begins; see `nn.init`. A number is the standard deviation of a normal
        distribution.
    dtype : dtype
    rng : int or Generator, optional
        Where the initial weights come from, unless from what `nn.seed` sets.

    Raises TypeError for inputs that are not integers, IndexError for those that are not from 0 to
    vocabulary − 1.

    >>> import numpy as np, nn
    >>> layer = nn.Embedding(65, 128)
    >>> layer
    Embedding(65 -> 128)
    >>> layer(np.array([[0, 64, 7]])).shape
    (1, 3, 128)

    Source: Y. Bengio et al., "A Neural Probabilistic Language Model", JMLR 3 (2003) 1137.
    """

    weight: Tensor

    def __init__(
        self,
        vocabulary: int,
        units: int,
        init: Init = 1.0,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        shape = tuple(
            each("Embedding", word, number, 1)[0]
            for word, number in (("vocabulary", vocabulary), ("units", units))
        )
        self.weight = Parameter(initialisers.get(init)(shape, rng=rng, dtype=dtype), "weight")

    def forward(self, x: Any) -> Any:
        return embedding(x, self.weight)

    def describe(self) -> str:
        words, units = self.weight.shape
        return f"{words} -> {units}"
