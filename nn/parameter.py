"""Parameters: what is learned. Lazy ones wait for the size of the first input."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor

from .init import Array, Initialiser
from .random import Rng


def Parameter(data: Any, name: str | None = None, dtype: Any = None) -> Tensor:
    """A Tensor that requires a gradient. A Module finds it as soon as it is an attribute.

    Raises TypeError for integers: write 1.0, or pass dtype.

    >>> Parameter([0.1, 0.2], name="bias")
    Tensor([0.1, 0.2], requires_grad=True, name='bias')
    """
    return Tensor(data, requires_grad=True, dtype=dtype, name=name)


class LazyParameter:
    """A parameter with a hole in its shape: an attribute that the layer's first input makes whole.

    >>> from nn.init import zeros
    >>> weight = LazyParameter((None, 3), zeros, "weight")
    >>> weight.build(2).shape
    (2, 3)
    """

    def __init__(
        self,
        shape: tuple[int | None, ...],
        init: Initialiser,
        name: str,
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        self.shape = shape
        self.init = init
        self.name = name
        self.dtype = np.dtype(dtype)
        self.rng = rng

    def __repr__(self) -> str:
        return f"LazyParameter({self.name}, shape={spelt(self.shape)})"

    def build(self, *sizes: int) -> Tensor:
        """The parameter, with these sizes in the holes, and initial values.

        Raises ValueError if the initialiser gives an array of another shape.
        """
        size = iter(sizes)
        shape = tuple(next(size) if n is None else n for n in self.shape)
        values = self.init(shape, rng=self.rng, dtype=self.dtype)
        if np.shape(values) != shape:
            name = getattr(self.init, "__name__", repr(self.init))
            raise ValueError(
                f"{self.name}: its shape is {shape}, but the initialiser {name} gave an array of "
                f"shape {np.shape(values)}."
            )
        return self.holding(values)

    def holding(self, values: Array) -> Tensor:
        """The parameter, with these values."""
        return Parameter(values, self.name, self.dtype)


Shape = tuple[int | None, ...]


def fits(shape: Shape, other: tuple[int, ...]) -> bool:
    """Whether a shape, perhaps with holes, can be the other one.

    >>> fits((None, 3), (2, 3)), fits((4, 3), (2, 3))
    (True, False)
    """
    return len(shape) == len(other) and all(
        n is None or n == m for n, m in zip(shape, other, strict=True)
    )


def spelt(shape: Shape) -> str:
    """The shape as text, with `?` for a hole.

    >>> spelt((None, 3))
    '(?, 3)'
    """
    return str(tuple(-1 if n is None else n for n in shape)).replace("-1", "?")
