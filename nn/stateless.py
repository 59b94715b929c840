"""A model as a pure function of its parameters, for derivatives by functions (`ag.hessian`, …)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import Tensor

from .module import Module, walk


def functional_call(model: Module, values: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
    """What `model(*args, **kwargs)` gives with `values` in the place of its parameters.

    The model itself is as before afterwards, also if the call raises. (While it runs, other
    threads must not use the model.)

    Parameters
    ----------
    model : Module
    values : dict
        Arrays or Tensors by the names of `model.named_parameters()` or `state_dict()`; those not
        named keep their own values.

    Raises
    ------
    KeyError
        For a name that the model does not have.
    ValueError
        For a value of another shape.

    Examples
    --------
    >>> import numpy as np, autograd as ag, nn
    >>> model = nn.Linear(2, 1, bias=False)
    >>> loss = lambda values: (functional_call(model, values, np.ones((1, 2))) ** 2).sum()
    >>> ag.hessian(loss)({"weight": np.ones((2, 1))})["weight"]["weight"].reshape(2, 2)
    array([[2., 2.],
           [2., 2.]])

    Source: the idea of PyTorch's `torch.func.functional_call`.
    """
    with _standing_in(model, values):
        return model(*args, **kwargs)


@contextmanager
def _standing_in(model: Module, values: Mapping[str, Any]) -> Iterator[None]:
    """A Tensor is an array and a place in the graph: both are lent for a while."""
    own = {name: held for name, _, held in walk(model) if isinstance(held, Tensor)}
    for name, value in values.items():
        if name not in own:
            raise KeyError(
                f"functional_call: {type(model).__name__} has no parameter {name!r}; it has "
                f"{', '.join(own) or 'none (call it on a batch first, so that sizes are known)'}."
            )
        if np.shape(getattr(value, "array", value)) != own[name].shape:
            raise ValueError(
                f"functional_call: {name} has shape {own[name].shape}, but the value has "
                f"{np.shape(getattr(value, 'array', value))}."
            )
    before = {name: (own[name].array, own[name].node) for name in values}
    try:
        for name, value in values.items():
            lent = isinstance(value, Tensor)
            own[name].array = value.array if lent else np.asarray(value)
            own[name].node = value.node if lent else None
        yield
    finally:
        for name, (array, node) in before.items():
            own[name].array, own[name].node = array, node
