"""`np.add.reduce`, `np.multiply.outer`, …: the methods of ufuncs, by other names.

NumPy hands `ufunc.method(tensor)` to the protocol as a function of its own, and so it is claimed
as one: `claims[np.add.reduce]`.
"""

from __future__ import annotations

import numpy as np

from ..declare import claim, constant, constants, refuse
from ..tensor import claims

__all__ = ()

METHODS = ("reduce", "accumulate", "outer", "reduceat", "at")


def methods_of(ufunc):
    """The names of those methods that a ufunc of so many inputs and outputs really has."""
    if ufunc.signature is not None or ufunc.nout != 1:
        return ()
    return {1: ("at",), 2: METHODS}.get(ufunc.nin, ())


def _with_first_axis(ours):
    """A reduction with the defaults of ufunc.reduce: along axis 0, and `out` as a tuple."""

    def along(array, axis=0, out=(None,), **keywords):
        return ours(array, axis=axis, out=out[0], **keywords)

    return along


REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
SCANS = {np.add: np.cumsum, np.multiply: np.cumprod}
for _ufunc, _function in REDUCTIONS.items():
    claim(_ufunc.reduce, _with_first_axis(_function))
for _ufunc, _function in SCANS.items():
    claim(_ufunc.accumulate, _with_first_axis(_function))


def _running(ufunc):
    """The extreme so far, along an axis: each is the element that set it (the first, in a tie)."""

    def accumulate(array, axis=0, out=(None,), dtype=None):
        best = ufunc.accumulate(unwrap(array), axis=axis)
        ...

    return accumulate


def _outer(ours):
    """ufunc.outer: every element of a with every element of b."""

    def outer(a, b, **keywords):
        return ours(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **keywords)

    return outer
