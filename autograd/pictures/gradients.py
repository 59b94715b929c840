"""Gradients for a picture, computed without touching anyone's `.grad`."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import pull_back
from ..graph import Node, next_order, walk
from ..tensor import Tensor, result
from .subject import Subject


def add_gradients(subject: Subject) -> None:
    """∂out/∂leaf, where the subject is a single number."""
    (root, *others) = subject.roots
    if others or not isinstance(root, Node) or int(np.prod(root.shape)) != 1:
        return
    try:
        subject.gradients = pull_back({root: np.ones(root.shape, root.dtype)}, retain_graph=True)
    except RuntimeError as error:  # it leans on a graph that was used up
        subject.remarks.append(f"no gradients: {error}")


def add_backward(subject: Subject) -> None:
    """The gradients as roots beside the others, and by whose rule each node on the way was made.

    A hook on each node tells when its gradient is complete; what is made from then until the next
    hook is made by its rule. So creation order tells what belongs together.
    """
    starts = [root for root in subject.roots if isinstance(root, Node)]
    nodes = walk(starts)
    arrived: list[tuple[int, Node, Tensor]] = []
    hooks_before = [node.hooks for node in nodes]

    def listen(node: Node) -> Any:
        return lambda g: arrived.append((next_order(), node, g))

    for node in nodes:
        node.hooks = [*(node.hooks or ()), listen(node)]
    try:
        ones = {node: result(np.ones(node.shape, node.dtype)) for node in starts}
        found = pull_back(ones, retain_graph=True, create_graph=True)
    except RuntimeError as error:
        subject.remarks.append(f"no backward pass: {error}")
        return
    finally:
        for node, hooks in zip(nodes, hooks_before, strict=True):
            node.hooks = hooks
    subject.gradients = {node: g.array for node, g in found.items()}
    of = subject.names.of
    out = starts[0].name or of.get(id(starts[0]), "out") if starts else ""
    for _, node, g in arrived:
        called = node.name or of.get(id(node))
        if g.node is not None and called:
            of.setdefault(id(g.node), f"∂{out}/∂{called}")
    gradients = [g.node for _, node, g in arrived if g.node is not None and node in found]
    turn = len(arrived) - 1
    for made in walk(gradients):  # newest first
        while turn >= 0 and arrived[turn][0] > made.order:
            turn -= 1
        if turn >= 0 and arrived[turn][1].op is not None:
            node = arrived[turn][1]
            called = node.name or of.get(id(node))
            assert node.op is not None
            subject.made_by[made] = node.op.name + (f" ({called})" if called else "")
    subject.roots = list(dict.fromkeys([*subject.roots, *gradients]))
