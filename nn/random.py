"""One source of everything random here: initial weights, shuffling, dropout."""

from __future__ import annotations

import numpy as np

Rng = int | np.random.Generator | None
"""A seed, a Generator, or None for the one that `nn.seed` sets."""

_source = np.random.default_rng()


def seed(n: int) -> None:
    """Starts everything random anew: the same seed, the same weights, the same training.

    Whoever was given a seed or a Generator of his own (`rng=`) is left alone.

    >>> import numpy as np, nn
    >>> nn.seed(0)
    >>> first = nn.init.normal((2, 3))
    >>> nn.seed(0)
    >>> np.array_equal(first, nn.init.normal((2, 3)))
    True
    """
    _source.bit_generator.state = np.random.default_rng(n).bit_generator.state


def generator(rng: Rng = None) -> np.random.Generator:
    """The Generator that `rng` stands for.

    >>> generator(0).integers(10, size=3)
    array([8, 6, 5])
    """
    return _source if rng is None else np.random.default_rng(rng)
