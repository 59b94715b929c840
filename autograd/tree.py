"""Nested dicts, lists and tuples of arrays: a model's parameters as one argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .tensor import Tensor


def leaves(tree: Any) -> list[Any]:
    """The arrays of a tree, in order: dicts by insertion, lists and tuples by position.

    >>> leaves({"w": [1.0, 2.0], "b": (3.0,)})
    [1.0, 2.0, 3.0]
    """
    found: list[Any] = []
    rebuild(tree, lambda leaf: found.append(leaf))
    return found


def rebuild(tree: Any, function: Callable[[Any], Any]) -> Any:
    """The same tree with `function` of each array in its place.

    >>> rebuild({"w": [1.0, 2.0]}, lambda x: x + 1)
    {'w': [2.0, 3.0]}
    """
    if isinstance(tree, dict):
        return {key: rebuild(branch, function) for key, branch in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(rebuild(branch, function) for branch in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(rebuild(branch, function) for branch in tree)
    return function(tree)


def filled(tree: Any, values: Iterator[Any]) -> Any:
    """The same tree with its arrays replaced, in order, by `values`."""
    return rebuild(tree, lambda _: next(values))


def flatten(tree: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All arrays of a tree as one vector, and the function that makes a tree of a vector again.

    Both are recorded on Tensors, so an optimizer on vectors (`scipy.optimize.minimize`) can train
    any model.

    Examples
    --------
    >>> import numpy as np
    >>> vector, unflatten = flatten({"w": np.ones((2, 2)), "b": np.zeros(2)})
    >>> vector
    array([1., 1., 1., 1., 0., 0.])
    >>> unflatten(np.arange(6.0))["b"]
    array([4., 5.])
    """
    arrays = [leaf if isinstance(leaf, Tensor) else np.asarray(leaf) for leaf in leaves(tree)]
    shapes = [array.shape for array in arrays]
    dtypes = [array.dtype for array in arrays]
    starts = np.cumsum([0, *(math.prod(shape) for shape in shapes)]).tolist()
    vector = np.concatenate([array.reshape(-1) for array in arrays]) if arrays else np.zeros(0)

    def unflatten(vector: Any) -> Any:
        vector = vector if isinstance(vector, Tensor) else np.asarray(vector)
        if vector.shape != (starts[-1],):
            raise ValueError(
                f"unflatten needs a vector of {starts[-1]} elements, not shape {vector.shape}."
            )
        parts = [
            vector[start:end].reshape(shape).astype(dtype)
            for start, end, shape, dtype in zip(starts, starts[1:], shapes, dtypes, strict=False)
        ]
        return filled(tree, iter(parts))

    return vector, unflatten
