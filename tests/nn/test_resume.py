"""Training that stopped anywhere and went on from its file is training that never stopped."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import nn
import optim
from nn import storage
from nn.augment import Noise

RNG = np.random.default_rng(0)
X = RNG.normal(size=(22, 3)).astype(np.float32)
LABELS = RNG.integers(3, size=22)
BATCH = 6  # of 20 samples, since 2 are held out: 4 batches, the last a small one
STEPS = 4 * 3


class Watch(nn.Callback):
    """Keeps the weights after each step, and stops after `at` of them."""

    def __init__(self, at=None):
        self.at = at
        self.weights = []

    def on_batch_end(self, batch, logs):
        self.weights.append(self.model.state_dict())
        if self.at is not None and self.loop.steps == self.at:
            self.model.stop_training = True


OPTIMIZERS = {
    "adam, one cycle": lambda: optim.Adam(lr=optim.schedule.OneCycle(0.05, steps=STEPS)),
    "amsgrad, decay": lambda: optim.Adam(lr=0.01, amsgrad=True, decay=0.1),
    "momentum": lambda: optim.SGD(lr=0.05, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optim.RMSprop(lr=0.01, centered=True),
    "lbfgs": lambda: optim.LBFGS(max_iter=3, history_size=3),
    "any function": lambda: optim.SGD(lr=lambda t: 0.1 / (1 + t)),
}


def accumulating():
    adam = optim.Adam(lr=0.02)
    adam.accumulate = 3  # does not divide the steps of an epoch
    return adam


OPTIMIZERS["accumulating"] = accumulating


def build(optimizer="adam, one cycle", seed=0, metrics=("accuracy",)):
    nn.seed(seed)
    model = nn.Sequential(
        nn.Dense(6, "tanh"), nn.Dropout(0.4), nn.Dense(6, "relu", rng=1), nn.Dropout(0.2, rng=2),
        nn.Dense(3),
    )  # fmt: skip
    model.compile(OPTIMIZERS[optimizer](), "cross_entropy", list(metrics))
    return model


def train(model, callbacks=(), epochs=3, **how):
    return model.fit(
        **{"x": X, "y": LABELS, "epochs": epochs, "batch_size": BATCH, "verbose": 0}
        | {"augment": Noise(0.1, shape=(1, 3)), "validation_split": 0.1}
        | {"callbacks": callbacks, **how}
    )  # fmt: skip


def same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert value.tobytes() == other[name].tobytes(), name


@functools.cache
def never_stopped(optimizer):
    model, watch = build(optimizer), Watch()
    history = train(model, [watch])
    assert len(watch.weights) == STEPS
    return watch.weights, history.history, nn.random.generator().random()


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@settings(max_examples=2 * STEPS)  # all that there are
@given(stop=st.integers(1, STEPS), ending=st.sampled_from(["npz", "safetensors"]))
def test_stopped_after_any_step_and_resumed(optimizer, stop, ending, tmp_path_factory):
    path = tmp_path_factory.mktemp("resume") / f"training.{ending}"
    weights, history, next_number = never_stopped(optimizer)

    stopped, first = build(optimizer), Watch(at=stop)
    train(stopped, [nn.Checkpoint(path, every_steps=stop), first])
    nn.seed(99)  # whatever else is drawn meanwhile
    resumed, rest = build(optimizer, seed=7), Watch()
    resumed_history = train(resumed, [rest], resume=path)

    for one, other in zip(weights, first.weights + rest.weights, strict=True):
        same(one, other)
    assert resumed_history.history == history
    assert nn.random.generator().random() == next_number


# -- another process ------------------------------------------------------------------------------

PROGRAM = """
import os, sys
from pathlib import Path
import numpy as np
import nn, optim

path, end = Path(sys.argv[1]), Path(sys.argv[2])
press = int(sys.argv[3])

class CtrlC(nn.Callback):
    def on_batch_end(self, batch, logs):
        if self.loop.steps == press:
            os.kill(os.getpid(), 2)

nn.seed(3)
(x, t), _ = nn.load_digits()
model = nn.Sequential(nn.Dense(16, "relu"), nn.Dropout(0.3), nn.Dense(10))
model.compile(optim.Adam(lr=optim.schedule.Cosine(0.01, 60)), "cross_entropy", ["f1"])
history = model.fit(
    x[:300], t[:300], epochs=4, batch_size=20, verbose=0,
    callbacks=[nn.Checkpoint(path), CtrlC()], resume=path if path.exists() else None,
    augment=[nn.augment.Shift(1, shape=(8, 8))],
)
model.save(end)
print(history.interrupted, history.history)
"""


def run_program(*arguments):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, arguments)],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    return done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_ctrl_c_in_one_process_and_on_in_another(tmp_path):
    first, end = tmp_path / "first.safetensors", tmp_path / "end.npz"
    assert run_program(first, end, 22).startswith("True")  # in the middle of the second epoch
    resumed = run_program(first, end, 0)
    other, other_end = tmp_path / "other.safetensors", tmp_path / "other_end.npz"
    assert run_program(other, other_end, 0) == resumed
    assert resumed.startswith("False")
    assert end.read_bytes() == other_end.read_bytes()


def test_ctrl_c_saves_the_training_before_early_stopping_gives_the_best_weights_back(tmp_path):
    path = tmp_path / "a" / "{epoch}-{step}-{val_loss:.1f}.npz"

    class CtrlC(nn.Callback):
        def on_batch_end(self, batch, logs):
            if self.loop.steps == 6:
                os.kill(os.getpid(), signal.SIGINT)
                self.weights = self.model.state_dict()

    press, model = CtrlC(), build()
    callbacks = [nn.Checkpoint(path), press, nn.EarlyStopping(patience=9)]
    assert train(model, callbacks).interrupted
    (file,) = path.parent.glob("2-6-*.npz")
    again = build(seed=5)
    again.load(file)
    same(again.state_dict(), press.weights)
    first = tmp_path / "{epoch}-{val_loss:.1f}.npz"
    press.loop = None
    train(build(), [nn.Checkpoint(first, every_steps=None), _Press(at=1)])
    assert (tmp_path / "1-nan.npz").exists()


class _Press(nn.Callback):
    def __init__(self, at):
        self.at = at

    def on_batch_end(self, batch, logs):
        if self.loop.steps == self.at:
            os.kill(os.getpid(), signal.SIGINT)


def test_it_says_what_it_saved_and_where_it_goes_on(tmp_path, capsys):
    path = tmp_path / "training.npz"
    train(build(), [nn.Checkpoint(path), _Press(at=6)], verbose=2)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "interrupted after 6 steps; what was learned is kept", f"saved: {path}"
    ]  # fmt: skip
    train(build(), resume=path, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"going on after step 6, from {path}"
    assert [line[:9] for line in lines[1:]] == ["Epoch 2/3", "Epoch 3/3"]


def test_ctrl_c_during_validation_can_be_gone_on_from(tmp_path):
    """What the validation measures with are the metrics of the epoch, half summed up."""
    path = tmp_path / "training.npz"
    data = X[:4], LABELS[:4]

    class Slow(nn.Module):
        press = False

        def forward(self, x):
            if self.press and not self.training:
                os.kill(os.getpid(), signal.SIGINT)
            return x

    def make(press):
        nn.seed(0)
        model = nn.Sequential(slow := Slow(), nn.Dense(3))
        model.compile("adam", "cross_entropy", ["f1", "accuracy", nn.metrics.TopK(2)])

        class Arm(nn.Callback):
            def on_batch_end(self, batch, logs):
                slow.press = press and self.loop.steps == 8

        return model, [nn.Checkpoint(path), Arm()]

    how = {"validation_split": 0, "validation_data": lambda: iter([data, data])}
    model, callbacks = make(press=False)
    whole = train(model, callbacks, **how)
    model, callbacks = make(press=True)
    history = train(model, callbacks, **how)
    assert (history.interrupted, history.epochs) == (True, 1)
    model, callbacks = make(press=False)
    assert train(model, callbacks, resume=path, **how).history == whole.history


# -- what callbacks and metrics remember ----------------------------------------------------------


@pytest.mark.parametrize("stop", [1, 4, 5, 9, 11, 13, 16])
def test_callbacks_go_on_as_if_nothing_had_happened(stop, tmp_path):
    """A learning rate is not halved twice, patience is not given anew, files have all rows."""
    path, csv = tmp_path / "training.npz", tmp_path / "history.csv"

    def callbacks():
        return [
            nn.LearningRateSchedule(lambda epoch, lr: lr * 0.7 if epoch else lr),
            nn.EarlyStopping("score", patience=2, mode="max"),
            nn.CSVLogger(csv),
        ]

    def make():
        return build("momentum", metrics=["accuracy", Rising(), "confusion_matrix", "f1"])

    whole, whole_callbacks = make(), callbacks()
    history = train(whole, whole_callbacks, epochs=9, validation_split=0)
    assert history.epochs == 5  # the best was the third
    text = csv.read_text()
    train(make(), [*callbacks(), Watch(stop), nn.Checkpoint(path, every_steps=stop)], epochs=9,
          validation_split=0)  # fmt: skip
    model, mine = make(), callbacks()
    resumed = train(model, mine, epochs=9, resume=path, validation_split=0)
    same(model.state_dict(), whole.state_dict())
    np.testing.assert_equal(resumed.history, history.history)
    assert csv.read_text() == text
    assert mine[1].best == whole_callbacks[1].best
    assert model.optimizer.lr == whole.optimizer.lr


class Rising(nn.Metric):
    """Best in the third epoch; counts epochs by what it remembers itself."""

    name = "score"
    epoch = 0

    def __init__(self):
        self.epoch = 0
        self.not_plain = iter(())

    def reset(self):
        self.epoch += 1

    def update(self, y, t):
        pass

    def result(self):
        return float(-abs(self.epoch - 3))


def test_what_early_stopping_had_ended_stays_ended(tmp_path):
    path = tmp_path / "training.npz"
    stop = lambda patience: [nn.Checkpoint(path), nn.EarlyStopping("score", patience, mode="max")]
    make = lambda: build("momentum", metrics=[Rising()])
    ended = make()
    assert train(ended, stop(1), epochs=9).epochs == 4
    model = make()
    assert train(model, stop(1), epochs=9, resume=path).epochs == 4
    same(model.state_dict(), ended.state_dict())
    assert train(make(), stop(3), epochs=9, resume=path).epochs == 6  # more patience by now


@pytest.mark.parametrize("stop", [3, 4, 8, 10])
def test_reduce_on_plateau_goes_on(stop, tmp_path):
    path = tmp_path / "training.npz"
    plateau = lambda: nn.ReduceLROnPlateau("score", 0.5, patience=0, mode="max")
    make = lambda: build("momentum", metrics=[Rising()])
    whole = make()
    train(whole, [plateau()], epochs=5)
    assert whole.optimizer.rate == 0.05 / 4
    train(make(), [plateau(), Watch(stop), nn.Checkpoint(path, every_steps=stop)], epochs=5)
    model = make()
    train(model, [plateau()], epochs=5, resume=path)
    assert model.optimizer.rate == whole.optimizer.rate
    same(model.state_dict(), whole.state_dict())


def test_a_callback_that_is_gone_is_a_warning_and_a_new_one_is_welcome(tmp_path):
    path = tmp_path / "training.npz"
    train(build(), [nn.EarlyStopping(), nn.Checkpoint(path)], epochs=1)
    with pytest.warns(nn.TrainingWarning, match="callback EarlyStopping"):
        train(build(), [Watch()], resume=path)


# -- batches from elsewhere -----------------------------------------------------------------------


def once(n=100):
    rng = np.random.default_rng(1)
    for _ in range(n):
        yield rng.normal(size=(4, 3)), rng.integers(3, size=4)


SOURCES = {
    "a list": (lambda: list(once(5)), None),
    "a function": (lambda: lambda: once(5), None),
    "a list, cut": (lambda: list(once(5)), 3),
    "a list, again and again": (lambda: list(once(3)), 5),
    "a generator": (once, 5),
    "our own batches": (lambda: lambda: nn.data.batches(X, LABELS, 5), None),
    "our own batches, cut": (lambda: lambda: nn.data.batches(X, LABELS, 5), 4),
}


@pytest.mark.parametrize("source", SOURCES)
@settings(max_examples=8)
@given(stop=st.integers(1, 9))
def test_any_source_of_batches_can_be_gone_on_with(source, stop, tmp_path_factory):
    path = tmp_path_factory.mktemp("resume") / "training.npz"
    make, steps = SOURCES[source]
    how = {"y": None, "validation_split": 0, "steps_per_epoch": steps}
    whole = build()
    history = train(whole, x=make(), **how)
    train(build(), [nn.Checkpoint(path, every_steps=stop), Watch(stop)], x=make(), **how)
    model = build(seed=4)
    resumed = train(model, resume=path, x=make(), **how)
    same(model.state_dict(), whole.state_dict())
    assert resumed.history == history.history


# -- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", ["npz", "safetensors"])
def test_a_checkpoint_is_a_file_of_weights_too(ending, tmp_path):
    path = tmp_path / f"training.{ending}"
    model = build()
    train(model, [nn.Checkpoint(path)])
    twin = build(seed=1)
    assert twin.load(path) == []
    same(twin.state_dict(), model.state_dict())
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    weights = tmp_path / f"weights.{ending}"
    train(model, [nn.Checkpoint(weights, weights_only=True)], epochs=1)
    with pytest.raises(ValueError, match=r"weights\.\w+ holds weights"):
        train(model, resume=weights)
    with storage.opened(weights) as found:
        assert found.keys() == model.state_dict().keys()


def test_more_epochs_may_follow(tmp_path):
    path = tmp_path / "training.npz"
    whole = build()
    history = train(whole, epochs=4)
    train(build(), [nn.Checkpoint(path)], epochs=2)
    model = build()
    assert train(model, epochs=4, resume=path).history == history.history
    same(model.state_dict(), whole.state_dict())
    done = train(build(), epochs=2, resume=path)  # there is nothing left to do
    assert done.epochs == 2
    other = train(build(), epochs=3, resume=path, batch_size=10, x=X[:20], y=LABELS[:20])
    assert other.epochs == 3  # between two epochs other data may be given


@settings(max_examples=10)
@given(stops=st.sets(st.integers(1, STEPS), min_size=2, max_size=4))
def test_stopped_again_and_again(stops, tmp_path_factory):
    path = tmp_path_factory.mktemp("resume") / "training.npz"
    weights, history, _ = never_stopped("adam, one cycle")
    resume, steps = None, []
    for stop in [*sorted(stops), None]:
        model, watch = build(seed=9 if resume else 0), Watch(stop)
        got = train(model, [watch, nn.Checkpoint(path, every_steps=stop or 99)], resume=resume)
        steps += watch.weights
        resume = path
    for one, other in zip(weights, steps, strict=True):
        same(one, other)
    assert got.history == history


def test_layers_with_buffers_and_states_go_on(tmp_path):
    path = tmp_path / "training.npz"

    class Net(nn.Module):
        def __init__(self):
            self.norm, self.recur = nn.BatchNorm(), nn.LSTM(4, returns="outputs")
            self.drop, self.out = nn.Dropout(0.5), nn.Dense(3)

        def forward(self, x):
            return self.out(self.drop(self.recur(self.norm(x)[:, None])[:, -1]))

    def make():
        nn.seed(0)
        model = Net()
        model.compile(optim.AdamW(lr=0.02), "cross_entropy")
        return model

    whole = make()
    train(whole)
    train(make(), [nn.Checkpoint(path, every_steps=6), Watch(6)])
    model = make()
    train(model, resume=path)
    assert "norm.running_mean" in model.state_dict()
    same(model.state_dict(), whole.state_dict())


def snapshot(model):
    return model.state_dict(), model.optimizer.state_dict()


def refuses(path, message, model=None, **how):
    """Resuming is a ValueError that names the file, and changes neither model nor optimizer."""
    model = model or build()
    train(model, epochs=1)
    before = snapshot(model)
    with pytest.raises(ValueError, match=message) as caught:
        train(model, resume=path, **how)
    assert path.name in str(caught.value)
    np.testing.assert_equal(snapshot(model), before)


def test_a_file_of_another_training_is_refused(tmp_path):
    path = tmp_path / "training.npz"
    train(build(), [nn.Checkpoint(path, every_steps=6), Watch(6)])
    refuses(path, r"state of Adam", build("momentum"))
    other = nn.Sequential(nn.Dense(4), nn.Dense(3))
    other.compile("adam", "cross_entropy")
    refuses(path, r"layers\.0\.weight: has shape \(3, 4\), not \(3, 6\)", other)
    refuses(path, "an epoch of 4, and here an epoch has 2: give the same data", batch_size=10)
    refuses(path, r"fit\(rng=…\)", rng=0)
    refuses(path, "metrics were accuracy; here they are f1, acc", build(metrics=["f1", "acc"]))
    with pytest.raises(FileNotFoundError):
        train(build(), resume=tmp_path / "none.npz")


@given(data=st.data())
def test_a_damaged_file_is_refused_or_harmless(data, tmp_path_factory):
    ending = data.draw(st.sampled_from(["npz", "safetensors"]))
    path = tmp_path_factory.mktemp("damage") / f"training.{ending}"
    model = build()
    train(model, [nn.Checkpoint(path, every_steps=2), Watch(2)])
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        start = content.index(b'{"dict"')  # where what is not weights is told
        for _ in range(data.draw(st.integers(1, 2))):
            place = data.draw(st.integers(start, len(content) - 1))
            content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    before = snapshot(model)
    try:
        train(model, resume=path)
    except ValueError as error:
        message = str(error)
    else:
        return  # what was changed was a number
    assert path.name in message
    np.testing.assert_equal(snapshot(model), before)


def test_what_cannot_be_saved_says_where_it_is(tmp_path):
    class Odd(nn.Callback):
        def state_dict(self):
            return {"seen": [{1, 2}]}

    with pytest.raises(TypeError, match=r"callbacks\[0\]\.state\.seen\[0\] is \{1, 2\}"):
        train(build(), [Odd(), nn.Checkpoint(tmp_path / "a.npz")])
    with pytest.raises(ValueError, match=r"asks for 'val_loss'; there are epoch, step, loss"):
        train(build(), [nn.Checkpoint(tmp_path / "{val_loss}.npz", every_steps=1)])
    with pytest.raises(ValueError, match="every_steps=0"):
        nn.Checkpoint("a.npz", every_steps=0)
    assert list(tmp_path.iterdir()) == []


def test_nothing_in_the_file_is_a_program(tmp_path):
    path = tmp_path / "training.npz"
    train(build(), [nn.Checkpoint(path)])
    with np.load(path, allow_pickle=False) as found:
        text = found["training/state.json"].tobytes()
        assert all(found[name].dtype.kind in "biuf" for name in found)
    assert json.loads(text)["dict"]["version"] == 1
