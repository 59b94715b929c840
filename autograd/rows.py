"""Many gradients at once: the rows of a Jacobian.

A Jacobian takes one backward pass for each element of the output: the same walk, the same rules,
only g differs. Here all passes go side by side, through gradients with one axis more, in front. The
rules of an elementwise op broadcast over that axis as they stand; any other op's rules run row by
row. So what is paid once for each row is NumPy's work, and not the engine's (tanh(W x), W 100×100:
1.9 ms pass by pass, 0.4 ms side by side; AMD EPYC, 2026-11).
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from .backward import _Alarm, _check_not_used_up, _fit, _warn_of_nan, as_gradient, explain
from .graph import Array, Node, _Recording, depending_on, walk
from .memory import check_unchanged

ELEMENTWISE = ("()->()", "(),()->()")
ROOM = 1 << 22
"""How many elements the gradients of one value may have together: longer Jacobians go in parts."""


def pull_rows(root: Node, targets: Collection[Node]) -> dict[Node, Array] | None:
    """For each target, the gradients of all elements of the root: shape (root.size, *target.shape).

    None if somebody else looks at the gradients (a hook, an observer), or if a value is not one
    array.
    """
    nodes = walk([root])
    needed = depending_on(targets, nodes)
    nodes = [node for node in nodes if node in needed]
    if any(node.shape is None or node.hooks or node.origin for node in nodes):
        return None
    _check_not_used_up(nodes)
    check_unchanged(nodes)
    size = math.prod(root.shape)
    found = {t: np.zeros((size, *t.shape), t.dtype) for t in targets}
    at_once = max(1, ROOM // max(1, *[math.prod(node.shape) for node in nodes], size))
    for start in range(0, size, at_once):
        rows = np.eye(min(at_once, size - start), size, start, root.dtype)
        _pass(nodes, needed, {root: rows.reshape(-1, *root.shape)}, found, start)
    return found


def _pass(
    nodes: list[Node],
    needed: set[Node],
    gradients: dict[Node, Array],
    found: dict[Node, Array],
    start: int,
) -> None:
    """One backward pass, with some rows at once."""
    alarm = _Alarm()
    with np.errstate(all="ignore", invalid="call", call=alarm), _Recording(False):
        for node in nodes:
            g = gradients.pop(node, None)
            if g is None:
                continue
            if node in found:
                found[node][start : start + len(g)] = g
            if node.op is None:
                continue
            wanted = [source in needed for source in node.inputs]
            try:
                arriving = _broadcast(node, g, wanted) or _row_by_row(node, g, wanted)
            except Exception as error:
                explain(error, node, g[0])
                raise
            for source, rows in zip(node.inputs, arriving):
                if rows is not None:
                    gradients[source] = gradients[source] + rows if source in gradients else rows
            if alarm.rang:
                alarm.rang = False
                _warn_of_nan(node, g, arriving, [gradients.get(s) for s in node.inputs])


def _broadcast(node: Node, g: Array, wanted: list[bool]) -> list[Any] | None:
    """The rows of each input's gradient, by rules that broadcast; None for other rules."""
    assert node.op is not None
    if node.op.signature not in ELEMENTWISE or any(n.endswith("_shape") for n in node.plan.names):
        return None
    arriving: list[Any] = []
    for source, want, gradient in zip(node.inputs, wanted, node.plan.pull(g, node.saved)):
        if want:
            if not hasattr(gradient, "shape"):
                gradient = as_gradient(gradient, source, node)
            gradient = np.broadcast_to(gradient, g.shape)
            stretched = [1] * (g.ndim - 1 - len(source.shape))  # behind the rows' axis, not before
            fitted = _fit(gradient, source, node, (len(g), *stretched, *source.shape))
            arriving.append(fitted.reshape(len(g), *source.shape))
        else:
            arriving.append(None)
    return arriving


def _row_by_row(node: Node, g: Array, wanted: list[bool]) -> list[Any]:
    arriving = [
        np.empty((len(g), *source.shape), source.dtype) if want else None
        for source, want in zip(node.inputs, wanted)
    ]
    for i, row in enumerate(g):
        for rows, source, gradient in zip(arriving, node.inputs, node.plan.pull(row, node.saved)):
            if rows is not None:
                if getattr(gradient, "shape", None) != source.shape:
                    gradient = _fit(gradient, source, node)
                rows[i] = gradient
    return arriving
