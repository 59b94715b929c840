"""`np.add.reduce`, `np.multiply.outer`, …: the methods of ufuncs.

NumPy hands `ufunc.method(tensor)` to the protocol as a function of its own, and so it is sorted as
one: claimed, constant or refused.
"""

from __future__ import annotations

import numpy as np

from ..declare import claim, constant, constants, refuse
from ..tensor import claims, requires_grad, unwrap
from .reduce import logsumexp
from .refused import refuse_writing

__all__ = ()

METHODS = ("reduce", "accumulate", "outer", "reduceat", "at")


def methods_of(ufunc):
    """The names of the methods that a ufunc with so many inputs and outputs really has."""
    if ufunc.signature is not None:
        return ()
    if ufunc.nin == 1:
        return ("at",) if ufunc.nout == 1 else ()
    return METHODS if ufunc.nout == 1 else ("outer",)


def _along_first_axis(ours):
    """With the defaults of a ufunc's methods: along axis 0, and `out` as a tuple."""

    def along(array, axis=0, out=None, **keywords):
        if out is not None:
            (keywords["out"],) = out
        return ours(array, axis=axis, **keywords)

    return along


def _running(ufunc):
    """The extreme so far: each is the element that set it; where several tie, the first."""

    def running(array, axis=0, **keywords):
        if keywords.get("out") is not None and requires_grad(array):
            raise TypeError(
                f"np.{ufunc.__name__}.accumulate(out=…) cannot be recorded: give the result a name "
                "instead."
            )
        best = ufunc.accumulate(unwrap(array), axis=axis, **keywords)
        before = np.roll(best, 1, axis)
        place = np.indices(best.shape, sparse=True)[axis]
        set_here = np.where((best == before) | np.isnan(before), 0, place)
        return np.take_along_axis(array, np.maximum.accumulate(set_here, axis), axis)

    return running


def _outer(ours):
    """Every element of a with every element of b."""

    def outer(a, b, **keywords):
        return ours(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **keywords)

    return outer


claim(np.add.reduce, _along_first_axis(np.sum))
claim(np.multiply.reduce, _along_first_axis(np.prod))
claim(np.maximum.reduce, _along_first_axis(np.max))
claim(np.minimum.reduce, _along_first_axis(np.min))
claim(np.logaddexp.reduce, _along_first_axis(logsumexp))
claim(np.add.accumulate, _along_first_axis(np.cumsum))
claim(np.multiply.accumulate, _along_first_axis(np.cumprod))
claim(np.maximum.accumulate, _running(np.maximum))
claim(np.minimum.accumulate, _running(np.minimum))

WHY_NOT = {
    "reduce": "only add, multiply, maximum, minimum and logaddexp reduce with a derivative here. "
    "Write a loop over x[i], or the reduction that it amounts to (np.linalg.norm for hypot).",
    "accumulate": "only add, multiply, maximum and minimum accumulate with a derivative here. "
    "Collect the steps of a loop with np.stack.",
    "outer": "the ufunc itself is refused. Write x.detach() if no gradient is meant.",
    "reduceat": "it has no derivative rule here. Reduce the pieces of np.split, or sum them with "
    "np.bincount(piece_of_each, weights=x).",
    "at": "it writes into its first argument. Write ag.index_add(x, index, values), which gives "
    "a new Tensor with the right gradients.",
}

for _ufunc in dict.fromkeys(f for f in vars(np).values() if isinstance(f, np.ufunc)):
    for _name in methods_of(_ufunc):
        _method = getattr(_ufunc, _name)
        if _method in claims:
            continue
        if _name == "at":
            refuse_writing(WHY_NOT["at"], _method)
        elif _ufunc in constants:
            constant(_method)
        elif _name == "outer" and _ufunc in claims:
            claim(_method, _outer(claims[_ufunc]))
        else:
            refuse(WHY_NOT[_name], _method)
