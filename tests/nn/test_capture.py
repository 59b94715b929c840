"""capture: every layer's output in order, and a model that is none the wiser."""

import numpy as np
import pytest

import nn
from autograd import Tensor
from nn.capturing import layers


def model():
    return nn.Sequential(
        nn.Dense(4, "tanh", rng=0),
        nn.Sequential(nn.Dropout(0.5), nn.Dense(3, rng=1), nn.relu),
        nn.Dense(2, rng=2),
    )


X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def test_every_module_by_its_path_in_the_order_of_the_calls():
    m = model()
    found = nn.capture(m, X)
    block = m.layers[1]
    hidden = m.layers[0](X).data
    middle = block.layers[1](hidden).data
    expected = {
        "layers.0": hidden,
        "layers.1.layers.0": hidden,  # dropout passes all
        "layers.1.layers.1": middle,
        "layers.1.layers.2": nn.relu(middle),
        "layers.1": nn.relu(middle),
        "layers.2": m.layers[2](nn.relu(middle)).data,
    }
    expected[""] = expected["layers.2"]
    assert list(found) == list(expected)
    for path, output in expected.items():
        assert type(found[path]) is np.ndarray
        np.testing.assert_array_equal(found[path], output)


def test_the_model_stays_as_it_was():
    m = model()
    m(X)
    m.layers[1].eval()
    state = m.state_dict()
    nn.seed(3)
    loss = m(X).sum()
    loss.backward()
    gradients = [p.grad.data.copy() for p in m.parameters()]
    before = nn.random.generator().bit_generator.state
    nn.capture(m, X)
    assert nn.random.generator().bit_generator.state == before
    modes = [module.training for _, module in m.modules()]
    assert modes == [True, True, False, False, False, False, True]
    for name, value in m.state_dict().items():
        np.testing.assert_array_equal(value, state[name])
    for parameter, gradient in zip(m.parameters(), gradients):
        np.testing.assert_array_equal(parameter.grad.data, gradient)


def test_outputs_are_copies():
    x = X.copy()
    found = nn.capture(nn.Sequential(nn.Identity(), nn.Flatten()), x)
    for output in found.values():
        output[...] = 0
    np.testing.assert_array_equal(x, X)


def test_a_layer_called_again_has_a_number():
    shared = nn.Dense(3, "relu", in_features=3, rng=0)
    found = nn.capture(nn.Sequential(shared, shared, shared), X)
    assert list(found) == ["layers.0", "layers.0#2", "layers.0#3", ""]
    np.testing.assert_array_equal(found["layers.0#2"], shared(found["layers.0"]).data)


def test_several_inputs_and_several_outputs():
    class Two(nn.Module):
        def forward(self, a, b):
            return a + b, [a * b, Tensor(a)]

    found = nn.capture(Two(), X, 2 * X)
    total, (product, first) = found[""]
    np.testing.assert_array_equal(total, 3 * X)
    np.testing.assert_array_equal(product, 2 * X * X)
    assert type(first) is np.ndarray


def test_a_model_that_fails_is_also_left_alone():
    m = nn.Sequential(nn.Dense(2, in_features=4))
    with pytest.raises(ValueError, match="takes 4 features"):
        nn.capture(m, X)
    assert m.training
    nn.capture(nn.Dense(2), X)  # nobody is watching any more
    assert m.layers[0].training


def test_layers_are_what_holds_no_others():
    assert layers(model()) == [
        "layers.0", "layers.1.layers.0", "layers.1.layers.1", "layers.1.layers.2", "layers.2"
    ]  # fmt: skip
    assert layers(nn.Dense(2)) == [""]
