"""Neural networks: layers, losses, training, data, on `autograd`'s Tensors. One page: README.md."""

from ._guard import __distribution__ as __distribution__  # before anything else is imported

# isort: split
from typing import TYPE_CHECKING

from autograd._lazy import lazy

from . import functional, init, layers
from .module import Module, watching
from .names import missing
from .parameter import LazyParameter, Parameter
from .random import seed

if TYPE_CHECKING:
    from . import augment, callbacks, data, metrics, plot
    from .callbacks import (
        Callback,
        Checkpoint,
        CSVLogger,
        EarlyStopping,
        LearningRateSchedule,
        PlotHistory,
        ReduceLROnPlateau,
        StopOnNaN,
    )
    from .capturing import capture
    from .data import load_digits, load_mnist, to_categorical
    from .diagnosis import diagnose
    from .functional import *  # noqa: F403
    from .history import History
    from .layers import *  # noqa: F403
    from .loop import TrainingWarning
    from .metrics import Metric, accuracy, binary_accuracy, confusion_matrix, top_k_accuracy
    from .perceptron import AND, NAND, OR, XOR, Perceptron
    from .stateless import functional_call
else:
    # Loaded when asked for: functions, layers, and what trains, measures and shows.
    _load, __dir__ = lazy(
        __name__,
        {
            None: "augment callbacks data metrics plot",
            "callbacks": "Callback Checkpoint CSVLogger EarlyStopping LearningRateSchedule "
            "PlotHistory ReduceLROnPlateau StopOnNaN",
            "capturing": "capture",
            "data": "load_digits load_mnist to_categorical",
            "diagnosis": "diagnose",
            "functional": " ".join(functional.__all__),
            "history": "History",
            "layers": " ".join(layers.__all__),
            "loop": "TrainingWarning",
            "metrics": "Metric accuracy binary_accuracy confusion_matrix top_k_accuracy",
            "perceptron": "Perceptron AND OR NAND XOR",
            "stateless": "functional_call",
        },
    )

    def __getattr__(name):
        if name not in __all__:
            raise missing(__name__, name, __all__)
        return _load(name)


__all__ = [
    # rooms
    "functional", "layers", "init", "data", "augment", "metrics", "callbacks", "plot",
    # models
    "Module", "Parameter", "LazyParameter", "watching", "capture", "functional_call",
    *layers.__all__,
    # functions
    *functional.__all__,
    # training
    "diagnose", "History", "Callback", "EarlyStopping", "Checkpoint", "LearningRateSchedule",
    "ReduceLROnPlateau", "CSVLogger", "PlotHistory", "StopOnNaN", "TrainingWarning",
    "Metric", "accuracy", "binary_accuracy", "top_k_accuracy", "confusion_matrix",
    # data, and chance
    "load_mnist", "load_digits", "to_categorical", "seed",
    # where it began
    "Perceptron", "AND", "OR", "NAND", "XOR",
]  # fmt: skip
