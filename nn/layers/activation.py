"""Activations as layers: each wraps the function of its name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from ..functional import activation as functions
from ..module import Module
from ..names import check_spelling, find

ALIASES = {"linear": "identity", "swish": "silu", "hard_swish": "hard_silu"}


def get(activation: str | Callable[..., Any] | None) -> Callable[..., Any]:
    """The function that is meant: by name, itself, that of a layer, or none: identity.

    >>> get("relu") is functions.relu and get(Sigmoid()) is functions.sigmoid
    True
    """
    if isinstance(activation, type):
        name = activation.__name__
        raise TypeError(f"activation={name} is a class: write {name}().")
    if isinstance(activation, Activation):
        return activation.activation
    named = {name: getattr(functions, name) for name in functions.__all__}
    function: Callable[..., Any] = find("activation", activation or "identity", named, ALIASES)
    return function


class Activation(Module):
    """A function as a layer: its own of the subclass, or any by name, with its settings.

    >>> import numpy as np, nn
    >>> nn.Activation("leaky_relu", slope=0.1)(np.array([-1.0, 1.0]))
    array([-0.1,  1. ])
    """

    function: Callable[..., Any]

    def __init__(self, function: str | Callable[..., Any], **settings: Any) -> None:
        function = get(function)
        check_spelling(type(self).__name__, function, settings)  # a wrong one is an error now
        self.settings = settings
        self.activation = partial(function, **settings) if settings else function

    def forward(self, x: Any) -> Any:
        return self.activation(x)

    def logits(self, x: Any) -> Any:
        """What the activation is applied to; see `Trainable.compile`."""
        return x

    def describe(self) -> str:
        name = [name_of(self.activation)] if type(self) is Activation else []
        return ", ".join(name + [f"{key}={value}" for key, value in self.settings.items()])


def logits_of(module: Any) -> Callable[..., Any] | None:
    """Its `logits`, if its forward(x) is activation(logits(x)): if whoever wrote that `forward`
    (Dense, say) wrote `logits` beside it. None if a subclass, or the module itself, has replaced
    `forward` alone."""
    owners = [getattr(module, "__dict__", {}), *map(vars, type(module).__mro__)]
    owner: Any = next((own for own in owners if "forward" in own), {})
    found: Callable[..., Any] | None = module.logits if "logits" in owner else None
    return found


def name_of(activation: Callable[..., Any]) -> str:
    """What a function is called."""
    function = getattr(activation, "func", activation)
    return getattr(function, "__name__", repr(function))


class _Named(Activation):
    """One whose function is known: the keywords are the function's own."""

    def __init_subclass__(cls, function: Callable[..., Any]) -> None:
        super().__init_subclass__()
        cls.function = staticmethod(function)
        cls.__doc__ = f"""`nn.{function.__name__}` as a layer; its settings are the function's.

    >>> import numpy as np, nn
    >>> x = np.array([[-1.0, 0.0, 2.0]])
    >>> np.array_equal(nn.{cls.__name__}()(x), nn.{function.__name__}(x))
    True
    """

    def __init__(self, *unnamed: Any, **settings: Any) -> None:
        if unnamed:
            _, *names = inspect.signature(self.function).parameters
            raise TypeError(
                f"{type(self).__name__}({', '.join(map(repr, unnamed))}): settings go by name: "
                f"{', '.join(f'{name}=…' for name in names) or 'it has none'}."
            )
        super().__init__(self.function, **settings)


class Identity(_Named, function=functions.identity): ...
class Step(_Named, function=functions.step): ...
class Sigmoid(_Named, function=functions.sigmoid): ...
class Tanh(_Named, function=functions.tanh): ...
class ReLU(_Named, function=functions.relu): ...
class LeakyReLU(_Named, function=functions.leaky_relu): ...
class ELU(_Named, function=functions.elu): ...
class SELU(_Named, function=functions.selu): ...
class GELU(_Named, function=functions.gelu): ...
class SiLU(_Named, function=functions.silu): ...
class Softplus(_Named, function=functions.softplus): ...
class Softsign(_Named, function=functions.softsign): ...
class LogSigmoid(_Named, function=functions.log_sigmoid): ...
class HardSigmoid(_Named, function=functions.hard_sigmoid): ...
class HardTanh(_Named, function=functions.hard_tanh): ...
class HardSiLU(_Named, function=functions.hard_silu): ...
class Softmax(_Named, function=functions.softmax): ...
class LogSoftmax(_Named, function=functions.log_softmax): ...
