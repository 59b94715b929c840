"""Pictures of pictures: images with what was read in them, and the feature maps of layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from autograd.plot import style

from ..capturing import capture, layers
from ..module import Module

Array = NDArray[Any]
Names = Sequence[Any] | Mapping[int, Any] | None


def images(
    x: Any,
    labels: Any = None,
    predictions: Any = None,
    *,
    names: Names = None,
    shape: tuple[int, ...] | None = None,
    columns: int = 8,
    most: int = 40,
    cmap: str = "gray",
    figure: Any = None,
) -> Any:
    """Images in a grid, with their labels and what was read in them; wrong ones stand out.

    Above an image stands its class, or `true ✗ predicted` where they differ; then it is framed,
    too. One scale of grey serves all.

    Parameters
    ----------
    x : array_like
        (n, h, w), (n, 1, h, w), colours as (n, 3, h, w), or flat (n, …).
    labels, predictions : array_like, optional
        Classes (n), one-hot or scores (n, classes).
    names : sequence or dict, optional
        From a class to what it is called.
    shape : (h, w) or (channels, h, w), optional
        Of flat images; a square unless given.
    columns : int
    most : int
        How many to draw at most; if there are more, the title says so.
    cmap : str
        Matplotlib's name of the scale, black to white unless given.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of matplotlib Axes

    Raises ValueError for what is no image, and for labels that do not go with the images.

    >>> import nn
    >>> (x, t), _ = nn.load_digits()
    >>> axes = images(x[:16], t[:16])  # doctest: +SKIP
    """
    x = _images(x, shape)
    true, read = (
        _classes(given, len(x), what)
        for given, what in ((labels, "labels"), (predictions, "predictions"))
    )
    known = [found for found in (true, read) if found is not None]
    drawn = x[:most]
    scale = _extent(drawn)

    def name(k: Any) -> str:
        return style.shown(k if names is None else names[int(k)])

    across = max(1, min(columns, len(drawn)))
    height = math.ceil(len(drawn) / across) * (1.5 if known else 1.2)
    size = (across * 1.25, height + 0.5 * (len(x) > most or len(known) == 2))
    with style.several(figure, "nn.plot.images", size) as figure:
        axes = style.panels(figure, len(drawn), across)
        for i, ax in enumerate(axes):
            _show(ax, drawn[i], cmap, scale)
            if known:
                _head(ax, *(name(found[i]) for found in known))
        title = [f"the first {len(drawn)} of {len(x):,}"] if len(x) > most else []
        if len(known) == 2:
            wrong = int(np.sum(np.asarray(known[0]) != np.asarray(known[1])))
            title.append(f"{wrong:,} of {len(x):,} wrong (true ✗ predicted)")
        if title:
            figure.suptitle("; ".join(title))
    return axes


def feature_maps(
    model: Module,
    x: Any,
    layer: str | None = None,
    *,
    most: int = 8,
    cmap: str = "viridis",
    figure: Any = None,
) -> Any:
    """What layers see in one sample: each channel of a layer's output as an image.

    A row for each layer and its first channels; or with `layer`, all channels of that one. Outputs
    that are no images, (n) numbers, are drawn as a square of n fields, row by row.

    Parameters
    ----------
    model : Module
    x : array_like
        A batch of one sample: `x[:1]`.
    layer : str, optional
        Its path, as `nn.capture` has it: "layers.0".
    most : int
        How many channels of each layer to draw.
    cmap : str
        Matplotlib's name of the colours, which get lighter as numbers get larger.
    figure : matplotlib Figure or SubFigure, optional
        Where to draw; unless given, a new one.

    Returns
    -------
    array of matplotlib Axes, row by row

    Raises ValueError for several samples, KeyError for a layer that is not there.

    >>> import nn
    >>> axes = feature_maps(nn.Dense(16, "relu"), np.ones((1, 4)))  # doctest: +SKIP

    Source: M. Zeiler, R. Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014.
    """
    if (count := len(np.asarray(x))) != 1:
        raise ValueError(f"nn.plot.feature_maps: of one sample, not of {count}. Pass x[:1].")
    outputs = {
        path: output for path, output in capture(model, x).items()
        if isinstance(output, np.ndarray) and output.ndim > 1
    }  # fmt: skip
    if layer is None:
        every = layers(model)
        rows = {path: _maps(outputs[path]) for path in outputs if path.partition("#")[0] in every}
        across = min(most, max(map(len, rows.values()), default=1))
    elif layer in outputs:
        rows = {layer: _maps(outputs[layer])}
        across = min(8, len(rows[layer]))
        most = len(rows[layer])
    else:
        raise KeyError(
            f"nn.plot.feature_maps: no output of a layer {layer!r}; there are "
            f"{', '.join(map(repr, outputs))}."
        )
    lines = [max(1, math.ceil(min(len(maps), most) / across)) for maps in rows.values()]
    kinds = dict(model.modules())
    size = (max(4.5, across * 1.35), sum(lines) * 1.35 + 0.4 * len(rows))
    axes: list[Any] = []
    with style.several(figure, "nn.plot.feature_maps", size) as figure:
        grid = figure.add_gridspec(sum(lines), across)
        top = 0
        for (path, maps), down in zip(rows.items(), lines):
            shown = maps[:most]
            places = [(top + i // across, i % across) for i in range(len(shown))]
            row = [figure.add_subplot(grid[place]) for place in places]
            for ax, image in zip(row, shown):
                _show(ax, image[np.newaxis], cmap, _extent(shown))
            kind = type(kinds[path.partition("#")[0]]).__name__
            rest = f", {len(shown)} of {len(maps)}" if len(maps) > len(shown) else ""
            row[0].set_title(" ", fontsize=12)  # room for the row's, which is as wide as it likes
            row[0].annotate(
                style.shown(f"{path} {kind}".strip()) + f" {outputs[path].shape[1:]}{rest}",
                (0, 1), (0, 6), "axes fraction", "offset points", fontsize=12,
            ).set_in_layout(False)  # fmt: skip
            axes += row
            top += down
    return np.array(axes, dtype=object)


def _images(x: Any, shape: tuple[int, ...] | None) -> Array:
    """As (n, channels, h, w), with 1 or 3 channels."""
    x = np.asarray(x)
    if shape is None and x.ndim == 2:
        side = math.isqrt(x.shape[1])
        shape = (side, side) if side * side == x.shape[1] else None
    if shape is not None and math.prod(x.shape[1:]) == math.prod(shape):
        x = x.reshape(len(x), *shape)
    if x.ndim == 3:
        x = x[:, np.newaxis]
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise ValueError(
            f"nn.plot.images: images are (n, h, w), (n, 1 or 3, h, w), or flat with shape=(h, w); "
            f"not {x.shape}{'' if shape is None else f' with shape={shape}'}."
        )
    return x


def _classes(given: Any, count: int, what: str) -> Array | None:
    if given is None:
        return None
    found = np.asarray(given)
    if found.ndim == 2 and found.shape[1] > 1:
        found = found.argmax(axis=1)
    if found.shape != (count,):
        raise ValueError(
            f"nn.plot.images: {what} of shape {np.shape(given)} do not go with {count} images."
        )
    return found


def _extent(images: Array) -> tuple[float, float]:
    """The darkest and the lightest number; fields that are empty are NaN."""
    finite = images[np.isfinite(images)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)


def _maps(output: Array) -> Array:
    """The output for the first sample as images: (channels, h, w)."""
    maps = output[0].astype(float)
    if maps.ndim == 3:
        return maps
    flat = maps.reshape(-1, maps.shape[-1]) if maps.ndim > 1 else maps.reshape(1, -1)
    if maps.ndim > 1:
        return flat[np.newaxis]
    side = max(1, math.ceil(math.sqrt(flat.size)))
    down = max(1, math.ceil(flat.size / side))
    square = np.full(down * side, np.nan)
    square[: flat.size] = flat
    return square.reshape(1, down, side)


def _show(ax: Any, image: Array, cmap: str, scale: tuple[float, float]) -> None:
    """One image (channels, h, w): grey, or coloured if it has three channels."""
    low, high = scale
    if len(image) == 3:
        ax.imshow(((image - low) / ((high - low) or 1)).transpose(1, 2, 0))
    else:
        ax.imshow(image[0], cmap=cmap, vmin=low, vmax=high)
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _head(ax: Any, true: str, read: str | None = None) -> None:
    """The class above an image; both, and a frame, if another one was read."""
    text = true
    if read not in (None, true):
        text = f"{true} ✗ {read}"
        if len(text) > 9:
            text = f"{true}\n✗ {read}"
        for spine in ax.spines.values():
            spine.set(visible=True, linewidth=4, color=style.COLOURS[1])
    widths = [sum(1.7 if east_asian_width(c) in "WF" else 1 for c in part) for part in
              text.split("\n")]  # fmt: skip
    ax.set_title(text, fontsize=min(14, max(7, 135 / max(1, *widths))))
