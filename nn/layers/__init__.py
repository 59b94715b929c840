"""Layers: Modules that wrap the functions of `nn.functional` and hold their parameters."""

from .activation import (
    ELU,
    GELU,
    SELU,
    Activation,
    HardSigmoid,
    HardSiLU,
    HardTanh,
    Identity,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Step,
    Tanh,
)
from .dense import Dense, Linear
from .dropout import Dropout
from .flatten import Flatten
from .sequential import Sequential

__all__ = [
    "Sequential", "Dense", "Linear", "Flatten", "Dropout", "Activation",
    "Identity", "Step", "Sigmoid", "Tanh", "ReLU", "LeakyReLU", "ELU", "SELU", "GELU", "SiLU",
    "Softplus", "Softsign", "LogSigmoid", "HardSigmoid", "HardTanh", "HardSiLU",
    "Softmax", "LogSoftmax",
]  # fmt: skip
