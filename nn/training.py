"""Training in Keras's habit: compile, fit, evaluate, predict, summary. Every Module has it.

What `fit` does with a batch stands in loop.py, four lines long; write the loop out yourself
whenever you want to do something else.

What a method needs is imported there: `import nn` loads nothing of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

import optim
from autograd import no_grad

from .functional import loss as losses
from .names import find
from .random import Rng, generator

if TYPE_CHECKING:
    from .callbacks import Callback
    from .feed import Array, Feed, Inputs
    from .history import History
    from .loop import Augment, Goal, Loop
    from .metrics import Metric
    from .module import Module

    Metrics = Sequence[str | Metric | Callable[..., Any]]


class Trainable:
    """What a Module inherits from here: compile, fit, evaluate, predict, summary."""

    optimizer: Any = None
    stop_training = False  # a callback sets it to end the training
    _goal: Goal | None = None
    _trains_all = True  # the optimizer came without parameters: it is given all that there are

    def compile(
        self,
        optimizer: Any,
        loss: str | Callable[..., Any],
        metrics: Metrics | str | Metric | Callable[..., Any] | None = (),
    ) -> None:
        """Says how to train: by which optimizer, towards which loss; and what to measure.

        Names are Keras's or ours: "adam"; "categorical_crossentropy", "cross_entropy"; "accuracy".
        A loss is a function loss(y, t) of predictions and targets, in this order; so is a metric.
        It is taken for a mean over the batch, unless its `reduction` is "sum" by default, or by
        `functools.partial`; with `ignore_index`, for a mean over what is not ignored.

        The cross-entropies of probabilities are computed from logits where the model ends in their
        activation (softmax, sigmoid): the same number, but exact where probabilities round to 0
        or 1. A Module of your own takes part if it has `logits(x)` and `activation`, and its
        forward(x) is activation(logits(x)). A subclass with a `forward` of its own, and no
        `logits`, is taken as it is.

        Raises ValueError for unknown names, and for a metric as loss: it has no slope; then what
        was compiled before is as it was.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(10, activation="softmax"))
        >>> model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
        """
        from . import metrics as known_metrics
        from .loop import Goal

        several: Any = metrics if isinstance(metrics, (list, tuple)) else [metrics]
        measures = [known_metrics.get(metric) for metric in several if metric is not None]
        names = [metric.name for metric in measures]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(
                f"compile: two metrics are called {', '.join(sorted(twice))}. Leave one out, or "
                "give one another name."
            )
        goal, found = Goal(find_loss(loss), measures), _optimizer(optimizer)
        self._goal, self.optimizer = goal, found
        self._trains_all = not self.optimizer.parameters()

    def fit(
        self,
        x: Any,
        y: Any = None,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Any = None,
        validation_split: float = 0.0,
        callbacks: Iterable[Callback] | Callback = (),
        verbose: int = 1,
        shuffle: bool = True,
        rng: Rng = None,
        *,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | str | None = None,
        steps_per_epoch: int | None = None,
        augment: Augment | Sequence[Augment] | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Trains: goes `epochs` times through the samples, with ⌈n / batch_size⌉ updates each.

        Ctrl-C once ends the training after the step at hand: `history.interrupted` is True, and
        the model keeps what it has learned. Twice raises KeyboardInterrupt.

        Parameters
        ----------
        x, y : array_like
            Samples and their targets, along the first axis. For a model of several inputs x is a
            tuple of arrays. Without y, x is an iterable of batches (x, y) or (x, y,
            sample_weight), or a function that makes one for each epoch.
        epochs, batch_size : int
        validation_data : (x, y), or iterable of batches, optional
            Measured after each epoch, never learned from.
        validation_split : float
            Instead: the share of samples to hold out for that. It is the last ones, before any
            shuffling, as in Keras; where samples are sorted, use `nn.data.train_test_split`.
        callbacks : iterable of Callback, or one
        verbose : int
            0 silent, 1 a progress bar (lines where there is no terminal), 2 a line per epoch.
        shuffle : bool
            Whether each epoch takes the samples in a new random order.
        rng : int or Generator, optional
            Where the order (and augmentation) comes from, unless from what `nn.seed` sets.
        sample_weight : array_like, optional
            (n) How much each sample counts: the loss is the mean of weight · loss, so 0 leaves a
            sample out and 2 counts it twice. Metrics and validation do not look at it.
        class_weight : dict, or "balanced", optional
            The weight of each class, {label: weight}, 1 where it is not there; "balanced" gives
            all classes the same say, however rare. Targets with as many axes as the model's output
            are shares of each class; with one less, labels.
        steps_per_epoch : int, optional
            Ends an epoch after so many batches; where the samples end, they begin anew. Needed
            for generators that never end.
        augment : function or list of them, optional
            Called on each batch's x as augment(x, rng): what training sees instead. See
            `nn.augment`.
        resume : path, optional
            A file by `nn.Checkpoint`: goes on from there, also in the middle of an epoch, as if
            the training had never stopped, bit for bit, to `epochs` in all. A model, optimizer,
            data and callbacks that are made as they were then are what it needs.

        Returns
        -------
        History
            `.history["loss"]` and so on, a number for each finished epoch.

        Raises
        ------
        RuntimeError
            If `compile` was not called.
        ValueError
            For samples and targets that do not go together, a generator that ends too soon, a
            file to resume from that is damaged or of another training; before anything is changed.

        Examples
        --------
        >>> import nn
        >>> x = np.array([[0.0], [1.0], [2.0], [3.0]])
        >>> model = nn.Sequential(nn.Dense(1))
        >>> model.compile("sgd", "mse")
        >>> history = model.fit(x, 2 * x, epochs=5, verbose=0)
        >>> history.history["loss"][-1] < history.history["loss"][0]
        True
        """
        from . import checkpoint
        from .augment import get as augmentation
        from .feed import Feed, Samples, each
        from .interrupt import Interrupt
        from .loop import Ended, Loop, mode
        from .progress import progress

        goal, model = self._compiled("fit"), cast("Module", self)
        _require_counts("fit", 0, epochs=epochs)
        _require_counts("fit", 1, batch_size=batch_size)
        random = generator(rng)
        if y is None:
            _require_arrays(x, sample_weight, class_weight, validation_split)
            samples = None
            feed = Feed(x, steps_per_epoch)
        else:
            samples = Samples.checked(x, y, "fit", sample_weight)
            if validation_split:
                samples, held_out = samples.split(validation_split)
                validation_data = held_out.x, held_out.t
            feed = Feed.of(samples, batch_size, random if shuffle else None, steps_per_epoch)
        feed.require(epochs)
        validation = None
        if validation_data is not None:
            validation = _measured(validation_data, None, "fit: validation_data", 256)
            validation.require(epochs)
        if class_weight:
            _require_classes(class_weight)
        saved = None if resume is None else checkpoint.read(resume)
        callbacks = _in_order(callbacks)
        show = progress(verbose, epochs, steps=feed.steps_per_epoch)

        self.stop_training = False
        with mode(model, training=True), Interrupt() as interrupt:
            loop = Loop(
                model, goal, feed, validation, callbacks, show, interrupt, random,
                None if augment is None else augmentation(augment),
            )  # fmt: skip
            first = samples.part(slice(1)) if samples else feed.peek()
            self._get_ready(each(lambda a: a[:1], first[0]))
            if class_weight:
                axes, targets = len(model._output_shape or ()), samples.t if samples else None
                ignored = loop.objective.counting.ignored
                loop.weigh = class_weights(class_weight, targets, axes, ignored)
            with _told(callbacks, model, loop):
                try:
                    loop.run(epochs, saved.restore if saved else lambda loop: None)
                except Ended:
                    pass
                except KeyboardInterrupt:
                    if interrupt.times > 1:
                        raise
                    loop.history.interrupted = True
                finally:
                    goal.running = None
                    show.stop()
                if loop.history.interrupted:
                    show.say(f"interrupted after {loop.steps} steps; what was learned is kept")
                    for callback in callbacks:
                        callback.on_interrupt()
                for callback in callbacks:
                    callback.on_train_end()
        return loop.history

    def evaluate(
        self, x: Any, y: Any = None, batch_size: int = 256, verbose: int = 1
    ) -> list[float]:
        """Loss and metrics over all samples, in evaluation mode: [loss, *metrics].

        Takes x and y as `fit` does: arrays, or without y an iterable of batches.

        Raises RuntimeError if `compile` was not called.

        >>> import nn
        >>> model = nn.Sequential(nn.Dense(1, init="zeros"))
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.evaluate(np.ones((3, 2)), np.full((3, 1), 2.0), verbose=0)   # it says 0, not 2
        [4.0, 2.0]
        """
        from .loop import measure
        from .progress import spell

        goal = self._compiled("evaluate")
        _require_counts("evaluate", 1, batch_size=batch_size)
        logs = measure(cast("Module", self), goal, _measured(x, y, "evaluate: x", batch_size))
        if verbose:
            print(spell(logs), flush=True)
        return list(logs.values())

    def predict(self, x: Any, batch_size: int = 256) -> Any:
        """The model's output for all samples, as one array, in evaluation mode; of a model that
        gives several in a tuple, a tuple of arrays.

        Raises ValueError for samples that do not fit into one batch, if an output has no row for
        each sample: then the outputs of batches cannot be joined.

        >>> import nn
        >>> nn.Sequential(nn.Dense(3)).predict(np.zeros((1000, 2))).shape
        (1000, 3)
        """
        from .data.batches import places
        from .feed import inputs_of
        from .loop import array, mode

        model, x = cast("Module", self), inputs_of(x)
        parts = x if isinstance(x, tuple) else (x,)
        if not all(part.ndim and len(part) == len(parts[0]) > 0 for part in parts):
            shapes = " and ".join(str(part.shape) for part in parts)
            raise ValueError(f"predict: x has shape {shapes}, and no sample to predict for.")
        _require_counts("predict", 1, batch_size=batch_size)
        found = list(places(len(parts[0]), batch_size))
        with mode(model, training=False), no_grad():
            y = [array(model(*(part[here] for part in parts))) for here in found]
        return _joined(y, [len(parts[0][here]) for here in found])

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
        from .summary import summarize

        print(summarize(cast("Module", self)))

    def _compiled(self, asked: str) -> Goal:
        if self._goal is None:
            raise RuntimeError(
                f"{asked}: the model does not know its loss yet. Call "
                'model.compile(optimizer="adam", loss="cross_entropy", metrics=["accuracy"]) first.'
            )
        return self._goal

    def _get_ready(self, sample: Inputs) -> None:
        """Finds the lazy sizes, and gives the optimizer its parameters."""
        from .loop import mode

        model = cast("Module", self)
        with mode(model, training=False), no_grad():
            model(*sample) if isinstance(sample, tuple) else model(sample)
        known = {id(p) for p in self.optimizer.parameters()}
        new = [p for p in model.parameters() if id(p) not in known]
        if not known:
            self.optimizer.bind(new)
        elif new and self._trains_all:  # a layer was added, or thawed
            self.optimizer.add_group(new)


def _joined(outputs: list[Any], sizes: list[int]) -> Any:
    """The outputs of batches of these sizes as one, along the first axis."""
    first = outputs[0]
    if isinstance(first, tuple):
        return tuple(_joined(list(part), sizes) for part in zip(*outputs, strict=True))
    rows = np.shape(first)[0] // sizes[0] if np.ndim(first) else 0  # for each sample
    if len(outputs) > 1 and not all(
        np.ndim(y) and rows and len(y) == rows * size for y, size in zip(outputs, sizes)
    ):
        raise ValueError(
            f"predict: an output of the model has shape {np.shape(first)} for a batch of "
            f"{sizes[0]} samples. Those of {len(outputs)} batches can be joined only along the "
            "first axis, where each sample has its row. Leave this output out, or take all "
            f"samples at once: batch_size={sum(sizes)}."
        )
    return np.concatenate(outputs) if len(outputs) > 1 else np.array(first)


# -- what the arguments mean -----------------------------------------------------------------------


def _require_counts(asked: str, least: int, **counts: Any) -> None:
    for name, n in counts.items():
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < least:
            raise ValueError(f"{asked}: {name}={n!r}: it is a whole number, at least {least}.")


def find_loss(loss: str | Callable[..., Any]) -> Any:
    """The loss that is meant: by name, or itself.

    Raises ValueError for unknown names, and for what has no slope.
    """
    from . import metrics as known_metrics

    named = {name: getattr(losses, name) for name in losses.__all__}
    without_slope = {name: getattr(known_metrics, name) for name in known_metrics.__all__}
    found = find("loss", loss, named | without_slope, losses.ALIASES | known_metrics.ALIASES)
    known_metrics.require_order(found)
    if found is known_metrics.root_mean_squared_error:
        raise ValueError(
            "root_mean_squared_error is for reading. It is least where mean_squared_error is, "
            'which learns from batches alike: loss="mse".'
        )
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


def _measured(x: Any, y: Any, name: str, batch_size: int) -> Feed:
    """What to measure on: arrays x and y, the pair (x, y), or an iterable of batches."""
    from .feed import Feed, Samples

    pair = isinstance(x, (tuple, list)) and len(x) == 2
    if y is None and isinstance(x, tuple) and len(x) == 3 and isinstance(x[0], np.ndarray):
        raise ValueError(
            f"{name} is (x, y, …): what is measured has no weights, each sample counts once. Write "
            "(x, y)."
        )
    if y is None and pair and (isinstance(x, tuple) or isinstance(x[1], np.ndarray)):
        x, y = x
    if y is None:
        _require_arrays(x)
        return Feed(x, name=name)
    return Feed.of(Samples.checked(x, y, name.removesuffix(": x")), batch_size)


@contextmanager
def _told(callbacks: list[Callback], model: Module, loop: Loop) -> Iterator[None]:
    """Within the block callbacks know which training they are in; afterwards the model alone: they
    hold no data, and can be pickled."""
    try:
        for callback in callbacks:
            callback.model, callback.loop = model, loop
        yield
    finally:
        for callback in callbacks:
            vars(callback).pop("loop", None)


def _in_order(callbacks: Any) -> list[Callback]:
    """The callbacks (or one), those last that look at what others have done."""
    from .callbacks import Callback

    found = [callbacks] if isinstance(callbacks, Callback) else list(callbacks)
    for callback in found:
        if not isinstance(callback, Callback):
            cure = f"Write {callback.__name__}()." if isinstance(callback, type) else ""
            message = f"fit: callbacks has {callback!r}, which is no nn.Callback. {cure}"
            raise TypeError(message.rstrip())
    return sorted(found, key=lambda callback: callback.comes_last)


def _require_arrays(
    x: Any, sample_weight: Any = None, class_weight: Any = None, split: float = 0
) -> None:
    """What goes with arrays x and y only."""
    if isinstance(x, np.ndarray):
        raise ValueError(
            f"fit: x is an array of shape {x.shape}, and y is missing: the targets, one for each "
            "sample. (Without y, x is an iterable of batches.)"
        )
    asked = {"sample_weight": sample_weight is not None, "validation_split": bool(split)}
    asked['class_weight="balanced"'] = class_weight == "balanced"
    if wrong := [name for name, given in asked.items() if given]:
        raise ValueError(
            f"fit: {', '.join(wrong)} needs all samples, in arrays x and y; here x gives batches. "
            "A batch may be (x, y, sample_weight), and validation_data another iterable."
        )


def _require_classes(given: Mapping[int, float] | str) -> None:
    if given == "balanced":
        return
    if not isinstance(given, Mapping):
        raise ValueError(f'fit: class_weight={given!r}: a dict {{label: weight}}, or "balanced".')
    if named := [label for label in given if not isinstance(label, (int, np.integer))]:
        raise ValueError(f"fit: class_weight has {named}; classes are counted in integers.")


def class_weights(
    given: Mapping[int, float] | str, targets: Array | None, axes: int, ignored: int | None = None
) -> Callable[[Array, Array | None], Array]:
    """From a batch's targets (and weights of samples) to the weights of their losses, for a model
    whose output has so many axes."""
    if isinstance(given, Mapping):
        table = {int(label): float(weight) for label, weight in given.items()}
        there = table if targets is None else set(np.unique(_labels(targets, axes)).tolist())
        if strange := [label for label in table if label not in there]:
            raise ValueError(f"fit: class_weight has {strange}, which no target is.")
    else:
        labels, counts = np.unique(_labels(np.asarray(targets), axes), return_counts=True)
        labels, counts = labels[labels != ignored], counts[labels != ignored]
        table = dict(zip(labels.tolist(), (counts.sum() / (len(counts) * counts)).tolist()))

    def weigh(t: Array, weights: Array | None) -> Array:
        labels = _labels(t, axes)
        known, places = np.unique(labels, return_inverse=True)
        each = np.array([table.get(label, 1.0) for label in known.tolist()])
        found = each[places].reshape(labels.shape)
        if weights is None:
            return found
        more = weights.ndim - found.ndim
        return _with_axes(found, more) * _with_axes(weights, -more)

    return weigh


def _with_axes(a: Array, more: int) -> Array:
    return a.reshape(a.shape + (1,) * max(more, 0))


def _labels(t: Array, axes: int) -> Array:
    """Classes: integer labels, one for each row of predictions; or, of targets with as many axes as
    the predictions, where a row's largest share is."""
    if t.ndim == 1 or t.ndim < axes:
        labels = t
    elif t.shape[-1] == 1:
        labels = t[..., 0]
    elif np.all(np.abs(t.sum(axis=-1) - 1) < 1e-3):
        labels = t.argmax(axis=-1)
    else:
        raise ValueError(
            f"fit: class_weight needs one class for each prediction; y is {t.shape}, as many axes "
            "as the model's output has, and not all its rows are shares, of sum 1. Give labels, or "
            "one-hot rows; where a sample is of several classes, give sample_weight."
        )
    if np.any(labels % 1):
        raise ValueError(f"fit: class_weight needs a class for each sample; y is {t.shape}.")
    return labels.astype(int)
