"""Augmentation: every epoch sees each image a little different, so a network learns what stays.

An augmentation is a function `(images, rng=None) -> images`. So is a list of them, made one by
`Compose`, and so is what you write yourself.

Images are (n, h, w), (n, channels, h, w), or flat (n, …) with `shape=(h, w)` or (channels, h, w)
given. Each image has its own luck. The result has the shape and the dtype of what was given, which
is never changed. Chance comes from what `nn.seed` sets, unless from `rng`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .random import Rng, generator

__all__ = [
    "Augmentation", "Compose", "Brightness", "Noise",
    "Geometry", "Flip", "Shift", "Rotation", "Crop",
]  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
Range = float | tuple[float, float]
Shape = Sequence[int] | None


class Augmentation:
    """The base owns shape, dtype and chance; a subclass changes images (n, channels, h, w).

    Raises ValueError, at the call, for what is not an image, and TypeError if it holds no numbers.

    >>> class Negative(Augmentation):
    ...     def change(self, images, rng):
    ...         return 1 - images
    >>> Negative(shape=(2, 2))([[0.0, 1.0, 0.25, 1.0]])
    array([[1.  , 0.  , 0.75, 0.  ]])
    """

    def __init__(self, *, shape: Shape = None) -> None:
        self.shape = None if shape is None else tuple(shape)

    def change(self, images: Array, rng: np.random.Generator) -> Array:
        """New images from these, which stay as they are; in any dtype."""
        raise NotImplementedError(f"{type(self).__name__} needs a method change(self, images, rng)")

    def __call__(self, x: Any, rng: Rng = None) -> Array:
        """Images like x, each changed in its own way."""
        x = np.asarray(x)
        if x.dtype.kind not in "fiu":
            raise TypeError(f"{type(self).__name__}: {x.dtype} images; pixels are real numbers.")
        changed = self.change(self._images(x), generator(rng)).reshape(x.shape)
        if x.dtype.kind != "f" and changed.dtype.kind == "f":
            limits = np.iinfo(x.dtype)
            changed = np.rint(changed).clip(limits.min, limits.max)
        return np.array(changed, x.dtype)

    def _images(self, x: Array) -> Array:
        """x as (n, channels, h, w)."""
        shape = x.shape[1:] if self.shape is None else self.shape
        if len(shape) not in (2, 3) or math.prod(x.shape[1:]) != math.prod(shape):
            hint = "flat ones need their shape, such as shape=(28, 28)"
            if self.shape is not None:
                hint = f"and shape={self.shape} is not theirs"
            raise ValueError(
                f"{type(self).__name__}: images are (n, h, w) or (n, channels, h, w), not "
                f"{x.shape}; {hint}."
            )
        *channels, height, width = shape
        return x.reshape(len(x), math.prod(channels), height, width)


class Compose(Augmentation):
    """One augmentation after the other.

    Parameters
    ----------
    steps : iterable of callables
        Each takes (x, rng) and gives x changed.
    shape : tuple, optional
        Of flat images, for all steps: they are handed on as (n, channels, h, w).

    >>> augment = Compose([Shift(1), Brightness(0.2)], shape=(8, 8))
    >>> augment(np.zeros((5, 64)), rng=0).shape
    (5, 64)
    """

    def __init__(self, steps: Iterable[Callable[..., Any]], *, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        self.steps = list(steps)
        for step in self.steps:
            if isinstance(step, type) or not callable(step):
                raise TypeError(f"Compose: {step!r} is no augmentation. Write Shift(2), with ( ).")

    def __call__(self, x: Any, rng: Rng = None) -> Array:
        x = np.array(x)  # a step of the user's own may write into what it is given
        rng = generator(rng)
        changed = x if self.shape is None else self._images(x)
        for step in self.steps:
            changed = step(changed, rng)
        return changed if self.shape is None else changed.reshape(x.shape)


def get(augment: Any) -> Callable[..., Any]:
    """The augmentation that is meant: itself, or that of a list.

    Raises TypeError for anything else.

    >>> get([Shift(1), Flip()]).steps[0].pixels
    (-1, 1)
    """
    if isinstance(augment, str):
        raise TypeError(f"augment={augment!r}: an object of nn.augment, such as nn.augment.Flip().")
    return augment if callable(augment) else Compose(augment)


# -- light ---------------------------------------------------------------------------------------


class Brightness(Augmentation):
    """Darker or lighter: each pixel times a factor, cut off at white.

    White is 1 for floats, the largest number for whole ones (255 for uint8).

    Parameters
    ----------
    by : float or (low, high)
        Factors from 1 − by to 1 + by, or from low to high: (0.3, 1) only darkens.

    Raises ValueError, at the call, for pixels below 0 or above white.

    >>> Brightness((0.5, 0.5))([[[0.0, 0.5, 1.0]]])
    array([[[0.  , 0.25, 0.5 ]]])
    """

    def __init__(self, by: Range = 0.3, *, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        self.factor = _range(by, "Brightness", around=1)
        if self.factor[0] < 0:
            raise ValueError(f"Brightness(by={by}): a factor would be negative.")

    def change(self, images: Array, rng: np.random.Generator) -> Array:
        white = 1 if images.dtype.kind == "f" else np.iinfo(images.dtype).max
        if images.size and not (images.min() >= 0 and images.max() <= white):
            raise ValueError(
                f"Brightness: pixels of {images.dtype} lie between black, 0, and white, {white}; "
                f"these reach from {images.min():.4g} to {images.max():.4g}. Scale them first, and "
                "standardise after augmenting."
            )
        return np.minimum(images * _drawn(self.factor, images, rng), white)


class Noise(Augmentation):
    """Normal noise of a standard deviation on every pixel, in the images' own unit.

    Raises ValueError for a negative deviation.

    >>> Noise(0.1)([[[0.5, 0.5]]], rng=0).round(3)
    array([[[0.513, 0.487]]])
    """

    def __init__(self, std: float = 0.05, *, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        if not std >= 0:
            raise ValueError(f"Noise(std={std}): a deviation is 0 or more.")
        self.std = std

    def change(self, images: Array, rng: np.random.Generator) -> Array:
        return images + self.std * rng.standard_normal(images.shape)


# -- place ---------------------------------------------------------------------------------------


class Geometry(Augmentation):
    """The base of what moves pixels: a subclass says from where in the image each one comes.

    Between pixels it is mixed from the four around (bilinear); from outside comes `fill`. At whole
    positions pixels are copied as they are.

    >>> class Transpose(Geometry):
    ...     def origin(self, rows, columns, images, rng):
    ...         return columns, rows
    >>> Transpose()([[[1, 2], [3, 4]]])
    array([[[1, 3],
            [2, 4]]])
    """

    def __init__(self, *, fill: float = 0.0, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        self.fill = fill

    def origin(
        self, rows: Array, columns: Array, images: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """From which row and column each pixel comes: (h, 1), (1, w) -> two as (n, h, w).

        "As": what broadcasts to it will do.
        """
        raise NotImplementedError(f"{type(self).__name__} needs a method origin(…)")

    def change(self, images: Array, rng: np.random.Generator) -> Array:
        n, _, height, width = images.shape
        rows, columns = np.ogrid[:height, :width]
        row, column = self.origin(rows, columns, images, rng)
        pixels, image = images.transpose(0, 2, 3, 1), np.arange(n).reshape(n, 1, 1)
        mixed = np.zeros(pixels.shape, np.result_type(images.dtype, np.float32))
        missing = np.ones((n, height, width))
        for i, share_i in _neighbours(row, height):
            for j, share_j in _neighbours(column, width):
                share = share_i * share_j
                mixed += share[..., np.newaxis].astype(mixed.dtype) * pixels[image, i, j]
                missing -= share
        if self.fill:
            mixed += missing[..., np.newaxis].astype(mixed.dtype) * self.fill
        return mixed.transpose(0, 3, 1, 2)


def _neighbours(places: Array, size: int) -> list[tuple[Array, Array]]:
    """The whole numbers beside each place, and their shares in it: none outside 0 … size − 1."""
    below = np.floor(places)
    share = places - below
    found = [(below, 1 - share), (below + 1, share)] if share.any() else [(below, share + 1)]
    return [
        (i.clip(0, size - 1).astype(int), share * ((i >= 0) & (i < size))) for i, share in found
    ]


class Flip(Geometry):
    """Mirrors an image with probability p: left and right, or with axis=-2 upside down.

    Not for digits and letters: a mirrored 3 is none.

    Raises ValueError for another axis, or a p that is no probability.

    >>> Flip(p=1)([[[1, 2, 3]]])
    array([[[3, 2, 1]]])
    """

    def __init__(self, p: float = 0.5, axis: int = -1, *, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        if not 0 <= p <= 1 or axis not in (-1, -2):
            raise ValueError(
                f"Flip(p={p}, axis={axis}): p is between 0 and 1; axis is -1, left and right, or "
                "-2, upside down."
            )
        self.p = p
        self.axis = axis

    def origin(
        self, rows: Array, columns: Array, images: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        flipped = rng.random((len(images), 1, 1)) < self.p
        height, width = images.shape[-2:]
        if self.axis == -2:
            return np.where(flipped, height - 1 - rows, rows), columns
        return rows, np.where(flipped, width - 1 - columns, columns)


class Shift(Geometry):
    """Moves an image by some whole pixels, down or up and to the right or left.

    Parameters
    ----------
    pixels : int or (low, high)
        From −pixels to pixels, or from low to high, both included; drawn for either direction.
    fill : float
        What moves in.

    >>> Shift((1, 1))([[[1, 2], [3, 4]]])
    array([[[0, 0],
            [0, 1]]])
    """

    def __init__(
        self, pixels: int | tuple[int, int] = 2, *, fill: float = 0.0, shape: Shape = None
    ) -> None:
        super().__init__(fill=fill, shape=shape)
        low, high = _range(pixels, "Shift")
        if low % 1 or high % 1:
            raise ValueError(f"Shift(pixels={pixels}): pixels are counted in whole numbers.")
        self.pixels = int(low), int(high)

    def origin(
        self, rows: Array, columns: Array, images: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        low, high = self.pixels
        down, right = rng.integers(low, high, (2, len(images), 1, 1), endpoint=True)
        return rows - down, columns - right


class Rotation(Geometry):
    """Turns an image around its centre, counter-clockwise.

    Parameters
    ----------
    degrees : float or (low, high)
        From −degrees to degrees, or from low to high.
    fill : float
        What comes in at the corners.

    >>> Rotation((90, 90))([[[1, 2], [3, 4]]])
    array([[[2, 4],
            [1, 3]]])
    """

    def __init__(self, degrees: Range = 15.0, *, fill: float = 0.0, shape: Shape = None) -> None:
        super().__init__(fill=fill, shape=shape)
        self.degrees = _range(degrees, "Rotation")

    def origin(
        self, rows: Array, columns: Array, images: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        middle, centre = (images.shape[-2] - 1) / 2, (images.shape[-1] - 1) / 2
        angle = np.radians(_drawn(self.degrees, images, rng)[:, 0])
        cos, sin = np.cos(angle), np.sin(angle)
        y, x = rows - middle, columns - centre  # y goes down, hence the signs
        return middle + cos * y + sin * x, centre + cos * x - sin * y


class Crop(Geometry):
    """Cuts a part out of an image, anywhere, and enlarges it to the image's own size.

    Parameters
    ----------
    share : float or (low, high)
        The part's sides as a share of the image's: from share to 1, or from low to high.

    Raises ValueError for a share that is not above 0 and at most 1.

    >>> Crop((0.5, 0.5))([[[1.0, 1.0], [1.0, 1.0]]], rng=0)
    array([[[1., 1.],
            [1., 1.]]])
    """

    def __init__(self, share: Range = 0.8, *, shape: Shape = None) -> None:
        super().__init__(shape=shape)
        self.share = _range(share if isinstance(share, tuple) else (share, 1.0), "Crop")
        if not 0 < self.share[0] <= self.share[1] <= 1:
            raise ValueError(f"Crop(share={share}): a share is above 0 and at most 1.")

    def origin(
        self, rows: Array, columns: Array, images: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        share = _drawn(self.share, images, rng)[:, 0]
        down, right = rng.random((2, len(images), 1, 1)) * (1 - share)

        def stretched(places: Array, size: int, skipped: Array) -> Array:
            """Pixels have their centre at ½; there is nothing beyond the outermost centres."""
            return ((places + 0.5) * share + skipped * size - 0.5).clip(0, size - 1)

        height, width = images.shape[-2:]
        return stretched(rows, height, down), stretched(columns, width, right)


# -- chance --------------------------------------------------------------------------------------


def _range(given: Range, asked: str, around: float = 0) -> tuple[float, float]:
    low, high = given if isinstance(given, tuple) else (around - given, around + given)
    if not -math.inf < low <= high < math.inf:
        raise ValueError(f"{asked}: {low} to {high} is no range. Write a number, or (low, high).")
    return low, high


def _drawn(between: tuple[float, float], images: Array, rng: np.random.Generator) -> Array:
    """One number for each image, (n, 1, 1, 1)."""
    return rng.uniform(*between, (len(images), 1, 1, 1))
