"""Embedding: a row of numbers for each word, looked up in a table that is learned."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd import Tensor, op, scatter

__all__ = ["embedding"]


def embedding(x: Any, weight: Any) -> Any:
    """The rows of the table that x names: weight[x].

    The same as one-hot vectors times the weight, without the many products with 0. Going back, a
    row gets the sum of the gradients from all places where it was looked up.

    Shapes: (…),(v,m)->(…,m), with integers from 0 to v − 1 in x.

    Raises TypeError if x is not made of integers, IndexError for those that are not in the table
    (negative ones, too).

    >>> embedding([2, 0, 2], np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]]))
    array([[2. , 2.1],
           [0. , 0.1],
           [2. , 2.1]])

    Source: Y. Bengio et al., "A Neural Probabilistic Language Model", JMLR 3 (2003) 1137.
    """
    x = np.asarray(x.array if isinstance(x, Tensor) else x)
    rows, _ = np.shape(weight)
    if x.dtype.kind not in "iu":
        raise TypeError(
            f"embedding: x names rows of the table by integers; it is {x.dtype}. If whole numbers "
            "are in it, write x.astype(int)."
        )
    if x.size and (x.min() < 0 or x.max() >= rows):
        wrong = x.min() if x.min() < 0 else x.max()
        raise IndexError(
            f"embedding: {wrong} is in x, but the table has the rows 0 to {rows - 1}."
            + (f" Make the table larger: {wrong + 1} rows at least." if wrong > 0 else "")
        )
    return _rows(weight, x)


@op(name="embedding", formula="weight[x]")
def _rows(weight, x):
    return np.asarray(weight)[x]


@_rows.wrt("weight")
def _(g, weight_shape, x):
    return scatter(g, x, weight_shape)
