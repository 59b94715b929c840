"""Training in a file: all that going on bit for bit needs.

A checkpoint is a file of weights, as `model.save` writes it, with the rest of the training under
names that begin with "training/": optimizer and schedules, random generators, the place in the
epoch, sums of loss and metrics so far, the history, what callbacks remember.
"""

from __future__ import annotations

import os
import warnings
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import storage
from .loop import Loop, TrainingWarning

VERSION = 1


def save(loop: Loop, path: str | os.PathLike[str]) -> None:
    """Writes the training as it is between two steps; whole or not at all."""
    rest = storage.tree.pack(_state(loop), storage.TRAINING)
    storage.write(path, {**loop.model.state_dict(), **rest})


class Saved(NamedTuple):
    """What a checkpoint's file holds."""

    path: Path
    weights: dict[str, Any]
    state: dict[str, Any]

    def restore(self, loop: Loop) -> None:
        """Brings a training to where this one was.

        Raises ValueError, naming the file, if they do not fit; then neither the model nor its
        optimizer has changed.
        """
        state = self.state
        with ExitStack() as undo:
            try:
                for part, saved in (
                    (loop.model, self.weights),
                    (loop.model.optimizer, state["optimizer"]),
                ):
                    undo.callback(part.load_state_dict, part.state_dict())
                    part.load_state_dict(saved)
                _load_callbacks(loop, state["callbacks"])
                loop.tally.reset().load_state_dict(state["tally"])
                _require_same_feed(loop, state)
                loop.feed.load_state_dict(state["feed"])
                loop.chance.load_state_dict(state["chance"])
                loop.epoch, loop.batch, loop.steps = (
                    int(state[name]) for name in ("epoch", "batch", "steps")
                )
                loop.history.history = {
                    name: list(values) for name, values in state["history"].items()
                }
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(
                    f"{self.path} cannot be gone on from: it is not of this training. {error}"
                ) from error
            undo.pop_all()
        loop.show.say(f"going on after step {loop.steps}, from {self.path}")


def read(path: str | os.PathLike[str]) -> Saved:
    """What `save` wrote.

    Raises ValueError, naming the file, if it is damaged, or holds weights only.
    """
    path = Path(path)
    with storage.opened(path) as found:
        if storage.TRAINING + storage.tree.HOLDER not in found:
            raise ValueError(
                f"{path} holds weights, and not where the training was: model.load(path) takes "
                "them. A file to go on from is what nn.Checkpoint(path) writes."
            )
        state = storage.tree.unpack(found, storage.TRAINING, path)
        weights = {
            name: np.array(held)
            for name, held in found.items()
            if not name.startswith(storage.TRAINING)
        }
    if not isinstance(state, dict) or state.get("version") != VERSION:
        raise ValueError(f"{path} is not a checkpoint of version {VERSION}.")
    return Saved(path, weights, state)


def _state(loop: Loop) -> dict[str, Any]:
    return {
        "version": VERSION,
        "epoch": loop.epoch,
        "batch": loop.batch,
        "steps": loop.steps,
        "steps_per_epoch": loop.feed.steps_per_epoch,
        "optimizer": loop.model.optimizer.state_dict(),
        "chance": loop.chance.state_dict(),
        "feed": loop.feed.state_dict(),
        "tally": loop.tally.state_dict(),
        "history": loop.history.history,
        "callbacks": [
            {"callback": type(callback).__name__, "state": state}
            for callback in loop.callbacks
            if (state := callback.state_dict())
        ],
    }


def _require_same_feed(loop: Loop, state: dict[str, Any]) -> None:
    """In the middle of an epoch the batches must be those that were begun with."""
    then, now = state["steps_per_epoch"], loop.feed.steps_per_epoch
    if state["feed"]["taken"] and then != now:
        raise ValueError(
            f"It stopped after {state['batch']} batches of an epoch of {then}, and here an epoch "
            f"has {now}: give the same data and the same batch_size."
        )


def _load_callbacks(loop: Loop, saved: list[dict[str, Any]]) -> None:
    """Each state to the first callback of its kind that has none yet."""
    here = list(loop.callbacks)
    for entry in saved:
        kind = entry["callback"]
        same = [callback for callback in here if type(callback).__name__ == kind]
        if not same:
            warnings.warn(
                f"the file holds what a callback {kind} remembers, and there is no such callback "
                "here: training goes on without it.",
                TrainingWarning,
                stacklevel=5,
            )
            continue
        here.remove(same[0])
        same[0].load_state_dict(entry["state"])
