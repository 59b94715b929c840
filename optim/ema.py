"""A moving average of the weights: often better at test time than the weights themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import memory

from .parameters import Params, describe, tensors


class EMA:
    """Keeps average ← decay·average + (1 − decay)·weights, beginning with the weights as they are.

    Examples
    --------
    >>> from autograd import Tensor
    >>> w = Tensor([0.0], requires_grad=True)
    >>> ema = EMA([w], decay=0.75)
    >>> w.data[:] = 4.0     # a step of training
    >>> ema.update()
    >>> with ema.swapped():
    ...     print(w.data)
    [1.]
    >>> w.data
    array([4.])

    Source: B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging,
    1992; with exponential weights as D. P. Kingma, J. Ba, Adam, 2015, section 7.2.
    """

    def __init__(self, params: Params, decay: float = 0.999) -> None:
        if not 0 <= decay < 1:
            raise ValueError(f"EMA(decay={decay}): a share of the average, at least 0, below 1.")
        self.decay = float(decay)
        self._params = tensors(params, "EMA")
        self.averages = [p.array.copy() for p in self._params]  # parallel to the parameters

    def update(self) -> None:
        """Takes in the weights as they are now; call it after each step."""
        for p, average in zip(self._params, self.averages):
            average *= self.decay
            average += (1 - self.decay) * p.array

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Within the block the parameters are the averages, to evaluate or to save them."""
        weights = [p.array.copy() for p in self._params]
        self._write(self.averages)
        try:
            yield
        finally:
            self._write(weights)

    def _write(self, arrays: list[Any]) -> None:
        for p, array in zip(self._params, arrays):
            p.array[...] = array
            memory.changed(p.array)

    def state_dict(self) -> dict[str, Any]:
        """The averages and their decay."""
        return {"decay": self.decay, "averages": [a.copy() for a in self.averages]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Takes over what `state_dict()` gave.

        Raises ValueError, listing everything that does not fit, and then changes nothing.
        """
        if not isinstance(saved, Mapping) or not {"decay", "averages"} <= saved.keys():
            raise ValueError("EMA.load_state_dict: it has no decay and averages of state_dict().")
        there, decay = saved["averages"], saved["decay"]
        problems = [
            f"{describe(p, i)}: {a.shape} saved"
            for i, (p, a) in enumerate(zip(self._params, there))
            if a.shape != p.shape or a.dtype != p.dtype
        ]
        if len(there) != len(self._params):
            problems.insert(0, f"{len(there)} averages saved, {len(self._params)} parameters here")
        if not 0 <= decay < 1:
            problems.insert(0, f"decay {decay}, which is no share of the average")
        if problems:
            raise ValueError("EMA.load_state_dict, nothing was changed: " + "; ".join(problems))
        self.decay = float(decay)
        self.averages = [np.array(a) for a in there]
