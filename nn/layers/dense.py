"""The fully connected layer: every input reaches every output."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograd import Tensor

from .. import init as initialisers
from ..functional import affine, affine_relu, identity, relu
from ..module import Module
from ..parameter import LazyParameter
from ..random import Rng
from .activation import get, name_of
from .casting import cast

Init = str | float | initialisers.Initialiser


class Dense(Module):
    """activation(x @ weight + bias).

    Shapes: (…, in) -> (…, units); weight (in, units), bias (units). The input size is found at the
    first call if it is not given. Inputs are cast to the layer's dtype, as in Keras.

    Parameters
    ----------
    units : int
        The size of the output.
    activation : str or callable, optional
        A function, or its name: "relu", "softmax", ….
    in_features : int, optional
        The size of the input.
    bias : bool
    init, bias_init : str, float or callable
        How the weight and the bias begin; see `nn.init`. A number is the standard deviation of a
        normal distribution.
    dtype : dtype
    rng : int or Generator, optional
        Where the initial weights come from, unless from what `nn.seed` sets.

    Raises ValueError for inputs of another size.

    >>> import numpy as np, nn
    >>> layer = nn.Dense(256, activation="relu")
    >>> layer
    Dense(? -> 256, relu)
    >>> layer(np.zeros((32, 784))).shape
    (32, 256)
    >>> layer
    Dense(784 -> 256, relu)
    """

    weight: Tensor | LazyParameter
    bias: Tensor | None

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        in_features: int | None = None,
        bias: bool = True,
        init: Init = "xavier_uniform",
        bias_init: Init = "zeros",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        for name, size in (("units", units), ("in_features", in_features)):
            whole = isinstance(size, (int, np.integer)) and not isinstance(size, bool)
            if size is not None and not (whole and size > 0):
                raise ValueError(f"{type(self).__name__}: {name}={size!r}; it counts from 1.")
        if isinstance(activation, (int, np.integer)):
            raise TypeError(
                f"Dense({units}, {activation}): the second argument is the activation. From "
                f"{units} features to {activation} write nn.Linear({units}, {activation}), or "
                f"Dense({activation}, in_features={units})."
            )
        if isinstance(rng, int):
            rng = np.random.default_rng(rng)  # one stream for weight and bias
        draw = initialisers.get(init), initialisers.get(bias_init)
        weight = LazyParameter((None, units), draw[0], "weight", dtype, rng)
        self.weight = weight if in_features is None else weight.build(in_features)
        self.bias = LazyParameter((units,), draw[1], "bias", dtype, rng).build() if bias else None
        self.activation = get(activation)

    def forward(self, x: Any) -> Any:
        own = type(self).logits is not Dense.logits  # a subclass's
        if self.activation is relu and self.bias is not None and not own:
            return affine_relu(*self._inputs(x))
        return self.activation(self.logits(x))

    def logits(self, x: Any) -> Any:
        """x @ weight + bias: what the activation is applied to."""
        x, weight, bias = self._inputs(x)
        return x @ weight if bias is None else affine(x, weight, bias)

    def _inputs(self, x: Any) -> tuple[Any, Tensor, Tensor | None]:
        """The input, as the layer takes it, its weight and its bias."""
        x = x if isinstance(x, Tensor) else self._numbers(x)
        x = cast(self, x, self.weight.dtype)
        size = self.weight.shape[0]
        if not x.ndim or not x.shape[-1] or size not in (None, x.shape[-1]):
            raise ValueError(
                f"{self!r} takes {size or 'one or more'} features, in the last axis; the input has "
                f"shape {x.shape}."
            )
        if isinstance(self.weight, LazyParameter):
            self.weight = self.weight.build(x.shape[-1])
        return x, self.weight, self.bias

    def _numbers(self, x: Any) -> Any:
        """An array of numbers, from whatever is one."""
        if isinstance(x, tuple) and any(isinstance(part, Tensor) for part in x):
            raise TypeError(
                f"{self!r} takes one array, and was given {len(x)} in a tuple. A recurrent layer "
                'gives (outputs, state): make it with returns="last", or "outputs" of each step.'
            )
        try:
            found = np.asarray(x)
            return found if found.dtype.kind in "biufc" else found.astype(self.weight.dtype)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{self!r} takes an array of numbers, of one shape; not this {type(x).__name__}: "
                f"{x!r:.60}"
            ) from error

    def describe(self) -> str:
        size, units = self.weight.shape
        parts = [f"{'?' if size is None else size} -> {units}"]
        if self.activation is not identity:
            parts.append(name_of(self.activation))
        if self.bias is None:
            parts.append("bias=False")
        return ", ".join(parts)


class Linear(Dense):
    """x @ weight + bias: PyTorch's spelling of a Dense layer without activation.

    Shapes: (…, in) -> (…, out); weight (in, out), which PyTorch keeps transposed.

    >>> import nn
    >>> nn.Linear(784, 10)
    Linear(784 -> 10)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        init: Init = "xavier_uniform",
        bias_init: Init = "zeros",
        dtype: Any = np.float32,
        rng: Rng = None,
    ) -> None:
        super().__init__(out_features, None, in_features, bias, init, bias_init, dtype, rng)
