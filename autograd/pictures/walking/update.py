"""The last of the four steps, adjust, on copies: the optimizer and the parameters stay as they are.

An optimizer is whatever has `parameters()` and `step()`; this package knows none by name. Its
formula is what its docstring says, where that has lines with an arrow: `p ← p − lr·g`.
"""

from __future__ import annotations

import copy
import inspect
import re
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...graph import Array, Node
from ...tensor import Tensor
from ..plain import visible

DESCENT = "p ← p − lr·g"
"""Gradient descent: what is shown if there is no optimizer."""


@dataclass
class Update:
    """What a step does to one parameter."""

    node: Node
    before: Array
    gradient: Array
    after: Array


@dataclass
class Updates:
    formula: list[str] = field(default_factory=list)  # in the letters p and g
    by: str = ""
    settings: dict[str, float] = field(default_factory=dict)
    made: list[Update] = field(default_factory=list)
    failed: str = ""


def plain_descent(gradients: dict[Node, Array], lr: float) -> Updates:
    found = Updates([DESCENT], "plain gradient descent", {"lr": lr})
    for node, g in gradients.items():
        before = np.array(node.value)
        found.made.append(Update(node, before, g, np.asarray(before - lr * g)))
    return found


def by_optimizer(optimizer: Any, gradients: dict[Node, Array]) -> Updates:
    """What `optimizer.step()` would do with these gradients.

    Raises TypeError for what is no optimizer."""
    if not callable(getattr(optimizer, "parameters", None)) or not hasattr(optimizer, "step"):
        raise TypeError(
            f"walk: optimizer={type(optimizer).__name__} has no parameters() and step(). Pass one "
            "of optim's (optim.SGD(model.parameters(), lr=0.1)), or leave it out for plain "
            "gradient descent."
        )
    twin = copy.deepcopy(optimizer)
    originals = list(optimizer.parameters())
    if not originals:  # one that would find its parameters in the loss, as minimize() does
        twin.bind([Tensor(node.value, True, name=node.name) for node in gradients])
        nodes = list(gradients)
    else:
        nodes = [p.node for p in originals]
    copies = list(twin.parameters())
    for node, p in zip(nodes, copies, strict=True):
        p.grad = gradients[node].copy() if node in gradients else None
    if getattr(twin, "accumulate", 1) > 1:
        twin.waiting = twin.accumulate - 1  # as if this were the call that makes the step
    found = Updates(_formula(optimizer), type(optimizer).__name__, _settings(optimizer))
    before = {node: p.data.copy() for node, p in zip(nodes, copies, strict=True)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            twin.step()
    except Exception as error:  # one that wants to compute the loss several times, say
        found.failed = visible(f"{type(error).__name__}: {error}", 300)
        return found
    for node, p in zip(nodes, copies, strict=True):
        if node in gradients:
            found.made.append(Update(node, before[node], gradients[node], p.data.copy()))
    return found


def _formula(optimizer: Any) -> list[str]:
    """The lines with an arrow in the docstring of its class. Where lines end with a setting's name,
    `(momentum)`, the last one whose setting is on is meant."""
    for kind in type(optimizer).__mro__:
        blocks = re.findall(r"(?:^ {4,}\S.*\n?)+", inspect.cleandoc(kind.__doc__ or ""), re.M)
        for block in (b for b in blocks if "←" in b):
            lines = [line.strip() for line in block.splitlines()]
            if not any(CONDITION.search(line) for line in lines):
                return lines
            settings = _settings(optimizer)
            held = [ln for ln in lines if not (m := CONDITION.search(ln)) or settings.get(m[1])]
            return [CONDITION.sub("", line).rstrip() for line in held[-1:]]
    return []


CONDITION = re.compile(r" +\((\w+)\)$")


def _settings(optimizer: Any) -> dict[str, float]:
    """The numbers it is set to, those of the first group."""
    (group, *_) = getattr(optimizer, "param_groups", None) or [{}]
    return {
        name: value for name, value in group.items() if isinstance(value, (int, float)) and value
    }
