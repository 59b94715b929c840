"""Callbacks: what else should happen while `fit` trains.

A callback overrides the hooks that it needs. `self.model` is the model; to end the training, set
`self.model.stop_training = True`.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import no_grad

from .loop import Step, TrainingWarning
from .module import Array, Module, watching
from .progress import Logs

HIGHER_IS_BETTER = ("accuracy", "acc", "precision", "recall", "f1", "auc")


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


class _Best(Callback):
    """One that watches a number of `logs` and knows when it is the best so far."""

    def __init__(self, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise ValueError(f'mode={mode!r}: choose "min", "max", or "auto".')
        if mode == "auto":
            mode = "max" if monitor.endswith(HIGHER_IS_BETTER) else "min"
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

    def _improved(self, logs: Logs) -> bool:
        if self.monitor not in logs:
            raise ValueError(
                f"{type(self).__name__}: there is no {self.monitor!r} to watch, only "
                f"{', '.join(logs)}. Values of val_… need validation_data."
            )
        value = self._sign * logs[self.monitor]
        if not value > self._highest + self._min_delta:
            return False
        self._highest = value
        return True


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
        self.patience = patience
        self.restore_best_weights = restore_best_weights

    def on_train_begin(self) -> None:
        self._forget()
        self._waited = 0
        self._weights: dict[str, Array] | None = None

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


class Checkpoint(_Best):
    """Saves the model's weights after each epoch, or after each that was the best so far.

    Parameters
    ----------
    path : str or path
        Ends in `.npz` or `.safetensors`; may ask for the epoch, from 1, and for numbers:
        `"weights-{epoch:02d}-{val_loss:.3f}.npz"`.
    monitor, mode
        As for EarlyStopping; only looked at for best_only.
    best_only : bool
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        monitor: str = "val_loss",
        best_only: bool = False,
        mode: str = "auto",
    ) -> None:
        super().__init__(monitor, mode)
        self.path = os.fspath(path)
        self.best_only = best_only

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if not self.best_only or self._improved(logs):
            self.model.save(self.path.format(epoch=epoch + 1, **logs))


class LearningRateSchedule(Callback):
    """Sets the optimizer's learning rate before each epoch: `schedule(epoch, lr)` says to what.

    >>> halved = LearningRateSchedule(lambda epoch, lr: lr / 2 if epoch else lr)
    """

    def __init__(self, schedule: Callable[[int, Any], Any]) -> None:
        self.schedule = schedule

    def on_epoch_begin(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        optimizer.lr = self.schedule(epoch, optimizer.lr)


class StopOnNaN(Callback):
    """Ends the training before a NaN or an infinity reaches the weights, and says where it arose.

    Warns (TrainingWarning) with the layer whose output or gradient is not finite; the weights are
    still those of the step before.
    """

    def before_step(self, step: Step) -> None:
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


def _first_not_finite(model: Module, x: Array) -> str | None:
    """Where on the way forward the first NaN or infinity is: the input, a weight, an output."""
    if not np.isfinite(x).all():
        return "the input"
    for name, parameter in model.named_parameters():
        if not np.isfinite(parameter.array).all():
            return f"the parameter {name}"
    names = {id(module): f"the output of {path} ({module!r})" for path, module in model.modules()}
    found: list[str] = []

    def look(module: Module, inputs: Any, output: Any) -> None:
        if not np.isfinite(getattr(output, "array", output)).all():
            found.append(names.get(id(module), repr(module)))

    with watching(look), no_grad(), np.errstate(all="ignore"):
        model(x)
    return found[0] if found else None
