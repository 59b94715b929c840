"""Convolutional layers: the same few weights at every place of an image or a signal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor

from .. import init as initialisers
from ..functional import conv1d, conv2d, identity
from ..functional.windows import Padding, Size, check_axes, each, times, windows
from ..module import Module
from ..parameter import LazyParameter, Parameter
from ..random import Rng
from .activation import get, name_of
from .casting import cast
from .dense import Init


class _Conv(Module):
    """What convolutional layers of one and of two axes have in common."""

    function: ClassVar[Callable[..., Any]]
    ndim: ClassVar[int]

    weight: Tensor | LazyParameter
    bias: Tensor | None

    def __init_subclass__(cls, function: Callable[..., Any], ndim: int) -> None:
        cls.function = staticmethod(function)
        cls.ndim = ndim

    def __init__(
        self,
        *sizes: Size,
        in_channels: int | None = None,
        out_channels: int | None = None,
        kernel_size: Size | None = None,
        stride: Size = 1,
        padding: Padding = 0,
        dilation: Size = 1,
        groups: int = 1,
        activation: str | Callable[..., Any] | None = None,
        bias: bool = True,
        init: Init = "he_uniform",
        bias_init: Init = "zeros",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        kind = type(self).__name__
        inputs, outputs, kernel = _in_order(
            kind, sizes, in_channels=in_channels, out_channels=out_channels, kernel_size=kernel_size
        )
        (outputs,) = each(kind, "out_channels", outputs, 1)
        (groups,) = each(kind, "groups", groups, 1)
        for word, number in (("in_channels", inputs), ("out_channels", outputs)):
            if number is not None and each(kind, word, number, 1)[0] % groups:
                raise ValueError(f"{kind}: groups={groups} do not divide {word}={number}.")
        self.kernel_size = each(kind, "kernel_size", kernel, self.ndim)
        self.stride = each(kind, "stride", stride, self.ndim)
        self.dilation = each(kind, "dilation", dilation, self.ndim)
        self.padding = padding
        self.groups = groups
        if isinstance(rng, int):
            rng = np.random.default_rng(rng)  # one stream for weight and bias
        draw = initialisers.get(init), initialisers.get(bias_init)
        weight = LazyParameter((outputs, None, *self.kernel_size), draw[0], "weight", dtype, rng)
        self.weight = weight if inputs is None else weight.build(inputs // groups)
        self.bias = Parameter(draw[1]((outputs,), rng=rng, dtype=dtype), "bias") if bias else None
        self.activation = get(activation)

    def forward(self, x: Any) -> Any:
        return self.activation(self.logits(x))

    def logits(self, x: Any) -> Any:
        """The convolution itself: what the activation is applied to."""
        x = x if isinstance(x, Tensor) else np.asarray(x)
        check_axes(repr(self), x.shape, self.ndim)
        x = cast(self, x, self.weight.dtype)
        if isinstance(self.weight, LazyParameter):
            if x.shape[1] % self.groups:
                raise ValueError(
                    f"{self!r}: {self.groups} groups do not divide the input's {x.shape[1]} "
                    f"channels, in axis 1 of its shape {x.shape}."
                )
            how = (self.kernel_size, self.stride, self.padding, self.dilation, self.ndim)
            windows(repr(self), x.shape, *how)  # raises, before the layer settles on its channels
            self.weight = self.weight.build(x.shape[1] // self.groups)
        channels = self.weight.shape[1] * self.groups
        if x.shape[1] != channels:
            last = x.shape[-1] == channels
            hint = " Do they come last? Write np.moveaxis(x, -1, 1)." if last else ""
            raise ValueError(
                f"{self!r} takes {channels} channels, in axis 1; the input has shape {x.shape}."
                + hint
            )
        return self.function(
            x, self.weight, self.bias, self.stride, self.padding, self.dilation, self.groups
        )

    def describe(self) -> str:
        outputs, inputs = self.weight.shape[:2]
        size = "?" if inputs is None else inputs * self.groups
        parts = [f"{size} -> {outputs}", times(self.kernel_size)]
        ones = (1,) * self.ndim
        parts += [f"stride {times(self.stride)}"] * (self.stride != ones)
        parts += [f"padding={self.padding!r}"] * (self.padding not in (0, "valid"))
        parts += [f"dilation {times(self.dilation)}"] * (self.dilation != ones)
        parts += [f"{self.groups} groups"] * (self.groups != 1)
        if self.activation is not identity:
            parts.append(name_of(self.activation))
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


def _in_order(kind: str, sizes: Sequence[Any], **named: Any) -> list[Any]:
    """The three sizes, whether given by position or by name; as `range` does, the first may be
    left out: (out, kernel) or (in, out, kernel)."""
    free = [name for name, value in named.items() if value is None]
    if len(sizes) == len(free) - 1 and "in_channels" in free:
        free.remove("in_channels")
    if len(sizes) != len(free):
        raise TypeError(
            f"{kind}(out_channels, kernel_size) or {kind}(in_channels, out_channels, kernel_size), "
            f"with keywords for all else (stride=, padding=, activation=); not {len(sizes)} sizes"
            f"{' beside ' + ', '.join(k for k in named if k not in free) if len(free) < 3 else ''}."
        )
    return list((named | dict(zip(free, sizes))).values())


class Conv2d(_Conv, function=conv2d, ndim=2):
    """activation(Σ x · weight + bias), over the channels and over each window of an image.

    Conv2d(out_channels, kernel_size) finds the number of input channels at the first call;
    Conv2d(in_channels, out_channels, kernel_size) is told. All else goes by keyword.

    Shapes: (n,c,h,w)->(n,o,i,j), channels first; weight (o, c/groups, k, l), bias (o). What i and
    j are, and what all settings mean: `nn.conv2d`. Inputs are cast to the layer's dtype.

    Parameters
    ----------
    in_channels, out_channels : int
    kernel_size : int or pair of int
        The size of the window.
    stride, dilation : int or pair of int
    padding : int, pair, pair of pairs, "valid" or "same"
    groups : int
    activation : str or callable, optional
        A function, or its name: "relu", ….
    bias : bool
    init, bias_init : str, float or callable
        How the weight and the bias begin; see `nn.init`.
    dtype : dtype
    rng : int or Generator, optional
        Where the initial weights come from, unless from what `nn.seed` sets.

    Raises ValueError for inputs with another number of axes or channels, or smaller than the
    window.

    >>> import numpy as np, nn
    >>> layer = nn.Conv2d(30, 5, activation="relu")
    >>> layer
    Conv2d(? -> 30, 5×5, relu)
    >>> layer(np.zeros((100, 1, 28, 28))).shape
    (100, 30, 24, 24)
    >>> nn.Conv2d(3, 8, (3, 5), stride=2, padding="same")
    Conv2d(3 -> 8, 3×5, stride 2×2, padding='same')

    Source: Y. LeCun et al., "Gradient-Based Learning Applied to Document Recognition", Proc. IEEE
    86 (1998) 2278.
    """


class Conv1d(_Conv, function=conv1d, ndim=1):
    """activation(Σ x · weight + bias), over the channels and over each window of a signal.

    Shapes: (n,c,m)->(n,o,i), channels first; weight (o, c/groups, k), bias (o). Sizes and settings
    as in `Conv2d`, with one axis.

    >>> import numpy as np, nn
    >>> nn.Conv1d(8, 3, padding="same", dilation=2)(np.zeros((2, 4, 100))).shape
    (2, 8, 100)
    """
