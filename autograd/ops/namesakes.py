"""Functions that np.linalg has under the names of others of NumPy's, for fewer cases."""

from __future__ import annotations

import numpy as np

from ..declare import composite

__all__ = ()


@composite(claims=np.linalg.outer)
def outer(x1, x2, /):
    """The products of all pairs of elements of two vectors."""
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"outer: vectors are needed, not {np.shape(x1)} and {np.shape(x2)}.")
    return np.outer(x1, x2)


@composite(claims=np.linalg.cross)
def cross(x1, x2, /, *, axis=-1):
    """The vector product of vectors of length 3."""
    return np.cross(x1, x2, axis=axis)
