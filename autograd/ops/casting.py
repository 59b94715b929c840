"""The same values in new memory, or in another floating-point dtype."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import composite
from ..declare import op as _op
from ..op import A, Sample
from ..tensor import result

__all__ = ("astype", "cast", "copy")

op = partial(_op, register=True)


@op(samples=[Sample(A(2, 3), np.float64)], formula="a")
def cast(a, dtype, order="K", casting="unsafe"):
    """A copy of a in a floating-point dtype: ndarray.astype. The gradient is cast back.

    >>> import autograd as ag
    >>> x = ag.Tensor([1.5], requires_grad=True)
    >>> ag.cast(x, "float32").backward()
    >>> x.grad.dtype
    dtype('float64')
    """
    return a.astype(dtype, order=order, casting=casting)


@cast.wrt("a")
def _(g):
    return g  # the engine casts it to the input's dtype


def astype(x, dtype, /, *, copy=True, device=None):
    """The array in another dtype. To integers or booleans no gradient flows.

    >>> import autograd as ag
    >>> ag.astype(ag.Tensor([1.5, 2.5], requires_grad=True), "float32")
    Tensor([1.5, 2.5], dtype=float32, requires_grad=True, op=cast)
    """
    dtype = np.dtype(dtype)
    if dtype == x.dtype and not copy:
        return x
    if dtype.kind in "fc":  # complex numbers are refused there, if a gradient is wanted
        return cast(x, dtype)
    return result(x.array.astype(dtype))


if hasattr(np, "astype"):  # NumPy ≥ 2.1
    astype = composite(claims=np.astype)(astype)


@composite(claims=np.copy)
def copy(a, order="K", subok=False):
    """The same values in new memory; gradients flow back to a.

    >>> import autograd as ag
    >>> ag.grad(ag.copy)(3.0)
    np.float64(1.0)
    """
    return cast(a, a.dtype, order=order)
