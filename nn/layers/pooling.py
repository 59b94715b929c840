"""Pooling layers: images get smaller, and a shift by a pixel matters less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor

from ..functional import avg_pool1d, avg_pool2d, global_avg_pool, max_pool1d, max_pool2d
from ..functional.windows import Padding, Size, each, times
from ..module import Module


class _Pool(Module):
    """A pooling function as a layer, with its settings."""

    function: ClassVar[Callable[..., Any]]
    ndim: ClassVar[int]

    def __init_subclass__(cls, function: Callable[..., Any], ndim: int) -> None:
        cls.function = staticmethod(function)
        cls.ndim = ndim

    def __init__(
        self, kernel_size: Size = 2, stride: Size | None = None, padding: Padding = 0
    ) -> None:
        kind = type(self).__name__
        self.kernel_size = each(kind, "kernel_size", kernel_size, self.ndim)
        self.stride = (
            self.kernel_size if stride is None else each(kind, "stride", stride, self.ndim)
        )
        self.padding = padding

    def forward(self, x: Any) -> Any:
        return self.function(x, self.kernel_size, self.stride, self.padding)

    def describe(self) -> str:
        parts = [times(self.kernel_size)]
        parts += [f"stride {times(self.stride)}"] * (self.stride != self.kernel_size)
        parts += [f"padding={self.padding!r}"] * (self.padding not in (0, "valid"))
        return ", ".join(parts)


class _MaxPool(_Pool, function=max_pool2d, ndim=2):
    def __init__(
        self,
        kernel_size: Size = 2,
        stride: Size | None = None,
        padding: Padding = 0,
        dilation: Size = 1,
    ) -> None:
        super().__init__(kernel_size, stride, padding)
        self.dilation = each(type(self).__name__, "dilation", dilation, self.ndim)

    def forward(self, x: Any) -> Any:
        return self.function(x, self.kernel_size, self.stride, self.padding, self.dilation)

    def describe(self) -> str:
        dilated = self.dilation != (1,) * self.ndim
        return super().describe() + f", dilation {times(self.dilation)}" * dilated


class MaxPool2d(_MaxPool, function=max_pool2d, ndim=2):
    """The largest element of each window of an image; settings, edges and ties: `nn.max_pool2d`.

    Shapes: (n,c,h,w)->(n,c,⌊h/2⌋,⌊w/2⌋) for kernel_size 2, which is also the stride unless given.

    >>> import numpy as np, nn
    >>> nn.MaxPool2d(2)(np.zeros((100, 30, 24, 24))).shape
    (100, 30, 12, 12)
    >>> nn.MaxPool2d(3, stride=2, padding=1)
    MaxPool2d(3×3, stride 2×2, padding=1)
    """


class MaxPool1d(_MaxPool, function=max_pool1d, ndim=1):
    """The largest element of each window of a signal; settings as in `MaxPool2d`.

    Shapes: (n,c,m)->(n,c,i).

    >>> import numpy as np, nn
    >>> nn.MaxPool1d(2)(np.zeros((2, 8, 101))).shape
    (2, 8, 50)
    """


class AvgPool2d(_Pool, function=avg_pool2d, ndim=2):
    """The mean of each window of an image; settings and edges: `nn.avg_pool2d`.

    Shapes: (n,c,h,w)->(n,c,⌊h/2⌋,⌊w/2⌋) for kernel_size 2, which is also the stride unless given.

    >>> import numpy as np, nn
    >>> nn.AvgPool2d(2)(np.zeros((2, 8, 28, 28))).shape
    (2, 8, 14, 14)
    """


class AvgPool1d(_Pool, function=avg_pool1d, ndim=1):
    """The mean of each window of a signal; settings as in `AvgPool2d`.

    Shapes: (n,c,m)->(n,c,i).

    >>> import numpy as np, nn
    >>> nn.AvgPool1d(2)(np.zeros((2, 8, 100))).shape
    (2, 8, 50)
    """


class GlobalAvgPool(Module):
    """The mean of each channel over all its places: from images to rows, of any size of image.

    Shapes: (n,c,…)->(n,c).

    >>> import numpy as np, nn
    >>> nn.GlobalAvgPool()(np.zeros((2, 8, 7, 7))).shape
    (2, 8)
    """

    def forward(self, x: Any) -> Any:
        return global_avg_pool(x if isinstance(x, Tensor) else np.asarray(x))
