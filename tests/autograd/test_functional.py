"""Derivatives as functions of functions, against formulas and finite differences."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import Tensor

VECTORS = hnp.arrays(np.float64, st.integers(1, 4), elements=st.floats(-2, 2, width=32))


def f(x):
    return np.sum(np.sin(x) * x**2) + np.prod(np.cos(x))


def central(f, x, h=1e-5):
    """The gradient of f by central differences, for any shape of f's result."""
    columns = []
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        columns.append((np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h))
    out = np.shape(columns[0])
    return np.moveaxis(np.array(columns), 0, -1).reshape(out + x.shape)


@given(VECTORS)
def test_grad_jacobian_hessian_against_finite_differences(x):
    np.testing.assert_allclose(ag.grad(f)(x), central(f, x), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ag.hessian(f)(x), central(ag.grad(f), x), rtol=1e-6, atol=1e-6)
    outer = lambda x: np.tanh(x)[:, None] * x
    np.testing.assert_allclose(ag.jacobian(outer)(x), central(outer, x), rtol=1e-6, atol=1e-7)


@given(VECTORS, st.data())
def test_products_with_vectors_agree_with_the_whole_matrices(x, data):
    v = data.draw(hnp.arrays(np.float64, x.shape, elements=st.floats(-2, 2, width=32)))
    hessian = ag.hessian(f)(x)
    np.testing.assert_allclose(ag.hvp(f, x, v), hessian @ v, rtol=1e-9, atol=1e-9)
    g = lambda x: np.exp(np.sin(x)) * x.sum()
    jacobian = ag.jacobian(g)(x)
    out, tangent = ag.jvp(g, (x,), (v,))
    np.testing.assert_allclose(out, g(x))
    np.testing.assert_allclose(tangent, jacobian @ v, rtol=1e-9, atol=1e-9)
    out, pullback = ag.vjp(g, x)
    np.testing.assert_allclose(pullback(v)[0], v @ jacobian, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(pullback(2 * v)[0], 2 * v @ jacobian, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("order", range(1, 6))
def test_grad_nests_to_any_order(order):
    derivative = np.sin
    for _ in range(order):
        derivative = ag.grad(derivative)
    expected = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x)][order % 4](0.7)
    assert derivative(0.7) == pytest.approx(expected, rel=1e-12)


def test_inner_and_outer_variables_are_not_confused():
    # d/dx (x · d/dy (x·y)) = d/dx x² = 2x: the classic perturbation confusion gives another number
    assert ag.grad(lambda x: x * ag.grad(lambda y: x * y)(1.0))(3.0) == 6.0
    assert ag.grad(lambda x: x * ag.jvp(lambda y: x * y, (1.0,), (1.0,))[1])(3.0) == 6.0
    assert ag.grad(lambda x: ag.grad(lambda y: y * x)(2.0))(5.0) == 1.0


def test_trees_of_parameters():
    p = {"w": np.array([[1.0, 2.0]]), "layers": [(np.array(3.0), 4.0)]}
    loss = lambda p: np.sum(p["w"] ** 2) * p["layers"][0][0] + p["layers"][0][1] ** 3
    gradient = ag.grad(loss)(p)
    np.testing.assert_array_equal(gradient["w"], [[6.0, 12.0]])
    assert gradient["layers"] == [(5.0, 48.0)]
    assert isinstance(gradient["layers"][0], tuple)
    hessian = ag.hessian(loss)(p)
    np.testing.assert_array_equal(hessian["w"]["layers"][0][0], [[2.0, 4.0]])
    assert hessian["layers"][0][1]["layers"][0][1] == 24.0
    v = ag.hvp(loss, p, {"w": np.zeros((1, 2)), "layers": [(1.0, 1.0)]})
    np.testing.assert_array_equal(v["w"], [[2.0, 4.0]])
    assert v["layers"] == [(0.0, 24.0)]


def test_several_arguments_and_argnums():
    g = lambda x, y, *, k=1.0: np.sum(x * y**2) * k
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    gx, gy = ag.grad(g, argnums=(0, 1))(x, y, k=2.0)
    np.testing.assert_array_equal(gx, 2 * y**2)
    np.testing.assert_array_equal(gy, 4 * x * y)
    np.testing.assert_array_equal(ag.grad(g, argnums=-1)(x, y), 2 * x * y)
    with pytest.raises(ValueError, match=r"argnums=5.*2 positional"):
        ag.grad(g, argnums=5)(x, y)


def test_arrays_in_arrays_out_tensors_in_tensors_out():
    x = np.array([1.0, 2.0])
    assert type(ag.grad(f)(x)) is np.ndarray
    assert type(ag.grad(f)(0.5)) is np.float64
    assert isinstance(ag.grad(f)(Tensor(x)), Tensor)
    w = Tensor([3.0, 4.0], requires_grad=True)  # closed over: an array still gives an array
    assert type(ag.grad(lambda x: np.sum(w * x))(x)) is np.ndarray
    t = Tensor(x, requires_grad=True)
    g = ag.grad(lambda t: np.sum(t**3))(t)
    g.sum().backward()
    np.testing.assert_array_equal(t.grad.data, 6 * x)
    assert t.grad.shape == (2,)


def test_gradient_penalty_reaches_the_parameters():
    w = Tensor([1.0, 2.0], requires_grad=True)
    x = Tensor([0.5, 0.25])
    slope = ag.grad(lambda x: np.sum((w * x) ** 2))(x)  # 2 w² x
    (slope**2).sum().backward()  # Σ 4 w⁴ x² → 16 w³ x²
    np.testing.assert_allclose(w.grad.data, 16 * w.data**3 * x.data**2)


def test_the_callers_gradients_and_arrays_are_left_alone():
    x = Tensor([1.0, 2.0], requires_grad=True)
    ag.grad(lambda x: np.sum(x**2))(x)
    assert x.grad is None
    a = np.array([1.0, 2.0])
    g = ag.grad(np.sum)(a)
    g[:] = 7  # our own, writable
    np.testing.assert_array_equal(a, [1.0, 2.0])
    assert a.flags.writeable


def test_no_grad_outside_does_not_matter_inside():
    with ag.no_grad():
        assert ag.grad(lambda x: x**2)(3.0) == 6.0
        assert ag.grad(ag.grad(lambda x: x**3))(2.0) == 12.0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: ag.grad(lambda x: x * 2)(np.ones(3)), ValueError, "one number.*elementwise_grad"),
        (lambda: ag.value_and_grad(lambda x: x * 2)(np.ones(3)), ValueError, "^value_and_grad "),
        (lambda: ag.hessian(lambda v: v * v)(np.ones(3)), ValueError, "^hessian .*ag.jacobian"),
        (lambda: ag.hvp(lambda v: v * v, np.ones(3), np.ones(3)), ValueError, "^hvp .*Sum it.$"),
        (lambda: ag.hessian(f, 5)(np.ones(3)), ValueError, "but f was called with 1"),
        (lambda: ag.elementwise_grad(len)(np.ones(3)), TypeError, "len gave a int, which has left"),
        (lambda: ag.grad(lambda x: 3.0)(1.0), TypeError, "left the graph.*np.exp"),
        (lambda: ag.grad(np.sum)(np.array([1, 2])), TypeError, "integers.*1.0 instead of 1"),
        (lambda: ag.grad(np.sum)(np.array([1j])), TypeError, "complex"),
        (lambda: ag.jvp(np.sin, (1.0,), ()), ValueError, "one direction for each"),
        (lambda: ag.jvp(np.sin, (1.0,), (np.ones(2),)), ValueError, "direction of shape"),
        (lambda: ag.vjp(np.sin, np.ones(2))[1](np.ones(3)), ValueError, "gradient of shape"),
    ],
)
def test_errors_say_what_to_do(call, error, words):
    with pytest.raises(error, match=f"(?s){words}"):
        call()


def test_integers_become_floats_and_constants_have_no_slope():
    assert ag.grad(lambda x: x**2)(3) == 6.0
    assert ag.grad(lambda x: 0 * x + 3.0)(1.0) == 0.0
    np.testing.assert_array_equal(ag.hessian(lambda x: np.sum(3 * x))(np.ones(2)), np.zeros((2, 2)))


def test_stop_gradient():
    assert ag.grad(lambda x: x * ag.stop_gradient(x))(3.0) == 3.0
    a = np.ones(2)
    assert ag.stop_gradient(a) is a


def test_flatten_round_trip_and_gradient():
    tree = {"w": np.arange(6.0).reshape(2, 3), "b": [np.float32(7.0), (8.0,)]}
    vector, unflatten = ag.flatten(tree)
    np.testing.assert_array_equal(vector, [0, 1, 2, 3, 4, 5, 7, 8])
    again = unflatten(vector)
    np.testing.assert_array_equal(again["w"], tree["w"])
    assert again["b"][0].dtype == np.float32
    gradient = ag.grad(lambda v: np.sum(unflatten(v)["w"] ** 2))(vector)
    np.testing.assert_array_equal(gradient, [0, 2, 4, 6, 8, 10, 0, 0])
    with pytest.raises(ValueError, match="vector of 8 elements"):
        unflatten(np.zeros(3))


def test_an_exception_inside_leaves_no_state_behind():
    def fails(x):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        ag.grad(ag.grad(fails))(1.0)
    assert ag.Tensor(1.0, requires_grad=True).__mul__(2).requires_grad
    assert type(ag.grad(lambda x: x**2)(1.0)) is np.float64  # not inside a transform any more


def test_nothing_is_left_to_the_cycle_collector():
    work = [
        lambda: ag.grad(f)(np.ones(3)),
        lambda: ag.hessian(f)(np.ones(3)),
        lambda: ag.jvp(f, (np.ones(3),), (np.ones(3),)),
        lambda: ag.hvp(f, np.ones(3), np.ones(3)),
    ]
    for run in work:
        run()
    gc.collect()
    gc.disable()
    try:
        for run in work:
            run()
        assert gc.collect() == 0
    finally:
        gc.enable()
