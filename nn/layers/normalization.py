"""Normalizing layers: what comes out has mean 0 and variance 1, until the layer learns better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from autograd import Tensor, memory

from .. import init
from ..functional import batch_norm, group_norm, layer_norm, rms_norm
from ..functional.normalization import of_batch, scaled
from ..functional.windows import check_axes, each, times
from ..module import Module
from ..parameter import LazyParameter, fits
from .casting import cast


class LazyBuffer(LazyParameter):
    """What is saved but not learned, and waits for its size."""

    def holding(self, values: Any) -> Tensor:
        return Tensor(values, dtype=self.dtype, name=self.name)


class _Norm(Module):
    """A layer with a weight and a bias for each channel, or each feature, that it normalizes."""

    weight: Tensor | LazyParameter | None
    bias: Tensor | LazyParameter | None

    def _begin(self, shape: Sequence[int | None], affine: bool, bias: bool, dtype: Any) -> None:
        """Weight 1 and bias 0 of a shape that may have holes."""
        self.dtype = np.dtype(dtype)
        shape = tuple(shape)
        self.weight = LazyParameter(shape, init.ones, "weight", dtype) if affine else None
        self.bias = LazyParameter(shape, init.zeros, "bias", dtype) if affine and bias else None
        if None not in shape:
            self._build()

    def _build(self, *sizes: int) -> None:
        """Fills the holes."""
        for name, held in vars(self).items():
            if isinstance(held, LazyParameter):
                setattr(self, name, held.build(*sizes))

    def _cast(self, x: Any) -> Any:
        x = x if isinstance(x, Tensor) else np.asarray(x)
        return cast(self, x, self.dtype)


class BatchNorm(_Norm):
    """In training, each channel gets mean 0 and variance 1 over the batch and all places; in
    evaluation, with the mean and variance that training has seen. Then times weight, plus bias.

    Formula: (x − mean) / √(var + epsilon) · weight + bias.

    Shapes: (n,c,…)->(n,c,…), channels in axis 1; weight, bias, running_mean, running_var (c).

    Each batch in training moves the running values by `momentum`, as in PyTorch (Keras's is 1 minus
    this): running = (1 − momentum) · running + momentum · batch, the batch's variance with
    n − 1. They are buffers: saved, not learned.

    Parameters
    ----------
    channels : int, optional
        How many; found at the first call if not given.
    momentum, epsilon : float
    affine : bool
        Whether there are weight and bias.
    dtype : dtype

    Raises ValueError for inputs with other channels, or with one number for each in training.

    >>> import numpy as np, nn
    >>> layer = nn.BatchNorm()
    >>> layer(np.array([[1.0, 5.0], [3.0, 9.0]])).data
    array([[-0.999995 , -0.9999988],
           [ 0.999995 ,  0.9999988]], dtype=float32)
    >>> layer.running_mean
    Tensor([0.2, 0.7], dtype=float32, name='running_mean')
    >>> layer.eval()(np.array([[0.2, 0.7]]))
    Tensor([[0., 0.]], dtype=float32, requires_grad=True, op=scaled)

    Source: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift", ICML 2015.
    """

    ndims: ClassVar[tuple[int, ...]] = ()  # how many axes may follow the channels; () is any

    running_mean: Tensor | LazyParameter
    running_var: Tensor | LazyParameter

    def __init__(
        self,
        channels: int | None = None,
        momentum: float = 0.1,
        epsilon: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        kind = type(self).__name__
        if channels is not None:
            (channels,) = each(kind, "channels", channels, 1)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{kind}: momentum={momentum} is a share, from 0 to 1.")
        self.momentum = momentum
        self.epsilon = epsilon
        self.running_mean = LazyBuffer((channels,), init.zeros, "running_mean", dtype)
        self.running_var = LazyBuffer((channels,), init.ones, "running_var", dtype)
        self._begin((channels,), affine, True, dtype)

    def forward(self, x: Any) -> Any:
        x = self._cast(x)
        if self.ndims and x.ndim - 2 not in self.ndims:
            check_axes(repr(self), x.shape, self.ndims[-1])
        if x.ndim < 2:
            raise ValueError(f"{self!r} takes (batch, channel, …); the input has shape {x.shape}.")
        (channels,) = self.running_mean.shape
        if channels not in (None, x.shape[1]):
            last = " Do they come last? Write np.moveaxis(x, -1, 1)."
            raise ValueError(
                f"{self!r} takes {channels} channels, in axis 1; the input has shape {x.shape}."
                + last * (x.shape[-1] == channels)
            )
        found = of_batch(x, self.epsilon) if self.training else None
        if channels is None:
            self._build(x.shape[1])
        mean, var = self.running_mean, self.running_var
        assert isinstance(mean, Tensor)
        assert isinstance(var, Tensor)
        if found is None:
            return batch_norm(x, mean, var, self.weight, self.bias, self.epsilon)
        n = x.size // mean.size
        self._remember(mean, found.mean, 1)
        self._remember(var, found.var, n / (n - 1))
        return scaled(found.out, self.weight, self.bias, 1)

    def _remember(self, running: Tensor, batch: Any, times: float) -> None:
        """Moves a running value towards that of the batch."""
        batch = np.reshape(getattr(batch, "array", batch), running.shape)
        running.array += self.momentum * (times * batch - running.array)
        memory.changed(running.array)

    def describe(self) -> str:
        (channels,) = self.running_mean.shape
        parts = ["?" if channels is None else f"{channels}"]
        parts += [f"momentum={self.momentum}"] * (self.momentum != 0.1)
        parts += [f"epsilon={self.epsilon}"] * (self.epsilon != 1e-5)
        parts += ["affine=False"] * (self.weight is None)
        return ", ".join(parts)


class BatchNorm1d(BatchNorm):
    """`BatchNorm` of rows (n,c) or signals (n,c,m), and of nothing else.

    >>> import numpy as np, nn
    >>> nn.BatchNorm1d(3)(np.random.default_rng(0).normal(size=(4, 3))).shape
    (4, 3)
    """

    ndims = (0, 1)


class BatchNorm2d(BatchNorm):
    """`BatchNorm` of images (n,c,h,w), and of nothing else.

    >>> import numpy as np, nn
    >>> nn.BatchNorm2d(3)(np.random.default_rng(0).normal(size=(4, 3, 8, 8))).shape
    (4, 3, 8, 8)
    """

    ndims = (2,)


class LayerNorm(_Norm):
    """Each example (each word of a text) gets mean 0 and variance 1 over its features, in training
    and evaluation alike; then times weight, plus bias.

    Formula: (x − mean) / √(var + epsilon) · weight + bias.

    Shapes: (…,m)->(…,m); weight, bias (m). With shape=(l, m), over the last two axes, and so on.

    Parameters
    ----------
    shape : int or tuple of int, optional
        The last axes' lengths; one axis, whose length is found at the first call, if not given.
    epsilon : float
    affine, bias : bool
        Whether there is a weight; whether there is a bias beside it.
    dtype : dtype

    Raises ValueError for inputs whose last axes are others.

    >>> import numpy as np, nn
    >>> layer = nn.LayerNorm()
    >>> layer(np.array([[1.0, 3.0], [0.0, 20.0]])).data.round(3)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    >>> layer
    LayerNorm(2)

    Source: J. Ba, J. Kiros, G. Hinton, "Layer Normalization", 2016, arXiv:1607.06450.
    """

    def __init__(
        self,
        shape: int | Sequence[int] | None = None,
        epsilon: float = 1e-5,
        affine: bool = True,
        bias: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        if shape is not None:
            count = len(shape) if isinstance(shape, Sequence) else 1
            shape = each(type(self).__name__, "shape", shape, count)
        self.shape: tuple[int | None, ...] = shape or (None,)
        self.epsilon = epsilon
        self._begin(self.shape, affine, bias, dtype)

    def forward(self, x: Any) -> Any:
        x = self._cast(x)
        axes = self._fit(x.shape)
        return layer_norm(x, self.weight, self.bias, axes, self.epsilon)

    def _fit(self, shape: tuple[int, ...]) -> int:
        """How many axes are normalized, and that they are as long as they must be."""
        if shape and isinstance(self.weight, LazyParameter):
            self._build(shape[-1])
        own = self._shape
        if not fits(own, shape[-len(own) :]):
            raise ValueError(
                f"{self!r} takes {self._size} features, in the last {len(own)} axes; the input has "
                f"shape {shape}.".replace("last 1 axes", "last axis")
            )
        return len(own)

    @property
    def _shape(self) -> tuple[int | None, ...]:
        return self.shape if self.weight is None else self.weight.shape

    @property
    def _size(self) -> str:
        return times(self._shape).replace("None", "?")

    def describe(self) -> str:
        parts = [self._size]
        parts += [f"epsilon={self.epsilon}"] * (self.epsilon != 1e-5)
        parts += ["affine=False"] * (self.weight is None)
        parts += ["bias=False"] * (self.weight is not None and self.bias is None)
        return ", ".join(parts)


class RMSNorm(LayerNorm):
    """Each example gets mean square 1 over its features, then times weight: a layer norm without
    mean and bias, as large language models have it.

    Formula: x / √(mean x² + epsilon) · weight.

    Shapes: (…,m)->(…,m); weight (m). Sizes and errors as in `LayerNorm`.

    >>> import numpy as np, nn
    >>> nn.RMSNorm()(np.array([[3.0, 4.0]])).data
    array([[0.8485278, 1.1313704]], dtype=float32)

    Source: B. Zhang, R. Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019.
    """

    def __init__(
        self,
        shape: int | Sequence[int] | None = None,
        epsilon: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        super().__init__(shape, epsilon, affine, False, dtype)

    def forward(self, x: Any) -> Any:
        x = self._cast(x)
        axes = self._fit(x.shape)
        return rms_norm(x, self.weight, axes, self.epsilon)

    def describe(self) -> str:
        return super().describe().removesuffix(", bias=False")


class GroupNorm(_Norm):
    """Each example gets mean 0 and variance 1 over all places of a group of channels, in training
    and evaluation alike; then each channel times weight, plus bias. Small batches do no harm.

    Formula: (x − mean) / √(var + epsilon) · weight + bias.

    Shapes: (n,c,…)->(n,c,…), channels in axis 1; weight, bias (c).

    Parameters
    ----------
    groups : int
        One is a layer norm over everything, as many as channels an instance norm.
    channels : int, optional
        How many; found at the first call if not given.
    epsilon : float
    affine : bool
        Whether there are weight and bias.
    dtype : dtype

    Raises ValueError if the groups do not divide the channels, and for inputs with other channels.

    >>> import numpy as np, nn
    >>> nn.GroupNorm(2)(np.array([[1.0, 3.0, 0.0, 20.0]])).data.round(3)
    array([[-1.,  1., -1.,  1.]], dtype=float32)

    Source: Y. Wu, K. He, "Group Normalization", ECCV 2018.
    """

    def __init__(
        self,
        groups: int,
        channels: int | None = None,
        epsilon: float = 1e-5,
        affine: bool = True,
        dtype: Any = np.float32,
    ) -> None:
        (self.groups,) = each("GroupNorm", "groups", groups, 1)
        self.channels = channels
        if channels is not None and each("GroupNorm", "channels", channels, 1)[0] % groups:
            raise ValueError(f"GroupNorm: {groups} groups do not divide {channels} channels.")
        self.epsilon = epsilon
        self._begin((channels,), affine, True, dtype)

    def forward(self, x: Any) -> Any:
        x = self._cast(x)
        if isinstance(self.weight, LazyParameter) and x.ndim > 1 and x.shape[1] % self.groups == 0:
            self._build(x.shape[1])
        if x.ndim < 2 or self._channels not in (None, x.shape[1]):
            raise ValueError(
                f"{self!r} takes {self._channels or 'any'} channels, in axis 1; the input has "
                f"shape {x.shape}."
            )
        return group_norm(x, self.groups, self.weight, self.bias, self.epsilon)

    @property
    def _channels(self) -> int | None:
        return self.channels if self.weight is None else self.weight.shape[0]

    def describe(self) -> str:
        parts = [f"{self.groups} groups of {self._channels or '?'}"]
        parts += [f"epsilon={self.epsilon}"] * (self.epsilon != 1e-5)
        parts += ["affine=False"] * (self.weight is None)
        return ", ".join(parts)
