"""gradient_descent's corners (its golden values are in test_golden.py), and paths."""

import numpy as np
import pytest

import optim
from autograd import Tensor, grad


def valley(x):
    return x[0] ** 2 / 20 + x[1] ** 2


def test_integers_become_floats():
    x, history = optim.gradient_descent(valley, [-7, 2], 0.9, 3)
    assert x.dtype == history.dtype == float
    assert history[0].tolist() == [-7.0, 2.0]


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_any_shape(shape):
    start = np.ones(shape)
    x, history = optim.gradient_descent(lambda x: np.sum(x**2), start, 0.25, 2, endpoint=True)
    assert x.shape == shape
    assert history.shape == (3, *shape)
    np.testing.assert_allclose(x, 0.25 * start, rtol=1e-9)


def test_no_steps():
    x, history = optim.gradient_descent(valley, [1.0, 2.0], step_num=0)
    assert x.tolist() == [1.0, 2.0]
    assert history.shape == (0, 2)


def test_a_tensor_may_be_the_start_and_grad_the_gradient():
    start = Tensor([-3.0, 4.0])
    x, _ = optim.gradient_descent(valley, start, 0.1, 5, gradient=grad(valley))
    np.testing.assert_allclose(x, [-3 * 0.99**5, 4 * 0.8**5], rtol=1e-14)
    assert start.data.tolist() == [-3.0, 4.0]


@pytest.mark.parametrize("steps", [-1, 1.5, True])
def test_steps_are_counted(steps):
    with pytest.raises(ValueError, match="step_num"):
        optim.gradient_descent(valley, [1.0, 2.0], step_num=steps)


def test_complex_numbers_are_refused():
    with pytest.raises(TypeError, match="complex128"):
        optim.gradient_descent(valley, [1j, 2])


OPTIMIZERS = {"steps of 0.95": optim.SGD(lr=0.95), "Adam": optim.Adam(lr=0.3)}


def test_paths_of_several_optimizers():
    paths = optim.descent_paths(valley, [-7.0, 2.0], OPTIMIZERS, 30, gradient=grad(valley))
    assert list(paths) == list(OPTIMIZERS)
    assert all(path.shape == (31, 2) for path in paths.values())
    assert all(path[0].tolist() == [-7.0, 2.0] for path in paths.values())
    np.testing.assert_allclose(
        paths["steps of 0.95"][-1], [-0.3503929957523197, 0.0847823165504322], rtol=1e-12
    )
    assert all(o.iterations == 0 and not o.named_state for o in OPTIMIZERS.values())
