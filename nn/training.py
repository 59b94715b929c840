"""Training in Keras's habit: compile, fit, evaluate, predict, summary. Every Module has it.

What `fit` does with a batch stands in loop.py, four lines long; write the loop out yourself
whenever you want to do something else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import optim
from autograd import no_grad

from . import metrics as known_metrics
from .data import batches
from .functional import loss as losses
from .history import History
from .interrupt import Interrupt
from .loop import Array, Ended, Goal, Loop, array, measure, mode
from .names import find
from .progress import progress, spell
from .random import Rng, generator
from .summary import summarize

if TYPE_CHECKING:
    from .callbacks import Callback
    from .module import Module

Metrics = Sequence[str | known_metrics.Metric | Callable[..., Any]]


class Trainable:
    """What a Module inherits from here: compile, fit, evaluate, predict, summary."""

    optimizer: Any = None
    stop_training = False  # a callback sets it to end the training
    _goal: Goal | None = None
    _trains_all = True  # the optimizer came without parameters: it is given all that there are

    def compile(
        self, optimizer: Any, loss: str | Callable[..., Any], metrics: Metrics = ()
    ) -> None:
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
        self._goal = Goal(_loss(loss), [known_metrics.get(metric) for metric in metrics])
        self.optimizer = _optimizer(optimizer)
        self._trains_all = not self.optimizer.parameters()

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
        the model keeps what it has learned. Twice raises KeyboardInterrupt.

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
        goal, model = self._compiled("fit"), cast("Module", self)
        x, y = _pairs(x, y, "fit")
        if epochs < 0 or batch_size < 1:
            raise ValueError(f"fit: epochs={epochs}, batch_size={batch_size}: too few.")
        random = generator(rng)
        if validation_split:
            (x, y), validation_data = _split(x, y, validation_split, random)
        if validation_data is not None:
            validation_data = _pairs(*validation_data, "fit: validation_data")
        callbacks = list(callbacks)
        show = progress(verbose, epochs, steps=math.ceil(len(x) / batch_size))
        self._get_ready(x[:1])
        for callback in callbacks:
            callback.model = model

        history = History()
        self.stop_training = False
        with mode(model, training=True), Interrupt() as interrupt:
            loop = Loop(
                model, goal, lambda: batches(x, y, batch_size, shuffle, random), validation_data,
                callbacks, show, interrupt,
            )  # fmt: skip
            try:
                loop.run(epochs, history)
            except Ended:
                pass
            except KeyboardInterrupt:
                if interrupt.times > 1:
                    raise
                history.interrupted = True
            finally:
                show.stop()
            if history.interrupted:
                show.say(f"interrupted after {loop.steps} steps; what was learned is kept")
            for callback in callbacks:
                callback.on_train_end()
        return history

    def evaluate(self, x: Any, y: Any, batch_size: int = 256, verbose: int = 1) -> list[float]:
        """Loss and metrics over all samples, in evaluation mode: [loss, *metrics].

        Raises RuntimeError if `compile` was not called.
        """
        goal = self._compiled("evaluate")
        logs = measure(cast("Module", self), goal, *_pairs(x, y, "evaluate"), batch_size)
        if verbose:
            print(spell(logs), flush=True)
        return list(logs.values())

    def predict(self, x: Any, batch_size: int = 256) -> Array:
        """The model's output for all samples, as one array, in evaluation mode.

        >>> import nn
        >>> nn.Sequential(nn.Dense(3)).predict(np.zeros((1000, 2))).shape
        (1000, 3)
        """
        model, x = cast("Module", self), np.asarray(x)
        if not x.ndim or not len(x):
            raise ValueError(f"predict: x has shape {x.shape}, and no sample to predict for.")
        with mode(model, training=False), no_grad():
            parts = [array(model(part)) for part in batches(x, None, batch_size, shuffle=False)]
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

    def _compiled(self, asked: str) -> Goal:
        if self._goal is None:
            raise RuntimeError(
                f"{asked}: the model does not know its loss yet. Call "
                'model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"]) first.'
            )
        return self._goal

    def _get_ready(self, sample: Array) -> None:
        """Finds the lazy sizes, and gives the optimizer its parameters."""
        model = cast("Module", self)
        with mode(model, training=False), no_grad():
            model(sample)
        known = {id(p) for p in self.optimizer.parameters()}
        new = [p for p in model.parameters() if id(p) not in known]
        if not known:
            self.optimizer.bind(new)
        elif new and self._trains_all:  # a layer was added, or thawed
            self.optimizer.add_group(new)


# -- what the arguments mean -----------------------------------------------------------------------


def _loss(loss: str | Callable[..., Any]) -> Any:
    named = {name: getattr(losses, name) for name in losses.__all__}
    without_slope = {name: getattr(known_metrics, name) for name in known_metrics.__all__}
    found = find("loss", loss, named | without_slope, losses.ALIASES | known_metrics.ALIASES)
    if found in without_slope.values():
        raise ValueError(
            f"{found.__name__} cannot be the loss: it changes in jumps, so its slope is 0 almost "
            "everywhere and nothing would be learned. Minimise a cross-entropy, and measure "
            'metrics=["accuracy"].'
        )
    return found


def _optimizer(optimizer: Any) -> Any:
    if isinstance(optimizer, type):
        optimizer = optimizer()
    if isinstance(optimizer, optim.Optimizer):
        return optimizer
    if not isinstance(optimizer, str):
        raise TypeError(f"compile: {optimizer!r} is no optimizer. Write optimizer=optim.Adam().")
    everything = {name: getattr(optim, name) for name in optim.__all__}
    families = {
        name: family
        for name, family in everything.items()
        if isinstance(family, type) and issubclass(family, optim.Optimizer)
    }
    del families["Optimizer"]
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
            f"fit: validation_split={share} of {len(x)} samples holds out {held_out}; to learn and "
            "to validate, one each is needed at least."
        )
    order = random.permutation(len(x))
    learned, measured = np.sort(order[held_out:]), np.sort(order[:held_out])
    return (x[learned], y[learned]), (x[measured], y[measured])
