"""Which op is at fault: when a function's gradient is wrong, each op in it is checked alone."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..call import general
from ..graph import Node, Observer, _Recording
from ..op import Op
from ..tensor import Tensor, requires_grad, unwrap
from ..tree import rebuild
from .levels import recording
from .subject import Subject

MOST = 300  # ops that are looked at, the first ones first


class _Recorder(Observer):
    """Sees every node as it is made, with what the op was called with."""

    def __init__(self) -> None:
        self.seen: list[tuple[Node, dict[str, Any]]] = []

    def made(self, node: Node, called: dict[str, Any], out: Any) -> None:
        self.seen.append((node, called))


def culprit(
    subject: Subject,
    i: int,
    order: int,
    is_right: Callable[[Callable[..., Any], list[Any], int], bool],
) -> tuple[str | None, list[str]]:
    """The name of the op whose own gradient is wrong, and what the message says about it."""
    recorder = _Recorder()
    with _Recording(recorder):
        tensors = [recording(subject.hold(n, a)) for n, a in enumerate(subject.arrays)]
        outputs = subject.call(tensors[: len(subject.given)])
    trail = _trail(outputs, tensors[i].node) if i < len(tensors) else []  # else: g itself
    lines = [f"On the way from {subject.names[i]}: {' → '.join(trail)}."] if trail else []
    for node, called in recorder.seen[:MOST]:
        assert node.op is not None
        wanted = [name for name in node.op.inputs if requires_grad(called.get(name))]
        values = [rebuild(called[name], unwrap) for name in wanted]
        if not is_right(_alone(node.op, called, wanted), values, order):
            name, others = node.op.name, len(recorder.seen) - 1
            beside = f" (of {others + 1} ops, each checked alone)" if others else ""
            return name, [*lines, f"The derivative rule of {name} is at fault{beside}."]
    if len(recorder.seen) > 1:
        lines.append(
            "Every op is right by itself: look at what joins them (detach, .data, float())."
        )
    return None, lines


def _alone(op: Op, called: dict[str, Any], wanted: list[str]) -> Callable[..., Any]:
    """The op as called, as a function of its inputs alone."""
    call = general(op)

    def f(*values: Any) -> Any:
        given = {**called, **dict(zip(wanted, values, strict=True))}
        bound = inspect.BoundArguments(op.call, OrderedDict(given))
        return call(*bound.args, **bound.kwargs)

    f.__name__ = op.name
    return f


def _trail(outputs: list[Tensor], start: Node | None) -> list[str]:
    """The ops on a shortest way from one leaf to an output."""
    before: dict[Node, Node] = {}
    ends = [t.node for t in outputs if t.node is not None]
    queue = list(ends)
    for node in queue:
        for source in node.inputs:
            if type(source) is Node and source not in before and source not in ends:
                before[source] = node
                queue.append(source)
    if start is None or start not in before:
        return []
    names, node = [], before[start]
    while True:
        assert node.op is not None
        names.append(node.op.name)
        if node not in before:
            break
        node = before[node]
    return names if len(names) <= 12 else [*names[:6], "…", *names[-5:]]
