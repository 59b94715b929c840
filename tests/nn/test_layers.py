"""Layers: found by looking where one promise holds for all; initialisers; one source of chance."""

from __future__ import annotations

import inspect
from functools import partial

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Tensor
from nn import layers
from nn.functional import activation as functions

X = np.random.default_rng(0).normal(size=(4, 3))

# -- activations as layers ------------------------------------------------------------------------

ACTIVATIONS = {
    name: layer
    for name in layers.__all__
    if issubclass(layer := getattr(layers, name), nn.Activation) and layer is not nn.Activation
}


def test_every_activation_is_a_layer_too():
    wrapped = {layer.function for layer in ACTIVATIONS.values()}
    assert wrapped == {getattr(functions, name) for name in functions.__all__}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_layer_is_its_function(name):
    layer = ACTIVATIONS[name]()
    np.testing.assert_array_equal(layer(X), layer.function(X))
    assert repr(layer) == f"{name}()"
    assert layer.parameters() == []
    by_name = nn.Dense(5, activation=layer.function.__name__, rng=0)
    assert by_name.activation is layer.function
    assert nn.Dense(5, activation=layer).activation is layer.function


def test_settings_of_activation_layers():
    layer = nn.LeakyReLU(slope=0.5)
    assert repr(layer) == "LeakyReLU(slope=0.5)"
    assert layer(np.array([-2.0])).tolist() == [-1.0]
    assert nn.Dense(1, activation=layer, in_features=3).describe() == "3 -> 1, leaky_relu"
    assert repr(nn.Activation("elu", alpha=2.0)) == "Activation(elu, alpha=2.0)"
    np.testing.assert_allclose(nn.Softmax(axis=0)(X).sum(axis=0), 1)
    with pytest.raises(TypeError, match="slop"):
        nn.LeakyReLU(slop=0.5)


def test_names_of_activations():
    assert nn.Dense(1).activation is nn.identity
    for name, function in {
        "linear": nn.identity, "swish": nn.silu, "ReLU": nn.relu, "leaky-relu": nn.leaky_relu,
        "Log Softmax": nn.log_softmax,
    }.items():  # fmt: skip
        assert nn.Dense(1, activation=name).activation is function
    with pytest.raises(ValueError, match=r"no activation is called 'relo'\. Do you mean relu"):
        nn.Dense(1, activation="relo")
    with pytest.raises(TypeError, match=r"a class: write ReLU\(\)"):
        nn.Dense(1, activation=nn.ReLU)
    with pytest.raises(TypeError, match="the second argument is the activation"):
        nn.Dense(1, activation=3)


def test_names_that_begin_like_it_are_meant():
    with pytest.raises(ValueError, match=r"'he'\. Do you mean he_normal, he_uniform\?"):
        nn.Dense(1, init="he")


# -- Dense ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 4, 3), (0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_dense_is_its_formula_with_gradients_of_two_orders(shape, bias):
    rng = np.random.default_rng(0)
    layer = nn.Dense(2, nn.tanh, in_features=3, bias=bias, bias_init=1.0, dtype=float, rng=rng)
    values = rng.normal(size=shape)
    x = Tensor(values, requires_grad=True)
    weight = layer.weight.data
    expected = np.tanh(values @ weight + (layer.bias.data if bias else 0))
    np.testing.assert_allclose(layer(x).data, expected, rtol=1e-14)

    leaves = [x, *layer.parameters()]
    layer(x).sum().backward(create_graph=True)
    firsts = [leaf.grad for leaf in leaves]
    for leaf in leaves:
        leaf.zero_grad()
    sum((g * g).sum() for g in firsts).backward()
    seconds = [leaf.grad.data for leaf in leaves]
    for leaf, first, second in zip(leaves, firsts, seconds, strict=True):

        @ag.enable_grad()
        def squares(_):
            for other in leaves:
                other.zero_grad()
            layer(x).sum().backward()
            return float(sum((other.grad.data**2).sum() for other in leaves))

        numeric = ag.numerical_gradient(lambda _: float(layer(x).data.sum()), leaf.array)
        np.testing.assert_allclose(first.data, numeric, atol=1e-7)
        np.testing.assert_allclose(second, ag.numerical_gradient(squares, leaf.array), atol=1e-6)


def test_affine_keeps_what_its_rules_need_and_no_more():
    """The first layer of a network computes no gradient for its data, and keeps no weight."""
    for layer, name, kept in (
        (nn.Linear(3, 2), "affine", {"x"}),
        (nn.Dense(2, "relu", in_features=3), "affine_relu", {"x", "out"}),
    ):
        node = layer(X).node
        assert node.op.name == name
        assert set(node.plan.names) == kept


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_subclass_may_have_logits_of_its_own(activation):
    class Halved(nn.Dense):
        def logits(self, x):
            return super().logits(x) / 2

    halved = Halved(2, activation, in_features=3)
    expected = halved.activation(X.astype(np.float32) @ halved.weight.data / 2)
    np.testing.assert_allclose(halved(X).data, expected, rtol=1e-5)


def test_dense_finds_its_size_and_then_keeps_it():
    layer = nn.Dense(2)
    assert repr(layer) == "Dense(? -> 2)"
    assert layer(X).shape == (4, 2)
    assert repr(layer) == "Dense(3 -> 2)"
    with pytest.raises(ValueError, match=r"Dense\(3 -> 2\) takes 3 features.*\(4, 5\)"):
        layer(np.zeros((4, 5)))
    with pytest.raises(ValueError, match=r"the input has shape \(\)"):
        nn.Dense(2, in_features=1)(1.0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16, np.float32, np.float64, bool])
def test_dense_casts_what_it_is_given(dtype):
    layer = nn.Dense(2, in_features=3, rng=0)
    assert layer(X.astype(dtype)).dtype == np.float32
    assert nn.Dense(2, dtype=np.float64)(X.astype(dtype)).dtype == np.float64


def test_the_gradient_of_an_input_that_was_cast_has_the_inputs_dtype():
    x = Tensor(X, requires_grad=True)
    nn.Dense(2)(x).sum().backward()
    assert x.grad.dtype == np.float64


def test_dense_takes_lists():
    assert nn.Dense(2)([[1, 2, 3]]).shape == (1, 2)


@pytest.mark.parametrize("units", [0, -1, 2.0, "3"])
def test_sizes_count(units):
    with pytest.raises(ValueError, match="units"):
        nn.Dense(units)
    with pytest.raises(ValueError, match="in_features"):
        nn.Dense(1, in_features=units)


def test_linear():
    layer = nn.Linear(3, 2, bias=False)
    assert (layer.weight.shape, layer.bias) == ((3, 2), None)
    assert repr(layer) == "Linear(3 -> 2, bias=False)"
    np.testing.assert_allclose(layer(X).data, X.astype(np.float32) @ layer.weight.data)


# -- Flatten, Dropout, Sequential -----------------------------------------------------------------


def test_flatten():
    x = Tensor(np.arange(24.0).reshape(2, 3, 4), requires_grad=True)
    y = nn.Flatten()(x)
    assert y.shape == (2, 12)
    y.sum().backward()
    assert x.grad.shape == (2, 3, 4)
    assert nn.Flatten()(np.zeros((0, 3, 4))).shape == (0, 12)
    assert nn.Flatten()(np.zeros(5)).shape == (5, 1)


def test_dropout_drops_its_share_and_keeps_the_mean():
    layer = nn.Dropout(0.3, rng=0)
    x = Tensor(np.ones((200, 200), np.float32), requires_grad=True)
    y = layer(x)
    assert y.dtype == np.float32
    assert set(np.unique(y.data)) == {np.float32(0), np.float32(1 / 0.7)}
    assert np.mean(y.data == 0) == pytest.approx(0.3, abs=0.01)
    assert y.data.mean() == pytest.approx(1, abs=0.01)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    assert not np.array_equal(layer(x).data, y.data)
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x
    for rate in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="rate"):
            nn.Dropout(rate)


def test_sequential_takes_layers_a_list_or_functions():
    first, second = nn.Linear(3, 2, rng=0), nn.ReLU()
    for model in (nn.Sequential(first, second), nn.Sequential([first, second])):
        assert len(model) == 2
        assert model[0] is first
        np.testing.assert_array_equal(model(X).data, np.maximum(first(X).data, 0))
    model = nn.Sequential(first)
    model.add(nn.relu)
    assert repr(model[1]) == "Activation(relu)"
    np.testing.assert_array_equal(model(X).data, np.maximum(first(X).data, 0))
    assert nn.Sequential()(X) is X
    with pytest.raises(TypeError, match=r"Flatten is a class: add Flatten\(…\)"):
        nn.Sequential(nn.Flatten)
    with pytest.raises(TypeError, match="neither a name nor a function"):
        nn.Sequential(3)


@pytest.mark.parametrize(
    "ending", [[nn.Dense(2, "softmax")], [nn.Dense(2), nn.Softmax()], [nn.Dense(2), nn.softmax]]
)
def test_logits_come_before_the_last_activation(ending):
    model = nn.Sequential(nn.Dense(5, "relu"), *ending)
    assert model.activation is nn.softmax
    np.testing.assert_allclose(model(X).data, nn.softmax(model.logits(X)).data)
    nested = nn.Sequential(nn.Flatten(), model)
    assert nested.activation is nn.softmax
    np.testing.assert_array_equal(nested.logits(X).data, model.logits(X).data)


# -- initial values -------------------------------------------------------------------------------

INITIALISERS = {name: getattr(nn.init, name) for name in nn.init.__all__}


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers_have_the_shape_the_dtype_and_the_seed(name):
    init = INITIALISERS[name]
    for dtype in (np.float32, np.float64):
        a = init((4, 3), rng=7, dtype=dtype)
        assert (a.shape, a.dtype) == ((4, 3), dtype)
        assert a.flags.writeable
        np.testing.assert_array_equal(a, init((4, 3), rng=7, dtype=dtype))
        np.testing.assert_array_equal(a, init((4, 3), rng=np.random.default_rng(7), dtype=dtype))
    nn.seed(7)
    np.testing.assert_array_equal(init((4, 3)), init((4, 3), rng=7))
    layer = nn.Dense(3, in_features=4, init=name, rng=7)
    np.testing.assert_array_equal(layer.weight.data, init((4, 3), rng=7))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("xavier_uniform", 2 / 500), ("xavier_normal", 2 / 500), ("he_uniform", 2 / 200),
        ("he_normal", 2 / 200), ("lecun_uniform", 1 / 200), ("lecun_normal", 1 / 200),
        ("normal", 0.01**2), ("uniform", 0.1**2 / 12),
    ],
)  # fmt: skip
def test_initialisers_have_their_variance(name, variance):
    a = INITIALISERS[name]((200, 300), rng=0)
    assert a.var() == pytest.approx(variance, rel=0.03)
    assert a.mean() == pytest.approx(0, abs=3 * np.sqrt(variance / a.size))


def test_truncated_normal_stays_within_two_deviations():
    a = nn.init.truncated_normal((1000,), std=0.5, rng=0)
    assert 0.9 < np.abs(a).max() <= 1


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 2)])
def test_orthogonal(shape):
    a = nn.init.orthogonal(shape, gain=2.0, rng=0, dtype=float).reshape(shape[0], -1)
    small = a @ a.T if a.shape[0] <= a.shape[1] else a.T @ a
    np.testing.assert_allclose(small, 4 * np.eye(len(small)), atol=1e-12)


def test_every_rotation_is_as_likely():
    corners = [nn.init.orthogonal((3, 3), rng=seed)[0, 0] for seed in range(50)]
    assert 10 < np.sum(np.array(corners) > 0) < 40


def test_weight_and_bias_of_one_seed_differ():
    layer = nn.Dense(4, in_features=1, init=1.0, bias_init=1.0, rng=0)
    assert not np.isin(layer.bias.data, layer.weight.data).any()


def test_he_keeps_the_variance_through_twenty_relus_and_a_small_std_does_not():
    x = np.random.default_rng(0).normal(size=(200, 256))
    for init, alive in (("he_normal", True), (0.01, False)):
        y = x
        for seed in range(20):
            y = nn.Dense(256, "relu", init=init, rng=seed, in_features=256)(y).data
        assert (y.std() > 0.1) == alive


def test_what_init_may_be():
    threes = partial(nn.init.constant, value=3)
    layer = nn.Dense(2, in_features=2, init="eye", bias_init=threes)
    assert layer.weight.data.tolist() == [[1, 0], [0, 1]]
    assert layer.bias.data.tolist() == [3, 3]
    weight = nn.Dense(100, in_features=100, init=0.5, rng=0).weight
    assert weight.data.std() == pytest.approx(0.5, rel=0.05)
    for alias, name in nn.init.ALIASES.items():
        assert nn.init.get(alias) is INITIALISERS[name]
    with pytest.raises(ValueError, match="no initialiser is called 'xavier'"):
        nn.Dense(1, init="xavier")
    with pytest.raises(ValueError, match="no inputs and outputs"):
        nn.Dense(1, bias_init="he_normal")


# -- chance ---------------------------------------------------------------------------------------


def everything_random() -> list[np.ndarray]:
    model = nn.Sequential(nn.Dense(5), nn.Dropout(0.5), nn.Dense(2, init="orthogonal"))
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], epochs=2, batch_size=2, verbose=0, validation_split=0.25)
    return list(model.state_dict().values())


def test_one_seed_governs_everything():
    nn.seed(3)
    first = everything_random()
    again = everything_random()
    nn.seed(3)
    for a, b, c in zip(first, everything_random(), again, strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_a_generator_of_ones_own_leaves_the_common_one_alone():
    nn.seed(0)
    expected = nn.init.normal((3,))
    nn.seed(0)
    model = nn.Sequential(nn.Dense(5, rng=1), nn.Dropout(0.5, rng=2), nn.Dense(2, rng=3))
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], epochs=2, verbose=0, rng=4)
    np.testing.assert_array_equal(nn.init.normal((3,)), expected)
    states = []
    for _ in range(2):
        states.append(np.random.get_state()[1].copy())  # noqa: NPY002
        nn.seed(5)
    np.testing.assert_array_equal(*states)  # NumPy's own global state is none of ours


def test_everything_random_takes_rng():
    for init in INITIALISERS.values():
        assert "rng" in inspect.signature(init).parameters
    for function in (nn.Dense, nn.Linear, nn.Dropout, nn.Module.fit, nn.data.batches):
        assert "rng" in inspect.signature(function).parameters


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (lambda: nn.Dense(2), (2, 3)),
        (lambda: nn.Conv2d(2, 3), (1, 2, 5, 5)),
        (lambda: nn.RNN(2), (2, 3, 4)),
        (lambda: nn.PositionalEmbedding(5), (2, 5, 4)),
        (lambda: nn.BatchNorm(), (2, 3)),
        (lambda: nn.LayerNorm(), (2, 3)),
    ],
)
def test_layers_take_real_numbers(layer, shape):
    layer = layer()
    for wrap in (np.asarray, Tensor):
        with pytest.raises(TypeError, match=r"complex128.*real and imaginary part as two arrays"):
            layer(wrap(np.ones(shape) * 1j))
    assert layer.unbuilt()  # what is refused says nothing of sizes
    layer(np.ones(shape))
