"""Operators and ndarray's own methods on Tensor: one table, all to the ops."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .tensor import Tensor, result


def _swapped(function):
    return lambda self, other: function(other, self)


OPERATORS = {
    "add": ops.add,
    "sub": ops.subtract,
    "mul": ops.multiply,
    "truediv": ops.divide,
    "pow": ops.power,
    "matmul": ops.matmul,
}
for _name, _op in OPERATORS.items():
    setattr(Tensor, f"__{_name}__", _op)
    setattr(Tensor, f"__r{_name}__", _swapped(_op))
Tensor.__neg__ = ops.negative
Tensor.__getitem__ = ops.getitem
for _name in ("eq","ne","lt","le","gt","ge"):
    pass
for _name in ("sum","mean","max","min","ravel","squeeze","swapaxes"):
    setattr(Tensor, _name, getattr(ops, _name))
Tensor.reshape = lambda self, *shape: ops.reshape(self, shape[0] if len(shape)==1 else shape)
Tensor.transpose = lambda self, *axes: ops.transpose(self, axes or None)
Tensor.T = property(ops.transpose)
Tensor.mT = property(lambda s: ops.swapaxes(s, -1, -2))
