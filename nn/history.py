"""What happened in training."""

from __future__ import annotations


class History:
    """What `fit` returns.

    Attributes
    ----------
    history : dict
        For "loss" and each metric, and "val_…" of them, one number per finished epoch.
    interrupted : bool
        Whether Ctrl-C ended the training. The model keeps what it has learned until then.
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.interrupted = False

    @property
    def epochs(self) -> int:
        """How many epochs were finished."""
        return len(next(iter(self.history.values()), []))

    def append(self, logs: dict[str, float]) -> None:
        """One more epoch."""
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def __repr__(self) -> str:
        last = ", ".join(f"{name}: {values[-1]:.4g}" for name, values in self.history.items())
        end = ", interrupted" if self.interrupted else ""
        return f"<History of {self.epochs} epochs{end}{'; ' if last else ''}{last}>"
