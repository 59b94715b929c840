"""How training shows itself: a bar on a terminal, a line per epoch elsewhere, or not at all."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Logs = dict[str, Any]
"""Loss and metrics by name: numbers; a metric may give an array, too."""


class Progress:
    """Silent; the others build on it. For each epoch: `start`, `advance` by batches, `finish`."""

    def __init__(self, epochs: int, steps: int | None) -> None:
        self.epochs = epochs
        self.steps = steps

    def start(self, epoch: int, done: int = 0) -> None: ...

    def advance(self, logs: Callable[[], Logs]) -> None: ...

    def finish(self, logs: Logs) -> None: ...

    def stop(self) -> None:
        """The end, also in the middle of an epoch."""

    def say(self, text: str) -> None: ...


class Lines(Progress):
    """`Epoch 1/5 - 12.3 s - loss: 0.2512 - accuracy: 0.9245`"""

    def start(self, epoch: int, done: int = 0) -> None:
        self._title = f"Epoch {epoch + 1}/{self.epochs}"
        self._began = time.perf_counter()

    def finish(self, logs: Logs) -> None:
        self.say(f"{self._title} - {time.perf_counter() - self._began:.1f} s - {spell(logs)}")

    def say(self, text: str) -> None:
        print(text, flush=True)


class Bar(Lines):
    """tqdm's bar for each epoch, with loss and metrics so far."""

    _bar: Any = None

    def start(self, epoch: int, done: int = 0) -> None:
        from tqdm import tqdm  # only where a bar is shown: it costs milliseconds to import

        title = f"Epoch {epoch + 1}/{self.epochs}"
        self._bar = tqdm(
            total=self.steps, initial=done, desc=title, unit="batch", file=sys.stdout,
            dynamic_ncols=True,
        )  # fmt: skip

    def advance(self, logs: Callable[[], Logs]) -> None:
        if self._bar.update():  # it was time to draw; only then the numbers are worth their while
            self._bar.set_postfix_str(spell(logs()))

    def finish(self, logs: Logs) -> None:
        self._bar.set_postfix_str(spell(logs))
        self.steps = self._bar.n  # of the next epoch, where it was not known
        self.stop()

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.close()


def progress(verbose: int, epochs: int, steps: int | None) -> Progress:
    """For verbose 0 silence, for 1 a bar (lines where there is no terminal), for 2 lines."""
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose={verbose!r}: 0 is silent, 1 a progress bar, 2 a line per epoch.")
    if not verbose:
        return Progress(epochs, steps)
    return (Bar if verbose == 1 and sys.stdout.isatty() else Lines)(epochs, steps)


def spell(logs: Logs) -> str:
    """`loss: 0.2512 - accuracy: 0.9245`; a metric that is no number (a matrix) is left out."""
    return " - ".join(f"{n}: {value:.4f}" for n, value in logs.items() if not np.ndim(value))
