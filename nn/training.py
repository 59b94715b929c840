"""Training in Keras's habit: compile, fit, evaluate, predict. Every Module can be trained so.

What `fit` does at each step is four lines long, in `Trainable._step`; write the loop out yourself
whenever you want to do something else.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import optim
from autograd import Tensor, no_grad

from . import metrics as metrics_
from .data import batches
from .functional import loss as losses
from .functional.activation import identity
from .history import History
from .interrupt import Interrupt
from .names import find
from .progress import Logs, progress, spell
from .random import Rng, generator
from .summary import summarize

if TYPE_CHECKING:
    from .callbacks import Callback
    from .module import Module

Array = np.ndarray[Any, np.dtype[Any]]
Metrics = Sequence[str | metrics_.Metric | Callable[..., Any]]


class TrainingWarning(UserWarning):
    """Training goes on, but hardly to where it is meant to go."""


class Step(NamedTuple):
    """One step of `fit`, between the gradients and the update: what `before_step` is shown."""

    batch: int
    x: Array
    t: Array
    loss: float


class Trainable:
    """What a Module inherits: compile, fit, evaluate, predict, summary."""

    optimizer: Any = None
    stop_training = False  # a callback sets it to end the training
    _loss: Callable[..., Any] | None = None
    _metrics: tuple[metrics_.Metric, ...] = ()

    def compile(self, optimizer: Any, loss: str | Callable[..., Any], metrics: Metrics = ()) -> None:
        """Says how to train: by which optimizer, towards which loss; and what to measure.

        Names are Keras's or ours: "adam"; "categorical_crossentropy", "cross_entropy"; "accuracy".
        A loss is a function loss(y, t) of predictions and targets.

        The cross-entropies of probabilities are computed from logits where the model ends in their
        activation (softmax, sigmoid): the same number, but exact where probabilities round to 0
        or 1. A Module of your own takes part if it has `logits(x)` and `activation`, and its
        forward(x) is activation(logits(x)).

        Raises ValueError for unknown names, and for a metric as loss: it has no slope.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(10, activation="softmax"))
        >>> model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
        """
        if loss in metrics_.__all__ or loss in [getattr(metrics_, n) for n in metrics_.__all__]:
            raise ValueError(
                f"{loss} cannot be the loss: it changes in steps, so its slope is 0 almost "
                "everywhere and nothing is learned. Minimise a cross-entropy, and measure "
                'metrics=["accuracy"].'
            )
        named = {name: getattr(losses, name) for name in losses.__all__}
        self._loss = find("loss", loss, named, losses.ALIASES)
        self._metrics = tuple(metrics_.get(metric) for metric in metrics)
        self.optimizer = _optimizer(optimizer)

    # -- training ---------------------------------------------------------------------------

    def fit(
        self,
        x: Any,
        y: Any,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: tuple[Any, Any] | None = None,
        validation_split: float = 0.0,
        callbacks: Iterable[Callback] = (),
        verbose: int = 1,
        shuffle: bool = True,
        rng: Rng = None,
    ) -> History:
        """Trains: goes `epochs` times through the samples, with ⌈n / batch_size⌉ updates each.

        Ctrl-C once ends the training after the step at hand: `history.interrupted` is True, and
        the model has learned what it has learned. Twice raises KeyboardInterrupt.

        Parameters
        ----------
        x, y : array_like
            Samples and their targets, along the first axis.
        epochs, batch_size : int
        validation_data : (x, y), optional
            Measured after each epoch, never learned from.
        validation_split : float
            Instead: the share of samples to hold out for that, drawn at random.
        callbacks : iterable of Callback
        verbose : int
            0 silent, 1 a progress bar (lines where there is no terminal), 2 a line per epoch.
        shuffle : bool
            Whether each epoch takes the samples in a new random order.
        rng : int or Generator, optional
            Where the order comes from, unless from what `nn.seed` sets.

        Returns
        -------
        History
            `.history["loss"]` and so on, a number for each finished epoch.

        Raises
        ------
        RuntimeError
            If `compile` was not called.
        ValueError
            For samples and targets that do not go together; before anything is changed.
        """
        x, y = _pairs(x, y, "fit")
        if epochs < 0 or batch_size < 1:
            raise ValueError(f"fit: epochs={epochs}, batch_size={batch_size}; they count.")
        random = generator(rng)
        if validation_split:
            (x, y), validation_data = _split(x, y, validation_split, random)
        if validation_data is not None:
            validation_data = _pairs(*validation_data, "fit: validation_data")
        self._get_ready(x)

        model = cast("Module", self)
        history = History()
        callbacks = list(callbacks)
        for callback in callbacks:
            callback.model = model
        show = progress(verbose, epochs, steps=math.ceil(len(x) / batch_size))
        self.stop_training = False
        with _mode(model, training=True), Interrupt() as interrupt:
            try:
                for callback in callbacks:
                    callback.on_train_begin()
                for epoch in range(epochs):
                    for callback in callbacks:
                        callback.on_epoch_begin(epoch)
                    show.start(epoch)
                    tally = Tally(self._metrics)
                    for i, (x_batch, y_batch) in enumerate(batches(x, y, batch_size, shuffle, random)):
                        interrupt.check()
                        first = not (epoch or i)
                        self._step(i, x_batch, y_batch, tally, callbacks, first)
                        if self.stop_training:
                            break
                        show.advance(tally.logs)
                    if self.stop_training:
                        break
                    logs = tally.logs()
                    if validation_data is not None:
                        measured = self._measure(*validation_data, check=interrupt.check)
                        logs |= {f"val_{name}": value for name, value in measured.items()}
                    show.finish(logs)
                    history.append(logs)
                    for callback in callbacks:
                        callback.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
            except KeyboardInterrupt:
                if interrupt.times > 1:
                    raise
                history.interrupted = True
            finally:
                show.stop()
            if history.interrupted:
                show.say(f"Interrupted after {history.epochs} epochs: the model keeps what it learned.")
            for callback in callbacks:
                callback.on_train_end()
        return history

    def _step(
        self, i: int, x: Array, t: Array, tally: Tally, callbacks: list[Callback], first: bool
    ) -> None:
        forward, loss_of, predictions = self._objective()
        self.optimizer.zero_grad()
        y = forward(x)  # 1. predict
        loss = loss_of(y, t)  # 2. measure the error
        if not isinstance(loss, Tensor) or loss.node is None:
            raise TypeError(
                "the loss does not depend on the model's parameters in a way that has a slope. "
                "Compute it from the predictions with functions that Tensors know, without "
                ".numpy() and argmax."
            )
        loss.backward()  # 3. walk back, measuring what each parameter contributed
        value = loss.item()
        for callback in callbacks:
            callback.before_step(Step(i, x, t, value))
        if self.stop_training:
            return
        if first:
            self._warn_if_nothing_learns(value)
        self.optimizer.step()  # 4. adjust
        tally.add(value, predictions(y.array), t)
        for callback in callbacks:
            callback.on_batch_end(i, {"loss": value})

    def _objective(self) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
        """How the loss's argument is computed, the loss, and how predictions come from the former.

        A softmax followed by its cross-entropy is computed from the logits at once; metrics see
        probabilities in any case.
        """
        model, loss = cast("Module", self), self._loss
        assert loss is not None
        activation, from_logits = losses.FROM_LOGITS.get(loss, (None, None))
        if activation and from_logits and getattr(model, "activation", None) is activation:
            return model.logits, from_logits, activation
        for activation, from_logits in losses.FROM_LOGITS.values():
            if loss is from_logits:
                return model, loss, activation
        return model, loss, identity

    def _get_ready(self, x: Array) -> None:
        """Finds the lazy sizes with one sample, and gives the optimizer its parameters."""
        self._require_compiled("fit")
        model = cast("Module", self)
        with _mode(model, training=False), no_grad():
            model(x[:1])
        self.optimizer.bind(model.parameters())

    def _require_compiled(self, asked: str) -> None:
        if self._loss is None:
            raise RuntimeError(
                f"{asked}: the model does not know its loss yet. Call "
                'model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"]) first.'
            )
        if self.optimizer is None and asked == "fit":
            raise RuntimeError("fit: compile was called without an optimizer to train with.")

    def _warn_if_nothing_learns(self, loss: float) -> None:
        parameters = cast("Module", self).parameters()
        if loss and not any(p.grad is not None and p.grad.array.any() for p in parameters):
            warnings.warn(
                f"the loss is {loss:.4g} and the gradient of every parameter is 0: nothing will "
                "be learned. A step function does this, or ReLUs that are all dead.",
                TrainingWarning,
                stacklevel=4,
            )

    # -- using ------------------------------------------------------------------------------

    def evaluate(self, x: Any, y: Any, batch_size: int = 256, verbose: int = 1) -> list[float]:
        """Loss and metrics over all samples, in evaluation mode: [loss, *metrics].

        Raises RuntimeError if `compile` was not called.
        """
        self._require_compiled("evaluate")
        logs = self._measure(*_pairs(x, y, "evaluate"), batch_size)
        if verbose:
            print(spell(logs), flush=True)
        return list(logs.values())

    def _measure(
        self, x: Array, t: Array, batch_size: int = 256, check: Callable[[], None] = lambda: None
    ) -> Logs:
        forward, loss_of, predictions = self._objective()
        tally = Tally(self._metrics)
        with _mode(cast("Module", self), training=False), no_grad():
            for x_batch, t_batch in batches(x, t, batch_size, shuffle=False):
                check()
                y = forward(x_batch)
                tally.add(float(_array(loss_of(y, t_batch))), predictions(_array(y)), t_batch)
        return tally.logs()

    def predict(self, x: Any, batch_size: int = 256) -> Array:
        """The model's output for all samples, as one array, in evaluation mode.

        >>> import nn
        >>> nn.Sequential(nn.Dense(3)).predict(np.zeros((1000, 2))).shape
        (1000, 3)
        """
        model, x = cast("Module", self), np.asarray(x)
        if not len(x):
            raise ValueError("predict: there is no sample to predict for.")
        with _mode(model, training=False), no_grad():
            parts = [_array(model(part)) for part in batches(x, None, batch_size, shuffle=False)]
        return np.concatenate(parts)

    def summary(self) -> None:
        """Prints a table: each layer's output shape and number of parameters, and the totals.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(9, activation="relu", in_features=8), nn.Dense(2))
        >>> model.summary()
        Sequential
        layer    path      output    weights  biases  parameters
        --------------------------------------------------------
        dense_1  layers.0  not seen       72       9          81
        dense_2  layers.1  not seen        ?       2     unbuilt
        --------------------------------------------------------
        at least 83 parameters (332 B), all trained
        unbuilt layers find their input size when the model is first called on data
        """
        print(summarize(cast("Module", self)))


class Tally:
    """Loss and metrics over the batches so far."""

    def __init__(self, metrics: Iterable[metrics_.Metric]) -> None:
        self.metrics = list(metrics)
        self._loss = 0.0
        self._count = 0
        for metric in self.metrics:
            metric.reset()

    def add(self, loss: float, y: Array, t: Array) -> None:
        self._loss += loss * len(t)
        self._count += len(t)
        for metric in self.metrics:
            metric.update(y, t)

    def logs(self) -> Logs:
        loss = self._loss / self._count if self._count else math.nan
        return {"loss": loss, **{metric.name: metric.result() for metric in self.metrics}}


@contextmanager
def _mode(model: Module, training: bool) -> Iterator[None]:
    """Training or evaluation mode for a block; afterwards each Module has its own again."""
    before = [(module, module.training) for _, module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _optimizer(optimizer: Any) -> Any:
    if isinstance(optimizer, type):
        return optimizer()
    if not isinstance(optimizer, str):
        return optimizer
    everything = {name: getattr(optim, name) for name in optim.__all__}
    families = {
        name: family
        for name, family in everything.items()
        if isinstance(family, type)
        and issubclass(family, optim.Optimizer)
        and family is not optim.Optimizer
    }
    return find("optimizer", optimizer, families)()


def _pairs(x: Any, y: Any, asked: str) -> tuple[Array, Array]:
    x, y = np.asarray(x), np.asarray(y)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            f"{asked}: x has shape {x.shape} and y has shape {y.shape}. Sample i of one belongs to "
            "sample i of the other, along the first axis, and there must be one at least."
        )
    return x, y


def _split(
    x: Array, y: Array, share: float, random: np.random.Generator
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    held_out = round(len(x) * share)
    if not 0 < held_out < len(x):
        raise ValueError(
            f"fit: validation_split={share} of {len(x)} samples holds out {held_out}; learning and "
            "validation need one at least."
        )
    order = random.permutation(len(x))
    learned, measured = np.sort(order[held_out:]), np.sort(order[:held_out])
    return (x[learned], y[learned]), (x[measured], y[measured])


def _array(y: Any) -> Any:
    return getattr(y, "array", y)
