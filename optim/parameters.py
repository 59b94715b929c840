"""What an optimizer is given to step on: a model, Tensors in a list or dict, or groups of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
Params = Any  # an iterable of Tensors or of groups, a dict, or an object with .parameters()


def tensors(params: Params, asked_by: str) -> list[Tensor]:
    """The parameters, each once, in order.

    Raises TypeError for what is not a Tensor, ValueError for no parameters at all, for results of
    ops and for read-only memory; each names the parameter and the way out.
    """
    if callable(getattr(params, "parameters", None)):
        params = params.parameters()
    if isinstance(params, Tensor):
        raise TypeError(f"{asked_by}: a list of parameters is expected. Write [w] for one Tensor.")
    if isinstance(params, Mapping):
        params = params.values()
    if not isinstance(params, Iterable):
        raise TypeError(
            f"{asked_by}: parameters are Tensors in a list, or a model with .parameters(), not "
            f"{type(params).__name__}."
        )
    unique = list({id(p): p for p in params}.values())
    if not unique:
        raise ValueError(
            f"{asked_by}: the list of parameters is empty. Has the model no layers yet, are all "
            "frozen, or was a generator used up by an earlier loop? Write list(model.parameters())."
        )
    for i, p in enumerate(unique):
        _check(p, f"{asked_by}: params[{i}]")
    return unique


def groups(params: Params, asked_by: str) -> list[dict[str, Any]]:
    """A list of dicts as it is (`[{"params": …, "lr": 0.1}, …]`); anything else as one group.

    Every "params" becomes a list of Tensors; a parameter may be in one group only.
    """
    if isinstance(params, Mapping) and "params" in params:
        params = [params]
    if not hasattr(params, "parameters") and isinstance(params, Iterable):
        params = params if isinstance(params, (Tensor, Mapping)) else list(params)
        if isinstance(params, list) and params and all(isinstance(g, Mapping) for g in params):
            for i, group in enumerate(params):
                if "params" not in group:
                    raise ValueError(
                        f'{asked_by}: group {i} has no "params". It has {sorted(group)}.'
                    )
            return [{**group, "params": tensors(group["params"], asked_by)} for group in params]
    return [{"params": tensors(params, asked_by)}]


def describe(p: Any, place: Any) -> str:
    """`parameter 'W1' of shape (784, 256)`: how errors and warnings speak of it."""
    name = p.name if isinstance(p, Tensor) and p.name else place
    return f"parameter {name!r} of shape {p.shape}"


def _check(p: Any, where: str) -> None:
    if isinstance(p, np.ndarray):
        raise TypeError(
            f"{where} is a NumPy array, and gradients arrive at Tensors. Make it "
            "Tensor(array, requires_grad=True); or step on plain arrays with "
            "update(params, grads), two dicts."
        )
    if isinstance(p, tuple) and len(p) == 2 and isinstance(p[1], Tensor):
        raise TypeError(
            f"{where} is a pair, {p[0]!r} and its Tensor. Write model.parameters(), without names; "
            "a dict(model.named_parameters()) will do, too."
        )
    if not isinstance(p, Tensor):
        raise TypeError(f"{where} is of type {type(p).__name__}, not a Tensor: {p!r:.80}")
    if not p.is_leaf:
        assert p.node is not None
        assert p.node.op is not None
        raise ValueError(
            f"{where} is the result of {p.node.op.name}: changing it would change nothing, since "
            "it is computed anew. Give the Tensors that it is computed from."
        )
    if not p.array.flags.writeable:
        raise ValueError(f"{where}, of shape {p.shape}, is read-only memory. Write Tensor(array).")
