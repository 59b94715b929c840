"""Rows D1–D10 of the study notes: slopes by evaluating twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import numerical_diff, numerical_gradient, tangent_line


def function_1(x):
    return 0.01 * x**2 + 0.1 * x


def function_2(x):
    return np.sum(x**2, axis=0)


def test_d1_numerical_diff():
    assert numerical_diff(function_1, 5) == 0.1999999999990898
    assert numerical_diff(function_1, 10) == 0.2999999999986347


def test_d2_tangent_line(capsys):
    line = tangent_line(function_1, 5)
    assert line(1.0) - line(0.0) == pytest.approx(0.1999999999990898, abs=1e-15)
    assert line(0) == -0.24999999999544897
    assert line(5) == pytest.approx(0.75, abs=1e-15)
    assert capsys.readouterr().out == ""


def test_d3_partial_derivatives():
    assert numerical_diff(lambda x0: x0 * x0 + 4.0**2.0, 3.0) == 6.00000000000378
    assert numerical_diff(lambda x1: 3.0**2.0 + x1 * x1, 4.0) == 7.999999999999119


@pytest.mark.parametrize(
    ("point", "gradient"),
    [
        ((3.0, 4.0), [6.00000000000378, 7.999999999999119]),
        ((0.0, 2.0), [0.0, 4.000000000004]),
        ((3.0, 0.0), [6.000000000012662, 0.0]),
    ],
)
def test_d4_numerical_gradient(point, gradient):
    x = np.array(point)
    np.testing.assert_allclose(numerical_gradient(function_2, x), gradient, rtol=0, atol=2e-11)
    np.testing.assert_array_equal(x, point)


@given(hnp.arrays(np.float64, hnp.array_shapes(min_dims=0, max_dims=4), elements=st.floats(-3, 3)))
def test_d5_any_number_of_dimensions_and_x_comes_back_bit_for_bit(x):
    before = x.tobytes()
    gradient = numerical_gradient(lambda x: np.sum(np.sin(x)), x)
    assert x.tobytes() == before
    assert gradient.shape == x.shape
    np.testing.assert_allclose(gradient, np.cos(x), atol=1e-7)


def test_d5_restored_when_f_raises():
    x = np.array([0.1, 0.2, 0.3])
    before, calls = x.tobytes(), []

    def fails_at_the_fourth(x):
        calls.append(1)
        if len(calls) == 4:
            raise KeyError
        return x.sum()

    with pytest.raises(KeyError):
        numerical_gradient(fails_at_the_fourth, x)
    assert x.tobytes() == before


def test_d6_integers_are_refused():
    with pytest.raises(TypeError, match=r"int64.*astype\(float\)"):
        numerical_gradient(function_2, np.array([3, 4]))


def test_d7_f_may_read_the_array_elsewhere():
    w = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_allclose(numerical_gradient(lambda _: np.sum(w**2), w), 2 * w, atol=1e-8)
    t = ag.Tensor(w, requires_grad=True)
    loss = (t**2).sum()
    np.testing.assert_allclose(numerical_gradient(lambda _: (t**2).sum(), t), 2 * w, atol=1e-8)
    loss.backward()  # the memory was put back, so the graph is not stale
    np.testing.assert_array_equal(t.grad.data, 2 * w)


def test_d8_gradient_field():
    axis = np.arange(-2, 2.5, 0.25)
    x = np.array([a.ravel() for a in np.meshgrid(axis, axis)])
    assert x.shape == (2, 324)
    field = numerical_gradient(lambda x: np.sum(function_2(x)), x)
    assert np.abs(field - 2 * x).max() < 1e-9


def test_d10_one_evaluation_pair_for_each_parameter():
    calls = []
    numerical_gradient(lambda x: calls.append(1) or x.sum(), np.zeros((5, 7)))
    assert len(calls) == 2 * 35


@pytest.mark.parametrize("h", [0.0, -1e-4, float("nan")])
def test_the_step_must_be_positive(h):
    with pytest.raises(ValueError, match="positive"):
        numerical_gradient(function_2, np.ones(2), h=h)


def test_errors():
    with pytest.raises(ValueError, match=r"one number.*shape"):
        numerical_gradient(lambda x: x, np.ones(2))
    x = np.ones(2)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        numerical_gradient(np.sum, x)
