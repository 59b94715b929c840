"""Optimizers: the base owns the loop, each family owns its formula. One page: README.md."""

from ._guard import __distribution__ as __distribution__

# isort: split
from typing import TYPE_CHECKING

from autograd._lazy import lazy

from .optimizer import (
    AccumulatedGradientWarning,
    MissingGradientWarning,
    NaNGradientWarning,
    Optimizer,
)
from .settings import Rate

__all__ = [
    "Optimizer", "Rate",
    "SGD", "Momentum", "NAG",
    "Adagrad", "Adadelta", "RMSprop",
    "Adam", "AdamW", "Adamax", "Nadam", "RAdam",
    "LBFGS",
    "schedule",
    "clip_grad_norm", "clip_grad_value", "EMA",
    "gradient_descent", "descent_paths", "plot",
    "AccumulatedGradientWarning", "MissingGradientWarning", "NaNGradientWarning",
]  # fmt: skip

if TYPE_CHECKING:
    from . import plot, schedule
    from .adagrad import Adadelta, Adagrad, RMSprop
    from .adam import Adam, Adamax, AdamW, Nadam, RAdam
    from .clip import clip_grad_norm, clip_grad_value
    from .descent import descent_paths, gradient_descent
    from .ema import EMA
    from .lbfgs import LBFGS
    from .sgd import NAG, SGD, Momentum
else:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            None: "plot schedule",
            "adagrad": "Adagrad Adadelta RMSprop",
            "adam": "Adam AdamW Adamax Nadam RAdam",
            "clip": "clip_grad_norm clip_grad_value",
            "descent": "gradient_descent descent_paths",
            "ema": "EMA",
            "lbfgs": "LBFGS",
            "sgd": "SGD Momentum NAG",
        },
    )
