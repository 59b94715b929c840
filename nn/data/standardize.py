"""Standardisation: columns of mean 0 and standard deviation 1, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Standardize:
    """z = (x − mean) / std, with the mean and the deviation of the data it was made from.

    Learn them from the training data, and treat all data alike. Making it *is* fitting it, so there
    is none that is not fitted yet. A column that is constant has std = 1, and becomes 0.

    Parameters
    ----------
    x : array_like, (n, …)
        The training data.
    axis : int or tuple
        What is averaged over. 0: each feature for itself; (0, 2, 3): each channel of images (n,
        channels, h, w); None: one mean for all.

    Attributes
    ----------
    mean, std : ndarray
        Of the shape of x with 1 at `axis`; float64, whatever the data are.

    Raises ValueError for data without a sample, or that are not finite.

    >>> x_train, x_test = np.array([[1.0, 7.0], [3.0, 7.0]]), np.array([[4.0, 7.0]])
    >>> scale = Standardize(x_train)
    >>> scale(x_train)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> scale(x_test)
    array([[2., 0.]])
    >>> scale.inverse(scale(x_test))
    array([[4., 7.]])

    Source: Y. LeCun et al., "Efficient BackProp", 1998, section 4.3.
    """

    def __init__(self, x: ArrayLike, axis: int | tuple[int, ...] | None = 0) -> None:
        data = np.asarray(x, dtype=float)
        if not data.size:
            raise ValueError(f"Standardize: x has shape {data.shape}: no sample to learn from.")
        if not np.isfinite(data).all():
            raise ValueError(
                f"Standardize: {np.sum(~np.isfinite(data)):,} of {data.size:,} numbers are not "
                "finite, so the mean would not be. Fill them in first, or leave their rows out."
            )
        # From the lowest value up, so that a constant's mean is that constant to the last bit; and
        # in units of the widest distance, so that no square overflows or vanishes.
        low = data.min(axis=axis, keepdims=True)
        self.mean = low + (data - low).mean(axis=axis, keepdims=True)
        away = data - self.mean
        widest = np.abs(away).max(axis=axis, keepdims=True)
        widest = np.where(widest > 0, widest, 1)
        std = widest * np.sqrt(np.square(away / widest).mean(axis=axis, keepdims=True))
        self.std = np.where(std > 0, std, 1)

    def __call__(self, x: Any) -> Any:
        """(x − mean) / std. Floats keep their dtype, whole numbers become float32."""
        x, mean, std = self._alike(x)
        return (x - mean) / std

    def inverse(self, z: Any) -> Any:
        """z · std + mean: back to where it came from."""
        z, mean, std = self._alike(z)
        return z * std + mean

    def _alike(self, x: Any) -> tuple[Any, NDArray[Any], NDArray[Any]]:
        """x, mean and std in the dtype of the result."""
        x = x if hasattr(x, "dtype") else np.asarray(x, dtype=float)
        kept = x.dtype.kind == "f"
        dtype = x.dtype if kept else np.dtype(np.float32)
        seen = self.mean.shape
        if x.ndim != len(seen) or any(m not in (1, size) for m, size in zip(seen, x.shape)):
            raise ValueError(
                f"Standardize has statistics of shape {seen} from the data it was made from; data "
                f"of shape {x.shape} have other features. A single sample goes in as x[np.newaxis]."
            )
        return x if kept else x.astype(dtype), self.mean.astype(dtype), self.std.astype(dtype)

    def __repr__(self) -> str:
        return f"<Standardize: statistics of shape {self.mean.shape}>"
