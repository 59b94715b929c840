"""`ag.explain(x)`: why is this gradient None, zero, or NaN?"""

from __future__ import annotations

from typing import Any

import numpy as np

from .graph import Node, depending_on, walk
from .tensor import Tensor


class Explanation(str):
    """Text that shows itself as text, at a prompt too."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def explain(x: Any, loss: Tensor | None = None) -> Explanation:
    """Why the gradient of x is None, zero or NaN, and what to write instead.

    Parameters
    ----------
    x : Tensor
    loss : Tensor, optional
        What `backward()` was called on: then the way from x to it is looked at too.

    Examples
    --------
    >>> import autograd as ag
    >>> x = ag.Tensor([1.0, 2.0], requires_grad=True, name="x")
    >>> y = x * x
    >>> y.sum().backward()
    >>> ag.explain(y)
    Tensor result of multiply, shape (2,): its gradient is None because ...
    """
    if not isinstance(x, Tensor):
        return Explanation(
            f"{type(x).__name__} is not a Tensor, so no graph leads to it. Make it one: "
            "Tensor(x, requires_grad=True)."
        )
    who = f"Tensor {x.name!r}" if x.name else "Tensor"
    if x.node is not None and x.node.op is not None:
        who += f" result of {x.node.op.name}"
        if getattr(x.node, "origin", None) is not None:
            who += f" (made at {x.node.origin})"
    who += f", shape {x.shape}"
    return Explanation(f"{who}: {_reason(x, loss)}")


def _reason(x: Tensor, loss: Tensor | None) -> str:
    if x.node is None:
        return _not_recorded(x)
    if x.grad is None:
        return _no_gradient(x, x.node, loss)
    g = x.grad.array
    if np.isnan(g).any():
        where = _way(x.node, loss, lambda g: np.isnan(g).any())
        return (
            f"its gradient has {np.isnan(g).sum()} NaN of {g.size}. {where}Run forward and "
            "backward once under ag.debug(): it stops at the op that makes the first NaN."
        )
    if not g.any():
        where = _way(x.node, loss, lambda g: not g.any())
        return (
            f"its gradient is zero everywhere. {where}Usual causes: a relu that is negative for "
            "every sample, a saturated sigmoid or tanh, a step-like op (sign, round, a "
            "comparison), or a mask or weight of zeros."
        )
    return f"its gradient is there: {np.count_nonzero(g)} of its {g.size} elements are not zero."


def _not_recorded(x: Tensor) -> str:
    if x.dtype.kind != "f":
        return (
            f"it has no gradient because its dtype is {x.dtype}: integers and booleans cannot "
            "change by a little. Use floats."
        )
    if x._is_source:
        return (
            "it has no gradient because it was made without requires_grad=True. Set "
            "x.requires_grad = True before computing with it."
        )
    return (
        "it has no gradient because nothing was recorded when it was computed: it was made under "
        "no_grad(), by detach(), or only from Tensors that do not require a gradient."
    )


def _no_gradient(x: Tensor, node: Node, loss: Tensor | None) -> str:
    if node.op is not None and node.owner is None:
        return (
            "its gradient is None because it is the result of an op, and backward() leaves "
            "gradients on leaves only. Call y.retain_grad() before backward()."
        )
    if loss is None:
        return (
            "its gradient is None: backward() has not reached it. Either it was not called yet, "
            "or zero_grad() came after it, or no path leads from x to the loss: ask "
            "ag.explain(x, loss)."
        )
    if loss.node is None:
        return f"its gradient is None because the loss was not recorded. {_not_recorded(loss)}"
    if node not in set(walk([loss.node])):
        return (
            "its gradient is None because the loss does not depend on it: somewhere between, the "
            "values left the graph (detach(), no_grad(), .data, .numpy(), float(), or the Tensor "
            "was replaced by a new one, as `w = w - …` does outside no_grad)."
        )
    return (
        "the loss depends on it, but backward() has not been called on the loss since the last "
        "zero_grad()."
    )


def _way(node: Node, loss: Tensor | None, wrong: Any) -> str:
    """The op between x and the loss after which (going back) the gradient is wrong."""
    if loss is None or loss.node is None:
        return ""
    nodes = walk([loss.node])
    between = depending_on([node], nodes)
    for step in nodes:  # newest first: as backward went
        if step in between and step.grad is not None and wrong(np.asarray(step.grad)):
            kind = step.op.name if step.op else "x itself"
            return f"On the way back it is so from {kind} (shape {step.shape}) on. "
    return ""
