"""What was found: numbers for each layer, and what they mean."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from . import show
from .advice import Advice, think


@dataclass
class Layer:
    """What one layer gave, and what came back to it.

    Attributes
    ----------
    kind, path : str
        "Dense relu", "layers.0".
    shape : tuple
        Of its output.
    mean, std, size : float
        Of its output; size is the root of the mean square.
    activation : str or None
        "relu", "sigmoid" or "tanh", if its output comes from one.
    sick : float or None
        Then the share of it that does not learn: dead units of a ReLU, saturated outputs else.
    gradient : float or None
        The norm of the loss's gradient with respect to its output; None if none arrives.
    weight, weight_gradient : float or None
        Norms of its parameters, and of their gradient.
    """

    kind: str
    path: str
    shape: tuple[int, ...]
    mean: float
    std: float
    size: float
    activation: str | None = None
    sick: float | None = None
    gradient: float | None = None
    weight: float | None = None
    weight_gradient: float | None = None

    @classmethod
    def of(
        cls, kind: str, path: str, output: Any, activation: str | None, sick: float | None
    ) -> Layer:
        """From its output."""
        a = np.asarray(output, np.float64)
        size = float(np.sqrt(np.mean(a * a))) if a.size else 0.0
        mean, std = (float(a.mean()), float(a.std())) if a.size else (0.0, 0.0)
        return cls(kind, path, a.shape, mean, std, size, activation, sick)

    @property
    def ratio(self) -> float | None:
        """Gradient to weight: how much of itself a step with learning rate 1 would change."""
        if self.weight_gradient is None or not self.weight:
            return None
        return self.weight_gradient / self.weight

    @property
    def name(self) -> str:
        """For sentences."""
        return f"{self.path} ({self.kind})" if self.path else self.kind


@dataclass
class Diagnosis:
    """What `nn.diagnose` found. Printed, a table with bars; in a notebook, too.

    Attributes
    ----------
    model : str
    loss : float
    samples : int
    layers : list of Layer
        From the input to the output.
    advice : list of Advice
        Each with `problem`, `where`, and `text`: the cause and the cure. None for a healthy one.
    """

    model: str
    loss: float
    samples: int
    layers: list[Layer]

    @cached_property
    def advice(self) -> list[Advice]:
        return think(self)

    @property
    def flow(self) -> list[float | None]:
        """How much of the output's gradient arrives at each layer; None where none does."""
        last = next((g for g in reversed(self._gradients) if g is not None), None)
        return [
            None if g is None or not last or not math.isfinite(last) else g / last
            for g in self._gradients
        ]

    @property
    def _gradients(self) -> list[float | None]:
        return [layer.gradient for layer in self.layers]

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """A matplotlib Figure: outputs, gradients, and what is dead or saturated, layer by layer;
        saved if a path is given.

        Raises ImportError if matplotlib is not installed (the extra `plots`).
        """
        return show.figure(self, path)

    def __str__(self) -> str:
        return show.text(self)

    def __repr__(self) -> str:
        problems = ", ".join(dict.fromkeys(advice.problem for advice in self.advice))
        return f"<Diagnosis of {self.model}: {problems or 'healthy'}>"

    def _repr_html_(self) -> str:
        return show.html(self)
