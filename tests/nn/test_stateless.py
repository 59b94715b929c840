"""A model as a pure function of its parameters."""

import numpy as np
import pytest

import autograd as ag
import nn
from nn.stateless import functional_call


def model_and_batch():
    nn.seed(0)
    model = nn.Sequential(
        nn.Dense(3, activation="tanh", in_features=2, dtype=np.float64),
        nn.Dense(2, in_features=3, dtype=np.float64),
    )
    rng = np.random.default_rng(0)
    return model, rng.normal(size=(5, 2)), rng.integers(0, 2, 5)


def test_hessian_and_hvp_of_a_models_loss_agree_with_finite_differences():
    model, x, t = model_and_batch()
    vector, unflatten = ag.flatten(model.state_dict())
    loss = lambda v: nn.cross_entropy(functional_call(model, unflatten(v), x), t)
    gradient = ag.grad(loss)
    steps = 1e-5 * np.eye(vector.size)
    numeric = np.array([(gradient(vector + s) - gradient(vector - s)) / 2e-5 for s in steps])
    hessian = ag.hessian(loss)(vector)
    np.testing.assert_allclose(hessian, numeric, atol=1e-8)
    v = np.random.default_rng(1).normal(size=vector.size)
    np.testing.assert_allclose(ag.hvp(loss, vector, v), hessian @ v, atol=1e-12)


def test_gradient_is_that_of_backward_and_the_model_is_as_before():
    model, x, t = model_and_batch()
    before = model.state_dict()
    gradient = ag.grad(lambda p: nn.cross_entropy(functional_call(model, p, x), t))(before)
    nn.cross_entropy(model(x), t).backward()
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(gradient[name], parameter.grad.data, rtol=1e-12)
        np.testing.assert_array_equal(parameter.data, before[name])
        assert parameter.is_leaf


def test_errors_leave_the_model_as_it_was():
    model, x, _ = model_and_batch()
    before = [p.array for p in model.parameters()]
    with pytest.raises(KeyError, match="no parameter 'nope'"):
        functional_call(model, {"nope": 1.0}, x)
    name = model.named_parameters()[0][0]
    with pytest.raises(ValueError, match="but the value has"):
        functional_call(model, {name: np.zeros(7)}, x)
    with pytest.raises(ValueError, match="takes 2 features"):
        functional_call(model, {name: before[0] * 2}, x[:, :1])
    assert all(p.array is a for p, a in zip(model.parameters(), before, strict=True))
