"""Neural networks: layers, losses, training, data, on `autograd`'s Tensors. One page: README.md."""

from ._guard import __distribution__ as __distribution__  # before anything else is imported

# isort: split
from . import callbacks, data, functional, init, layers, metrics
from .callbacks import Callback, Checkpoint, EarlyStopping, LearningRateSchedule, StopOnNaN
from .data import load_digits, load_mnist, to_categorical
from .functional import *  # noqa: F403
from .history import History
from .layers import *  # noqa: F403
from .loop import TrainingWarning
from .metrics import Metric, accuracy, binary_accuracy
from .module import Module, watching
from .parameter import LazyParameter, Parameter
from .perceptron import AND, NAND, OR, XOR, Perceptron
from .random import seed
from .stateless import functional_call

__all__ = [
    # rooms
    "functional", "layers", "init", "data", "metrics", "callbacks",
    # models
    "Module", "Parameter", "LazyParameter", "watching", "functional_call",
    *layers.__all__,
    # functions
    *functional.__all__,
    # training
    "History", "Callback", "EarlyStopping", "Checkpoint", "LearningRateSchedule", "StopOnNaN",
    "TrainingWarning", "Metric", "accuracy", "binary_accuracy",
    # data, and chance
    "load_mnist", "load_digits", "to_categorical", "seed",
    # where it began
    "Perceptron", "AND", "OR", "NAND", "XOR",
]  # fmt: skip
