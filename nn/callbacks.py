"""Callbacks: what else should happen while `fit` trains.

A callback overrides the hooks that it needs. `self.model` is the model, `self.loop` the running
`fit`, as long as it runs: its `history`, `epoch`, `steps`. To end the training, set
`self.model.stop_training = True`.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

import optim
from autograd import no_grad

from .feed import Inputs
from .loop import Loop, Step, TrainingWarning
from .metrics import higher_is_better
from .module import Array, Module, watching
from .progress import Logs

KERAS_HOOKS = {
    "on_train_batch_end": "here it is on_batch_end",
    "on_train_batch_begin": "before a parameter is changed, before_step is",
    "on_batch_begin": "before a parameter is changed, before_step is",
} | {
    f"on_{kind}_{when}": "there is none for evaluate and predict"
    for kind in ("test", "predict", "test_batch", "predict_batch")
    for when in ("begin", "end")
}
"""Keras's hooks that are not here, and why."""


class Callback:
    """The base: hooks that do nothing.

    >>> import nn
    >>> class Print(nn.Callback):
    ...     def on_epoch_end(self, epoch, logs):
    ...         print(epoch, sorted(logs))
    >>> model = nn.Sequential(nn.Dense(1))
    >>> model.compile("sgd", "mse")
    >>> x, t = [[0.0], [1.0]], [[1.0], [3.0]]
    >>> history = model.fit(x, t, epochs=2, verbose=0, callbacks=[Print()])
    0 ['loss']
    1 ['loss']
    """

    model: Module
    loop: Loop
    comes_last: bool = False  # after all others at each hook: it looks at what they have done

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name in cls.__dict__.keys() & KERAS_HOOKS.keys():
            raise TypeError(
                f"{cls.__name__}.{name} would never be called: {KERAS_HOOKS[name]}. The hooks are "
                f"{', '.join(HOOKS)}."
            )

    def on_train_begin(self) -> None:
        """Before the first epoch."""

    def on_train_end(self) -> None:
        """After the last epoch, also if the training was ended or interrupted."""

    def on_epoch_begin(self, epoch: int) -> None:
        """Before an epoch; they count from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """After an epoch, with its loss and metrics, and "val_…" of them."""

    def before_step(self, step: Step) -> None:
        """When the gradients are there and the parameters are not yet changed."""

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """After a step, with its loss."""

    def on_interrupt(self) -> None:
        """After Ctrl-C, before on_train_end."""

    def state_dict(self) -> dict[str, Any]:
        """What it must remember when training goes on from a file: numbers, text, arrays, lists
        and dicts of them. Nothing, unless a subclass says so."""
        return {}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Takes over what `state_dict()` gave; called after on_train_begin."""


HOOKS = [name for name in vars(Callback) if name.startswith(("on_", "before_"))]


class _Best(Callback):
    """One that watches a number of `logs` and knows when it is the best so far."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'mode={mode!r}: choose "min", "max", or "auto".')
        if mode == "auto":
            mode = "max" if higher_is_better(monitor) else "min"
        self.monitor = monitor
        self._sign = 1 if mode == "max" else -1
        self._min_delta = min_delta
        self._forget()

    def _forget(self) -> None:
        self._highest = -math.inf

    @property
    def best(self) -> float:
        """The best value so far."""
        return self._sign * self._highest

    def state_dict(self) -> dict[str, Any]:
        return {"highest": self._highest}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        self._highest = float(saved["highest"])

    def _improved(self, logs: Logs) -> bool:
        value = self._sign * _watched(self, self.monitor, logs)
        if not value > self._highest + self._min_delta:
            return False
        self._highest = value
        return True


def _watched(callback: Callback, monitor: str, logs: Logs) -> float:
    if monitor not in logs:
        raise ValueError(
            f"{type(callback).__name__}: there is no {monitor!r} to watch, only "
            f"{', '.join(logs)}. Values of val_… need validation_data."
        )
    return float(logs[monitor])


def _require_validation(callback: Callback, monitor: str) -> None:
    """Raises ValueError, before anything is trained, for a number that will not be there."""
    goal, validated = callback.loop.goal, callback.loop.validation is not None
    measured = {f"val_{name}" for name in ("loss", *(metric.name for metric in goal.metrics))}
    if not validated and monitor in measured:
        raise ValueError(
            f"{type(callback).__name__} watches {monitor!r}, which is not measured: give fit "
            f'validation_data= or validation_split=, or watch monitor="{monitor[4:]}".'
        )


class EarlyStopping(_Best):
    """Ends the training when a number has not improved for `patience` epochs (at least one), and
    gives the model its best weights back.

    Parameters
    ----------
    monitor : str
        What to watch: "val_loss", "val_accuracy", "loss", ….
    patience : int
        After how many epochs without an improvement.
    min_delta : float
        What counts as an improvement: more than this.
    restore_best_weights : bool
    mode : str
        "min" if smaller is better, "max", or "auto": by the name.

    >>> import nn
    >>> model = nn.Sequential(nn.Dense(1))
    >>> model.compile("sgd", "mse")
    >>> x, t = np.eye(4), np.arange(4.0).reshape(4, 1)
    >>> stop = nn.EarlyStopping("loss", patience=2, min_delta=10.0)
    >>> history = model.fit(x, t, epochs=50, verbose=0, callbacks=[stop])
    >>> len(history.history["loss"])
    3

    Source: L. Prechelt, "Early Stopping, But When?", 1998.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        patience: int = 0,
        min_delta: float = 0.0,
        restore_best_weights: bool = True,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        if not isinstance(patience, (int, np.integer)) or patience < 0:
            raise ValueError(f"EarlyStopping: patience={patience!r}: a number of epochs, from 0.")
        self.patience = patience
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self) -> None:
        _require_validation(self, self.monitor)
        self._forget()
        self._waited = 0
        self._weights: dict[str, Array] | None = None

    def on_epoch_begin(self, epoch: int) -> None:
        if self._waited >= max(self.patience, 1):  # what is gone on with had come to its end
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self._improved(logs):
            self._waited = 0
            if self.restore_best_weights:
                self._weights = self.model.state_dict()
            return
        self._waited += 1
        if self._waited >= self.patience:
            self.model.stop_training = True

    def on_train_end(self) -> None:
        if self._weights is not None:
            self.model.load_state_dict(self._weights)

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "waited": self._waited, "weights": self._weights}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        super().load_state_dict(saved)
        self._waited, self._weights = int(saved["waited"]), saved["weights"]


class Checkpoint(_Best):
    """Saves the training after each epoch, after each that was the best so far, or every so many
    steps; and when Ctrl-C ends it. `fit(…, resume=path)` goes on from the file, bit for bit.

    `model.load(path)` takes the weights alone.

    Parameters
    ----------
    path : str or path
        Ends in `.npz` or `.safetensors`; may ask for the epoch, from 1, for the step, and for
        numbers: `"training-{epoch:02d}-{val_loss:.3f}.npz"`.
    monitor, mode
        As for EarlyStopping; only looked at for best_only.
    best_only : bool
        Saves only after an epoch that was the best so far.
    every_steps : int, optional
        Saves after every so many steps, instead of after epochs.
    weights_only : bool
        Saves weights, and nothing to resume from: a third of the size, with Adam.

    >>> import nn, tempfile
    >>> from pathlib import Path
    >>> def train(epochs, **how):
    ...     nn.seed(0)
    ...     model = nn.Sequential(nn.Dense(2), nn.Dropout(0.5), nn.Dense(1))
    ...     model.compile("adam", "mse")
    ...     return model, model.fit(np.eye(4), np.ones((4, 1)), epochs, verbose=0, **how)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "training.npz")
    ...     _ = train(2, callbacks=[nn.Checkpoint(path)])
    ...     resumed, history = train(5, resume=path)
    >>> at_once, whole = train(5)
    >>> history.history == whole.history
    True
    >>> np.array_equal(resumed.predict(np.eye(4)), at_once.predict(np.eye(4)))
    True
    """

    comes_last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        best_only: bool = False,
        mode: str = "auto",
        every_steps: int | None = None,
        weights_only: bool = False,
    ) -> None:
        super().__init__(monitor, mode)
        if every_steps is not None and (every_steps < 1 or best_only):
            raise ValueError(
                f"Checkpoint: every_steps={every_steps}, best_only={best_only}: steps count from "
                "1, and what is best is known after an epoch."
            )
        self.path = os.fspath(path)
        self.best_only = best_only
        self.every_steps = every_steps
        self.weights_only = weights_only

    def on_train_begin(self) -> None:
        if self.best_only:
            _require_validation(self, self.monitor)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.every_steps is None and (not self.best_only or self._improved(logs)):
            self._save(epoch + 1, logs)

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self.every_steps is not None and self.loop.steps % self.every_steps == 0:
            self._save(self.loop.epoch + 1, self.loop.tally.logs())

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() if self.best_only else {}

    def on_interrupt(self) -> None:
        if self.loop.whole and not self.best_only:
            last = {name: values[-1] for name, values in self.loop.history.history.items()}
            path = self._save(self.loop.epoch + 1, _OrNaN(last | self.loop.tally.logs()))
            self.loop.show.say(f"saved: {path}")

    def _save(self, epoch: int, logs: Logs) -> str:
        numbers = {"epoch": epoch, "step": self.loop.steps}
        try:
            path = self.path.format_map(type(logs)(logs | numbers))
        except KeyError as error:
            raise ValueError(
                f"Checkpoint: {self.path!r} asks for {error}; there are "
                f"{', '.join([*numbers, *logs])}. Values of val_… need validation_data, and are "
                "not known between steps."
            ) from None
        if self.weights_only:
            self.model.save(path)
        else:
            from . import checkpoint

            checkpoint.save(self.loop, path)
        return path


class _OrNaN(dict[str, Any]):
    """In the middle of an epoch some numbers of a file's name are not known."""

    def __missing__(self, name: str) -> float:
        return math.nan


class LearningRateSchedule(Callback):
    """Sets the optimizer's learning rate before each epoch: `schedule(epoch, lr)` says to what.

    >>> halved = LearningRateSchedule(lambda epoch, lr: lr / 2 if epoch else lr)
    """

    def __init__(self, schedule: Callable[[int, Any], Any]) -> None:
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        optimizer.lr = self.schedule(epoch, optimizer.lr)


class ReduceLROnPlateau(Callback):
    """Makes the learning rate smaller when a number has not improved for `patience` epochs.

    It gives each of the optimizer's groups an `optim.schedule.ReduceOnPlateau`, beginning at the
    group's own rate (before `decay`, which is applied as ever), and reports to them.

    Parameters
    ----------
    monitor, mode
        As for EarlyStopping.
    factor : float
        What the rate is multiplied by.
    patience : int
        How many epochs without an improvement are borne.
    threshold : float
        What counts as an improvement: more than this share of the best value so far.
    lowest : float
        Where the rate stays.

    >>> import nn
    >>> model = nn.Sequential(nn.Dense(1))
    >>> model.compile("sgd", "mse")
    >>> x, t = np.eye(4), np.arange(4.0).reshape(4, 1)
    >>> plateau = nn.ReduceLROnPlateau("loss", patience=0, threshold=1.0)
    >>> history = model.fit(x, t, epochs=3, verbose=0, callbacks=[plateau])
    >>> round(model.optimizer.rate, 6)  # was 0.01; what came after the first epoch was no better
    0.0001
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        lowest: float = 0.0,
        mode: str = "auto",
    ) -> None:
        if mode == "auto":
            mode = "max" if higher_is_better(monitor) else "min"
        self.monitor = monitor
        plateau = optim.schedule.ReduceOnPlateau
        self.schedule = plateau(0.0, factor, patience, threshold, lowest, mode)

    def on_train_begin(self) -> None:
        from dataclasses import replace

        _require_validation(self, self.monitor)
        optimizer = self.model.optimizer
        self._schedules = []
        for group in optimizer.param_groups:
            lr = group["lr"](optimizer.iterations) if callable(group["lr"]) else group["lr"]
            group["lr"] = replace(self.schedule, lr=lr)
            self._schedules.append(group["lr"])
        self.schedule = optimizer.defaults["lr"] = self._schedules[0]  # of a group added later, too

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        value = _watched(self, self.monitor, logs)
        for schedule in self._schedules:
            schedule.report(value)


class CSVLogger(Callback):
    """Writes the history to a CSV file after each epoch, whole or not at all: one row an epoch.

    Numbers are written so that they are read back exactly; metrics that are no numbers are left
    out.

    >>> import nn, tempfile
    >>> model = nn.Sequential(nn.Dense(1))
    >>> model.compile("sgd", "mse", metrics=["mae"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = nn.CSVLogger(f"{folder}/log.csv")
    ...     history = model.fit(np.eye(4), np.ones((4, 1)), epochs=2, verbose=0, callbacks=[log])
    ...     lines = log.path.read_text().splitlines()
    >>> lines[0], len(lines)
    ('epoch,loss,mae', 3)
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from pathlib import Path

        self.path = Path(path)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        from .data.files import write_atomically

        write_atomically(self.path, self.loop.history.to_csv().encode())


class PlotHistory(Callback):
    """Draws the history's curves into a picture file after each epoch.

    Raises ImportError, at once, if matplotlib is not installed (the extra `plots`).

    >>> import nn
    >>> model.fit(x, t, epochs=9, callbacks=[nn.PlotHistory("curves.png")])  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        from autograd.plot import style

        style.require("PlotHistory")
        from pathlib import Path

        self.path = Path(path)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        from .curves import plot_curves

        plot_curves(self.loop.history.history, self.path)


class StopOnNaN(Callback):
    """Ends the training before a NaN or an infinity reaches the weights, and says where it arose.

    Warns (TrainingWarning) with the layer whose output or gradient is not finite; the weights are
    still those of the step before.

    >>> import nn, warnings
    >>> model = nn.Sequential(nn.Dense(1))
    >>> model.compile("sgd", "mse")
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     history = model.fit([[np.nan]], [[1.0]], verbose=0, callbacks=[nn.StopOnNaN()])
    >>> print(str(caught[0].message).partition(".")[0])
    training stopped at batch 1, where the loss is nan: the input is not finite
    """

    def before_step(self, step: Step) -> None:
        if math.isfinite(step.loss) and self._sums_are_finite():
            return
        broken = [
            name
            for name, parameter in self.model.named_parameters()
            if parameter.grad is not None and not np.isfinite(parameter.grad.array).all()
        ]
        if math.isfinite(step.loss) and not broken:
            return
        self.model.stop_training = True
        where = _first_not_finite(self.model, step.x)
        if where is None:
            where = f"the gradient of {broken[-1]}" if broken else "the loss itself"
        warnings.warn(
            f"training stopped at batch {step.batch + 1}, where the loss is {step.loss:.4g}: "
            f"{where} is not finite. The weights are those before this step. Large inputs, or a "
            f"large learning rate (it is {self.model.optimizer.lr}), are the usual cause.",
            TrainingWarning,
            stacklevel=2,
        )

    def _sums_are_finite(self) -> bool:
        """Then every gradient is. (A sum may overflow where none is infinite: then look closer.)"""
        with np.errstate(all="ignore"):
            return all(
                math.isfinite(np.add.reduce(p.grad.array, axis=None))
                for p in self.model.optimizer.parameters()
                if p.grad is not None
            )


def _first_not_finite(model: Module, x: Inputs) -> str | None:
    """Where on the way forward the first NaN or infinity is: the input, a weight, an output."""
    inputs = x if isinstance(x, tuple) else (x,)
    if not all(np.isfinite(part).all() for part in inputs):
        return "the input"
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter.array).all():
            return f"the parameter {name}"
    names = {id(module): f"the output of {path} ({module!r})" for path, module in model.modules()}
    found: list[str] = []

    def look(module: Module, inputs: Any, output: Any) -> None:
        first: Any = output[0] if isinstance(output, (tuple, list)) else output
        if not np.isfinite(getattr(first, "array", first)).all():
            found.append(names.get(id(module), repr(module)))

    with watching(look), no_grad(), np.errstate(all="ignore"):
        model(*inputs)
    return found[0] if found else None
