"""What holds where a function has no slope, element by element: the conventions that docstrings
state, at orders 1 and 2, and for powers at every order."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given

import autograd as ag
from autograd import Tensor
from autograd.declare import registry

inf, nan = math.inf, math.nan


def slopes(f: Any, point: tuple[float, ...], order: int = 1) -> Any:
    """The derivatives of f at a point: a number for each way of taking `order` partial ones."""
    xs = [Tensor(x, requires_grad=True, dtype=float) for x in point]
    with np.errstate(all="ignore"):
        level = [f(*xs)]
        for _ in range(order):
            level = [d for value in level for d in partials(value, xs)]
    return np.array([value.array for value in level]).reshape((len(point),) * order)


def partials(value: Tensor, xs: list[Tensor]) -> list[Tensor]:
    for x in xs:
        x.zero_grad()
    if value.requires_grad:
        value.backward(create_graph=True)
    found = [x.grad if x.grad is not None else Tensor(0.0) for x in xs]
    return [g if isinstance(g, Tensor) else Tensor(g) for g in found]


# fmt: off
CORNERS: list[tuple[Any, tuple[float, ...], list[float], Any]] = [
    # function, point, slopes, second derivatives (one number stands for all)
    (np.absolute,   (0.0,),                 [0],          0),
    (np.fabs,       (0.0,),                 [0],          0),
    (np.copysign,   (0.0, -1.0),            [0, 0],       0),
    (np.copysign,   (-2.0, -1.0),           [1, 0],       0),
    (np.sign,       (0.0,),                 [0],          0),
    (np.floor,      (1.0,),                 [0],          0),
    (np.ceil,       (1.0,),                 [0],          0),
    (np.trunc,      (0.0,),                 [0],          0),
    (np.rint,       (0.5,),                 [0],          0),
    (np.fix,        (-1.0,),                [0],          0),
    (np.round,      (0.5,),                 [0],          0),
    (np.heaviside,  (0.0, 0.5),             [0, 1],       0),
    (np.heaviside,  (1.0, 0.5),             [0, 0],       0),
    (np.floor_divide, (2.0, 1.0),           [0, 0],       0),
    (np.remainder,  (2.0, 1.0),             [1, -2],      0),
    (np.fmod,       (-2.5, 1.0),            [1, 2],       0),
    # extremes: half to each where they tie
    (np.maximum,    (1.0, 1.0),             [0.5, 0.5],   0),
    (np.minimum,    (1.0, 1.0),             [0.5, 0.5],   0),
    (np.fmax,       (1.0, 1.0),             [0.5, 0.5],   0),
    (np.fmin,       (1.0, 1.0),             [0.5, 0.5],   0),
    (np.maximum,    (inf, inf),             [0.5, 0.5],   0),
    (np.fmax,       (nan, 1.0),             [0, 1],       0),
    (np.fmin,       (1.0, nan),             [1, 0],       0),
    # clip: all to x on a bound; to the upper bound where they cross
    (np.clip,       (0.0, 0.0, 1.0),        [1, 0, 0],    0),
    (np.clip,       (1.0, 0.0, 1.0),        [1, 0, 0],    0),
    (np.clip,       (-1.0, 0.0, 1.0),       [0, 1, 0],    0),
    (np.clip,       (2.0, 0.0, 1.0),        [0, 0, 1],    0),
    (np.clip,       (-1.0, 1.0, 0.0),       [0, 0, 1],    0),
    (np.clip,       (0.5, 1.0, 0.0),        [0, 0, 1],    0),
    (np.clip,       (2.0, 1.0, 0.0),        [0, 0, 1],    0),
    (np.clip,       (1.0, 1.0, 1.0),        [1, 0, 0],    0),
    (np.nan_to_num, (nan,),                 [0],          0),
    (np.nan_to_num, (-inf,),                [0],          0),
    # lengths and angles at the origin: 0 at every order
    (np.hypot,      (0.0, 0.0),             [0, 0],       0),
    (np.arctan2,    (0.0, 0.0),             [0, 0],       0),
    # roots
    (np.sqrt,       (0.0,),                 [inf],        -inf),
    (np.cbrt,       (0.0,),                 [inf],        None),
    # powers
    (np.power,      (0.0, 0.0),             [0, 0],       None),
    (np.power,      (0.0, 1.0),             [1, 0],       None),
    (np.power,      (0.0, 2.0),             [0, 0],       [[2, 0], [0, 0]]),
    (np.power,      (0.0, 3.0),             [0, 0],       0),
    (np.power,      (0.0, 2.5),             [0, 0],       0),
    (np.power,      (0.0, 0.5),             [inf, 0],     None),
    (np.power,      (inf, 0.0),             [0, inf],     None),
    (np.power,      (2.0, 0.0),             [0, math.log(2)], [[0, 0.5], [0.5, math.log(2) ** 2]]),
    (np.float_power, (0.0, 2.0),            [0, 0],       [[2, 0], [0, 0]]),
    (np.reciprocal, (0.0,),                 [-inf],       inf),
    # sums of exponentials
    (np.logaddexp,  (-inf, -inf),           [0, 0],       0),
    (np.logaddexp,  (-inf, 0.0),            [0, 1],       0),
    (np.logaddexp,  (inf, 0.0),             [1, 0],       0),
    (np.logaddexp2, (-inf, -inf),           [0, 0],       0),
    (np.logaddexp,  (1e4, -1e4),            [1, 0],       0),
    # smooth, though their formulas divide by 0
    (np.sinc,       (0.0,),                 [0],          -math.pi**2 / 3),
    (np.i0,         (0.0,),                 [0],          0.5),
]
# fmt: on


@pytest.mark.parametrize(
    ("function", "point", "first", "second"),
    CORNERS,
    ids=[f"{f.__name__}{point}" for f, point, *_ in CORNERS],
)
def test_corners(function: Any, point: tuple[float, ...], first: Any, second: Any) -> None:
    np.testing.assert_allclose(slopes(function, point), first, rtol=1e-14)
    if second is not None:
        expected = np.broadcast_to(np.array(second, float), (len(point),) * 2)
        np.testing.assert_allclose(slopes(function, point, 2), expected, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("function", [np.hypot, np.arctan2])
def test_lengths_and_angles_at_the_origin_at_order_3(function: Any) -> None:
    assert not slopes(function, (0.0, 0.0), 3).any()


def test_every_corner_is_stated_in_the_docstring() -> None:
    for name in ("absolute", "maximum", "minimum", "fmax", "fmin", "clip", "hypot", "arctan2",
                 "sqrt", "power", "logaddexp", "heaviside", "copysign"):  # fmt: skip
        assert registry[name].note, name


@given(
    n=st.integers(0, 5),
    order=st.integers(1, 5),
    x=st.sampled_from([0.0, -0.0, 1.5, -2.0]),
    form=st.sampled_from(["int", "float", "array", "integers", "unsigned"]),
)
def test_integer_powers_are_exact_at_every_order(n: int, order: int, x: float, form: str) -> None:
    forms: dict[str, Any] = {
        "int": n,
        "float": float(n),
        "array": np.array([float(n)]),
        "integers": np.array([n]),
        "unsigned": np.array([n], np.uint8),
    }
    y: Any = Tensor([x], requires_grad=True)
    leaf, value = y, y ** forms[form]
    for _ in range(order):
        leaf.zero_grad()
        if value.requires_grad:
            value.sum().backward(create_graph=True)
            value = leaf.grad
        else:
            value = Tensor([0.0])
    expected = math.perm(n, order) * x ** (n - order) if order <= n else 0.0
    np.testing.assert_allclose(value.array, [expected], rtol=1e-14)


@pytest.mark.parametrize("x", [0.0, 1.0, -3.0, inf, nan])
def test_the_slope_of_a_constant_power_is_zero_everywhere(x: float) -> None:
    assert slopes(lambda x: x**0, (x,)) == [0]
    assert slopes(lambda x: np.power(x, np.array(0.0)), (x,)) == [0]


@given(p=st.floats(0.01, 5), order=st.integers(1, 3))
def test_powers_of_zero_do_not_change_with_the_exponent(p: float, order: int) -> None:
    exponent = Tensor([p], requires_grad=True)
    value: Any = np.power(0.0, exponent)
    for _ in range(order):
        exponent.zero_grad()
        if value.requires_grad:
            value.sum().backward(create_graph=True)
            value = exponent.grad
    assert value.array == [0]


# -- never masked by g == 0 -----------------------------------------------------------------------

ELEMENTWISE = sorted(
    name for name, op in registry.items() if op.signature in ("()->()", "(),()->()")
)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(data=st.data())
def test_a_gradient_of_zero_is_still_a_gradient(name: str, data: st.DataObject) -> None:
    """∂/∂w of ∂/∂x w f(x) is f'(x), at w = 0 too."""
    op = registry[name]
    low, high = op.domain
    grid = st.integers(math.ceil(low * 64), math.floor(high * 64))
    point = [data.draw(grid) / 64 for _ in op.inputs]
    assume(op.kinks is None or np.all(op.kinks(*point) != 0))

    def slope_of_weighted(w: Any) -> Any:
        xs = [Tensor(x, requires_grad=True) for x in point]
        (w * getattr(ag, name)(*xs)).backward(create_graph=True)
        assert xs[0].grad is not None
        return xs[0].grad

    w = Tensor(0.0, requires_grad=True)
    with np.errstate(all="ignore"):
        slope = slope_of_weighted(w)
        w.zero_grad()
        if slope.requires_grad:
            slope.backward()
        expected = slope_of_weighted(1.0)
    found = w.grad.array if w.grad is not None else np.array(0.0)
    np.testing.assert_allclose(found, expected.array, rtol=1e-12)


def test_infinite_slopes_make_no_warning_of_their_own() -> None:
    """√0 has slope ∞: nothing is wrong, so nothing is said (warnings are errors)."""
    x = Tensor([0.0, 4.0], requires_grad=True)
    np.sqrt(x).sum().backward()
    assert x.grad is not None
    assert x.grad.array.tolist() == [inf, 0.25]
