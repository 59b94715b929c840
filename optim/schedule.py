"""Schedules: a setting that changes with time is a function of the number of steps taken.

    optimizer = SGD(model.parameters(), lr=schedule.Cosine(0.1, steps=1000))

That is all the wiring: the optimizer asks at each step, and since it counts its steps anyway, a
schedule has nothing to remember and resumes where the count resumes. Any function will do, and for
any setting: `momentum=lambda t: min(0.99, 0.5 + t / 1000)`. To change once an epoch, give
`every=steps_per_epoch`, or set `optimizer.lr = a_schedule(epoch)` yourself.

`ReduceOnPlateau` alone learns from what happens; it remembers, and is saved with the optimizer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

__all__ = [
    "Schedule", "Step", "Exponential", "InverseTime", "Cosine", "CosineRestarts", "OneCycle",
    "Warmup", "Chain", "ReduceOnPlateau",
]  # fmt: skip


class Schedule:
    """The base: a dataclass whose fields are all that there is to save, and a call.

    Make your own: a dataclass with `__call__(self, t)`, where t = 0 at the first step.

    >>> @dataclasses.dataclass
    ... class Halving(Schedule):
    ...     lr: float
    ...     every: int
    ...
    ...     def __call__(self, t):
    ...         return self.lr / 2 ** (t // self.every)
    >>> Halving(0.1, every=10)(25)
    0.025
    """

    known: ClassVar[dict[str, type[Schedule]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        Schedule.known[cls.__name__] = cls

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0:
                setattr(self, f.name, value := value.item())
            where = f"{type(self).__name__}({f.name}={value!r})"
            if f.name in ("steps", "every", "period") and not value >= 1:
                raise ValueError(f"{where}: counted in optimizer steps, at least 1.")
            if f.name == "lr" and not 0 <= value < math.inf:
                raise ValueError(f"{where}: it must be finite and not negative.")

    def __call__(self, t: int) -> float:
        """The value at the step before which t steps were taken."""
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, t).")

    def state_dict(self) -> dict[str, Any]:
        """Its name and fields, as plain data."""
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        return {
            "schedule": type(self).__name__,
            **{f.name: to_plain(getattr(self, f.name)) for f in fields},
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Takes over what `state_dict()` gave.

        Raises ValueError, and changes nothing, if it is another schedule's.
        """
        fields = _fields_of(saved, type(self))
        for name, value in fields.items():
            setattr(self, name, value)


@dataclass
class Step(Schedule):
    """lr · factor^⌊t / every⌋: constant, then smaller, like a staircase.

    >>> s = Step(0.1, every=10, factor=0.5)
    >>> s(9), s(10), s(20)
    (0.1, 0.05, 0.025)
    """

    lr: float
    every: int
    factor: float = 0.1

    def __call__(self, t: int) -> float:
        return self.lr * self.factor ** (t // self.every)


@dataclass
class Exponential(Schedule):
    """lr · factor^(t / every): the same ratio at each step.

    >>> round(Exponential(0.1, factor=0.5, every=10)(20), 12)
    0.025
    """

    lr: float
    factor: float
    every: int = 1

    def __call__(self, t: int) -> float:
        return float(self.lr * self.factor ** (t / self.every))


@dataclass
class InverseTime(Schedule):
    """lr / (1 + decay·t): the study notes' and Keras's `decay`; the first step has all of lr.

    >>> InverseTime(0.1, decay=0.25)(4)
    0.05
    """

    lr: float
    decay: float

    def __call__(self, t: int) -> float:
        return self.lr / (1 + self.decay * t)


@dataclass
class Cosine(Schedule):
    """From lr to `lowest` along half a cosine, in so many steps; then it stays.

    lowest + ½(lr − lowest)(1 + cos(π·t / steps))

    >>> s = Cosine(0.1, steps=10)
    >>> s(0), round(s(5), 12), s(10), s(99)
    (0.1, 0.05, 0.0, 0.0)

    Source: I. Loshchilov, F. Hutter, SGDR, 2017, equation 5.
    """

    lr: float
    steps: int
    lowest: float = 0.0

    def __call__(self, t: int) -> float:
        return _half_cosine(self.lr, self.lowest, min(t / self.steps, 1))


@dataclass
class CosineRestarts(Schedule):
    """Cosine from lr to `lowest` again and again, each period `growth` times the one before.

    >>> s = CosineRestarts(0.1, period=10, growth=2)
    >>> s(0), s(10), round(s(20), 12), s(30)
    (0.1, 0.1, 0.05, 0.1)

    Source: I. Loshchilov, F. Hutter, SGDR, 2017.
    """

    lr: float
    period: int
    growth: float = 1
    lowest: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.growth >= 1:
            raise ValueError(f"CosineRestarts(growth={self.growth}): periods cannot shrink.")

    def __call__(self, t: int) -> float:
        if self.growth == 1:
            return _half_cosine(self.lr, self.lowest, t % self.period / self.period)
        period: float = self.period
        since: float = t
        while since >= period:
            since -= period
            period *= self.growth
        return _half_cosine(self.lr, self.lowest, since / period)


@dataclass
class OneCycle(Schedule):
    """Up to lr by a cosine in the first share `rise` of the steps, then down to almost nothing.

    From lr·first up to lr, and down to lr·first·last.

    >>> s = OneCycle(1.0, steps=11, rise=0.5)
    >>> round(s(0), 12), max(map(s, range(11))) > 0.95, round(s(10), 12)
    (0.04, True, 4e-06)

    Source: L. N. Smith, N. Topin, Super-convergence, 2018; shape and defaults as PyTorch's.
    """

    lr: float
    steps: int
    rise: float = 0.3
    first: float = 1 / 25
    last: float = 1e-4

    def __call__(self, t: int) -> float:
        top, end = self.rise * self.steps - 1, self.steps - 1
        low = self.lr * self.first
        if t <= top or top >= end:
            return _half_cosine(low, self.lr, min(t / top, 1) if top > 0 else 1)
        return _half_cosine(self.lr, low * self.last, min((t - top) / (end - top), 1))


@dataclass
class Warmup(Schedule):
    """Rises evenly to where `then` begins, in so many steps; then is `then`, a schedule or number.

    >>> s = Warmup(Step(0.4, every=10, factor=0.5), steps=3)
    >>> [round(s(t), 12) for t in (0, 1, 2, 3, 13)]
    [0.1, 0.2, 0.3, 0.4, 0.2]

    Source: P. Goyal et al., Accurate, large minibatch SGD, 2017, section 2.2.
    """

    then: Any
    steps: int

    def __call__(self, t: int) -> float:
        if t < self.steps:
            return _value(self.then, 0) * (t + 1) / (self.steps + 1)
        return _value(self.then, t - self.steps)


@dataclass
class Chain(Schedule):
    """One schedule after another: each runs so many steps, counting from 0; the last goes on.

    >>> s = Chain([(2, 1.0), (10, Step(0.5, every=5)), (1, 0.001)])
    >>> [round(s(t), 12) for t in (0, 1, 2, 7, 12, 99)]
    [1.0, 1.0, 0.5, 0.05, 0.001, 0.001]
    """

    parts: Any  # a list of (steps, schedule or number)

    def __post_init__(self) -> None:
        parts = list(self.parts)
        if not parts or not all(isinstance(p, (tuple, list)) and len(p) == 2 for p in parts):
            raise ValueError(f"Chain({parts}): a list of (steps, schedule) is expected.")
        self.parts = [list(part) for part in parts]

    def __call__(self, t: int) -> float:
        for steps, part in self.parts[:-1]:
            if t < steps:
                return _value(part, t)
            t -= steps
        return _value(self.parts[-1][1], t)


@dataclass
class ReduceOnPlateau(Schedule):
    """lr until what you `report` has not improved for more than `patience` reports; then lr·factor.

    To improve is to be better than the best so far by more than threshold·|best|; better is less,
    with mode="max" more. NaN is never better.

    >>> s = ReduceOnPlateau(0.1, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     s.report(loss)
    >>> s(0)
    0.05
    """

    lr: float
    factor: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    lowest: float = 0.0
    mode: str = "min"
    best: float | None = field(default=None, init=False)
    waited: int = field(default=0, init=False)
    current: float = field(default=math.nan, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.mode not in ("min", "max"):
            raise ValueError(f"ReduceOnPlateau(mode={self.mode!r}): it is 'min' or 'max'.")
        self.current = self.lr

    def __call__(self, t: int) -> float:
        return self.current

    def report(self, value: float) -> None:
        """Tells what is being watched: once an epoch, the validation loss, say."""
        value = float(value)
        gain = -math.inf if self.best is None else self.best - value
        if self.mode == "max":
            gain = -gain
        if (self.best is None and value == value) or (
            self.best is not None and gain > self.threshold * abs(self.best)
        ):
            self.best = value
            self.waited = 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.current = max(self.current * self.factor, self.lowest)
            self.waited = 0


# -- as plain data --------------------------------------------------------------------------------


def to_plain(value: Any) -> Any:
    """A schedule (also in lists) as dicts and lists of numbers and strings; other values as they
    are."""
    if isinstance(value, Schedule):
        return value.state_dict()
    if isinstance(value, (list, tuple)):
        return [to_plain(item) for item in value]
    return value


def from_plain(saved: Any, present: Any = None) -> Any:
    """The schedule again: `present`, brought to the saved state, if it is of that kind."""
    if isinstance(saved, Mapping):
        kind = Schedule.known.get(saved.get("schedule", ""))
        if kind is None:
            raise ValueError(
                f"schedule {saved.get('schedule')!r} is not known: define it before loading."
            )
        if type(present) is kind:
            present.load_state_dict(saved)
            return present
        made = kind.__new__(kind)
        made.load_state_dict(saved)
        return made
    if isinstance(saved, (list, tuple)):
        return [from_plain(item) for item in saved]
    return saved


def _fields_of(saved: Mapping[str, Any], kind: type[Schedule]) -> dict[str, Any]:
    names = [f.name for f in dataclasses.fields(kind)]  # type: ignore[arg-type]
    if saved.get("schedule") != kind.__name__ or set(saved) != {"schedule", *names}:
        raise ValueError(
            f"this is not the state of a {kind.__name__}: it has {sorted(saved)}, and "
            f"{kind.__name__} has {['schedule', *names]}."
        )
    return {name: from_plain(saved[name]) for name in names}


def _value(schedule: float | Callable[[int], float], t: int) -> float:
    return schedule(t) if callable(schedule) else float(schedule)


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
