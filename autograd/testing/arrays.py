"""Strategies for arrays: small, of readable numbers, inside a domain and away from kinks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import reject

from ..graph import Array
from ..tensor import Tensor

GRID = 64
"""Values are multiples of 1/64: exact in binary, short to read."""

Domain = tuple[float, float]
Shape = tuple[int, ...]
Strategy = Any
"""A hypothesis strategy (`SearchStrategy`), which the type checker does not know here."""


class Inputs(tuple[Any, ...]):
    """Several arrays from one strategy: a function under test gets them one by one."""


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> Strategy:
    """Shapes of arrays. Shrinks to () or the fewest axes of the shortest length.

    >>> from hypothesis import find
    >>> find(shapes(min_dims=2), lambda shape: True)
    (1, 1)
    """
    return hnp.array_shapes(
        min_dims=max(min_dims, 1), max_dims=max_dims, min_side=min_side, max_side=max_side
    ) | (st.just(()) if min_dims == 0 else st.nothing())


def dtypes() -> Strategy:
    """The floating-point dtypes that a gradient is computed in: float64 (simplest) and float32.

    >>> from hypothesis import find
    >>> find(dtypes(), lambda dtype: True)
    dtype('float64')
    """
    return st.sampled_from([np.dtype(np.float64), np.dtype(np.float32)])


def arrays_away_from(
    kinks: Callable[[Array], Any] | Iterable[float],
    *,
    shape: Shape | Strategy = None,
    domain: Domain = (-3.0, 3.0),
    dtype: Any = np.float64,
    margin: float = 1 / 16,
) -> Strategy:
    """Arrays whose values keep a distance from points without a derivative.

    Parameters
    ----------
    kinks : numbers, or callable
        The values to keep away from; or a function of the array that is 0 at a kink.
    shape : tuple of int or strategy, optional
        `shapes()` if not given.
    domain : (float, float)
        The smallest and the largest value.
    margin : float
        The distance to keep: of the values to the numbers, or of the function's result to 0.

    >>> from hypothesis import find
    >>> find(arrays_away_from([0.0], shape=(2,)), lambda x: True)
    array([0.0625, 0.0625])
    """
    if not callable(kinks):
        points = list(kinks)
        return _arrays(shape, domain, dtype, lambda x: all(abs(x - k) >= margin for k in points))
    distance = kinks

    def away(x: Array) -> Array:
        rng = np.random.default_rng(0)
        for _ in range(ATTEMPTS):
            if np.all(np.abs(np.asarray(distance(x))) >= margin):
                return x
            x = shaken(x, domain, rng)
        return reject()

    return _arrays(shape, domain, dtype).map(away)


def tensors(
    *,
    shape: Shape | Strategy = None,
    domain: Domain = (-3.0, 3.0),
    dtype: Any = np.float64,
    kinks: Callable[[Array], Any] | Iterable[float] = (),
    requires_grad: bool = True,
) -> Strategy:
    """Tensors, by default ones that require a gradient. Parameters as of `arrays_away_from`.

    >>> from hypothesis import find
    >>> find(tensors(shape=(2,)), lambda x: True)
    Tensor([0., 0.], requires_grad=True)
    """
    arrays = arrays_away_from(kinks, shape=shape, domain=domain, dtype=dtype)
    return arrays.map(lambda x: Tensor(x, requires_grad=requires_grad))


def broadcastable(
    n: int,
    *,
    max_dims: int = 3,
    max_side: int = 3,
    domain: Domain = (-3.0, 3.0),
    dtype: Any = np.float64,
) -> Strategy:
    """n arrays whose shapes broadcast against each other.

    >>> from hypothesis import find
    >>> find(broadcastable(2), lambda xy: xy[1].ndim == 2)
    (array(0.), array([[0.]]))
    """
    groups = hnp.mutually_broadcastable_shapes(num_shapes=n, max_dims=max_dims, max_side=max_side)
    return _groups(groups, domain, dtype)


def signature(
    text: str,
    *,
    max_dims: int = 1,
    max_side: int = 3,
    domain: Domain = (-3.0, 3.0),
    dtype: Any = np.float64,
) -> Strategy:
    """Arrays that fit NumPy's gufunc notation, with up to `max_dims` leading axes that broadcast.

    >>> from hypothesis import find
    >>> [x.shape for x in find(signature("(m,n),(n,p)->(m,p)"), lambda xy: True)]
    [(1, 1), (1, 1)]
    """
    groups = hnp.mutually_broadcastable_shapes(signature=text, max_dims=max_dims, max_side=max_side)
    return _groups(groups, domain, dtype)


def _groups(groups: Strategy, domain: Domain, dtype: Any) -> Strategy:
    return groups.flatmap(
        lambda found: st.tuples(*(_arrays(shape, domain, dtype) for shape in found.input_shapes))
    ).map(Inputs)


def _arrays(
    shape: Shape | Strategy,
    domain: Domain,
    dtype: Any,
    keep: Callable[[float], bool] | None = None,
) -> Strategy:
    low, high = domain
    numbers = st.integers(math.ceil(low * GRID), math.floor(high * GRID)).map(lambda k: k / GRID)
    if keep is not None:
        numbers = numbers.filter(keep)
    return hnp.arrays(
        dtype if isinstance(dtype, st.SearchStrategy) else np.dtype(dtype),
        shapes() if shape is None else shape,
        elements=numbers,
    )


ATTEMPTS = 30  # at values away from kinks, beginning with what was drawn


def shaken(x: Array, domain: Domain, rng: np.random.Generator) -> Array:
    """The array, moved at random within its domain: cheaper than drawing another one."""
    low, high = domain
    moved = x + (high - low) / 8 * rng.uniform(-1, 1, x.shape)
    return np.asarray(np.clip(np.round(moved * GRID) / GRID, low, high), dtype=x.dtype)
