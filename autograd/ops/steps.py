"""Steps: functions whose slope is 0 wherever they have one. Gradients pass as zeros, not as None:
the result does depend on x, only not by a little."""

from __future__ import annotations

from functools import partial

import numpy as np

from ..declare import elementwise as _elementwise
from ..declare import op as _op
from ..op import A, Sample

__all__ = (
    "sign", "floor", "ceil", "trunc", "rint", "fix", "round", "around", "heaviside",
    "imag", "angle",
)  # fmt: skip

elementwise = partial(_elementwise, register=True)
op = partial(_op, register=True)


def flat(g):
    """The rule of a step, for any of its inputs."""
    return np.zeros_like(g)


def _at_integers(x):
    return np.sin(np.pi * x)


def _at_halves(x, decimals=0):
    return np.cos(np.pi * x * 10.0**decimals)


sign  = elementwise(np.sign,  flat, formula="sign x", kinks=lambda x: x)
floor = elementwise(np.floor, flat, formula="⌊x⌋", kinks=_at_integers)
ceil  = elementwise(np.ceil,  flat, formula="⌈x⌉", kinks=_at_integers)
trunc = elementwise(np.trunc, flat, formula="trunc x", kinks=_at_integers)
rint  = elementwise(np.rint,  flat, formula="round x", kinks=_at_halves)
fix = op(
    np.fix,
    formula="trunc x",
    kinks=_at_integers,
    example="""
    >>> ag.fix(ag.Tensor([1.7, -1.7]))
    Tensor([ 1., -1.])
    """,
    samples=[Sample(A(2, 3))],
)
round = op(
    np.round,
    claims=(np.round, np.around),
    formula="round a",
    kinks=_at_halves,
    example="""
    >>> ag.round(ag.Tensor([1.26, 2.74]), 1)
    Tensor([1.3, 2.7])
    >>> ag.grad(ag.round)(1.26)
    np.float64(0.0)
    """,
    samples=[Sample(A(2, 3)), Sample(A(3, domain=(-30, 30)), decimals=-1)],
)
around = round

heaviside = elementwise(
    np.heaviside,
    flat,
    lambda g, x: np.where(x == 0, g, 0),
    formula="0, y or 1",
    note="By x the slope is 0 everywhere; by y it is 1 where x = 0.",
    kinks=lambda x, y: x,
)

# of real numbers: 0, and the half turn of those below 0
imag = op(
    np.imag,
    formula="0",
    example="""
    >>> ag.imag(ag.Tensor([1.0, 2.0]))
    Tensor([0., 0.])
    """,
    samples=[Sample(A(2, 3))],
)
angle = op(
    np.angle,
    formula="arg z",
    kinks=lambda z, deg=False: z,
    example="""
    >>> ag.angle(ag.Tensor([1.0, -1.0]), deg=True)
    Tensor([  0., 180.])
    """,
    samples=[Sample(A(2, 3)), Sample(A(3), deg=True)],
)
for _step, _input in ((fix, "x"), (round, "a"), (imag, "val"), (angle, "z")):
    _step.wrt(_input)(flat)
