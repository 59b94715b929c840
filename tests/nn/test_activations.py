"""Every activation, found by looking: the same promises for all, each against a second source."""

from __future__ import annotations

import math
import warnings

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn
from nn.functional import activation as functions
from nn.functional.normal import normal_cdf

ALL = {name: getattr(functions, name) for name in functions.__all__}
everyone = pytest.mark.parametrize("name", ALL)

CORNERS = (-3, -1, 0, 1, 3)  # of all activations together
smooth = st.floats(-6, 6).filter(lambda x: min(abs(x - corner) for corner in CORNERS) > 1e-2)
points = hnp.arrays(np.float64, hnp.array_shapes(max_dims=2, max_side=4), elements=smooth)

LARGE = np.array([-1e4, -100.0, -17.0, -0.0, 0.0, 17.0, 100.0, 1e4], np.float32)

FORMULAS = {
    # a second way to the same values, with Python's own math
    "identity": lambda x: x,
    "step": lambda x: float(x > 0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "tanh": math.tanh,
    "relu": lambda x: max(0.0, x),
    "leaky_relu": lambda x: max(0.01 * x, x),
    "elu": lambda x: x if x > 0 else math.exp(x) - 1,
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "log_sigmoid": lambda x: -math.log(1 + math.exp(-x)),
    "hard_sigmoid": lambda x: min(max(x / 6 + 1 / 2, 0), 1),
    "hard_tanh": lambda x: min(max(x, -1), 1),
    "hard_silu": lambda x: x * min(max(x / 6 + 1 / 2, 0), 1),
}
ALONG_AN_AXIS = {"softmax", "log_softmax"}


def test_every_activation_has_a_second_formula():
    assert set(FORMULAS) | ALONG_AN_AXIS == set(ALL)


@everyone
@given(x=points)
def test_values(name, x):
    if name in ALONG_AN_AXIS:
        rows = np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
        expected = rows if name == "softmax" else np.log(rows)
    else:
        expected = np.vectorize(FORMULAS[name], otypes=[float])(x)
    np.testing.assert_allclose(ALL[name](x), expected, rtol=1e-12, atol=1e-14)


@everyone
def test_arrays_in_arrays_out_and_tensors_in_tensors_out(name):
    x = np.array([[-2.0, 0.5, 2.0]])
    out = ALL[name](x)
    assert type(out) is np.ndarray
    same = ALL[name](ag.Tensor(x))
    assert isinstance(same, ag.Tensor)
    assert not same.requires_grad
    assert ALL[name](ag.Tensor(x, requires_grad=True)).requires_grad
    assert np.array_equal(same.data, out)
    with ag.no_grad():
        assert not ALL[name](1 * ag.Tensor(x, requires_grad=True)).requires_grad


@everyone
def test_lists_and_integers_are_as_good_as_arrays(name):
    expected = ALL[name](np.array([-2.0, 0.0, 3.0]))
    np.testing.assert_allclose(ALL[name]([-2, 0, 3]), expected)
    np.testing.assert_allclose(ALL[name](np.array([-2, 0, 3])), expected)
    if name != "tanh":  # NumPy's own, which makes float16 of so small integers
        small = np.array([2, 0, 3], np.uint8)
        np.testing.assert_allclose(ALL[name](small), ALL[name]([2.0, 0.0, 3.0]))


@everyone
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_stays_also_in_gradients(name, dtype):
    x = ag.Tensor(np.array([-2.0, 0.5, 2.0], dtype), requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.dtype))
    out = ALL[name](x)
    assert out.dtype == dtype
    assert ALL[name](x.data).dtype == dtype
    out.sum().backward()
    assert seen == [dtype]


@everyone
def test_large_inputs_neither_warn_nor_overflow(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (LARGE, LARGE.astype(np.float64)):
            t = ag.Tensor(x, requires_grad=True)
            out = ALL[name](t)
            assert np.isfinite(out.data).all()
            out.sum().backward(create_graph=True)
            assert np.isfinite(t.grad.data).all()
            first = t.grad
            t.zero_grad()
            if first.requires_grad:
                first.sum().backward()
                assert np.isfinite(t.grad.data).all()


@everyone
@given(x=points, data=st.data())
def test_gradients_of_first_and_second_order_are_those_of_finite_differences(name, x, data):
    weights = np.cos(np.arange(x.size, dtype=float)).reshape(x.shape) + 1.5
    f = ALL[name]

    def slope(values, create_graph=False):
        t = ag.Tensor(values, requires_grad=True)
        (f(t) * weights).sum().backward(create_graph=create_graph)
        return t, t.grad

    _, plain = slope(x)
    t, recorded = slope(x, create_graph=True)
    np.testing.assert_allclose(recorded.data, plain.data, rtol=1e-12)
    numeric = ag.numerical_gradient(lambda v: float((f(v) * weights).sum()), x.copy())
    np.testing.assert_allclose(plain.data, numeric, rtol=1e-6, atol=1e-6)

    others = np.sin(np.arange(x.size, dtype=float)).reshape(x.shape) + 1.5
    t.zero_grad()
    second = np.zeros_like(x)
    if recorded.requires_grad:
        (recorded * others).sum().backward()
        second = t.grad.data
    with_slope = ag.enable_grad()(lambda v: float((slope(v)[1].data * others).sum()))
    numeric = ag.numerical_gradient(with_slope, x.copy())
    np.testing.assert_allclose(second, numeric, rtol=1e-6, atol=1e-6)


# -- corners --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "at", "slope"),
    [
        ("relu", 0.0, 0.0),
        ("leaky_relu", 0.0, 0.01),
        ("elu", 0.0, 1.0),
        ("step", 0.0, 0.0),
        ("hard_tanh", 1.0, 1.0),
        ("hard_tanh", -1.0, 1.0),
        ("hard_sigmoid", 3.0, 1 / 6),
        ("softsign", 0.0, 1.0),
        ("gelu", 0.0, 0.5),
    ],
)
def test_slope_at_a_corner(name, at, slope):
    x = ag.Tensor(at, requires_grad=True)
    ALL[name](x).backward(create_graph=True)
    assert x.grad.item() == pytest.approx(slope)
    first = x.grad
    x.zero_grad()
    if first.requires_grad and name in ("relu", "leaky_relu", "hard_tanh"):
        first.backward()
        assert x.grad.item() == 0


def test_slopes_are_settings():
    x = ag.Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    nn.leaky_relu(x, slope=0.2).sum().backward()
    assert x.grad.data.tolist() == [0.2, 0.2, 1.0]
    x.zero_grad()
    nn.elu(x, alpha=0.5).sum().backward()
    np.testing.assert_allclose(x.grad.data, [0.5 * math.exp(-1), 0.5, 1.0])


def test_nan_is_not_hidden():
    x = np.array([np.nan, 1.0])
    for name in set(ALL) - {"step"}:
        with np.errstate(invalid="ignore"):  # np.logaddexp mentions it
            y = ALL[name](x)
        assert np.isnan(y[0]), name


def test_tanh_is_the_engines_own():
    assert nn.tanh is ag.tanh


# -- softmax --------------------------------------------------------------------------------------


large = hnp.arrays(np.float64, (3, 4), elements=st.floats(-1e4, 1e4))


@given(x=large, axis=st.sampled_from([0, 1]))
def test_softmax_sums_to_one_along_its_axis_and_log_softmax_is_its_logarithm(x, axis):
    p = nn.softmax(x, axis=axis)
    np.testing.assert_allclose(p.sum(axis=axis), 1)
    assert (p >= 0).all()
    np.testing.assert_allclose(np.exp(nn.log_softmax(x, axis=axis)), p, atol=1e-15)
    np.testing.assert_allclose(p, np.moveaxis(nn.softmax(np.moveaxis(x, axis, -1)), -1, axis))


def test_log_softmax_is_exact_where_softmax_is_zero():
    assert nn.log_softmax(np.array([0.0, 1e4])).tolist() == [-1e4, 0.0]


# -- Φ --------------------------------------------------------------------------------------------


@given(x=st.floats(-35, 35))
def test_normal_cdf_is_that_of_the_error_function(x):
    exact = math.erfc(-x / math.sqrt(2)) / 2
    assert normal_cdf(x) == pytest.approx(exact, rel=2e-13, abs=1e-300)
    assert normal_cdf(np.float32(x)) == pytest.approx(exact, abs=3e-7)


def test_activations_agree_with_pytorch():
    torch = pytest.importorskip("torch")
    other = torch.nn.functional
    theirs = {
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": other.relu, "elu": other.elu,
        "leaky_relu": other.leaky_relu, "selu": other.selu, "gelu": other.gelu, "silu": other.silu,
        "softplus": other.softplus, "softsign": other.softsign, "log_sigmoid": other.logsigmoid,
        "hard_sigmoid": other.hardsigmoid, "hard_tanh": other.hardtanh,
        "hard_silu": other.hardswish, "softmax": lambda x: other.softmax(x, -1),
        "log_softmax": lambda x: other.log_softmax(x, -1),
    }  # fmt: skip
    assert set(theirs) == set(ALL) - {"identity", "step"}
    values = np.random.default_rng(0).normal(scale=3, size=(4, 5))
    for name, function in theirs.items():
        x = ag.Tensor(values, requires_grad=True)
        y = ALL[name](x)
        (y * y).sum().backward()
        x_theirs = torch.tensor(values, requires_grad=True)
        y_theirs = function(x_theirs)
        (y_theirs * y_theirs).sum().backward()
        expected = y_theirs.detach().numpy()
        np.testing.assert_allclose(y.data, expected, rtol=1e-9, atol=1e-15, err_msg=name)
        np.testing.assert_allclose(x.grad.data, x_theirs.grad.numpy(), atol=1e-9, err_msg=name)
