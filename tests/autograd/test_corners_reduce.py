"""What reductions, scans and order statistics do at corners: the conventions that their notes and
docstrings state, at first and at higher order. Smooth points are test_ops.py's affair.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Tensor
from autograd.backward import GradientWarning


def gradients(f: Any, *arrays: Any) -> list[np.ndarray]:
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    f(*tensors).sum().backward()
    return [t.grad.data for t in tensors]


def orders(f: Any, x: Any, order: int, weights: Any = None) -> list[np.ndarray]:
    """The gradient of Σ f, that of its weighted sum (weights 1, 2, 3, … if none are given), …"""
    found = []
    t = Tensor(x, requires_grad=True)
    value = f(t).sum()
    if weights is None:
        weights = np.arange(1.0, t.size + 1).reshape(t.shape)
    for _ in range(order):
        if not value.requires_grad:  # constant in x: the gradients to come are 0
            found.append(np.zeros(t.shape))
            continue
        t.zero_grad()
        value.backward(create_graph=True)
        g = t.grad if t.grad is not None else Tensor(np.zeros(t.shape))
        found.append(g.data)
        value = (g * weights).sum()
    return found


# -- ties ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [ag.max, ag.min, ag.amax, ag.amin, ag.nanmax, ag.nanmin, np.max])
def test_ties_share_equally(f: Any) -> None:
    x = np.array([[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]])
    np.testing.assert_array_equal(gradients(f, x)[0], x / 12)
    np.testing.assert_array_equal(gradients(lambda t: f(t, axis=0), x)[0], x / 4)
    np.testing.assert_array_equal(gradients(lambda t: f(t, axis=1, keepdims=True), x)[0], x / 6)
    assert not orders(f, x, 2)[1].any()


def test_some_tie() -> None:
    np.testing.assert_array_equal(gradients(ag.max, [1.0, 3.0, 3.0])[0], [0, 0.5, 0.5])
    np.testing.assert_array_equal(gradients(ag.min, [1.0, 3.0, 1.0])[0], [0.5, 0, 0.5])
    np.testing.assert_array_equal(gradients(ag.ptp, [1.0, 3.0, 3.0])[0], [-1, 0.5, 0.5])


def test_initial_takes_part_in_a_tie() -> None:
    for f, initial, expected in (
        (ag.max, 3.0, [0.5, 0]), (ag.max, 4.0, [0, 0]), (ag.max, 2.0, [1, 0]),
        (ag.min, 1.0, [0, 0.5]), (ag.min, 0.0, [0, 0]), (ag.min, 2.0, [0, 1]),
        (ag.nanmax, 3.0, [0.5, 0]), (ag.nanmin, 1.0, [0, 0.5]),
    ):  # fmt: skip
        (g,) = gradients(lambda t, f=f, initial=initial: f(t, initial=initial), [3.0, 1.0])
        np.testing.assert_array_equal(g, expected)
    assert gradients(lambda t: ag.max(t, initial=4.0), np.zeros(0))[0].shape == (0,)


def test_a_maximum_of_nan_says_so() -> None:
    with pytest.warns(GradientWarning, match="max"):
        assert np.isnan(gradients(ag.max, [1.0, np.nan])[0]).all()


@given(st.permutations([1.0, 2.0, 2.0, 3.0]))
def test_order_statistics_count_the_first_of_a_tie_as_the_smaller(x: list[float]) -> None:
    first, second = (i for i, value in enumerate(x) if value == 2.0)
    for place, function in ((first, "lower"), (second, "higher")):
        (g,) = gradients(lambda t, f=function: ag.quantile(t, 0.5, method=f), x)
        np.testing.assert_array_equal(g, np.arange(4) == place)
    (g,) = gradients(ag.median, x)
    np.testing.assert_array_equal(g, [0.5 if value == 2.0 else 0.0 for value in x])


def test_many_that_tie_stay_in_order() -> None:
    x = np.arange(401) % 2.0  # of the zeros, the k-th stands at 2 k
    for k in (0, 7, 100, 150):
        (g,) = gradients(lambda t, q=k / 400: ag.quantile(t, q, method="nearest"), x)
        np.testing.assert_array_equal(np.flatnonzero(g), [2 * k])


# -- products with zeros -------------------------------------------------------------------------


def product_of_others(x: np.ndarray, *without: int) -> float:
    return math.prod(v for i, v in enumerate(x) if i not in without)


@pytest.mark.parametrize("zeros", [(), (1,), (0, 2), (0, 1, 3), (0, 1, 2, 3)])
def test_prod_is_exact_with_zeros_at_orders_1_to_3(zeros: tuple[int, ...]) -> None:
    x = np.array([2.0, 3.0, 5.0, 7.0])
    x[list(zeros)] = 0
    w = np.arange(1.0, 5.0)
    first, second, third = orders(ag.prod, x, 3)
    places = range(4)
    np.testing.assert_allclose(first, [product_of_others(x, i) for i in places])
    np.testing.assert_allclose(
        second,
        [sum(w[j] * product_of_others(x, i, j) for j in places if j != i) for i in places],
    )
    np.testing.assert_allclose(
        third,
        [
            sum(
                w[j] * w[k] * product_of_others(x, i, j, k)
                for j, k in itertools.permutations(places, 2)
                if i not in (j, k)
            )
            for i in places
        ],
    )


@pytest.mark.parametrize("zeros", [(), (1,), (0, 2), (0, 1, 2)])
def test_cumprod_is_exact_with_zeros_at_orders_1_and_2(zeros: tuple[int, ...]) -> None:
    x = np.array([2.0, 3.0, 5.0])
    x[list(zeros)] = 0
    a, b, c = x
    first, second = orders(ag.cumprod, x, 2)  # of a + ab + abc, then with weights 1, 2, 3
    np.testing.assert_allclose(first, [1 + b + b * c, a + a * c, a * b])
    np.testing.assert_allclose(second, [2 * (1 + c) + 3 * b, 1 + c + 3 * a, b + 2 * a])


def test_products_hold_to_the_edge_of_the_range() -> None:
    """Dividing the product by an element would overflow here, or underflow."""
    np.testing.assert_array_equal(gradients(ag.prod, [1e-200, 1e-200, 1e200])[0][:2], [1.0, 1.0])
    with np.errstate(over="ignore"):
        assert gradients(ag.prod, [1e200, 1e200, 1e-200])[0][0] == 1.0


def test_initial_multiplies() -> None:
    for f in (ag.prod, ag.nanprod):
        (g,) = gradients(lambda t, f=f: f(t, initial=10.0), [2.0, 3.0])
        np.testing.assert_array_equal(g, [30, 20])


def test_nanprod_with_nan_and_zero() -> None:
    (g,) = gradients(ag.nanprod, [2.0, np.nan, 0.0, 3.0])
    np.testing.assert_array_equal(g, [0, 0, 6, 0])


# -- spread and norms at 0 -----------------------------------------------------------------------

AT_ZERO = {
    "std": ag.std,
    "std over an axis": lambda t: ag.std(t, axis=0),
    "std, unbiased": lambda t: ag.std(t, ddof=1),
    "nanstd": ag.nanstd,
    "norm": lambda t: ag.norm(t - t.data),
    "1-norm": lambda t: ag.norm(t - t.data, 1),
    "3-norm": lambda t: ag.norm(t - t.data, 3),
    "4-norm": lambda t: ag.norm(t - t.data, 4),
    "½-norm": lambda t: ag.norm(t - t.data, 0.5),
    "largest": lambda t: ag.norm(t - t.data, np.inf),
    "rows' norms": lambda t: ag.norm((t - t.data)[None], axis=1),
    "Frobenius": lambda t: ag.norm((t - t.data)[None], "fro"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", AT_ZERO)
@pytest.mark.parametrize("value", [0.0, 2.0, 0.1, 1e-300])
def test_derivative_0_at_0_at_every_order(name: str, value: float) -> None:
    for g in orders(AT_ZERO[name], np.full(3, value), 3):
        np.testing.assert_array_equal(g, 0)


def test_equal_elements_are_equal_even_if_their_mean_was_rounded() -> None:
    x = np.full(3, 0.1)
    assert np.std(x) > 0  # NumPy's mean is not quite 0.1
    np.testing.assert_array_equal(gradients(ag.std, x)[0], 0)


def test_one_line_at_0_leaves_the_others_alone() -> None:
    x = np.array([[1.0, 1.0], [3.0, 4.0]])
    np.testing.assert_allclose(gradients(lambda t: ag.std(t, axis=1), x)[0], [[0, 0], [-0.5, 0.5]])
    x[0] = 0
    np.testing.assert_allclose(gradients(lambda t: ag.norm(t, axis=1), x)[0], [[0, 0], [0.6, 0.8]])


def test_an_even_power_is_smooth_where_an_element_is_0() -> None:
    x = np.array([0.0, 1.0, 2.0])
    expected = orders(lambda t: ((t * t) * (t * t)).sum() ** 0.25, x, 4)
    for e, found in zip(expected, orders(lambda t: ag.norm(t, 4), x, 4), strict=True):
        np.testing.assert_allclose(found, e, rtol=1e-9, atol=1e-12)


def test_a_spread_of_one_element() -> None:
    assert not gradients(ag.var, [3.0])[0].any()
    assert not gradients(ag.std, [3.0])[0].any()


# -- logsumexp -----------------------------------------------------------------------------------


def test_logsumexp_of_nothing_but_minus_infinity() -> None:
    x = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    np.testing.assert_array_equal(ag.logsumexp(x, axis=1), [-np.inf, 0])
    first, second = orders(lambda t: ag.logsumexp(t, axis=1), x, 2)
    np.testing.assert_array_equal(first, [[0, 0], [1, 0]])
    np.testing.assert_array_equal(second, 0)
    assert ag.logsumexp(np.zeros(0)) == -np.inf


def test_logsumexp_of_large_numbers() -> None:
    x = np.array([1e4, 1e4 + 1, -1e4])
    share = 1 / (1 + math.e)
    np.testing.assert_allclose(gradients(ag.logsumexp, x)[0], [share, 1 - share, 0], rtol=1e-12)
    assert ag.logsumexp(np.array([np.inf, 800.0])) == np.inf
    assert ag.logsumexp(np.array([1, 1])) == 1 + math.log(2)
    assert ag.logsumexp(np.float32([1, 2])).dtype == np.float32


# -- NaN left out --------------------------------------------------------------------------------

REDUCTIONS = {
    "sum": {}, "prod": {}, "mean": {}, "var": {}, "std": {}, "max": {}, "min": {}, "median": {},
    "quantile": {"q": 0.3}, "percentile": {"q": 30},
}  # fmt: skip
SCANS = {"cumsum": 0.0, "cumprod": 1.0}  # and what a NaN counts as


def plain_and_nan(name: str, **keywords: Any) -> tuple[Any, Any]:
    """np.f and np.nanf as functions of the array alone."""
    keywords |= REDUCTIONS.get(name, {})
    return (
        lambda t: getattr(ag, name)(t, **keywords),
        lambda t: getattr(ag, "nan" + name)(t, **keywords),
    )


@pytest.mark.parametrize("name", [*REDUCTIONS, *SCANS])
@pytest.mark.parametrize("axis", [None, 0, 1])
def test_without_nan_it_is_the_plain_function(name: str, axis: int | None) -> None:
    x = np.array([[3.0, 1.0, 2.0], [5.0, 4.0, 7.0]])
    plain, other = plain_and_nan(name, axis=axis)
    for expected, found in zip(orders(plain, x, 2), orders(other, x, 2), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_with_nan_it_is_the_plain_function_of_the_rest(name: str) -> None:
    x = np.array([3.0, np.nan, 1.0, 2.0, np.nan, 5.0])
    weights = np.array([1.0, 100.0, 2.0, 4.0, 100.0, 3.0])
    present = ~np.isnan(x)
    plain, other = plain_and_nan(name)
    expected = orders(plain, x[present], 2, weights[present])
    for e, found in zip(expected, orders(other, x, 2, weights), strict=True):
        np.testing.assert_allclose(found[present], e, rtol=1e-13, atol=1e-13)
        np.testing.assert_array_equal(found[~present], 0)


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_goes_on_over_nan(name: str) -> None:
    x = np.array([3.0, np.nan, 0.0, 2.0, np.nan, 5.0])
    missing = np.isnan(x)
    plain, other = plain_and_nan(name)
    weights = np.where(missing, 0, [1.0, 0, 2.0, 4.0, 0, 3.0])
    expected = orders(plain, np.where(missing, SCANS[name], x), 2, weights)
    for e, found in zip(expected, orders(other, x, 2, weights), strict=True):
        np.testing.assert_allclose(found, np.where(missing, 0, e), rtol=1e-13)


@pytest.mark.parametrize("name", [name for name in REDUCTIONS if name not in ("max", "min")])
def test_a_line_of_nan_gets_no_gradient(name: str) -> None:
    t = Tensor([[np.nan, np.nan], [1.0, 3.0]], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's own, of an empty slice
        out = plain_and_nan(name, axis=1)[1](t)
    arriving = Tensor([1.0, 1.0], requires_grad=True)
    out.backward(arriving, create_graph=True)
    first = t.grad
    t.zero_grad()
    (first * first).sum().backward()  # by the array, and by the gradient that arrived
    for g in (first, arriving.grad, *([] if t.grad is None else [t.grad])):
        np.testing.assert_array_equal(g.data[0], 0)
        assert np.isfinite(g.data[1]).all()


# -- quantiles -----------------------------------------------------------------------------------


def test_the_slope_by_q() -> None:
    x = np.array([0.0, 1.0, 3.0, 7.0, 20.0])
    for q, slope in ((0.3, 8.0), (0.5, 16.0), (0.25, 8.0), (0.0, 4.0), (1.0, 52.0)):
        assert gradients(lambda t: ag.quantile(x, t), q)[0] == pytest.approx(slope)
        assert gradients(lambda t: ag.percentile(x, t), q * 100)[0] == pytest.approx(slope / 100)
    for method in ("lower", "higher", "nearest", "midpoint", "inverted_cdf", "closest_observation"):
        assert gradients(lambda t, m=method: ag.quantile(x, t, method=m), 0.3)[0] == 0
    assert gradients(lambda t: ag.quantile(x, t, method="weibull"), 0.01)[0] == 0  # clipped
    assert gradients(lambda t: ag.quantile(x[1:2], t, method="hazen"), 0.5)[0] == 0  # no neighbour


def test_array_and_q_together() -> None:
    """The mixed second derivative: moving q moves the gradient from one element to the next."""
    x, q = Tensor([1.0, 2.0, 4.0], requires_grad=True), Tensor(0.3, requires_grad=True)
    ag.quantile(x, q).backward(create_graph=True)
    first = x.grad
    q.zero_grad()
    (first * [1.0, 10.0, 100.0]).sum().backward()
    assert q.grad.item() == pytest.approx(2 * (10 - 1))


def test_a_nan_in_the_line_shows_in_the_gradient() -> None:
    for f in (ag.median, lambda t: ag.quantile(t, 0.3)):
        t = Tensor([1.0, np.nan, 3.0], requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f(t).backward()
        assert np.isnan(t.grad.data).all()


def test_overwrite_input_is_not_taken_up() -> None:
    """The graph may still need the array, and permission is no order."""
    x = np.array([3.0, 1.0, 2.0])
    t = ag.asarray(x)
    t.requires_grad = True
    ag.median(t, overwrite_input=True).backward()
    ag.quantile(t, 0.5, overwrite_input=True).backward()
    np.testing.assert_array_equal(x, [3, 1, 2])
    np.testing.assert_array_equal(t.grad.data, [0, 0, 2])


# -- spread with a mean of one's own ---------------------------------------------------------------


@pytest.mark.parametrize("f", [ag.var, ag.std, ag.nanvar, ag.nanstd])
def test_a_mean_given_as_a_tensor_changes_nothing(f: Any) -> None:
    x = np.array([[1.0, 2.0, 4.0], [3.0, 5.0, 9.0]])
    for first, second in zip(
        orders(lambda t: f(t, axis=1, ddof=1), x, 2),
        orders(lambda t: f(t, axis=1, ddof=1, mean=t.mean(axis=1, keepdims=True)), x, 2),
        strict=True,
    ):
        np.testing.assert_allclose(first, second, rtol=1e-12)


# -- coordinates -----------------------------------------------------------------------------------


def test_gradient_by_coordinates_that_happen_to_be_even() -> None:
    """NumPy takes even coordinates for one number; a derivative must not."""
    f, x = np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 2.0])
    t = Tensor(x, requires_grad=True)
    ag.gradient(f, t)[-1].backward()  # (f₂ − f₁) / (x₂ − x₁)
    np.testing.assert_allclose(t.grad.data, [0, 3, -3])


# -- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum", "mean", "max", "prod", "std", "median", "cumsum", "trace"])
def test_out_is_refused_while_recording(name: str) -> None:
    t, out = Tensor(np.eye(2), requires_grad=True), np.zeros(2)
    with pytest.raises(TypeError, match="out="):
        getattr(ag, name)(t, out=out)
    assert not out.any()
    if name not in ("median", "trace", "cumsum"):
        with pytest.raises(TypeError, match="where="):
            getattr(ag, name)(t, where=np.eye(2) > 0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: ag.reshape(t, 4, order="A"), "order='C'"),
        (lambda t: ag.ravel(t, order="K"), "order='C'"),
        (lambda t: ag.pad(t, 1, mode=lambda *_: None), "np.concatenate"),
        (lambda t: ag.split(t, 3), "array_split"),
        (lambda t: ag.average(t, weights=[1.0]), "axis="),
        (lambda t: ag.average(t, weights=[1.0, 2.0, 3.0], axis=0), r"\(2,\)"),
        (lambda t: ag.norm(t, "nonsense"), "nuc"),
        (lambda t: ag.norm(t[0], "fro"), "matrices"),
        (lambda t: ag.gradient(t, [0.0, 1.0, 2.0], axis=0), r"\(3,\)"),
        (lambda t: ag.block([t, [t]]), "nested"),
        (lambda t: ag.cov(t, fweights=[1.5, 2.0]), "whole"),
    ],
)
def test_refusals_say_what_to_do(call: Any, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        call(Tensor(np.eye(2), requires_grad=True))


# -- several outputs -------------------------------------------------------------------------------


def test_parts_that_nobody_uses_count_as_0() -> None:
    x = Tensor(np.arange(6.0), requires_grad=True)
    _, b, _ = ag.split(x, 3)
    (b**3).sum().backward(create_graph=True)
    first = x.grad
    np.testing.assert_array_equal(first.data, [0, 0, 12, 27, 0, 0])
    x.zero_grad()
    (first * first).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0, 0, 2 * 12 * 12, 2 * 27 * 18, 0, 0])
