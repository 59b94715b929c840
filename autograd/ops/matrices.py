"""What the rooms of linear algebra share: matrices to test on, and errors that teach."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import unwrap

__all__ = ()


def well_conditioned(a: Any) -> Any:
    """Of full rank, and not symmetric, for values between −1 and 1."""
    sizes = a.shape[-2:]
    return a + np.tri(*sizes) + 2 * max(sizes) * np.eye(*sizes)


def symmetric(a: Any) -> Any:
    return (a + a.mT) / 2


def teaching(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's error with the shape, the reason and the way out."""

    @functools.wraps(function)
    def call(a: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return function(a, *args, **kwargs)
        except ValueError as error:  # a LinAlgError is one
            arrays = map(np.asarray, unwrap((a, *args[:1])))
            reason = _why_not(*arrays, said=str(error))
            raise type(error)(f"{function.__name__.removeprefix('_')}: {reason}") from None

    return call


def _why_not(a: Any, b: Any = None, *, said: str) -> str:
    if a.ndim < 2:
        return f"a matrix is needed (or a stack of them), not shape {a.shape}."
    if "square" in said:
        return (
            f"matrices of shape {a.shape[-2:]} are not square. The nearest to an inverse that they "
            "have is np.linalg.pinv(a); np.linalg.lstsq(a, b) and np.linalg.svd(a) take any shape."
        )
    if "Singular" in said:
        return (
            f"a of shape {a.shape} holds a singular matrix: its rows depend on each other. Add a "
            "little to its diagonal, a + 1e-6 * np.eye(n), or take np.linalg.lstsq or pinv."
        )
    if "positive definite" in said:
        lowest = np.linalg.eigvalsh(a).min()
        return (
            f"a of shape {a.shape} is not positive definite: its smallest eigenvalue is "
            f"{lowest:.3g}. Add more than that to its diagonal, a + s * np.eye(n)."
        )
    if b is not None and b.ndim and ("mismatch" in said or "Incompatible" in said):
        rows = b.shape[-2] if b.ndim > 1 else b.shape[-1]
        return f"a of shape {a.shape} has {a.shape[-2]} rows, b of shape {b.shape} has {rows}."
    return said
