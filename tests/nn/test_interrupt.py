"""Ctrl-C: once, and `fit` returns what was learned; twice, and it ends at once."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

import nn
import optim

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=60)
X = RNG.normal(size=(60, 4))


def classifier(*layers) -> nn.Sequential:
    nn.seed(0)
    model = nn.Sequential(*(layers or (nn.Dense(8, "tanh"), nn.Dense(3))))
    model.compile(optim.Adam(lr=0.03), "cross_entropy", ["accuracy"])
    return model


class CtrlC(nn.Callback):
    """Presses it: after `at` steps, `times` times."""

    def __init__(self, at, times=1):
        self.at = at
        self.times = times
        self.steps = self.ended = 0

    def on_batch_end(self, batch, logs):
        self.steps += 1
        if self.steps == self.at:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
            self.went_on = True

    def on_train_end(self):
        self.ended += 1


def test_ctrl_c_once_returns_what_was_learned(capsys):
    model, press = classifier(), CtrlC(at=9)
    before = signal.getsignal(signal.SIGINT)
    history = model.fit(X, LABELS, epochs=50, batch_size=15, callbacks=[press])
    assert history.interrupted
    assert (press.steps, press.ended) == (9, 1)
    assert len(history.history["loss"]) == history.epochs == 2
    assert "interrupted" in repr(history)
    assert model.optimizer.iterations == 9  # the step at hand was finished, and no other begun
    assert signal.getsignal(signal.SIGINT) is before
    assert "interrupted after 9 steps; what was learned is kept" in capsys.readouterr().out
    assert not model.fit(X, LABELS, verbose=0).interrupted


def test_ctrl_c_in_the_first_epoch_leaves_a_history_without_numbers():
    history = classifier().fit(X, LABELS, batch_size=15, callbacks=[CtrlC(at=1)], verbose=0)
    assert (history.interrupted, history.history, history.epochs) == (True, {}, 0)


def test_ctrl_c_twice_ends_at_once():
    model, press = classifier(), CtrlC(at=3, times=2)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, LABELS, epochs=50, callbacks=[press], verbose=0)
    assert press.steps == 3
    assert not hasattr(press, "went_on")  # in the middle of the step
    assert signal.getsignal(signal.SIGINT) is before


def test_a_keyboard_interrupt_that_is_raised_counts_as_the_first():
    class Raise(nn.Callback):
        def on_batch_end(self, batch, logs):
            raise KeyboardInterrupt

    history = classifier().fit(X, LABELS, epochs=5, callbacks=[Raise()], verbose=0)
    assert history.interrupted


def test_ctrl_c_during_validation():
    class Slow(nn.Module):
        calls = 0

        def forward(self, x):
            if not self.training:
                self.calls += 1
                if self.calls == 2:  # the first call finds the sizes
                    os.kill(os.getpid(), signal.SIGINT)
            return x

    model = classifier(slow := Slow(), nn.Dense(3))
    many = np.repeat(X, 20, axis=0), np.repeat(LABELS, 20)
    history = model.fit(X, LABELS, epochs=3, validation_data=many, verbose=0)
    assert history.interrupted
    assert slow.calls == 2


def test_training_in_another_thread_leaves_signals_alone():
    before = signal.getsignal(signal.SIGINT)
    histories = []
    train = lambda: histories.append(classifier().fit(X, LABELS, verbose=0))
    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert histories[0].epochs == 1
    assert signal.getsignal(signal.SIGINT) is before
