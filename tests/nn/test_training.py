"""compile, fit, evaluate, predict: in Keras's habit, exact where Keras rounds."""

from __future__ import annotations

import io
import math
import re
import sys

import numpy as np
import pytest

import autograd as ag
import nn
import optim

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=60)
X = RNG.normal(size=(3, 4))[LABELS] * 2 + RNG.normal(size=(60, 4)) * 0.3
ONE_HOT = np.eye(3)[LABELS]


def classifier(*layers, **compiled) -> nn.Sequential:
    nn.seed(0)
    small = nn.Dense(8, "tanh", in_features=4), nn.Dense(3, in_features=8)
    model = nn.Sequential(*(layers or small))
    settings = {"optimizer": optim.Adam(lr=0.03), "loss": "cross_entropy", "metrics": ["accuracy"]}
    model.compile(**settings | compiled)
    return model


# -- learning -------------------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [LABELS, ONE_HOT, ONE_HOT.astype(int), LABELS.tolist()])
@pytest.mark.parametrize("ending", [None, "softmax"])
def test_a_tiny_set_is_learned_by_heart(targets, ending):
    loss = "cross_entropy" if ending is None else "categorical_crossentropy"
    model = classifier(nn.Dense(8, "relu"), nn.Dense(3, ending), loss=loss)
    history = model.fit(X, targets, epochs=30, verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    loss, accuracy = model.evaluate(X, targets, verbose=0)
    assert (accuracy, loss < 0.1) == (1.0, True)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "Adagrad", "nadam", optim.AdamW])
def test_optimizers_by_name_or_class(optimizer):
    model = classifier(optimizer=optimizer)
    losses = model.fit(X, LABELS, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    with pytest.raises(ValueError, match=r"no optimizer is called 'adma'\. Do you mean .*Adam"):
        classifier(optimizer="adma")
    for typo, meant in {"adm": "Adam", "sdg": "SGD", "rmspop": "RMSprop"}.items():
        with pytest.raises(ValueError, match=rf"Do you mean {meant}\b"):
            classifier(optimizer=typo)
    for nothing in (None, 0.01):
        with pytest.raises(TypeError, match=rf"{nothing} is no optimizer\."):
            classifier(optimizer=nothing)


def test_regression():
    model = classifier(nn.Dense(1), loss="mse", metrics=["mae"], optimizer=optim.SGD(lr=0.1))
    x = np.random.default_rng(0).normal(size=(60, 4))
    t = x @ [[1.0], [2.0], [3.0], [4.0]] + 5
    model.fit(x, t, epochs=60, verbose=0)
    loss, mae = model.evaluate(x, t, verbose=0)
    assert loss < 1e-3
    assert mae < 0.05


@pytest.mark.parametrize(
    ("loss", "ending"),
    [("binary_crossentropy", "sigmoid"), ("binary_cross_entropy_with_logits", None)],
)
def test_two_classes(loss, ending):
    """Accuracy sees probabilities in both cases."""
    t = (LABELS == 1).astype(float)[:, np.newaxis]
    model = classifier(nn.Dense(8, "tanh"), nn.Dense(1, ending), loss=loss)
    history = model.fit(X, t, epochs=30, verbose=0)
    assert history.history["accuracy"][-1] == 1.0


def test_metrics_of_logits_see_probabilities():
    """A logit of 0.3 is a probability of 0.57: the second class."""
    x, t = np.array([[0.3], [-0.3]]), np.array([[1], [0]])
    endings = {"binary_crossentropy": "sigmoid", "binary_cross_entropy_with_logits": None}
    for loss, ending in endings.items():
        model = nn.Sequential(nn.Dense(1, ending, in_features=1, init="ones"))
        model.compile(optim.SGD(lr=0.0), loss, ["accuracy", "mse"])
        history = model.fit(x, t, verbose=0).history
        assert history["accuracy"] == [1.0]
        assert history["mse"] == pytest.approx([(1 - nn.sigmoid(0.3)) ** 2])


def test_fit_is_the_four_steps_of_the_notes():
    """The loop written out gives bit for bit what fit gives."""
    fitted = classifier()
    fitted.fit(X, LABELS, epochs=2, batch_size=16, rng=1, verbose=0)
    model = classifier()
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    rng = np.random.default_rng(1)
    for _ in range(2):
        for x, t in nn.data.batches(X, LABELS, 16, rng=rng):
            optimizer.zero_grad()
            y = model(x)
            loss = nn.cross_entropy(y, t)
            loss.backward()
            optimizer.step()
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(fitted.state_dict()[name], value)


@pytest.mark.parametrize("batch_size", [1, 7, 60, 1000])
def test_updates_per_epoch_are_the_ceiling_of_samples_over_batch(batch_size):
    model = classifier()
    model.fit(X, LABELS, epochs=2, batch_size=batch_size, verbose=0)
    assert model.optimizer.iterations == 2 * math.ceil(60 / batch_size)


def test_an_epoch_sees_every_sample_once_in_another_order():
    seen = []

    class Watch(nn.Callback):
        def before_step(self, step):
            seen.extend(step.x[:, 0])

    x = np.arange(10.0)[:, np.newaxis]
    model = classifier(nn.Dense(1), loss="mse", metrics=(), optimizer=optim.SGD(lr=1e-9))
    model.fit(x, x, epochs=2, batch_size=3, callbacks=[Watch()], verbose=0)
    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10] != seen[10:]
    seen.clear()
    model.fit(x, x, batch_size=3, callbacks=[Watch()], verbose=0, shuffle=False)
    assert seen == list(range(10))


def test_loss_and_metrics_of_an_epoch_are_means_over_samples():
    model = classifier(optimizer=optim.SGD(lr=1e-30))
    history = model.fit(X, LABELS, batch_size=7, verbose=0).history
    loss, accuracy = model.evaluate(X, LABELS, batch_size=60, verbose=0)
    assert history["loss"][0] == pytest.approx(loss, rel=1e-5)
    assert history["accuracy"][0] == pytest.approx(accuracy)
    assert model.evaluate(X, LABELS, batch_size=11, verbose=0) == pytest.approx([loss, accuracy])


def test_fit_goes_on_where_it_stopped():
    once, twice = classifier(), classifier()
    once.fit(X, LABELS, epochs=4, verbose=0, shuffle=False)
    for _ in range(2):
        twice.fit(X, LABELS, epochs=2, verbose=0, shuffle=False)
    for name, value in once.state_dict().items():
        np.testing.assert_array_equal(twice.state_dict()[name], value)


# -- exact where probabilities round --------------------------------------------------------------


class Own(nn.Module):
    """A model that says itself what it is before its softmax."""

    activation = staticmethod(nn.softmax)

    def __init__(self):
        self.scale = nn.Parameter(np.array(1.0, np.float32))

    def logits(self, x):
        return x.astype(np.float32) * self.scale

    def forward(self, x):
        return nn.softmax(self.logits(x))


@pytest.mark.parametrize("make", [Own, lambda: nn.Sequential(Own())])
def test_a_saturated_softmax_keeps_its_loss_and_its_gradient(make):
    model = make()
    x = np.array([[1e4, -1e4], [-1e4, 1e4]])  # both certain, the second wrong
    t = nn.to_categorical([0, 0], num_classes=2)
    model.compile(optim.SGD(lr=0.0), "categorical_crossentropy", ["accuracy"])
    history = model.fit(x, t, batch_size=2, verbose=0, shuffle=False)
    assert history.history == {"loss": [1e4], "accuracy": [0.5]}
    (scale,) = model.parameters()
    assert scale.grad.item() == 1e4  # Σ (p − t) · x / 2
    assert model.evaluate(x, t, verbose=0) == [1e4, 0.5]


class Dimmed(nn.Sequential):
    def forward(self, x):
        return super().forward(x / 8)


class Flipped(nn.Dense):
    def forward(self, x):
        return super().forward(x)[..., ::-1]


class Doubled(Flipped):
    def logits(self, x):
        return 2 * super().logits(x)


class Deaf(nn.Sequential):
    def logits(self, x):
        return 3 * super().logits(x)


def by_hand(model):
    """Its forward is replaced on the instance alone."""
    forward = model.forward
    model.forward = lambda x: forward(-x)
    return model


class Squash(nn.Module):
    activation = staticmethod(nn.softmax)

    def __init__(self):
        self.inner = nn.Dense(3, in_features=4, rng=0)

    def forward(self, x):
        return nn.softmax(self.inner(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Dimmed(nn.Dense(3, "softmax", in_features=4, rng=0)),
        lambda: nn.Sequential(nn.Dense(4), Dimmed(nn.Dense(3, "softmax", rng=0))),
        lambda: Flipped(3, "softmax", in_features=4, rng=0),
        lambda: nn.Sequential(Flipped(3, "softmax", in_features=4, rng=0)),
        lambda: nn.Sequential(nn.Sequential(Doubled(3, "softmax", in_features=4, rng=0))),
        lambda: Deaf(nn.Dense(3, "softmax", in_features=4, rng=0)),
        lambda: by_hand(nn.Sequential(nn.Dense(3, "softmax", in_features=4, rng=0))),
        lambda: nn.Sequential(by_hand(nn.Dense(3, "softmax", in_features=4, rng=0))),
        lambda: nn.Sequential(Squash()),
    ],
)
def test_what_is_trained_and_measured_is_what_forward_gives(make):
    """The shortcut through logits is not taken where a subclass's forward does something else."""
    nn.seed(0)
    model = make()
    model.compile(optim.SGD(lr=0.0), "categorical_crossentropy", ["accuracy"])
    history = model.fit(X, ONE_HOT, verbose=0).history
    y = model.predict(X)
    expected = [-np.log(y[ONE_HOT == 1]).mean(), (y.argmax(axis=1) == LABELS).mean()]
    assert model.evaluate(X, ONE_HOT, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert [values[0] for values in history.values()] == pytest.approx(expected, rel=1e-5)


def test_a_saturated_sigmoid_keeps_its_loss_and_its_gradient():
    model = nn.Sequential(nn.Dense(1, "sigmoid", in_features=1, init="ones"))
    model.compile(optim.SGD(lr=0.0), "binary_crossentropy")
    history = model.fit([[1e4]], [[0]], verbose=0)
    assert history.history["loss"] == [1e4]
    assert model.layers[0].bias.grad.item() == 1.0


def test_probabilities_and_logits_train_alike():
    """Away from where they round, the loss of probabilities is the same number."""
    losses = "categorical_crossentropy", lambda y, t: nn.categorical_cross_entropy(y, t)
    fused, plain = (classifier(nn.Dense(3, "softmax", rng=0), loss=loss) for loss in losses)
    histories = [m.fit(X, ONE_HOT, epochs=3, verbose=0, rng=0).history for m in (fused, plain)]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-4)


def test_softmax_twice_is_a_warning_and_scores_for_probabilities_an_error():
    with pytest.warns(nn.LossWarning, match="handed probabilities"):
        classifier(nn.Dense(3, "softmax"), loss="cross_entropy").fit(X, LABELS, verbose=0)
    with pytest.raises(ValueError, match="categorical_cross_entropy takes probabilities"):
        classifier(nn.Dense(3), loss="categorical_crossentropy").fit(X, LABELS, verbose=0)


# -- validation, evaluation, prediction -----------------------------------------------------------


def test_validation_data_are_measured_and_not_learned_from():
    one, other = classifier(), classifier()
    one.fit(X[:40], LABELS[:40], epochs=2, verbose=0, rng=0)
    history = other.fit(
        X[:40], LABELS[:40], epochs=2, verbose=0, rng=0, validation_data=(X[40:], LABELS[40:])
    ).history
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    np.testing.assert_array_equal(one.layers[0].weight.data, other.layers[0].weight.data)
    measured = other.evaluate(X[40:], LABELS[40:], verbose=0)
    assert [history["val_loss"][-1], history["val_accuracy"][-1]] == measured


def test_validation_split_holds_out_the_last_samples_before_any_shuffling():
    seen = []

    class Watch(nn.Callback):
        def before_step(self, step):
            seen.extend(step.t.tolist())

    model, t = classifier(nn.Dense(1), loss="mse", metrics=()), np.arange(60.0)[:, None]
    history = model.fit(
        X, t, validation_split=0.25, batch_size=1, verbose=0, rng=0, callbacks=[Watch()]
    ).history
    assert model.optimizer.iterations == 45
    assert sorted(seen) == t[:45].tolist()
    assert history["val_loss"] == model.evaluate(X[45:], t[45:], verbose=0)
    for share in (1.0, 0.001, -0.5):
        with pytest.raises(ValueError, match=f"validation_split={share} of 60"):
            model.fit(X, t, validation_split=share, verbose=0)


def test_modes_are_right_everywhere_and_come_back():
    seen = []

    class Spy(nn.Module):
        def forward(self, x):
            seen.append(self.training)
            return x

    spy = Spy()
    model = classifier(spy, nn.Dense(3))
    model.fit(X, LABELS, batch_size=30, validation_data=(X, LABELS), verbose=0)
    assert seen == [False, True, True, False]  # finding sizes, two batches, validation
    seen.clear()
    spy.eval()
    model.fit(X, LABELS, batch_size=60, verbose=0)
    model.evaluate(X, LABELS, verbose=0)
    model.predict(X)
    assert seen == [False, True, False, False]
    assert (model.training, spy.training) == (True, False)


class Heads(nn.Module):
    """Several outputs, one within another tuple, and by one of them how many there are."""

    def __init__(self):
        self.first, self.second = (nn.Dense(n, in_features=4, rng=n) for n in (2, 3))

    def forward(self, x):
        return self.first(x), (self.second(x), self.second(x) * 2)


def test_predict_gives_a_tuple_where_the_model_does():
    model = Heads()
    expected = model.first(X).data, model.second(X).data
    for batch_size in (7, 30, 256):  # 4 times 7 of 60 are left over; two alike; all at once
        first, (second, double) = model.predict(X, batch_size)
        for found, wanted in zip((first, second, double / 2), (*expected, expected[1])):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)
    recurrent, sequences = nn.RNN(5, layers=2), np.ones((6, 4, 3))
    outputs, state = recurrent.predict(sequences)
    assert [outputs.shape, state.shape] == [(6, 4, 5), (2, 6, 5)]
    with pytest.raises(ValueError, match=r"shape \(2, 4, 5\) for a batch of 4 .*batch_size=6"):
        recurrent.predict(sequences, batch_size=4)


def test_a_model_of_several_outputs_needs_a_loss_that_takes_them():
    model, t = Heads(), ONE_HOT[:, :2]
    for loss in ("mse", "cross_entropy"):
        model.compile("sgd", loss)
        for ask in (model.fit, model.evaluate):
            with pytest.raises(TypeError, match=r"a tuple of 2.*\((32|60), 2\).*y\[0\]"):
                ask(X, t, verbose=0)
    both = lambda y, t: nn.mean_squared_error(y[0], t) + np.mean(y[1][1] ** 2)
    rows = lambda y, t: float(len(y[0]))
    model.compile(optim.SGD(lr=0.0), both, [rows])
    history = model.fit(X, t, batch_size=20, verbose=0).history
    assert history["<lambda>"] == [20.0]
    assert history["loss"] == pytest.approx(model.evaluate(X, t, verbose=0)[:1], rel=1e-5)


def test_predict_gives_one_plain_array():
    model = classifier()
    y = model.predict(X, batch_size=7)
    assert type(y) is np.ndarray
    np.testing.assert_allclose(y, model(X).data, rtol=1e-6)
    with pytest.raises(ValueError, match="no sample"):
        model.predict(X[:0])


def test_evaluate_records_nothing():
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    before = [p.grad for p in model.parameters()]
    with ag.no_grad():
        model.evaluate(X, LABELS, verbose=0)
    model.evaluate(X, LABELS, verbose=0)
    assert all(p.grad is g for p, g in zip(model.parameters(), before, strict=True))


def test_a_callback_may_evaluate_in_the_middle_of_an_epoch():
    """The metrics that it uses are those of the epoch, half summed up."""

    class Look(nn.Callback):
        def on_batch_end(self, batch, logs):
            seen.append(self.model.evaluate(X[:5], LABELS[:5], verbose=0))

    seen = []
    metrics = ["accuracy", "f1", "confusion_matrix"]
    histories = [
        classifier(metrics=metrics)
        .fit(X, LABELS, epochs=2, batch_size=16, verbose=0, rng=0, callbacks=callbacks)
        .history
        for callbacks in ([], [Look()])
    ]
    np.testing.assert_equal(*histories)
    assert len(seen) == 8
    mine = nn.metrics.ConfusionMatrix()
    model = classifier(metrics=[mine])
    model.fit(X, LABELS, verbose=0)
    model.evaluate(X[:5], LABELS[:5], verbose=0)
    assert mine.result().sum() == 5  # afterwards it is the user's to look at


# -- metrics --------------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [LABELS, ONE_HOT, ONE_HOT * 0.9 + 0.1 / 3, LABELS.astype(np.uint8)])
def test_accuracy_takes_labels_and_one_hot(t):
    y = ONE_HOT + RNG.random((60, 3)) * 0.9
    wrong = y.argmax(axis=1) != LABELS
    assert nn.accuracy(y, t) == pytest.approx(1 - wrong.mean())


def test_accuracy_of_two_classes_and_what_it_refuses():
    p = np.array([0.1, 0.6, 0.7, 0.4])
    assert nn.accuracy(p, [0, 1, 0, 0]) == 0.75
    assert nn.accuracy(p[:, None], [[0], [1], [0], [0]]) == 0.75
    scores = np.zeros((4, 3))
    for y, t in [(p[:, None], [0, 1, 0, 0]), (scores, [0, 1]), (scores, np.zeros((4, 2)))]:
        with pytest.raises(ValueError, match="do not go with"):
            nn.accuracy(y, t)
    with pytest.raises(ValueError, match="binary_accuracy"):
        nn.accuracy(np.zeros((2, 3)), [[1, 1, 0], [0, 0, 1]])
    assert nn.binary_accuracy([[0.9, 0.9, 0.1]], [[1, 1, 1]]) == pytest.approx(2 / 3)


def test_metrics_by_name_function_or_object():
    class Count(nn.Metric):
        name = "samples"

        def reset(self):
            self.n = 0

        def update(self, y, t):
            self.n += len(t)

        def result(self):
            return float(self.n)

    def largest(y, t):
        return y.max()

    model = classifier(metrics=["acc", nn.accuracy, "mean_squared_error", largest, Count()])
    history = model.fit(X, ONE_HOT, verbose=0).history
    assert list(history) == ["loss", "acc", "accuracy", "mean_squared_error", "largest", "samples"]
    assert history["samples"] == [60]
    assert history["acc"] == history["accuracy"]
    with pytest.raises(ValueError, match=r"no metric is called 'acuracy'\. Do you mean accuracy"):
        classifier(metrics=["acuracy"])


# -- mistakes -------------------------------------------------------------------------------------


def test_fit_before_compile_says_so():
    model = nn.Sequential(nn.Dense(1))
    for ask in (model.fit, model.evaluate):
        with pytest.raises(RuntimeError, match=r"Call model\.compile"):
            ask(X, X)


def test_wrong_arguments_are_told_before_anything_changes():
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    before = model.state_dict()
    for arguments, message in [
        ({"y": LABELS[:5]}, r"x has shape \(60, 4\) and y has shape \(5,\)"),
        ({"x": X[:0], "y": LABELS[:0]}, "one at least"),
        ({"x": X[:, :3]}, "takes 4 features"),
        ({"epochs": -1}, "epochs=-1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"verbose": 3}, "verbose=3"),
        ({"validation_data": (X, LABELS[:3])}, "validation_data"),
        ({"y": LABELS + 5}, "labels from 5"),
        ({"y": LABELS[:, None]}, "target"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.fit(**{"x": X, "y": LABELS, "verbose": 0} | arguments)
    for name, value in before.items():
        np.testing.assert_array_equal(model.state_dict()[name], value)


def test_a_metric_that_does_not_fit_is_told_before_anything_changes():
    model = classifier(metrics=["top_k_accuracy"])
    before = model.state_dict()
    with pytest.raises(ValueError, match="k=5 of 3 classes"):
        model.fit(X, LABELS, verbose=0)
    for name, value in before.items():
        np.testing.assert_array_equal(model.state_dict()[name], value)


def test_unknown_losses():
    with pytest.raises(ValueError, match=r"'crossentropi'\. Do you mean cross_entropy"):
        classifier(loss="crossentropi")
    for keras, ours in {
        "mse": nn.mean_squared_error, "mean_absolute_error": nn.mean_absolute_error,
        "sparse_categorical_crossentropy": nn.categorical_cross_entropy,
        "kl_divergence": nn.kl_divergence, "huber": nn.huber, "hinge": nn.hinge,
    }.items():  # fmt: skip
        assert classifier(loss=keras)._goal.loss is ours


def test_the_optimizer_is_given_what_is_there_to_train():
    model = classifier()
    model.fit(X, LABELS, verbose=0)
    assert len(model.optimizer.parameters()) == 4
    model.add(nn.Dense(3))
    model.layers[0].weight.requires_grad = False
    frozen = model.layers[0].weight.data.copy()
    model.fit(X, LABELS, verbose=0)
    assert model.layers[2].bias.data.all()  # it began at 0
    np.testing.assert_array_equal(model.layers[0].weight.data, frozen)


def test_an_optimizer_of_some_parameters_trains_only_those():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 3))
    kept = model.layers[0].weight.data.copy()
    model.compile(optim.SGD(model.layers[1].parameters(), lr=0.1), "cross_entropy")
    model.fit(X, LABELS, verbose=0)
    np.testing.assert_array_equal(model.layers[0].weight.data, kept)


def test_F14_adam_early_and_sgd_late_on_the_same_weights():
    """The plateau is SGD's: it begins where Adam ended, and remembers nothing of it."""
    model = classifier(optimizer=optim.Adam(lr=0.03))
    model.fit(X, LABELS, epochs=3, verbose=0)
    before = model.state_dict()
    model.compile(optim.SGD(lr=0.01, momentum=0.9), "cross_entropy", ["accuracy"])
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    loss, _ = model.evaluate(X, LABELS, verbose=0)
    history = model.fit(X, LABELS, epochs=3, verbose=0).history
    assert history["loss"][-1] < loss
    assert model.optimizer.iterations == 6


def test_a_network_that_cannot_learn_is_a_warning_at_the_users_own_line():
    model = classifier(nn.Dense(1), nn.Activation("step"), loss="mse", metrics=())
    with pytest.warns(nn.TrainingWarning, match="the gradient of every parameter is 0") as caught:
        model.fit(X, np.full((60, 1), 2.0), verbose=0)
    assert caught[0].filename == __file__


# -- what is shown --------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_where_there_is_no_terminal(capsys):
    model = classifier()
    model.fit(X, LABELS, epochs=2, validation_data=(X, LABELS))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    number = r"\d\.\d{4}"
    assert re.fullmatch(
        rf"Epoch 1/2 - \d+\.\d s - loss: {number} - accuracy: {number} - val_loss: {number} - "
        rf"val_accuracy: {number}",
        lines[0],
    )
    model.fit(X, LABELS, verbose=2)
    assert len(capsys.readouterr().out.splitlines()) == 1
    model.fit(X, LABELS, verbose=0)
    model.evaluate(X, LABELS, verbose=0)
    assert capsys.readouterr() == ("", "")
    model.evaluate(X, LABELS)
    assert re.fullmatch(rf"loss: {number} - accuracy: {number}\n", capsys.readouterr().out)


def test_a_bar_on_a_terminal(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    classifier().fit(X, LABELS, epochs=2, batch_size=7, validation_data=(X, LABELS))
    bars = [line.split("\r")[-1] for line in terminal.getvalue().split("\n") if line]
    assert len(bars) == 2
    assert bars[1].startswith("Epoch 2/2: 100%")
    for shown in ("9/9", "loss: 0.", "accuracy: ", "val_loss: 0.", "val_accuracy: "):
        assert shown in bars[1]


def test_a_bar_of_an_unknown_length_learns_it_in_the_first_epoch(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    classifier().fit(lambda: iter([(X, LABELS)] * 4), epochs=2)
    bars = [line.split("\r")[-1] for line in terminal.getvalue().split("\n") if line]
    assert bars[0].startswith("Epoch 1/2: 4batch")
    assert bars[1].startswith("Epoch 2/2: 100%")


def test_tqdm_is_imported_only_for_a_bar():
    import subprocess

    code = (
        "import sys, numpy as np, nn; m = nn.Sequential(nn.Dense(1)); m.compile('sgd', 'mse');"
        "m.fit(np.ones((2, 1)), np.ones((2, 1)), verbose=2); "
        "print([name for name in ('tqdm', 'matplotlib', 'graphviz') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


# -- the real thing -------------------------------------------------------------------------------


def test_digits_are_learned():
    (x_train, t_train), (x_test, t_test) = nn.load_digits()
    nn.seed(0)
    model = nn.Sequential(nn.Dense(64, "relu"), nn.Dense(10))
    model.compile(optim.Adam(lr=0.003), "cross_entropy", ["accuracy"])
    model.fit(x_train, t_train, epochs=15, verbose=0)
    _, accuracy = model.evaluate(x_test, t_test, verbose=0)
    assert accuracy > 0.95
