"""The training loop that `fit` runs: epochs of batches, and four lines for each batch."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

import optim
from autograd import Tensor, no_grad

from .feed import Array, Feed, Inputs
from .functional.loss import FROM_LOGITS
from .history import History
from .interrupt import Interrupt
from .layers.activation import logits_of
from .metrics import Counting, Metric
from .progress import Logs, Progress
from .random import Chance, generator

if TYPE_CHECKING:
    from .callbacks import Callback
    from .module import Module

Augment: TypeAlias = "Callable[[Any, np.random.Generator], Any]"


class TrainingWarning(UserWarning):
    """Training goes on, or stops, but not to where it is meant to go."""


class Ended(Exception):
    """A callback has set `model.stop_training`."""


class Step(NamedTuple):
    """One step of `fit`, between the gradients and the update: what `before_step` is shown."""

    batch: int
    x: Inputs
    t: Array
    loss: float


class Goal:
    """What `compile` was told: the loss to minimise, the metrics to report."""

    def __init__(self, loss: Callable[..., Any], metrics: Iterable[Metric]) -> None:
        self.loss = loss
        self.metrics = list(metrics)
        self.running: Tally | None = None  # what a training under way has summed up so far

    @contextmanager
    def set_aside(self) -> Iterator[None]:
        """Within the block the metrics measure something else, in the middle of a training."""
        state = None if self.running is None else self.running.state_dict()
        try:
            yield
        finally:
            if self.running is not None and state is not None:
                self.running.load_state_dict(state)

    def seen_from(self, model: Module) -> Objective:
        """How a batch becomes a loss.

        A softmax and its cross-entropy, which `model` and `loss` ask for apart, are computed from
        the logits at once; metrics see probabilities in any case.
        """
        counting = Counting(self.loss)
        last: Any = getattr(model, "activation", None)
        logits = logits_of(model)
        for of_probabilities, (activation, of_logits) in FROM_LOGITS.items():
            if self.loss is of_probabilities and last is activation and logits:
                return Objective(logits, of_logits, activation, counting)
            if self.loss is of_logits:
                return Objective(model, self.loss, activation, counting)
        return Objective(model, self.loss, array, counting)


class Objective(NamedTuple):
    """x to y, (y, t) to the loss, y to what metrics see, and how the losses of batches make one."""

    forward: Callable[..., Any]
    loss: Callable[..., Any]
    predictions: Callable[..., Any]
    counting: Counting

    def output(self, x: Inputs) -> Any:
        """What the model gives."""
        return self.forward(*x) if isinstance(x, tuple) else self.forward(x)

    def error(self, y: Any, t: Array, weights: Array | None) -> Any:
        """The loss of that."""
        if weights is None:
            return self.loss(y, t)
        return weighted(self.loss, y, t, weights, self.counting.divisor(array(y), t))

    def of(self, x: Inputs, t: Array, weights: Array | None) -> tuple[Any, Any]:
        """Both."""
        y = self.output(x)
        return y, self.error(y, t, weights)


def weighted(
    loss: Callable[..., Any], y: Any, t: Array, weights: Array, divisor: float | None = None
) -> Any:
    """The loss with each sample's part times its weight: mean (or sum) of w·l. The mean divides by
    what it divides by without these weights."""
    reduction = inspect.signature(loss).parameters.get("reduction")
    if reduction is None:
        raise TypeError(
            f"fit: weights of samples need each sample's own loss, and "
            f"{getattr(loss, '__name__', loss)!r} gives one number. Give it a keyword `reduction` "
            'that takes "none", as the losses of nn do.'
        )
    each = loss(y, t, reduction="none")
    if weights.shape != each.shape[: weights.ndim]:
        raise ValueError(
            f"fit: weights of shape {weights.shape} do not go with losses of shape {each.shape}."
        )
    weights = weights.reshape(weights.shape + (1,) * (each.ndim - weights.ndim))
    parts = each * weights.astype(each.dtype)
    if reduction.default == "sum":
        return np.sum(parts)
    return np.mean(parts) if divisor is None else np.mean(parts) * (parts.size / divisor)


class Tally:
    """Loss and metrics over the batches so far."""

    def __init__(self, objective: Objective, metrics: list[Metric]) -> None:
        self.objective = objective
        self.metrics = metrics
        self._loss = 0.0
        self._count: float = 0

    def reset(self) -> Tally:
        """From nothing."""
        self._loss, self._count = 0.0, 0
        for metric in self.metrics:
            metric.reset()
        return self

    def add(self, loss: float, weight: float, y: Any, t: Array) -> None:
        """One more batch: its loss and how much that counts, and what metrics see of the output."""
        self._loss += loss * weight
        self._count += weight
        if self.metrics:
            y = self.objective.predictions(y)
        for metric in self.metrics:
            metric.update(y, t)

    def logs(self) -> Logs:
        loss = self.objective.counting.over_all(self._loss, self._count)
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics}}

    def state_dict(self) -> dict[str, Any]:
        metrics = [{"name": m.name, "state": m.state_dict()} for m in self.metrics]
        return {"loss": self._loss, "count": self._count, "metrics": metrics}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        then, now = [m["name"] for m in saved["metrics"]], [m.name for m in self.metrics]
        if then != now:
            raise ValueError(
                f"Its metrics were {', '.join(then) or 'none'}; here they are "
                f"{', '.join(now) or 'none'}."
            )
        self._loss, self._count = float(saved["loss"]), float(saved["count"])
        for metric, m in zip(self.metrics, saved["metrics"]):
            metric.load_state_dict(m["state"])


class Loop:
    """One call of `fit`: what it works with, and where it is."""

    def __init__(
        self,
        model: Module,
        goal: Goal,
        feed: Feed,
        validation: Feed | None,
        callbacks: list[Callback],
        show: Progress,
        interrupt: Interrupt,
        random: np.random.Generator,
        augment: Augment | None = None,
    ) -> None:
        self.model = model
        self.goal = goal
        self.objective = goal.seen_from(model)
        self.feed = feed
        self.validation = validation
        self.callbacks = callbacks
        self.show = show
        self.interrupt = interrupt
        self.random = random
        self.augment = augment
        self.weigh: Callable[[Array, Array | None], Array] | None = None  # by classes
        self.chance = feed.chance = Chance(_generators(model, random))
        self.history = History()
        self.epoch = 0
        self.batch = 0  # steps of this epoch
        self.steps = 0  # of all epochs
        self.tally = Tally(self.objective, goal.metrics)
        self.whole = True  # no step is half done: the state can be saved

    def run(self, epochs: int, go_on: Callable[[Loop], None]) -> None:
        """All epochs; raises Ended or KeyboardInterrupt before that, between two steps."""
        self.goal.running = self.tally
        self.tell("on_train_begin")
        go_on(self)
        while self.epoch < epochs:
            if not self.batch:
                self.tally.reset()
                self.tell("on_epoch_begin", self.epoch)
            self.show.start(self.epoch, self.batch)
            logs = self.one_epoch()
            self.show.finish(logs)
            self.history.append(logs)
            epoch, self.epoch, self.batch = self.epoch, self.epoch + 1, 0
            self.feed.end_epoch()
            self.tell("on_epoch_end", epoch, logs)

    def tell(self, hook: str, *args: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, hook)(*args)
        if self.model.stop_training:
            raise Ended

    def one_epoch(self) -> Logs:
        batches = self.feed.epoch(self.batch)
        self.interrupt.check()
        for x, t, weights in batches:
            self.one_step(x, t, weights)
            self.show.advance(self.tally.logs)
            self.interrupt.check()
        logs = self.tally.logs()
        if self.validation is not None:
            measured = measure(self.model, self.goal, self.validation, self.interrupt.check)
            logs |= {f"val_{name}": value for name, value in measured.items()}
        return logs

    def one_step(self, x: Inputs, t: Array, weights: Array | None) -> None:
        optimizer = self.model.optimizer
        self.whole = False
        if self.augment is not None:
            x = self.augment(x, self.random)
        if self.weigh is not None:
            weights = self.weigh(t, weights)
        if isinstance(optimizer, optim.LBFGS):
            value = self.search(optimizer, x, t, weights)
        else:
            optimizer.zero_grad()
            y = self.objective.output(x)  # 1. predict
            if not self.objective.counting.weight(array(y), t):
                return self.leave_out(y, t)
            loss = self.objective.error(y, t, weights)  # 2. measure the error
            _require_slope(loss)
            loss.backward()  # 3. walk back, measuring what each parameter contributed
            value = loss.item()
            self.before_step(x, y, t, value)
            optimizer.step()  # 4. adjust
        self.steps += 1
        self.batch += 1
        self.whole = True
        self.tell("on_batch_end", self.batch - 1, {"loss": value})

    def leave_out(self, y: Any, t: Array) -> None:
        """No step for a batch whose loss is a mean of nothing."""
        warnings.warn(
            f"no target of batch {self.batch + 1} counts: all are ignored, or of classes with "
            "weight 0. There is nothing to learn from it, and no step is taken.",
            TrainingWarning,
            stacklevel=6,
        )
        self.tally.add(0.0, 0, array(y), t)
        self.batch += 1
        self.whole = True

    def search(
        self, optimizer: optim.LBFGS, x: Inputs, t: Array, weights: Array | None
    ) -> float:
        """The same four steps for one that evaluates the loss as often as it likes; each time
        what is random is as at first, so that it is one function that is minimised."""
        chance = self.chance.state_dict()
        losses: list[float] = []

        def closure() -> Any:
            self.chance.load_state_dict(chance)
            optimizer.zero_grad()
            y, loss = self.objective.of(x, t, weights)
            _require_slope(loss)
            loss.backward()
            losses.append(loss.item())
            if len(losses) == 1:
                self.before_step(x, y, t, losses[0])
            return losses[-1]

        optimizer.step(closure)
        return losses[0]

    def before_step(self, x: Inputs, y: Any, t: Array, loss: float) -> None:
        """All that may object, before a parameter is changed."""
        self.tell("before_step", Step(self.batch, x, t, loss))
        if not self.steps:
            _warn_if_nothing_learns(self.model, loss)
        y = array(y)
        self.tally.add(loss, self.objective.counting.weight(y, t), y, t)


def measure(
    model: Module, goal: Goal, feed: Feed, check: Callable[[], None] = lambda: None
) -> Logs:
    """Loss and metrics over all samples, in evaluation mode."""
    objective = goal.seen_from(model)
    with goal.set_aside(), mode(model, training=False), no_grad():
        tally = Tally(objective, goal.metrics).reset()
        for x, t, weights in feed.epoch():
            check()
            y = objective.output(x)
            weight = objective.counting.weight(array(y), t)
            loss = float(array(objective.error(y, t, weights))) if weight else 0.0
            tally.add(loss, weight, array(y), t)
        feed.end_epoch()
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
    """A Tensor's array; of a tuple, of several outputs, those of each; anything else is one."""
    return tuple(map(array, y)) if isinstance(y, tuple) else getattr(y, "array", y)


def _generators(model: Module, random: np.random.Generator) -> dict[str, np.random.Generator]:
    """All that training may draw from, besides nn.random's: fit's own, and those of layers."""
    own = {} if random is generator() else {"fit(rng=…)": random}
    return own | {
        f"{path}.{name}".lstrip("."): held
        for path, module in model.modules()
        for name, held in vars(module).items()
        if isinstance(held, np.random.Generator)
    }


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
            "learned. A step function does this, a softmax over one class (use a sigmoid), or "
            "ReLUs that are all dead.",
            TrainingWarning,
            stacklevel=7,
        )
