"""Where batches come from: arrays, or anything that gives one batch after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from .data.batches import places
from .random import Chance

Array = np.ndarray[Any, np.dtype[Any]]
Inputs = Array | tuple[Array, ...]
Batch = tuple[Inputs, Array, Array | None]
"""Inputs (a tuple where the model takes several), targets, and weights of the samples."""


def inputs_of(x: Any) -> Inputs:
    """x as an array; a tuple of arrays is several inputs.

    Raises ValueError for samples of different shapes.
    """
    if isinstance(x, tuple) and x and all(isinstance(part, np.ndarray) for part in x):
        return x
    try:
        return np.asarray(x)
    except ValueError as error:
        shapes = list(dict.fromkeys(str(_shape(sample)) for sample in x))
        raise ValueError(
            f"samples of different shapes, such as {' and '.join(shapes[:2])}, are no "
            "array. Cut them or fill them up to one shape, or give them in batches of their own."
        ) from error


def _shape(sample: Any) -> tuple[Any, ...]:
    try:
        return np.shape(sample)
    except ValueError:
        return (len(sample), "…")


def each(function: Callable[[Array], Any], x: Inputs) -> Any:
    """The function of the input, or of each of several."""
    return tuple(map(function, x)) if isinstance(x, tuple) else function(x)


class Samples:
    """A data set in memory: sample i is the i-th of each array."""

    def __init__(self, x: Inputs, t: Array, weights: Array | None = None) -> None:
        self.x = x
        self.t = t
        self.weights = weights

    @classmethod
    def checked(cls, x: Any, t: Any, asked: str, weights: Any = None) -> Samples:
        """Raises ValueError for arrays of different lengths, or of none."""
        x, t = inputs_of(x), np.asarray(t)
        shapes = [part.shape for part in x] if isinstance(x, tuple) else [x.shape]
        if any(not s or not t.ndim or s[0] != len(t) or not s[0] for s in shapes):
            raise ValueError(
                f"{asked}: x has shape {' and '.join(map(str, shapes))} and y has shape "
                f"{t.shape}. Sample i of one belongs to sample i of the other, along the first "
                "axis, and there must be one at least."
            )
        if weights is not None:
            weights = np.asarray(weights)
            if weights.shape[:1] != t.shape[:1] or weights.dtype.kind not in "biuf":
                raise ValueError(
                    f"{asked}: sample_weight is {weights.dtype} of shape {weights.shape}; there "
                    f"are {len(t)} samples, and each has one number."
                )
        return cls(x, t, weights)

    def __len__(self) -> int:
        return len(self.t)

    def part(self, where: Any) -> Batch:
        """Those samples."""
        weights = None if self.weights is None else self.weights[where]
        return each(lambda a: a[where], self.x), self.t[where], weights

    def split(self, share: float) -> tuple[Samples, Samples]:
        """Without the last samples; and these, to be measured, without weights."""
        held_out = round(len(self) * share)
        if not 0 < held_out < len(self):
            raise ValueError(
                f"fit: validation_split={share} of {len(self)} samples holds out {held_out}; to "
                "learn and to validate, one each is needed at least."
            )
        cut = len(self) - held_out
        return Samples(*self.part(slice(cut))), Samples(*self.part(slice(cut, None))[:2])

    def batches(
        self, batch_size: int, random: np.random.Generator | None = None
    ) -> Iterator[Batch]:
        """One epoch, in a random order if `random` is given."""
        order = None if random is None else random.permutation(len(self))
        return map(self.part, places(len(self), batch_size, order))


class Feed:
    """Batches, epoch by epoch; it knows its place, and finds it again.

    It goes through its source in passes. An epoch is one pass, or `steps` batches; then a pass may
    end within an epoch, and the next begins.

    Parameters
    ----------
    source : iterable of batches, or function that gives one
    steps : int, optional
        How many batches an epoch has.
    length : int, optional
        How many a pass has, where that is known.
    name : str
        What errors call it.
    """

    def __init__(
        self,
        source: Iterable[Any] | Callable[[], Iterable[Any]],
        steps: int | None = None,
        length: int | None = None,
        name: str = "fit: x",
    ) -> None:
        if not callable(source) and not isinstance(source, Iterable):
            raise TypeError(
                f"{name} is a {type(source).__name__}, which gives no batches. Without y, it is an "
                "iterable of (x, y), or a function that makes one for each epoch."
            )
        if steps is not None and steps < 1:
            raise ValueError(f"fit: steps_per_epoch={steps}; it counts from 1.")
        self.name = name
        self.source = source
        self.steps = steps
        self.length = getattr(source, "__len__", lambda: None)() if length is None else length
        self.once = isinstance(source, Iterator)
        self.chance = Chance({})
        self.began: dict[str, Any] = {}  # where chance was as this pass began
        self.taken = 0  # batches of this pass
        self._pass: Iterator[Any] | None = None

    @classmethod
    def of(
        cls, samples: Samples, batch_size: int, random: np.random.Generator | None = None,
        steps: int | None = None,
    ) -> Feed:  # fmt: skip
        """The batches of arrays."""
        length = math.ceil(len(samples) / batch_size)
        return cls(lambda: samples.batches(batch_size, random), steps, length)

    @property
    def steps_per_epoch(self) -> int | None:
        """How many batches an epoch has, where that is known."""
        return self.length if self.steps is None else self.steps

    def require(self, epochs: int) -> None:
        """Raises ValueError if there is one pass, and the epochs need more."""
        if self.once and self.steps is None and epochs > 1:
            raise ValueError(
                f"{self.name} is a {type(self.source).__name__}, which can be gone through once, "
                f"and epochs={epochs}. Give steps_per_epoch= if it goes on for long enough, a "
                "function that makes a new one for each epoch (x=lambda: …), or epochs=1."
            )

    def peek(self) -> Batch:
        """The first batch, which is given all the same."""
        self._begin()
        assert self._pass is not None
        for first in self._pass:
            self._pass = chain([first], self._pass)
            return as_batch(first)
        raise ValueError(f"{self.name} gives no batches.")

    def epoch(self, done: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, after the first `done`."""
        if self.steps is None:
            if not done:
                self._begin()
            while (batch := self._next()) is not None:
                yield batch
            if not self.taken:
                raise ValueError(f"{self.name} gives no batches, {self._again}.")
            return
        for _ in range(self.steps - done):
            batch = self._next()
            if batch is None:
                self._pass = None
                self._begin()
                batch = self._next()
            if batch is None:
                raise ValueError(f"{self.name} gives no batches, {self._again}.")
            yield batch

    _again = "at least not again: a function must make a new iterator each time"

    def end_epoch(self) -> None:
        """Where an epoch is a pass, its end is the pass's."""
        if self.steps is None:
            self._pass, self.taken = None, 0

    def state_dict(self) -> dict[str, Any]:
        """Its place."""
        return {"began": self.began, "taken": self.taken}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Finds a place again: goes through the batches that were given, as chance was then."""
        if not saved["taken"]:
            return
        self.chance.load_state_dict(saved["began"])
        if not self.once:
            self._pass = None
        self._begin()
        for i in range(saved["taken"]):
            if self._next() is None:
                raise ValueError(
                    f"x gives {i} batches, and the training had seen {saved['taken']} of them: it "
                    "is not the same x."
                )

    def _begin(self) -> None:
        """A new pass, unless one has begun of which nothing was given."""
        if self._pass is not None and not self.taken:
            return
        if self.once and self.taken:
            raise ValueError(
                f"{self.name} is a {type(self.source).__name__} that ended after {self.taken} "
                f"batches, and epochs of {self.steps} need more. Make it endless, or give fewer "
                "epochs or steps_per_epoch, or a function that makes a new one (x=lambda: …)."
            )
        self.began, self.taken = self.chance.state_dict(), 0
        source = self.source
        self._pass = iter(source if isinstance(source, Iterable) else source())

    def _next(self) -> Batch | None:
        if self._pass is None:
            self._begin()
        for batch in self._pass or ():
            self.taken += 1
            return as_batch(batch)
        return None


def as_batch(batch: Any) -> Batch:
    """(x, y) or (x, y, sample_weight), as arrays.

    Raises ValueError for anything else.
    """
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        what = f"of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
        raise ValueError(
            f"fit: a batch is (x, y), or (x, y, sample_weight); this one is a "
            f"{type(batch).__name__} {what}".rstrip() + "."
        )
    x, t, *weights = batch
    weight = np.asarray(weights[0]) if weights and weights[0] is not None else None
    return inputs_of(x), np.asarray(t), weight
