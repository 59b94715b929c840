"""What happened in training."""

from __future__ import annotations

import io
import os
from typing import Any

from . import curves


class History:
    """What `fit` returns. `print(history)` shows its curves, and so does a notebook.

    Attributes
    ----------
    history : dict
        For "loss" and each metric, and "val_…" of them, one value per finished epoch.
    interrupted : bool
        Whether Ctrl-C ended the training. The model keeps what it has learned until then.

    >>> history = History()
    >>> for loss in (2.0, 1.0, 0.5):
    ...     history.append({"loss": loss})
    >>> print(history)
    loss  2.0000 █▃▁ 0.5000   lowest  0.5000 at epoch 3
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.interrupted = False

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(next(iter(self.history.values()), []))

    def append(self, logs: dict[str, Any]) -> None:
        """One more epoch."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def plot(self, path: str | os.PathLike[str] | None = None) -> Any:
        """The curves as a matplotlib Figure, which a notebook shows; saved if a path is given.

        Raises ImportError if matplotlib is not installed (the extra `plots`).
        """
        picture = curves.figure(self.history)
        if path is not None:
            curves.saved(picture, path)
        return picture

    def to_csv(self) -> str:
        """One row for each epoch, from 1; every number is read back exactly."""
        found = curves.numbers(self.history)
        import csv

        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *found])
        writer.writerows([i + 1, *row] for i, row in enumerate(zip(*found.values())))
        return text.getvalue()

    def __repr__(self) -> str:
        found = curves.numbers(self.history)
        last = ", ".join(f"{name}: {values[-1]:.4g}" for name, values in found.items())
        end = ", interrupted" if self.interrupted else ""
        return f"<History of {self.epochs} epochs{end}{'; ' if last else ''}{last}>"

    def __str__(self) -> str:
        return curves.text_curves(self.history) or repr(self)

    def _repr_html_(self) -> str:
        return curves.html_curves(self.history)
