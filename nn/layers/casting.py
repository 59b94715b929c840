"""Inputs in a layer's dtype."""

from __future__ import annotations

from typing import Any


def cast(layer: Any, x: Any, dtype: Any) -> Any:
    """x, an array or Tensor, in this dtype.

    Raises TypeError for complex numbers, whose imaginary part would be lost.
    """
    if x.dtype == dtype:
        return x
    if x.dtype.kind == "c":
        raise TypeError(
            f"{layer!r} takes real numbers; the input is {x.dtype}, of shape {x.shape}. Give its "
            "real and imaginary part as two arrays, x.real and x.imag: side by side, say, by "
            "np.concatenate."
        )
    return x.astype(dtype)
