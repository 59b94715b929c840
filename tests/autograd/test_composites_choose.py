"""Functions of choosing, creating and ordering, and ufuncs' methods, that are built from ops:
NumPy's values, and gradients that are the slopes, at orders 1 and 2, for every argument.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor
from autograd.declare import constants
from autograd.tensor import claims
from autograd.tree import leaves

Case = tuple[Callable[..., Any], list[tuple[int, ...]]]
"""A call of NumPy's function, and the shapes of the arrays it is called with."""

I2 = np.array([[1, 0, 2], [2, 2, 0]])
FEW = np.array([True, False, True])
XP = np.array([-2.0, -0.7, 1.1, 2.0])

# fmt: off
CASES: dict[str, Case] = {
    "take": (lambda a: np.take(a, [1, 1, -3]), [(2, 3)]),
    "take, axis": (lambda a: np.take(a, I2, 1), [(2, 3)]),
    "take, one": (lambda a: np.take(a, 1, axis=-1), [(2, 3)]),
    "take, wrap": (lambda a: np.take(a, [4, -7], 0, mode="wrap"), [(3, 2)]),
    "take, clip": (lambda a: np.take(a, [4, -7], 0, mode="clip"), [(3, 2)]),
    "take_along_axis": (lambda a: np.take_along_axis(a, I2, 1), [(2, 3)]),
    "take_along_axis, stretched": (lambda a: np.take_along_axis(a, I2[:1], 1), [(2, 3)]),
    "take_along_axis, flat": (lambda a: np.take_along_axis(a, np.array([5, 0]), None), [(2, 3)]),
    "compress": (lambda a: np.compress([True, False], a, 0), [(3, 2)]),
    "compress, flat": (lambda a: np.compress(FEW, a), [(3, 2)]),
    "extract": (lambda a: np.extract(I2 > 0, a), [(2, 3)]),
    "choose": (lambda a, b: np.choose([0, 1, 0], [a, b]), [(3,), (2, 1)]),
    "choose, wrap": (lambda a, b: np.choose([0, 3, -1], [a, b], mode="wrap"), [(3,), ()]),
    "choose, rows": (lambda a: np.choose([0, 1, 2], a), [(3, 3)]),
    "select": (lambda a, b, c: np.select([FEW, [True] * 3], [a, b], c), [(3,), (3,), ()]),
    "select, default": (lambda a, b: np.select([FEW], [a], b), [(3,), (3,)]),
    "piecewise": (lambda a: np.piecewise(a, [FEW, ~FEW], [np.exp, lambda x: x * x]), [(3,)]),
    "piecewise, rest": (lambda a: np.piecewise(a, FEW, [np.sin, 7.0]), [(3,)]),
    "piecewise, 0-d": (lambda a: np.piecewise(a, [False, True], [np.sin, np.cos]), [()]),
    "piecewise, last wins": (lambda a: np.piecewise(a, [FEW, FEW], [np.exp, np.sin]), [(3,)]),
    "bincount": (lambda w: np.bincount([0, 3, 3, 1], w), [(4,)]),
    "bincount, longer": (lambda w: np.bincount([0, 3], w, minlength=6), [(2,)]),
    "full_like": (lambda a, v: np.full_like(a, v), [(2, 3), (3,)]),
    "linspace": (lambda a, b: np.linspace(a, b, 4), [(), (2,)]),
    "linspace, open": (lambda a, b: np.linspace(a, b, 4, endpoint=False, axis=-1), [(3,), ()]),
    "linspace, step": (lambda a, b: np.linspace(a, b, 5, retstep=True), [(), ()]),
    "linspace, one": (lambda a, b: np.linspace(a, b, 1), [(2,), ()]),
    "logspace": (lambda a, b: np.logspace(a, b, 3), [(), (2,)]),
    "logspace, base": (lambda a, b: np.logspace(a, a + 1, 3, base=4 + b), [(1,), (2,)]),
    "geomspace": (lambda a, b: np.geomspace(4 + a, 5 + b, 3), [(2,), ()]),
    "geomspace, negative": (lambda a, b: np.geomspace(a - 4, b - 5, 3, axis=-1), [(2,), ()]),
    "vander": (lambda a: np.vander(a), [(3,)]),
    "vander, increasing": (lambda a: np.vander(a, 4, True), [(3,)]),
    "polyval": (lambda p, x: np.polyval(p, x), [(3,), (2, 2)]),
    "interp": (lambda x, dx, fp: np.interp(x, XP + 0.05 * dx, fp), [(2, 3), (4,), (4,)]),
    "interp, sides": (lambda x, a, b: np.interp(3 * x, XP, XP**2, a, b), [(5,), (), ()]),
    "interp, period": (lambda x, f: np.interp(x, [5.3, 0.2, 2.6], f, period=-6), [(4,), (3,)]),
    "interp, one point": (lambda x, fp: np.interp(x, [0.013], fp), [(3,), (1,)]),
    "interp, steep": (lambda x, fp: np.interp(x, [-2.0, 0.01, 0.01, 2.0], fp), [(5,), (4,)]),
    "divmod": (lambda a, b: np.divmod(a, 5.0 + b), [(2, 3), (3,)]),
    "frexp": (lambda a: np.frexp(a)[0], [(2, 3)]),
    "clip": (lambda a, low: np.clip(a, low - 1, None), [(2, 3), ()]),
    "add.reduce": (lambda a: np.add.reduce(a), [(2, 3)]),
    "add.reduce, all": (lambda a: np.add.reduce(a, axis=None), [(2, 3)]),
    "multiply.reduce": (lambda a: np.multiply.reduce(a, -1, keepdims=True), [(2, 3)]),
    "maximum.reduce": (lambda a: np.maximum.reduce(a), [(3, 2)]),
    "minimum.reduce": (lambda a: np.minimum.reduce(a), [(3, 2)]),
    "logaddexp.reduce": (lambda a: np.logaddexp.reduce(a), [(3, 2)]),
    "add.accumulate": (lambda a: np.add.accumulate(a), [(3, 2)]),
    "multiply.accumulate": (lambda a: np.multiply.accumulate(a, axis=1), [(2, 3)]),
    "maximum.accumulate": (lambda a: np.maximum.accumulate(a), [(4, 2)]),
    "minimum.accumulate": (lambda a: np.minimum.accumulate(a, axis=-1), [(2, 4)]),
    "multiply.outer": (lambda a, b: np.multiply.outer(a, b), [(2,), (2, 3)]),
    "hypot.outer": (lambda a, b: np.hypot.outer(a, b), [(2,), ()]),
    "divmod.outer": (lambda a, b: np.divmod.outer(a, 5.0 + b), [(2,), (3,)]),
    # pure, where NumPy's writes: compared with NumPy's on a copy
    "put_along_axis": (lambda a, v: put_along_axis(a, I2[:, :1], v, 1), [(2, 3), (2, 1)]),
    "put_along_axis, flat": (lambda a, v: put_along_axis(a, I2[0] + 1, v, None), [(2, 3), (3,)]),
}
# fmt: on
every_case = pytest.mark.parametrize("name", CASES)


def put_along_axis(a: Any, *args: Any) -> Any:
    if any(isinstance(x, Tensor) for x in (a, *args)):
        return ag.put_along_axis(a, *args)
    copy = a.copy()
    np.put_along_axis(copy, *args)
    return copy


def arrays_for(name: str) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.asarray(rng.uniform(-2.5, 2.5, shape)) for shape in CASES[name][1]]


def raw(value: Any) -> np.ndarray:
    return value.array if isinstance(value, Tensor) else np.asarray(value)


@every_case
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_values_and_dtypes_are_numpys(name: str, dtype: Any, requires_grad: bool) -> None:
    call = CASES[name][0]
    arrays = [a.astype(dtype) for a in arrays_for(name)]
    expected = call(*arrays)
    found = call(*[Tensor(a, requires_grad) for a in arrays])
    assert type(found) is (tuple if isinstance(expected, tuple) else Tensor)
    for mine, numpys in zip(leaves(found), leaves(expected), strict=True):
        assert (raw(mine).shape, raw(mine).dtype) == (raw(numpys).shape, raw(numpys).dtype)
        np.testing.assert_allclose(raw(mine), numpys, rtol=1e-12 if dtype == np.float64 else 1e-5)


@every_case
def test_gradients_are_the_slopes(name: str) -> None:
    ag.check_gradients(CASES[name][0], *arrays_for(name), kinks="error")


def test_clip_takes_its_bounds_by_both_names() -> None:
    x = Tensor([-3.0, 0.0, 3.0], requires_grad=True)
    for found in (ag.clip(x, -1, 1), ag.clip(x, min=-1, max=1), x.clip(max=1, min=-1)):
        assert found.array.tolist() == [-1, 0, 1]
    assert ag.clip(x, max=1).array.tolist() == [-3, 0, 1]
    assert ag.clip(x, 1).array.tolist() == [1, 1, 3]
    with pytest.raises(TypeError, match="casting"):
        ag.clip(x, -1, 1, casting="no")


MODULES = [
    importlib.import_module(f"autograd.ops.{name}")
    for name in ("arithmetic", "corners", "create", "index", "selecting", "sorting", "steps")
]
COMPOSITES = {
    name: getattr(module, name)
    for module in MODULES
    for name in module.__all__
    if not hasattr(getattr(module, name), "op")
}


def test_every_composite_has_a_case() -> None:
    tried = {name.partition(",")[0] for name in CASES}
    assert COMPOSITES.keys() - {"at"} <= tried
    methods = {
        f"{function.__self__.__name__}.{function.__name__}"
        for function in claims.keys() - constants
        if getattr(function, "__name__", "") in ("reduce", "accumulate")
    }
    assert methods <= tried


@pytest.mark.skipif(not "2.4" <= np.__version__ < "2.5", reason="parameters are NumPy 2.4's")
@pytest.mark.parametrize("name", sorted(COMPOSITES.keys() - {"at", "divmod", "frexp"}))
def test_parameters_are_numpys(name: str) -> None:
    ours, theirs = (
        [(p.name, p.kind, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (COMPOSITES[name], getattr(np, name))
    )
    assert ours == theirs
