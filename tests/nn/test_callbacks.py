"""Callbacks see what they are told they see, and what they do is done."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import nn
import optim

X = np.random.default_rng(0).normal(size=(12, 3))
T = X @ [[1.0], [2.0], [3.0]]


def regressor(lr=0.05, *layers) -> nn.Sequential:
    nn.seed(0)
    model = nn.Sequential(*(layers or [nn.Dense(4, "tanh"), nn.Dense(1)]))
    model.compile(optim.SGD(lr=lr), "mse")
    return model


def test_hooks_are_called_in_order():
    calls = []

    class Record(nn.Callback):
        def on_train_begin(self):
            calls.append("begin")

        def on_epoch_begin(self, epoch):
            calls.append(f"epoch {epoch}")

        def before_step(self, step):
            assert self.model.layers[0].weight.grad is not None
            assert step.x.shape == (6, 3)
            calls.append(f"step {step.batch}")

        def on_batch_end(self, batch, logs):
            calls.append(f"done {batch}")
            assert logs["loss"] > 0

        def on_epoch_end(self, epoch, logs):
            calls.append(f"end {epoch} {sorted(logs)}")

        def on_train_end(self):
            calls.append("end")

    regressor().fit(X, T, epochs=2, batch_size=6, callbacks=[Record()], verbose=0)
    epoch = ["step 0", "done 0", "step 1", "done 1"]
    assert calls == [
        "begin", "epoch 0", *epoch, "end 0 ['loss']", "epoch 1", *epoch, "end 1 ['loss']", "end",
    ]  # fmt: skip


def test_stop_training_ends_between_epochs_and_between_steps():
    class Stop(nn.Callback):
        def __init__(self, hook):
            setattr(self, hook, self.stop)

        def stop(self, *args):
            self.model.stop_training = True

    for hook, epochs, steps in [
        ("on_epoch_end", 1, 2),
        ("on_batch_end", 0, 1),
        ("before_step", 0, 0),
        ("on_train_begin", 0, 0),
    ]:
        model = regressor()
        history = model.fit(X, T, epochs=5, batch_size=6, callbacks=[Stop(hook)], verbose=0)
        assert (history.epochs, model.optimizer.iterations) == (epochs, steps), hook
        assert not history.interrupted
        assert model.fit(X, T, epochs=2, verbose=0).epochs == 2


def test_one_callback_needs_no_list_and_a_class_is_none():
    assert regressor().fit(X, T, callbacks=nn.StopOnNaN(), verbose=0).epochs == 1
    with pytest.raises(TypeError, match=r"no nn\.Callback\. Write StopOnNaN\(\)"):
        regressor().fit(X, T, callbacks=[nn.StopOnNaN], verbose=0)
    with pytest.raises(TypeError, match="callbacks has 'checkpoint', which is no"):
        regressor().fit(X, T, callbacks=["checkpoint"], verbose=0)


# -- early stopping -------------------------------------------------------------------------------


class Scripted(nn.Metric):
    """A metric whose values are known in advance."""

    name = "score"

    def __init__(self, values):
        self.values = iter(values)
        self.value = 0.0

    def reset(self):
        self.value = None

    def update(self, y, t):
        pass

    def result(self):
        if self.value is None:
            self.value = next(self.values)
        return self.value


def run(values, **settings):
    """Trains for as many epochs as there are values; the weights after each are recorded."""
    model = regressor()
    model.compile(optim.SGD(lr=0.05), "mse", [Scripted(values)])
    weights = []

    class Record(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            weights.append(self.model.state_dict())

    stopping = nn.EarlyStopping("score", **settings)
    history = model.fit(X, T, epochs=len(values), callbacks=[Record(), stopping], verbose=0)
    return history, weights, model.state_dict(), stopping


@pytest.mark.parametrize(
    ("values", "settings", "epochs", "best"),
    [
        ([3, 2, 1, 1, 0], {"mode": "min"}, 4, 2),
        ([3, 2, 1, 1, 0], {"mode": "min", "patience": 1}, 4, 2),
        ([3, 2, 1, 1, 0], {"mode": "min", "patience": 2}, 5, 4),
        ([1, 2, 1, 3], {"mode": "max"}, 3, 1),
        ([5, 4.9, 4.8, 3], {"mode": "min", "min_delta": 0.5}, 2, 0),
        ([3, float("nan"), 1], {"mode": "min"}, 2, 0),
    ],
)
def test_early_stopping(values, settings, epochs, best):
    history, weights, final, stopping = run(values, **settings)
    assert history.epochs == epochs
    assert stopping.best == values[best]
    for name, value in final.items():
        np.testing.assert_array_equal(value, weights[best][name])


def test_early_stopping_may_keep_the_last_weights():
    history, weights, final, _ = run([1, 2], mode="min", restore_best_weights=False)
    np.testing.assert_array_equal(final["layers.0.weight"], weights[-1]["layers.0.weight"])
    assert history.epochs == 2


def test_early_stopping_begins_anew_with_each_training():
    stopping = nn.EarlyStopping("loss")
    model = regressor(lr=0.0)
    for _ in range(2):
        assert model.fit(X, T, epochs=5, callbacks=[stopping], verbose=0).epochs == 2


def test_early_stopping_knows_which_way_is_better():
    assert nn.EarlyStopping("val_loss")._sign == -1
    assert nn.EarlyStopping("val_accuracy")._sign == 1
    with pytest.raises(ValueError, match="mode='best'"):
        nn.EarlyStopping(mode="best")
    with pytest.raises(ValueError, match="watches 'val_loss', which is not measured"):
        regressor().fit(X, T, callbacks=[nn.EarlyStopping()], verbose=0)


# -- checkpoint, schedule -------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_checkpoints(ending, tmp_path):
    model = regressor()
    path = tmp_path / f"epoch-{{epoch:02d}}-{{loss:.0f}}.{ending}"
    model.fit(X, T, epochs=2, callbacks=[nn.Checkpoint(path)], verbose=0)
    files = sorted(tmp_path.iterdir())
    assert [f.name[:8] for f in files] == ["epoch-01", "epoch-02"]
    twin = regressor()
    twin.load(files[-1])
    np.testing.assert_array_equal(twin.predict(X), model.predict(X))


def test_checkpoint_of_the_best_only(tmp_path):
    model = regressor()
    model.compile(optim.SGD(lr=0.05), "mse", [Scripted([3, 1, 2])])
    keep = nn.Checkpoint(tmp_path / "{epoch}.npz", monitor="score", mode="min", best_only=True)
    model.fit(X, T, epochs=3, callbacks=[keep], verbose=0)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["1.npz", "2.npz"]


def test_learning_rate_schedule():
    model, rates = regressor(lr=0.4), []

    class Record(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            rates.append(self.model.optimizer.lr)

    halve = nn.LearningRateSchedule(lambda epoch, lr: lr / 2 if epoch else lr)
    model.fit(X, T, epochs=3, callbacks=[halve, Record()], verbose=0)
    assert rates == [0.4, 0.2, 0.1]


def test_reduce_on_plateau():
    model, rates = regressor(lr=0.4), []
    model.compile(optim.SGD(lr=0.4), "mse", [Scripted([3, 2, 2, 2, 2, 1])])

    class Record(nn.Callback):
        def on_epoch_end(self, epoch, logs):
            rates.append(self.model.optimizer.rate)

    plateau = nn.ReduceLROnPlateau("score", factor=0.5, patience=1, mode="min", lowest=0.15)
    model.fit(X, T, epochs=6, callbacks=[plateau, Record()], verbose=0)
    assert rates == [0.4, 0.4, 0.4, 0.2, 0.2, 0.2]
    assert nn.ReduceLROnPlateau("val_accuracy").schedule.mode == "max"
    with pytest.raises(ValueError, match="ReduceLROnPlateau watches 'val_loss', which is not"):
        regressor().fit(X, T, callbacks=[nn.ReduceLROnPlateau()], verbose=0)


def test_reduce_on_plateau_scales_the_rate_of_each_group():
    model = nn.Sequential(nn.Dense(3, in_features=X.shape[1]), nn.Dense(T.shape[1], in_features=3))
    head, body = model.layers[1].parameters(), model.layers[0].parameters()
    adam = optim.Adam([{"params": body, "lr": 0.001}, {"params": head, "lr": 0.5}])
    model.compile(adam, "mse", [Scripted([3, 2, 2, 2])])
    plateau = nn.ReduceLROnPlateau("score", factor=0.5, patience=0, mode="min")
    model.fit(X, T, epochs=3, callbacks=plateau, verbose=0)
    assert [lr(adam.iterations) for lr in adam.lr] == [0.0005, 0.25]
    model.fit(X, T, epochs=1, callbacks=nn.ReduceLROnPlateau("loss"), verbose=0)
    assert [lr(adam.iterations) for lr in adam.lr] == [0.0005, 0.25]


def test_reduce_on_plateau_leaves_decay_to_the_optimizer():
    model, rates = regressor(), []
    model.compile(optim.Adam(lr=1.0, decay=1.0), "mse")
    for _ in range(3):
        rates.append(model.optimizer.rate)
        model.fit(X, T, batch_size=len(X), callbacks=nn.ReduceLROnPlateau("loss"), verbose=0)
    assert rates == pytest.approx([1, 1 / 2, 1 / 3])


class Failing(nn.Callback):
    def on_epoch_end(self, epoch, logs):
        raise RuntimeError("no more")


def test_callbacks_keep_no_data_and_can_be_pickled_after_fit(tmp_path):
    stop, log = nn.EarlyStopping("loss", patience=1), nn.CSVLogger(tmp_path / "log.csv")
    model = regressor(0.05, nn.Dense(4, "relu"), nn.Dense(1))
    model.fit(X, T, epochs=2, verbose=0, callbacks=[stop, log])
    for callback in (stop, log):
        assert not hasattr(callback, "loop")
        again = pickle.loads(pickle.dumps(callback))
        assert np.array_equal(again.model.predict(X), callback.model.predict(X))
    with pytest.raises(RuntimeError, match="no more"):
        regressor().fit(X, T, verbose=0, callbacks=[stop, Failing()])
    assert not hasattr(stop, "loop")


def test_the_history_as_csv(tmp_path):
    path = tmp_path / "a folder" / "history.csv"
    model = regressor()
    model.compile("sgd", "mse", ["mae"])
    history = model.fit(X, T, epochs=3, callbacks=[nn.CSVLogger(path)], verbose=0).history
    rows = [line.split(",") for line in path.read_text().splitlines()]
    assert rows[0] == ["epoch", "loss", "mae"]
    columns = list(zip(*rows[1:], strict=True))
    assert list(map(int, columns[0])) == [1, 2, 3]
    for name, column in zip(rows[0][1:], columns[1:], strict=True):
        assert list(map(float, column)) == history[name]  # exactly
    assert [p.name for p in path.parent.iterdir()] == ["history.csv"]


def test_the_history_as_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "curves.png"
    seen = []

    class Look(nn.Callback):
        comes_last = True

        def on_epoch_end(self, epoch, logs):
            seen.append(path.read_bytes())

    model = regressor()
    model.fit(X, T, epochs=2, callbacks=[Look(), nn.PlotHistory(path)][::-1], verbose=0)
    assert seen[0][:4] == seen[1][:4] == b"\x89PNG"
    assert seen[0] != seen[1]


# -- stop on NaN ----------------------------------------------------------------------------------


class Spoil(nn.Module):
    """Makes one output infinite when it is told to."""

    on = False

    def forward(self, x):
        return x * np.where(self.on, np.float32(np.inf), np.float32(1))


class TurnOn(nn.Callback):
    def __init__(self, layer, step):
        self.layer = layer
        self.step = step

    def on_batch_end(self, batch, logs):
        self.step -= 1
        self.layer.on = self.step <= 0


@pytest.mark.filterwarnings("ignore:a gradient became NaN")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_stop_on_nan_names_the_layer_and_saves_the_weights():
    spoil = Spoil()
    model = regressor(0.05, nn.Dense(4), nn.Sequential(spoil), nn.Dense(1))
    finite = []

    class Record(nn.Callback):
        def on_batch_end(self, batch, logs):
            finite.append(self.model.state_dict())

    callbacks = [TurnOn(spoil, 3), Record(), nn.StopOnNaN()]
    layer = r"the output of layers\.1\.layers\.0 \(Spoil\(\)\)"
    with pytest.warns(nn.TrainingWarning, match=layer):
        history = model.fit(X, T, epochs=5, batch_size=6, callbacks=callbacks, verbose=0)
    assert history.epochs == 1
    assert model.optimizer.iterations == len(finite) == 3
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, finite[-1][name])


@pytest.mark.filterwarnings("ignore:a gradient became NaN")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_stop_on_nan_names_the_input_a_parameter_or_a_gradient():
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.warns(nn.TrainingWarning, match="the input is not finite"):
        regressor().fit(broken, T, callbacks=[nn.StopOnNaN()], verbose=0)

    model = regressor(0.05, nn.Linear(3, 1))
    model.layers[0].bias.data = [np.inf]
    with pytest.warns(nn.TrainingWarning, match=r"the parameter layers\.0\.bias is not finite"):
        model.fit(X, T, callbacks=[nn.StopOnNaN()], verbose=0)

    model = regressor(0.05, nn.Linear(3, 1))
    model.layers[0].bias.register_hook(lambda g: g * np.inf)
    with pytest.warns(nn.TrainingWarning, match=r"the gradient of layers\.0\.bias is not finite"):
        model.fit(X, T, callbacks=[nn.StopOnNaN()], verbose=0)

    model = regressor(0.05, nn.Linear(3, 1))
    model.compile(optim.SGD(lr=0.1), lambda y, t: (y * 0).sum() + np.float32(np.inf))
    with pytest.warns(nn.TrainingWarning, match="the loss itself is not finite"):
        model.fit(X, T, callbacks=[nn.StopOnNaN()], verbose=0)


def test_finite_gradients_are_finite_even_if_their_sum_is_not():
    model = regressor(0.0, nn.Linear(3, 2), nn.Linear(2, 1))
    model.layers[0].weight.register_hook(lambda g: np.full_like(g, 3e38))
    history = model.fit(X, T, epochs=2, callbacks=[nn.StopOnNaN()], verbose=0)
    assert history.epochs == 2


@pytest.mark.filterwarnings("ignore:a gradient became NaN")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_stop_on_nan_looks_into_layers_of_several_outputs():
    class Net(nn.Module):
        def __init__(self):
            self.recur, self.out = nn.LSTM(4), nn.Dense(1)

        def forward(self, x):
            return self.out(self.recur(x)[0][:, -1] * np.float32(np.inf))

    model = Net()
    model.compile("sgd", "mse")
    with pytest.warns(nn.TrainingWarning, match="the output of out"):
        model.fit(X[:, None], T, callbacks=[nn.StopOnNaN()], verbose=0)
