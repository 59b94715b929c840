"""Settings: a family declares them once, as annotated class attributes with their defaults.

    class Adagrad(Optimizer):
        lr: Rate = 0.01
        epsilon: float | None = 1e-6

From that come the constructor's signature (also for type checkers, as with dataclasses), the
attributes `optimizer.lr`, which read and write every parameter group, and errors that name the
right spelling.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn, dataclass_transform

import numpy as np

Rate = float | Callable[[int], float]
"""A number, or a function from the count of steps already taken to a number: a schedule."""

EPSILON = 1e-7
"""What `epsilon=None` means: the fuzz factor of Keras's backend."""

ELSEWHERE = {
    "learning_rate": "lr", "eta": "lr", "eps": "epsilon", "beta1": "beta_1", "beta2": "beta_2",
    "alpha": "rho", "centred": "centered", "momentum_decay": "schedule_decay",
    "parameters": "params",
}  # fmt: skip
"""What other libraries call a setting, and what it is called here."""

COUNTS = {"max_iter", "history_size"}
FRACTIONS = {"momentum", "beta_1", "beta_2", "rho"}


class Setting:
    """One setting of all parameter groups: `optimizer.lr` reads it, `optimizer.lr = 0.1` sets it.

    Where groups differ, reading gives a list, one value for each group.
    """

    def __init__(self, name: str, default: Any) -> None:
        self.name = name
        self.default = default

    def __get__(self, optimizer: Any, family: type) -> Any:
        if optimizer is None:
            return self.default
        values = [group[self.name] for group in optimizer.param_groups]
        return values[0] if all(v == values[0] for v in values) else values

    def __set__(self, optimizer: Any, value: Any) -> None:
        value = checked(type(optimizer), self.name, value)
        optimizer.defaults[self.name] = value
        for group in optimizer.param_groups:
            group[self.name] = value


class Elsewhere:
    """A setting's name in other libraries: `optimizer.learning_rate = 0.1` would do nothing."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, optimizer: Any, family: type) -> Any:
        if optimizer is None:
            return self
        if self.name in optimizer.__dict__:
            return optimizer.__dict__[self.name]
        raise AttributeError(f"{family.__name__} has no attribute {self.name!r}")

    def __set__(self, optimizer: Any, value: Any) -> None:
        if ELSEWHERE[self.name] in optimizer.settings:
            _refuse(type(optimizer), self.name, value)
        optimizer.__dict__[self.name] = value  # a subclass's own


@dataclass_transform()
class Declared:
    """Reads a class's annotated attributes as settings, base class first."""

    settings: ClassVar[dict[str, Setting]] = {}  # by name, in the order of the constructor

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = {
            name: Setting(name, cls.__dict__[name])
            for name, annotation in inspect.get_annotations(cls).items()
            if not str(annotation).startswith(("ClassVar", "InitVar", "typing.ClassVar"))
            and name in cls.__dict__
        }
        for name, setting in declared.items():
            setattr(cls, name, setting)
        cls.settings = {**cls.settings, **declared}
        either = inspect.Parameter.POSITIONAL_OR_KEYWORD
        cls.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter("params", either, default=None)]
            + [inspect.Parameter(s.name, either, default=s.default) for s in cls.settings.values()]
        )


def bound(family: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """The constructor's arguments by name, defaults filled in, each checked."""
    check_spelling(family, kwargs)
    if args and isinstance(args[0], (int, float, np.generic)):
        raise TypeError(
            f"{family.__name__}({args[0]}): the first argument is the parameters to step on. "
            f"Write {family.__name__}(lr={args[0]})."
        )
    try:
        given = family.__signature__.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{family.__name__}{family.__signature__}: {error}.") from None
    given.apply_defaults()
    return {
        name: value if name == "params" else checked(family, name, value)
        for name, value in given.arguments.items()
    }


def check_spelling(family: Any, names: Mapping[str, Any]) -> None:
    """Raises TypeError for settings that this family does not have, naming those it has."""
    for name, value in names.items():
        if name not in family.settings and name != "params":
            _refuse(family, name, value)


def _refuse(family: Any, name: str, value: Any) -> NoReturn:
    from difflib import get_close_matches

    asked = f"{family.__name__}({name}={value!r})"
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    if name == "betas" and "beta_1" in family.settings:
        first, second = value if pair else (0.9, 0.999)
        raise TypeError(f"{asked}: here it is written beta_1={first}, beta_2={second}.")
    known = [*family.settings, "params"]
    near = [ELSEWHERE[name]] if name in ELSEWHERE else get_close_matches(name, known, 1)
    if near and near[0] in known:
        shown = value if isinstance(value, (int, float, str)) else "…"
        raise TypeError(f"{asked}: here it is written {near[0]}={shown}.")
    if name == "weight_decay":
        raise TypeError(f"{asked}: SGD adds it to the gradient; AdamW decouples it from Adam's.")
    if name == "decay":
        raise TypeError(
            f"{asked}: the same fall of the learning rate is "
            f"lr=optim.schedule.InverseTime(lr, decay={value})."
        )
    raise TypeError(f"{asked}: no such setting. It is {family.__name__}{family.__signature__}.")


def checked(family: Any, name: str, value: Any) -> Any:
    """The value as a plain Python number (NumPy's scalars would make float32 float64), a bool, or
    a schedule; raises for what cannot be meant."""
    if name == "epsilon" and value is None:
        return EPSILON
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0:
        value = value.item()
    switch = isinstance(family.settings[name].default, bool)
    if callable(value) or (switch and isinstance(value, bool)):
        return value
    where = f"{family.__name__}({name}={value!r})"
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeError(f"{where}: a number, or a schedule: a function of the step that gives one.")
    if name in COUNTS:
        if not value >= 1 or value % 1:
            raise ValueError(f"{where}: a count, at least 1.")
        return int(value)
    if name in FRACTIONS and not 0 <= value < 1:
        raise ValueError(f"{where}: it is a share of what was before, at least 0 and below 1.")
    if not 0 <= value < math.inf:
        raise ValueError(f"{where}: it must be finite and not negative.")
    return value
