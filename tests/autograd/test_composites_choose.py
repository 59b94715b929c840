"""Functions that are built from ops (choosing, creating, ufuncs' methods): each gives NumPy's values,
and gradients that agree with numerical ones, for every argument that can have one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import Tensor, numerical_gradient
from autograd.tensor import claims

Case = tuple[Callable[..., Any], Callable[..., tuple[Any, ...]], list[tuple[int, ...]]]
"""NumPy's function; its arguments made from arrays; the shapes of those arrays."""

I2 = np.array([[1, 0, 2], [2, 2, 0]])
FEW = np.array([True, False, True])

CASES: dict[str, Case] = {
    "take": (np.take, lambda a: (a, [1, 1, -3]), [(2, 3)]),
    "take, axis": (np.take, lambda a: (a, I2, 1), [(2, 3)]),
    "take, one": (np.take, lambda a: (a, 1, -1), [(2, 3)]),
    "take, wrap": (lambda a: np.take(a, [4, -7], 0, mode="wrap"), lambda a: (a,), [(3, 2)]),
    "take, clip": (lambda a: np.take(a, [4, -7], 0, mode="clip"), lambda a: (a,), [(3, 2)]),
    "take_along_axis": (np.take_along_axis, lambda a: (a, I2, 1), [(2, 3)]),
    "take_along_axis, stretched": (np.take_along_axis, lambda a: (a, I2[:1], 1), [(2, 3)]),
    "take_along_axis, flat": (np.take_along_axis, lambda a: (a, np.array([5, 0, 5]), None), [(2, 3)]),
    "compress": (np.compress, lambda a: ([True, False], a, 0), [(3, 2)]),
    "compress, flat": (np.compress, lambda a: (FEW, a), [(3, 2)]),
    "extract": (np.extract, lambda a: (I2 > 0, a), [(2, 3)]),
    "choose": (np.choose, lambda a, b: ([0, 1, 0], [a, b]), [(3,), (2, 1)]),
    "choose, wrap": (lambda a, b: np.choose([0, 3, -1], [a, b], mode="wrap"), lambda a, b: (a, b), [(3,), ()]),
    "choose, rows": (np.choose, lambda a: ([0, 1, 2], a), [(3, 3)]),
    "select": (np.select, lambda a, b, c: ([FEW, [True] * 3], [a, b], c), [(3,), (3,), ()]),
    "select, default": (np.select, lambda a, b: ([FEW], [a], b), [(3,), (2, 3)]),
    "piecewise": (np.piecewise, lambda a: (a, [FEW, ~FEW], [np.exp, lambda x: x * x]), [(3,)]),
    "piecewise, rest": (np.piecewise, lambda a: (a, FEW, [np.sin, 7.0]), [(3,)]),
    "piecewise, 0-d": (np.piecewise, lambda a: (a, [False, True], [np.sin, np.cos]), [()]),
    "piecewise, later wins": (np.piecewise, lambda a: (a, [FEW, FEW], [np.exp, np.sin]), [(3,)]),
    "bincount": (np.bincount, lambda w: ([0, 3, 3, 1], w), [(4,)]),
    "bincount, long": (lambda w: np.bincount([0, 3], w, minlength=6), lambda w: (w,), [(2,)]),
    "full_like": (np.full_like, lambda v: (np.zeros((2, 3)), v), [(3,)]),
    "linspace": (np.linspace, lambda a, b: (a, b, 4), [(), (2,)]),
    "linspace, open": (lambda a, b: np.linspace(a, b, 4, endpoint=False, axis=-1), lambda a, b: (a, b), [(3,), ()]),
    "linspace, step": (lambda a, b: np.linspace(a, b, 5, retstep=True)[1], lambda a, b: (a, b), [(), ()]),
    "logspace": (np.logspace, lambda a, b: (a, b, 3), [(), (2,)]),
    "logspace, base": (lambda a, b: np.logspace(a, 1.0, 3, base=4 + b), lambda a, b: (a, b), [(), (2,)]),
    "geomspace": (np.geomspace, lambda a, b: (4 + a, 5 + b, 3), [(2,), ()]),
    "geomspace, negative": (np.geomspace, lambda a, b: (-4 + a, -5 + b, 3), [(2,), ()]),
    "vander": (np.vander, lambda a: (a,), [(3,)]),
    "vander, increasing": (np.vander, lambda a: (a, 4, True), [(3,)]),
    "polyval": (np.polyval, lambda p, x: (p, x), [(3,), (2, 2)]),
    "interp": (np.interp, lambda x, dx, fp: (x, np.array([-2.0, -0.7, 1.1, 2.0]) + 0.05 * dx, fp), [(2, 3), (4,), (4,)]),
    "interp, sides": (np.interp, lambda x, l, r: (3 * x, [-2.0, 0.1, 1.3], [5.0, 0.0, 3.0], l, r), [(5,), (), ()]),
    "interp, period": (lambda x, fp: np.interp(x, [5.3, 0.21, 2.6], fp, period=6), lambda x, fp: (x, fp), [(4,), (3,)]),
    "interp, one point": (np.interp, lambda x, fp: (x, [0.013], fp), [(3,), (1,)]),
    "divmod": (np.divmod, lambda a, b: (a, 5.0 + b), [(2, 3), (3,)]),
    "frexp": (np.frexp, lambda a: (a,), [(2, 3)]),
    "clip, keywords": (lambda a, lo: np.clip(a, min=lo - 1), lambda a, lo: (a, lo), [(2, 3), ()]),
    "add.reduce": (np.add.reduce, lambda a: (a,), [(2, 3)]),
    "add.reduce, all": (lambda a: np.add.reduce(a, axis=None), lambda a: (a,), [(2, 3)]),
    "multiply.reduce": (lambda a: np.multiply.reduce(a, -1, keepdims=True), lambda a: (a,), [(2, 3)]),
    "maximum.reduce": (np.maximum.reduce, lambda a: (a,), [(3, 2)]),
    "minimum.reduce": (np.minimum.reduce, lambda a: (a,), [(3, 2)]),
    "logaddexp.reduce": (np.logaddexp.reduce, lambda a: (a,), [(3, 2)]),
    "add.accumulate": (np.add.accumulate, lambda a: (a,), [(3, 2)]),
    "multiply.accumulate": (lambda a: np.multiply.accumulate(a, axis=1), lambda a: (a,), [(2, 3)]),
    "maximum.accumulate": (np.maximum.accumulate, lambda a: (a,), [(4, 2)]),
    "minimum.accumulate": (lambda a: np.minimum.accumulate(a, axis=-1), lambda a: (a,), [(2, 4)]),
    "multiply.outer": (np.multiply.outer, lambda a, b: (a, b), [(2,), (2, 3)]),
    "hypot.outer": (np.hypot.outer, lambda a, b: (a, b), [(2,), ()]),
    "divmod.outer": (np.divmod.outer, lambda a, b: (a, 5.0 + b), [(2,), (3,)]),
}
