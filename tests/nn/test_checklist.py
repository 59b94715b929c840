"""The study notes, row by row: gates (A), activations (B), losses (C), networks (G).

Numbers are those of the notes, or of the book that they follow (K. Saito, Deep Learning from
Scratch), computed in float64.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import autograd as ag
import nn
import optim
from autograd import Tensor

TABLE = [(0, 0), (1, 0), (0, 1), (1, 1)]  # in the notes' order

# -- A: gates -------------------------------------------------------------------------------------


def test_A1_A2_and():
    assert [nn.AND(*x) for x in TABLE] == [0, 0, 0, 1]
    assert (nn.AND.weights.tolist(), nn.AND.bias) == ([0.5, 0.5], -0.7)


def test_A3_or():
    assert [nn.OR(*x) for x in TABLE] == [0, 1, 1, 1]
    assert (nn.OR.weights.tolist(), nn.OR.bias) == ([0.6, 0.6], -0.5)


def test_A4_xor_and_the_nand_that_the_notes_leave_out():
    assert [nn.NAND(*x) for x in TABLE] == [1, 1, 1, 0]
    assert [nn.XOR(*x) for x in TABLE] == [0, 1, 1, 0]


def test_A4_gates_take_arrays_and_give_integers():
    x1, x2 = np.array(TABLE).T
    assert nn.XOR(x1, x2).tolist() == [0, 1, 1, 0]
    assert nn.XOR(x1, x2).dtype.kind == "i"
    assert type(nn.AND(1, 1)) is int
    with pytest.raises(TypeError, match="2 inputs, not 3"):
        nn.AND(1, 1, 1)


def test_A5_at_the_threshold_the_output_is_0():
    assert nn.Perceptron([1.0, 1.0], bias=-1.0)(1, 0) == 0
    assert nn.step(0.0) == 0


@pytest.mark.parametrize("gate", [nn.AND, nn.OR, nn.NAND])
def test_A6_a_perceptron_learns_what_one_layer_can(gate):
    x = np.array(TABLE)
    learner = nn.Perceptron([0.0, 0.0])
    assert learner.learn(x, gate(*x.T)) is not None
    assert learner(*x.T).tolist() == gate(*x.T).tolist()


def test_A6_a_perceptron_never_learns_xor():
    learner = nn.Perceptron([0.0, 0.0])
    assert learner.learn(TABLE, [0, 1, 1, 0], epochs=1000) is None
    assert learner(*np.array(TABLE).T).tolist() != [0, 1, 1, 0]


def test_A6_two_layers_learn_xor():
    x, t = np.array(TABLE), np.array([[0], [1], [1], [0]])
    model = nn.Sequential(
        nn.Dense(8, activation="tanh", rng=0), nn.Dense(1, activation="sigmoid", rng=1)
    )
    model.compile(optimizer=optim.Adam(lr=0.05), loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, t, epochs=200, batch_size=4, verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    assert (model.predict(x) > 0.5).astype(int).tolist() == t.tolist()


# -- B: activations -------------------------------------------------------------------------------


def test_B1_step():
    y = nn.step(np.array([-1.0, 0.0, 2.0], np.float32))
    assert (y.tolist(), y.dtype) == ([0, 0, 1], np.float32)
    x = Tensor([-1.0, 2.0], requires_grad=True)
    nn.step(x).sum().backward()
    assert x.grad.data.tolist() == [0, 0]


def test_B2_sigmoid():
    expected = [0.2689414213699951, 0.7310585786300049, 0.8807970779778823]
    np.testing.assert_allclose(nn.sigmoid(np.array([-1.0, 1.0, 2.0])), expected, rtol=1e-15)
    assert nn.sigmoid(np.float32(-1e4)) == 0


def test_B3_tanh_is_zero_centred():
    x = np.linspace(-5, 5, 11)
    assert np.abs(nn.tanh(x)).max() < 1
    assert nn.tanh(x).mean() == pytest.approx(0, abs=1e-15)


def test_B4_relu():
    x = Tensor([-1.0, 0.0, 2.0], requires_grad=True)
    y = nn.relu(x)
    y.sum().backward()
    assert (y.data.tolist(), x.grad.data.tolist()) == ([0, 0, 2], [0, 0, 1])


def test_B5_leaky_relu():
    assert nn.leaky_relu(np.array([-1.0, 2.0])).tolist() == [-0.01, 2.0]


def test_B6_softmax():
    expected = [0.01821127, 0.24519181, 0.73659691]
    np.testing.assert_allclose(nn.softmax(np.array([0.3, 2.9, 4.0])), expected, atol=1e-8)
    expected = [9.999546000703310e-01, 4.539786860886666e-05, 2.061060046209062e-09]
    np.testing.assert_allclose(nn.softmax(np.array([1010.0, 1000.0, 990.0])), expected, rtol=1e-14)
    np.testing.assert_allclose(nn.softmax(np.eye(3)[:2] * 5).sum(axis=1), [1, 1])


def test_B7_identity():
    x = np.array([0.3, -2.0])
    assert nn.identity(x).tolist() == x.tolist()


def test_B8_the_gradient_vanishes_in_ten_sigmoids():
    x = y = Tensor(0.0, requires_grad=True)
    for _ in range(10):
        y = nn.sigmoid(y)
    y.backward()
    assert x.grad.item() == pytest.approx(3.8752202320832585e-07, rel=1e-12)


def test_B9_a_dead_relu_learns_nothing():
    layer = nn.Dense(3, activation="relu", in_features=2, bias_init="zeros", init=1.0, rng=0)
    layer.bias.data = np.full(3, -100.0)
    layer(np.ones((5, 2))).sum().backward()
    assert not layer.weight.grad.data.any()
    assert not layer.bias.grad.data.any()


def test_B10_linear_layers_collapse_into_one():
    deep = nn.Sequential(nn.Linear(3, 4, dtype=float), nn.Linear(4, 2, dtype=float))
    first, second = deep.layers
    x = np.random.default_rng(0).normal(size=(5, 3))
    weight = first.weight.data @ second.weight.data
    bias = first.bias.data @ second.weight.data + second.bias.data
    np.testing.assert_allclose(deep(x).data, x @ weight + bias)


# -- C: losses ------------------------------------------------------------------------------------

GOOD = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])
BAD = np.array([0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0])
TWO = np.eye(10)[2]


def test_C1_mean_squared_error():
    assert nn.mean_squared_error(GOOD, TWO) == pytest.approx(0.0195, rel=1e-14)
    assert nn.mean_squared_error(BAD, TWO) == pytest.approx(0.1195, rel=1e-14)


def test_C2_sum_squared_error():
    assert nn.sum_squared_error(GOOD, TWO) == pytest.approx(0.0975, rel=1e-14)
    assert nn.sum_squared_error(BAD, TWO) == pytest.approx(0.5975, rel=1e-14)


@pytest.mark.parametrize("t", [TWO, TWO.astype(int).tolist(), 2, np.int64(2)])
def test_C3_C5_cross_entropy_error_of_one_sample(t):
    assert nn.cross_entropy_error(GOOD, t) == 0.510825457099338
    assert nn.cross_entropy_error(BAD, t) == 2.302584092994546


@pytest.mark.parametrize("t", [np.stack([TWO, TWO]), [2, 2], np.array([2, 2], np.uint8)])
def test_C4_C5_cross_entropy_error_of_a_batch(t):
    both = np.stack([GOOD, BAD])
    expected = (0.510825457099338 + 2.302584092994546) / 2
    assert nn.cross_entropy_error(both, t) == pytest.approx(expected, rel=1e-15)


def test_C6_from_logits_and_from_probabilities():
    x = np.array([[0.5, -1.0, 2.0], [0.0, 0.1, 0.2]])
    p = nn.softmax(x)
    assert nn.categorical_cross_entropy(p, [0, 2]) == pytest.approx(nn.cross_entropy(x, [0, 2]))
    t = np.array([[1, 0, 1], [0, 1, 1]])
    logits = nn.binary_cross_entropy_with_logits(x, t)
    assert nn.binary_cross_entropy(nn.sigmoid(x), t) == pytest.approx(logits)


def test_C7_G3_the_simple_net():
    w = [[0.47355232, 0.9977393, 0.84668094], [0.85557411, 0.03563661, 0.69422093]]
    x, t = np.array([0.6, 0.9]), np.array([0, 0, 1])
    weight = Tensor(w, requires_grad=True)
    predicted = x @ weight
    np.testing.assert_allclose(predicted.data, [1.054148091, 0.630716529, 1.132807401], rtol=1e-9)
    assert nn.cross_entropy_error(nn.softmax(predicted), t).item() == pytest.approx(
        0.9280682857864075, rel=1e-14
    )
    loss = nn.cross_entropy(predicted, t)
    assert loss.item() == pytest.approx(0.9280685387482351, rel=1e-14)
    loss.backward()
    expected = [[0.21924763, 0.14356247, -0.36281009], [0.32887144, 0.2153437, -0.54421514]]
    np.testing.assert_allclose(weight.grad.data, expected, atol=1e-8)
    np.testing.assert_allclose(weight.grad.data, np.outer(x, nn.softmax(predicted.data) - t))


def test_C8_accuracy_cannot_be_the_loss():
    model = nn.Sequential(nn.Dense(2, in_features=2))
    for loss in ("accuracy", nn.accuracy):
        with pytest.raises(ValueError, match="slope is 0 almost everywhere"):
            model.compile("sgd", loss)
    model.compile("sgd", lambda y, t: np.mean(np.argmax(y, axis=-1) == t))
    with pytest.raises(TypeError, match="the loss has no slope"):
        model.fit(np.eye(2), [0, 1], verbose=0)


def test_C8_a_step_function_learns_nothing_and_says_so():
    model = nn.Sequential(nn.Dense(1, activation="step", in_features=2, rng=0))
    model.compile("sgd", "mse")
    with pytest.warns(nn.TrainingWarning, match="gradient of every parameter is 0"):
        model.fit(np.eye(2), [[1.0], [1.0]], verbose=0)


def test_C9_the_sign_rule():
    """Where the slope is negative a larger weight lowers the loss; where it is 0, nothing moves."""
    loss = lambda w: (w - 3) ** 2
    for start in (0.0, 3.0, 5.0):
        w = Tensor(start, requires_grad=True)
        loss(w).backward()
        slope = w.grad.item()
        optim.SGD([w], lr=0.1).step()
        assert np.sign(w.item() - start) == -np.sign(slope)
        assert loss(w.item()) <= loss(start)


# -- G: networks ----------------------------------------------------------------------------------

WEIGHTS = [
    [[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]],
    [[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]],
    [[0.1, 0.3], [0.2, 0.4]],
]
BIASES = [[0.1, 0.2, 0.3], [0.1, 0.2], [0.1, 0.2]]
X = np.array([1.0, 0.5])


def three_layers() -> nn.Sequential:
    model = nn.Sequential(
        nn.Dense(3, "sigmoid", in_features=2, dtype=float),
        nn.Dense(2, "sigmoid", in_features=3, dtype=float),
        nn.Dense(2, in_features=2, dtype=float),
    )
    for layer, weight, bias in zip(model.layers, WEIGHTS, BIASES, strict=True):
        layer.weight.data, layer.bias.data = np.array(weight), np.array(bias)
    return model


def test_G1_three_layers_forward():
    first, second, third = three_layers().layers
    a1 = first.logits(X)
    z1 = first(X)
    a2 = second.logits(z1)
    z2 = second(z1)
    for seen, expected in [
        (a1, [0.3, 0.7, 1.1]),
        (z1, [0.574442516811659, 0.6681877721681662, 0.7502601055951177]),
        (a2, [0.5161598377933344, 1.2140269561658172]),
        (z2, [0.6262493703990729, 0.7710106968556123]),
        (third(z2), [0.3168270764110298, 0.6962790898619668]),
    ]:
        np.testing.assert_allclose(seen.data, expected, rtol=1e-14)


def test_G2_three_layers_backward():
    model = three_layers()
    model(X).sum().backward()
    g = {name: p.grad.data for name, p in model.named_parameters()}
    b2 = [0.09362443858953508, 0.10593192131390126]
    b1 = [0.012647102674480465, 0.015894783982010306, 0.01717179073646149]
    w2 = [[0.05378186, 0.0608518], [0.06255871, 0.07078241], [0.07024268, 0.07947649]]
    np.testing.assert_allclose(g["layers.2.bias"], [1, 1])
    np.testing.assert_allclose(g["layers.2.weight"], [[0.62624937] * 2, [0.7710107] * 2], rtol=1e-7)
    np.testing.assert_allclose(g["layers.1.bias"], b2, rtol=1e-13)
    np.testing.assert_allclose(g["layers.1.weight"], w2, atol=1e-8)
    np.testing.assert_allclose(g["layers.0.bias"], b1, rtol=1e-13)
    np.testing.assert_allclose(g["layers.0.weight"], [b1, np.array(b1) / 2], rtol=1e-13)


class TwoLayerNet:
    """The notes' own class, with its own names; only softmax and loss are the library's."""

    def __init__(self, input_size, hidden_size, output_size, weight_init_std=0.01, rng=0):
        rng = np.random.default_rng(rng)
        self.params = {
            "W1": weight_init_std * rng.standard_normal((input_size, hidden_size)),
            "b1": np.zeros(hidden_size),
            "W2": weight_init_std * rng.standard_normal((hidden_size, output_size)),
            "b2": np.zeros(output_size),
        }

    def predict(self, x):
        p = self.params
        return nn.softmax(nn.sigmoid(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"])

    def loss(self, x, t):
        return nn.cross_entropy_error(self.predict(x), t)

    def accuracy(self, x, t):
        return nn.accuracy(self.predict(x), t)

    def numerical_gradient(self, x, t):
        return {
            key: ag.numerical_gradient(lambda _: self.loss(x, t), array)
            for key, array in self.params.items()
        }

    def gradient(self, x, t):
        arrays = self.params
        self.params = {key: Tensor(a, requires_grad=True) for key, a in arrays.items()}
        self.loss(x, t).backward()
        gradients = {key: p.grad.data for key, p in self.params.items()}
        self.params = arrays
        return gradients


def test_G4_G5_the_two_layer_net():
    rng = np.random.default_rng(0)
    net = TwoLayerNet(6, 5, 3, weight_init_std=0.5)
    x, labels = rng.random((4, 6)), np.array([0, 2, 1, 1])
    for t in (labels, np.eye(3)[labels]):
        assert net.accuracy(x, t) == np.mean(net.predict(x).argmax(axis=1) == labels)
        numeric, exact = net.numerical_gradient(x, t), net.gradient(x, t)
        for key in net.params:
            np.testing.assert_allclose(exact[key], numeric[key], atol=1e-9, err_msg=key)


def test_G6_the_loss_begins_near_log_10():
    net = TwoLayerNet(784, 50, 10)
    x = np.random.default_rng(1).random((128, 784))
    assert net.loss(x, np.arange(128) % 10) == pytest.approx(math.log(10), abs=0.05)


def test_G7_weights_as_large_as_in_the_notes_train_without_nan():
    """Standard normal weights: the first loss is in the thousands, far beyond log 1e-7."""
    nn.seed(0)
    model = nn.Sequential(
        *[nn.Dense(256, "relu", init=1.0, bias_init=1.0) for _ in range(3)],
        nn.Dense(10, init=1.0, bias_init=1.0),
    )
    rng = np.random.default_rng(0)
    t = rng.integers(10, size=256)
    x = (rng.random((10, 784)) > 0.8)[t] * rng.random((256, 784))
    model.compile(optim.Adam(lr=0.01), "cross_entropy")
    (before,) = model.evaluate(x, t, verbose=0)
    assert before > 1000
    history = model.fit(x, t, epochs=5, batch_size=128, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert model.evaluate(x, t, verbose=0)[0] < before / 2


@pytest.fixture(scope="module")
def keras_listing():
    """G9 to G13: the notes' Keras program, word for word but for the data."""
    nn.seed(0)
    rng = np.random.default_rng(0)
    train_labels = rng.integers(10, size=320)
    prototypes = rng.random((10, 784), np.float32)
    noise = rng.random((320, 784), np.float32)
    train_images = (prototypes[train_labels] + noise) / 2  # (n, 784) of 0…1, as after G15
    train_labels = nn.to_categorical(train_labels)

    model = nn.Sequential()
    model.add(nn.Dense(256, activation="relu"))
    model.add(nn.Dense(256, activation="relu"))
    model.add(nn.Dense(256, activation="relu"))
    model.add(nn.Dense(10, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    history = model.fit(train_images, train_labels, epochs=5, batch_size=32, verbose=0)
    return model, history, train_images, train_labels


def test_G9_G10_the_input_size_is_found(keras_listing):
    model = keras_listing[0]
    assert [layer.weight.shape for layer in model.layers] == [
        (784, 256), (256, 256), (256, 256), (256, 10)
    ]  # fmt: skip
    assert isinstance(model.optimizer, optim.SGD)
    assert model.optimizer.lr == 0.01


def test_G11_fit_returns_a_history(keras_listing):
    history = keras_listing[1]
    assert list(history.history) == ["loss", "accuracy"]
    assert [len(values) for values in history.history.values()] == [5, 5]
    assert history.history["loss"][-1] < history.history["loss"][0] < 4
    assert not history.interrupted


def test_G11_updates_per_epoch_are_the_ceiling(keras_listing):
    model, *_ = keras_listing
    assert model.optimizer.iterations == 5 * math.ceil(320 / 32)


def test_G12_evaluate_returns_loss_and_metrics(keras_listing):
    model, _, x, t = keras_listing
    _, accuracy = model.evaluate(x, t, verbose=0)
    assert accuracy > 0.7
    assert accuracy == nn.accuracy(model.predict(x), t)


def test_G13_G16_summary(keras_listing, capsys):
    model = keras_listing[0]
    model.summary()
    lines = capsys.readouterr().out.splitlines()
    rows = {line.split()[0]: line for line in lines if line.startswith("dense_")}
    assert [rows[f"dense_{i}"].split()[-1] for i in (1, 2, 3, 4)] == [
        "200,960", "65,792", "65,792", "2,570"
    ]  # fmt: skip
    assert rows["dense_1"].split()[-3:] == ["200,704", "256", "200,960"]  # weights, biases, both
    assert any(line.startswith("335,114 parameters") for line in lines)
    assert "(N, 256)" in rows["dense_1"]


def test_G16_8_to_9_units_have_72_weights(capsys):
    nn.Sequential(nn.Dense(9, in_features=8)).summary()
    row = next(line for line in capsys.readouterr().out.splitlines() if "dense_1" in line)
    assert row.split()[-3:] == ["72", "9", "81"]


def test_G14_to_categorical():
    assert nn.to_categorical([0, 2, 1]).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]


def test_G15_images_become_rows_of_floats():
    """uint8 pixels go in as they are, too: layers cast what they are given."""
    images = np.random.default_rng(0).integers(256, size=(3, 28, 28), dtype=np.uint8)
    rows = images.reshape(3, 784).astype(np.float32) / 255.0
    model = nn.Sequential(nn.Flatten(), nn.Dense(2, rng=0))
    np.testing.assert_allclose(model(images).data / 255, model(rows).data, atol=1e-5)
    assert model(images).dtype == np.float32
