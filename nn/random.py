"""One source of everything random here: initial weights, shuffling, dropout, augmentation."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

Rng: TypeAlias = "int | np.random.Generator | None"  # in quotes: NumPy loads np.random when asked
"""A seed, a Generator, or None for the one that `nn.seed` sets."""


@functools.cache
def _source() -> np.random.Generator:
    return np.random.default_rng()


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
    _source().bit_generator.state = np.random.default_rng(n).bit_generator.state


def generator(rng: Rng = None) -> np.random.Generator:
    """The Generator that `rng` stands for.

    >>> generator(0).integers(10, size=3)
    array([8, 6, 5])
    """
    return _source() if rng is None else np.random.default_rng(rng)


class Chance:
    """Several Generators by name, whose states are taken and given back together."""

    def __init__(self, generators: Mapping[str, np.random.Generator]) -> None:
        self.generators = {"nn.random": _source(), **generators}

    def state_dict(self) -> dict[str, Any]:
        """Where each Generator is."""
        return {name: g.bit_generator.state for name, g in self.generators.items()}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Brings each to where it was.

        Raises ValueError, before anything changes, if the Generators are others than then.
        """
        kinds = {name: type(g.bit_generator).__name__ for name, g in self.generators.items()}
        saved_kinds = {name: state["bit_generator"] for name, state in saved.items()}
        if kinds != saved_kinds:
            raise ValueError(
                f"random Generators were {_spelt(saved_kinds)}; here they are {_spelt(kinds)}. "
                "Give rng= to the same places as then."
            )
        for name, state in saved.items():  # a state that is damaged is found on a twin
            type(self.generators[name].bit_generator)().state = state
        for name, state in saved.items():
            self.generators[name].bit_generator.state = state


def _spelt(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())
