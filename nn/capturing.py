"""What each layer gives: the numbers between input and output, to look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd import Tensor, no_grad

from .loop import mode
from .module import Module, watching


def capture(model: Module, *inputs: Any) -> Mapping[str, Any]:
    """The output of every Module in one call of the model, in the order in which they are done.

    The model is called in evaluation mode, without gradients, and afterwards is as it was (but for
    sizes that it did not know before). Arrays are copies.

    Parameters
    ----------
    model : Module
    *inputs : array_like
        What the model is called with: a batch, most often.

    Returns
    -------
    dict
        From the path of a Module (as in `named_parameters`) to its output; "" is the model itself.
        One that is called again is found as `path#2`, and so on. Where a Module gives several
        arrays, there are tuples.

    Raises whatever the model raises for these inputs.

    Examples
    --------
    >>> import nn
    >>> model = nn.Sequential(nn.Dense(5, activation="relu"), nn.Dense(2))
    >>> for path, output in capture(model, np.ones((3, 4))).items():
    ...     print(repr(path), output.shape)
    'layers.0' (3, 5)
    'layers.1' (3, 2)
    '' (3, 2)

    Source: the study notes' feature maps; M. Zeiler, R. Fergus, "Visualizing and Understanding
    Convolutional Networks", ECCV 2014.
    """
    paths = {id(module): path for path, module in model.modules()}
    captured: dict[str, Any] = {}
    calls: dict[str, int] = {}

    def keep(module: Module, given: Any, output: Any) -> None:
        path = paths.get(id(module), type(module).__name__)  # made on the way: by its kind
        calls[path] = calls.get(path, 0) + 1
        captured[path if calls[path] == 1 else f"{path}#{calls[path]}"] = _copied(output)

    with watching(keep), mode(model, training=False), no_grad():
        model(*inputs)
    return captured


def layers(model: Module) -> list[str]:
    """The paths of what a reader calls layers: Modules that hold no others.

    >>> import nn
    >>> layers(nn.Sequential(nn.Dense(5), nn.Sequential(nn.Dense(3), nn.ReLU())))
    ['layers.0', 'layers.1.layers.0', 'layers.1.layers.1']
    """
    paths = [path for path, _ in model.modules()]
    start = {path: f"{path}." if path else "" for path in paths}
    return [p for p in paths if not any(q != p and q.startswith(start[p]) for q in paths)]


def _copied(output: Any) -> Any:
    if isinstance(output, (tuple, list)):
        return tuple(map(_copied, output))
    return np.array(output.array if isinstance(output, Tensor) else output)
