"""Pictures of classes: which are taken for which, and where in the plane one ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.plot import style

from ..functional.loss import FROM_LOGITS
from ..module import Module

Array = NDArray[Any]
Names = Sequence[Any] | Mapping[int, Any] | None


def confusion(
    y: Any, t: Any = None, *, names: Sequence[Any] | None = None, ax: Any = None
) -> Any:
    """Which class (row) is taken for which (column): counts, darker the larger their row's share.

    Right ones are on the diagonal.

    Parameters
    ----------
    y : array_like
        Scores (n, classes), probabilities of two classes (n) or (n, 1), or classes as integers (n);
        or the matrix of counts itself, without t.
    t : array_like, optional
        Labels (n), or one-hot (n, classes).
    names : sequence, optional
        What the classes are called.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    Raises ValueError for predictions and labels that do not go together.

    >>> ax = confusion([0, 1, 1, 2], [0, 1, 2, 2], names=["cat", "dog", "cow"])  # doctest: +SKIP
    """
    counts = np.asarray(y) if t is None else _counted(y, t, 0 if names is None else len(names))
    classes = len(counts) if counts.ndim else 0
    if counts.shape != (classes, classes) or not classes:
        raise ValueError(
            f"nn.plot.confusion: {counts.shape} is no matrix of counts, (classes, classes). With "
            "predictions, pass labels too: nn.plot.confusion(y, t)."
        )
    called = [str(i) for i in range(classes)] if names is None else [style.shown(n) for n in names]
    if len(called) != classes:
        raise ValueError(f"nn.plot.confusion: {len(called)} names for {classes} classes.")
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(12.0, max(4.6, 2.0 + 0.62 * classes))
    with style.one(ax, "nn.plot.confusion", size=(side, side)) as ax:
        ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
        ax.grid(False)
        if classes <= 20:  # more would be unreadable
            for i, j in np.ndindex(counts.shape):
                ax.text(
                    j, i, f"{counts[i, j]:,}" if counts[i, j] else "·", ha="center", va="center",
                    color="white" if share[i, j] > 0.5 else "black",
                    fontsize=12,
                )  # fmt: skip
        turned = {"rotation": 45, "ha": "right"} if max(map(len, called)) > 3 else {}
        every = range(0, classes, 1 + classes // 25)
        ax.set_xticks(every, [called[i] for i in every], **turned)
        ax.set_yticks(every, [called[i] for i in every])
        ax.set(xlabel="predicted class", ylabel="true class")
        right = np.trace(counts) / max(counts.sum(), 1)
        ax.set_title(f"{right:.1%} of {counts.sum():,} right", loc="left")
    return ax


def _counted(y: Any, t: Any, at_least: int) -> Array:
    y, t = np.asarray(y), np.asarray(t)
    guess, label = _predicted(y), _labels(t)
    if guess.shape != label.shape or not guess.size:
        raise ValueError(
            f"nn.plot.confusion: predictions of shape {y.shape} do not go with labels of shape "
            f"{t.shape}."
        )
    wide = y.shape[1] if y.ndim == 2 else 0
    classes = int(max(guess.max() + 1, label.max() + 1, wide, at_least))
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (label, guess), 1)
    return counts


def _predicted(y: Array, threshold: float = 0.5) -> Array:
    """The class that each row of a model's output means."""
    if y.ndim == 2 and y.shape[1] > 1:
        return y.argmax(axis=1)
    y = y.ravel()
    return y.astype(int) if y.dtype.kind in "biu" else (y > threshold).astype(int)


# -- the plane ------------------------------------------------------------------------------------


def decision_boundary(
    model: Module | Callable[[Array], Any],
    x: Any,
    t: Any,
    *,
    threshold: float | None = None,
    names: Names = None,
    resolution: int = 200,
    xlim: tuple[float, float] | None = None,
    ylim: tuple[float, float] | None = None,
    legend: bool = True,
    ax: Any = None,
) -> Any:
    """Where in the plane a model says which class, and the samples in it.

    Classes differ by colour, by marker and by hatching; samples in the wrong place are crossed out.

    Parameters
    ----------
    model : Module or callable
        Takes (n, 2); gives scores (n, classes), or one number each (n) or (n, 1).
    x, t : array_like
        Samples (n, 2) and their classes (n), or one-hot.
    threshold : float, optional
        From where on one number means class 1; unless given, ½, or 0 if `model` was compiled with
        a loss of logits.
    names : sequence or dict, optional
        From a class to what it is called.
    resolution : int
        Into how many points to part either axis.
    xlim, ylim : pair of floats, optional
        Which part of the plane to draw; unless given, a little more than where the samples are.
    legend : bool
        Whether to say which class is which: above the picture, or inside of axes that were given,
        above which their title stands.
    ax : matplotlib Axes, optional
        Where to draw; unless given, a new figure.

    Returns
    -------
    matplotlib Axes

    Raises ValueError for samples that are not in the plane.

    >>> import nn
    >>> x, t = nn.data.moons()
    >>> ax = decision_boundary(lambda x: x[:, 1] > 0.3, x, t)  # doctest: +SKIP
    """
    plane = Plane(x, t, resolution, threshold, xlim, ylim)
    where = ABOVE if ax is None else INSIDE
    with style.one(ax, "nn.plot.decision_boundary", size=(6.4, 5.2)) as ax:
        plane.draw(ax, *plane.ask(model), names, where if legend else None)
    return ax


ABOVE = {
    "loc": "lower left", "bbox_to_anchor": (-0.02, 1), "ncols": 4, "frameon": False,
    "columnspacing": 1.2, "handletextpad": 0.2,
}  # where it hides nothing  # fmt: skip
INSIDE = {"loc": "upper right", "fontsize": "small", "framealpha": 0.75, "handletextpad": 0.2}


class Plane:
    """Samples in the plane, and a grid of points around them to ask a model about."""

    def __init__(
        self, x: Any, t: Any, resolution: int, threshold: float | None,
        xlim: tuple[float, float] | None = None, ylim: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        x, t = np.asarray(x), np.asarray(t)
        label = _labels(t)
        if x.ndim != 2 or x.shape[1] != 2 or label.shape != (len(x),) or not len(x):
            raise ValueError(
                f"nn.plot.decision_boundary: x has shape {x.shape} and t {t.shape}; a plane needs "
                "(n, 2) and (n)."
            )
        margin = 0.12 * np.ptp(x, axis=0) + 1e-6
        low, high = x.min(axis=0) - margin, x.max(axis=0) + margin
        self.x, self.label, self.threshold = x, label, threshold
        ends = [xlim or (low[0], high[0]), ylim or (low[1], high[1])]
        self.across, self.up = (np.linspace(a, b, resolution) for a, b in ends)
        points = np.stack(np.meshgrid(self.across, self.up), axis=-1).reshape(-1, 2)
        self.asked = np.concatenate([x, points.astype(x.dtype)])

    def ask(self, model: Any) -> tuple[Array, Array]:
        """What a model says of the points, (resolution, resolution), and of the samples, (n)."""
        ask = partial(model.predict, batch_size=4096) if isinstance(model, Module) else model
        y = ask(self.asked)
        threshold = _threshold(model) if self.threshold is None else self.threshold
        said = _predicted(np.asarray(getattr(y, "array", y)), threshold).astype(np.int16)
        samples = len(self.x)
        return said[samples:].reshape(len(self.up), len(self.across)), said[:samples]

    def draw(
        self, ax: Any, region: Array, said: Array, names: Names,
        legend: Mapping[str, Any] | None = ABOVE,
    ) -> None:  # fmt: skip
        ax.grid(False)
        for k in np.unique(region):
            red, green, blue = (int(style.COLOURS[k % 7][i : i + 2], 16) / 255 for i in (1, 3, 5))
            here = (region == k).astype(float)
            filled = ax.contourf(
                self.across, self.up, here, levels=[0.5, 1.5],
                colors=[(red, green, blue, 0.18)], hatches=[style.HATCHES[k % 8]],
            )  # fmt: skip
            filled.set_edgecolor((red, green, blue, 0.4))  # of the hatching
            filled.set_linewidth(0)
            if not here.all():
                ax.contour(
                    self.across, self.up, here, levels=[0.5], colors="black", linewidths=1.6
                )
        handles, called = [], []
        for k in np.unique(self.label):
            handles += ax.plot(
                *self.x[self.label == k].T, **style.dots(int(k)), linestyle="none",
                markeredgecolor="white", markeredgewidth=0.8,
            )  # fmt: skip
            called.append(f"class {k}" if names is None else names[int(k)])
        if (wrong := said != self.label).any():
            handles += ax.plot(*self.x[wrong].T, "kx", markersize=9, markeredgewidth=1.8)
            called.append(f"wrong: {wrong.sum():,} of {len(wrong):,}")
        ax.set(xlim=self.across[[0, -1]], ylim=self.up[[0, -1]], xlabel="x0", ylabel="x1")
        if legend is not None:
            style.legend(ax, handles, called, **legend)
            ax.get_legend().set_in_layout(legend is ABOVE)  # inside it needs no room of its own


def _labels(t: Array) -> Array:
    return t.argmax(axis=1) if t.ndim == 2 and t.shape[1] > 1 else t.ravel().astype(int)


def _threshold(model: Any) -> float:
    """Where one number means class 1: above ½ for probabilities, above 0 for logits."""
    loss = getattr(getattr(model, "_goal", None), "loss", None)
    return 0.0 if any(loss is of_logits for _, of_logits in FROM_LOGITS.values()) else 0.5
