"""Residual connections, and functions as layers."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import autograd as ag
import nn

X = np.random.default_rng(0).normal(size=(4, 3))


@given(seed=st.integers(0, 2**32))
def test_is_the_sum_of_input_and_layers(seed):
    layer = nn.Residual(nn.Dense(5, "tanh", dtype=np.float64, rng=seed), nn.Dense(3, rng=seed))
    first, second = layer.branch.layers
    np.testing.assert_array_equal(layer(X).data, X + second(first(X)).data)
    one = nn.Residual(nn.Dense(3, dtype=np.float64, in_features=3, rng=seed))
    ag.check_gradients(one, X, order=2)


def test_functions_are_layers_too():
    np.testing.assert_array_equal(nn.Residual(np.tanh)(X), X + np.tanh(X))
    np.testing.assert_array_equal(nn.Residual(np.tanh, nn.relu)(X), X + np.maximum(np.tanh(X), 0))
    double = nn.Residual(np.tanh, shortcut=lambda x: 2 * x)
    np.testing.assert_array_equal(double(X), 2 * X + np.tanh(X))


def test_a_sequential_takes_functions():
    model = nn.Sequential(nn.Dense(5, in_features=3), np.tanh, nn.relu, lambda x: x[:, :2])
    out = model(X)
    expected = np.maximum(np.tanh(model[0](X).data), 0)[:, :2]
    np.testing.assert_array_equal(out.data, expected)
    out.sum().backward()
    assert model[0].weight.grad is not None


def test_a_shortcut_brings_the_input_into_shape():
    layer = nn.Residual(nn.Dense(8, "relu"), nn.Dense(5), shortcut=nn.Dense(5, bias=False))
    assert layer(X).shape == (4, 5)
    names = [name for name, _ in layer.named_parameters()]
    assert names[:2] == ["branch.layers.0.weight", "branch.layers.0.bias"]
    assert names[-1] == "shortcut.weight"


def test_gradients_have_a_way_past_a_layer_that_is_dead():
    x = ag.Tensor(X, requires_grad=True)
    nn.Residual(lambda x: 0 * x)(x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, np.ones_like(X))


def test_shapes_that_would_broadcast_are_an_error():
    with pytest.raises(ValueError, match=r"output \(4, 1\) .* the input, \(4, 3\).*shortcut="):
        nn.Residual(nn.Dense(1))(X)
    with pytest.raises(ValueError, match=r"the shortcut's output, \(4, 2\)"):
        nn.Residual(nn.Dense(3), shortcut=nn.Dense(2))(X)
    with pytest.raises(TypeError, match="needs a layer"):
        nn.Residual()


def test_saved_and_loaded(tmp_path):
    make = lambda: nn.Residual(nn.Dense(8, "relu"), nn.Dropout(0.5), nn.Dense(3))
    layer = make()
    expected = layer.eval()(X)
    layer.save(tmp_path / "layer.npz")
    other = make().eval()
    other.load(tmp_path / "layer.npz")
    np.testing.assert_array_equal(other(X).data, expected.data)
    assert not np.array_equal(other.train()(X).data, expected.data)  # dropout inside is told
