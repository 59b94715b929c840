"""The training loop that `fit` runs: epochs of batches, and four lines for each batch."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from autograd import Tensor, no_grad

from .data import batches
from .functional.activation import identity
from .functional.loss import FROM_LOGITS
from .history import History
from .interrupt import Interrupt
from .metrics import Metric
from .progress import Logs, Progress

if TYPE_CHECKING:
    from .callbacks import Callback
    from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]


class TrainingWarning(UserWarning):
    """Training goes on, or stops, but not to where it is meant to go."""


class Ended(Exception):
    """A callback has set `model.stop_training`."""


class Step(NamedTuple):
    """One step of `fit`, between the gradients and the update: what `before_step` is shown."""

    batch: int
    x: Array
    t: Array
    loss: float


class Goal:
    """What `compile` was told: the loss to minimise, the metrics to report."""

    def __init__(self, loss: Callable[..., Any], metrics: Iterable[Metric]) -> None:
        self.loss = loss
        self.metrics = list(metrics)

    def seen_from(self, model: Module) -> Objective:
        """How a batch becomes a loss.

        A softmax and its cross-entropy, which `model` and `loss` ask for apart, are computed from
        the logits at once; metrics see probabilities in any case.
        """
        last: Any = getattr(model, "activation", None)
        logits = getattr(model, "logits", None)
        for of_probabilities, (activation, of_logits) in FROM_LOGITS.items():
            if self.loss is of_probabilities and last is activation and logits:
                return Objective(logits, of_logits, activation)
            if self.loss is of_logits:
                return Objective(model, self.loss, activation)
        return Objective(model, self.loss, identity)


class Objective(NamedTuple):
    """x to y, (y, t) to the loss, and y to what metrics see."""

    forward: Callable[..., Any]
    loss: Callable[..., Any]
    predictions: Callable[..., Any]


class Tally:
    """Loss and metrics over the batches so far."""

    def __init__(self, metrics: list[Metric]) -> None:
        self.metrics = metrics
        self._loss = 0.0
        self._count = 0
        for metric in metrics:
            metric.reset()

    def add(self, loss: float, y: Array, t: Array) -> None:
        self._loss += loss * len(t)
        self._count += len(t)
        for metric in self.metrics:
            metric.update(y, t)

    def logs(self) -> Logs:
        loss = self._loss / self._count if self._count else math.nan
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics}}


class Loop:
    """One call of `fit`."""

    def __init__(
        self,
        model: Module,
        goal: Goal,
        epoch: Callable[[], Iterator[tuple[Array, Array]]],
        validation: tuple[Array, Array] | None,
        callbacks: list[Callback],
        show: Progress,
        interrupt: Interrupt,
    ) -> None:
        self.model = model
        self.goal = goal
        self.objective = goal.seen_from(model)
        self.epoch = epoch
        self.validation = validation
        self.callbacks = callbacks
        self.show = show
        self.interrupt = interrupt
        self.steps = 0

    def run(self, epochs: int, history: History) -> None:
        """All epochs; raises Ended or KeyboardInterrupt before that, between two steps."""
        self.tell("on_train_begin")
        for epoch in range(epochs):
            self.tell("on_epoch_begin", epoch)
            self.show.start(epoch)
            logs = self.one_epoch()
            self.show.finish(logs)
            history.append(logs)
            self.tell("on_epoch_end", epoch, logs)

    def tell(self, hook: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args)
        if self.model.stop_training:
            raise Ended

    def one_epoch(self) -> Logs:
        tally = Tally(self.goal.metrics)
        for i, (x, t) in enumerate(self.epoch()):
            self.interrupt.check()
            self.one_step(i, x, t, tally)
            self.show.advance(tally.logs)
        logs = tally.logs()
        if self.validation is not None:
            measured = measure(self.model, self.goal, *self.validation, check=self.interrupt.check)
            logs |= {f"val_{name}": value for name, value in measured.items()}
        return logs

    def one_step(self, i: int, x: Array, t: Array, tally: Tally) -> None:
        optimizer = self.model.optimizer
        optimizer.zero_grad()
        y = self.objective.forward(x)  # 1. predict
        loss = self.objective.loss(y, t)  # 2. measure the error
        _require_slope(loss)
        loss.backward()  # 3. walk back, measuring what each parameter contributed
        value = loss.item()
        self.tell("before_step", Step(i, x, t, value))
        if not self.steps:
            _warn_if_nothing_learns(self.model, value)
        optimizer.step()  # 4. adjust
        self.steps += 1
        tally.add(value, self.objective.predictions(y.array), t)
        self.tell("on_batch_end", i, {"loss": value})


def measure(
    model: Module,
    goal: Goal,
    x: Array,
    t: Array,
    batch_size: int = 256,
    check: Callable[[], None] = lambda: None,
) -> Logs:
    """Loss and metrics over all samples, in evaluation mode."""
    objective = goal.seen_from(model)
    tally = Tally(goal.metrics)
    with mode(model, training=False), no_grad():
        for x_batch, t_batch in batches(x, t, batch_size, shuffle=False):
            check()
            y = objective.forward(x_batch)
            loss = float(array(objective.loss(y, t_batch)))
            tally.add(loss, objective.predictions(array(y)), t_batch)
    return tally.logs()


@contextmanager
def mode(model: Module, training: bool) -> Iterator[None]:
    """Training or evaluation mode for a block; afterwards each Module has its own again."""
    before = [(module, module.training) for _, module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, own in before:
            module.training = own


def array(y: Any) -> Any:
    """A Tensor's array; anything else is one."""
    return getattr(y, "array", y)


def _require_slope(loss: Any) -> None:
    if not isinstance(loss, Tensor) or loss.node is None:
        raise TypeError(
            "the loss has no slope: it does not depend on the model's parameters, or not through "
            "functions that Tensors know. Compute it from the predictions without .numpy(), "
            "float() and argmax."
        )


def _warn_if_nothing_learns(model: Module, loss: float) -> None:
    if loss and not any(p.grad is not None and p.grad.array.any() for p in model.parameters()):
        warnings.warn(
            f"the loss is {loss:.4g}, and the gradient of every parameter is 0: nothing will be "
            "learned. A step function does this, or ReLUs that are all dead.",
            TrainingWarning,
            stacklevel=6,
        )
