"""One step of training on a copy of the model, without the step: what each layer gave and got."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd import Tensor
from autograd.backward import GradientWarning, pull_back
from autograd.graph import Node, walk

from ..feed import Array, Inputs, Samples, each
from ..loop import Goal
from ..module import Module, watching
from ..module import walk as held_in
from ..random import Chance
from ..training import find_loss
from .report import Diagnosis, Layer

FLAT = 0.05
"""A sigmoid or tanh is saturated where its slope is below this share of its steepest."""


def _dead(out: Array) -> float:
    """The share of units that are off for every sample."""
    return float(np.mean(np.all(out <= 0, axis=0))) if out.ndim else float(out <= 0)


SICK: dict[str, Callable[[Array], float]] = {
    "relu": _dead,
    "sigmoid": lambda out: float(np.mean(out * (1 - out) < FLAT / 4)),
    "tanh": lambda out: float(np.mean(1 - out * out < FLAT)),
}
"""By the name of an activation: the share of its outputs through which nothing is learned."""


def diagnose(
    model: Module, x: Any, y: Any, loss: str | Callable[..., Any] | None = None
) -> Diagnosis:
    """How healthy a network is: for each layer what it gives on these samples, how much of it is
    dead or saturated, how much gradient arrives, and advice where something is wrong.

    It does what a step of training does, but for the step, on a copy: the model, its gradients,
    modes and buffers, and the state of chance stay as they are. Take a batch of some dozens of
    samples: a unit counts as dead if it is off for all of them.

    Parameters
    ----------
    model : Module
    x, y : array_like
        Samples and their targets, as for `fit`.
    loss : str or callable, optional
        Unless that of `compile`.

    Returns
    -------
    Diagnosis
        `print` it, or let a notebook show it; `.plot()` draws it; `.layers` and `.advice` hold it.

    Raises
    ------
    ValueError
        For samples and targets that do not go together, or without a loss.

    >>> import nn
    >>> hidden = [nn.Dense(20, "sigmoid", rng=i) for i in range(9)]
    >>> deep = nn.Sequential(*hidden, nn.Dense(1, rng=9))
    >>> x = np.random.default_rng(0).normal(size=(64, 20))
    >>> report = nn.diagnose(deep, x, x[:, :1], loss="mse")
    >>> [advice.problem for advice in report.advice]
    ['vanishing gradient']

    Sources: S. Hochreiter, "The Vanishing Gradient Problem", 1998; X. Glorot, Y. Bengio,
    "Understanding the Difficulty of Training Deep Feedforward Neural Networks", AISTATS 2010.
    """
    samples = Samples.checked(x, y, "diagnose")
    goal = model._goal if loss is None else Goal(find_loss(loss), [])
    if goal is None:
        raise ValueError(
            'diagnose: the model does not know its loss. Write diagnose(model, x, y, loss="mse"), '
            "or compile the model first."
        )
    with _unharmed(), _twin(model) as twin:
        return _measure(twin, goal, samples.x, samples.t)


def _measure(model: Module, goal: Goal, x: Inputs, t: Array) -> Diagnosis:
    calls: list[tuple[tuple[int, int], Module, Any]] = []

    def keep(module: Module, inputs: Any, output: Any) -> None:
        output = output[0] if isinstance(output, (tuple, list)) else output
        calls.append((vars(module)["call_spans"][-1], module, output))

    given: Any = x
    if not model.unbuilt() and not model.parameters():
        given = each(_leaf, x)  # else there would be no gradient to look at
    model.train()
    with watching(keep):
        y, loss = goal.seen_from(model).of(given, t, None)
    nodes = walk([loss.node]) if isinstance(loss, Tensor) and loss.node is not None else []

    rows = _rows(model, calls, y, nodes)
    leaves = [p for p in model.parameters() if p.node is not None]
    first: Any = given[0] if isinstance(given, tuple) else given
    wanted = {node for _, node in rows if node is not None} & set(nodes)
    wanted |= {p.node for p in leaves} & set(nodes)  # type: ignore[arg-type]
    if _node(first) is not None:
        wanted.add(first.node)
    gradients: dict[Node, Any] = {}
    if nodes and wanted:
        gradients = pull_back({loss.node: np.ones_like(loss.array)}, wanted)

    layers = [Layer.of("input", "", _array(first), None, None)]
    layers[0].gradient = _norm(gradients, _node(first))
    own = _parameters(model, rows)
    for (path, kind, module, output), node in rows:
        name = node.op.name.removeprefix("affine_") if node is not None and node.op else ""
        sick = SICK[name](_array(output)) if name in SICK else None
        layer = Layer.of(kind, path, _array(output), name if name in SICK else None, sick)
        layer.gradient = _norm(gradients, node)
        if module is not None and (parameters := own.pop(id(module), None)):
            layer.weight = float(np.sqrt(sum(np.sum(_wide(p.array) ** 2) for p in parameters)))
            norms = [_norm(gradients, p.node) for p in parameters]
            known = [norm for norm in norms if norm is not None]
            layer.weight_gradient = float(np.sqrt(sum(n * n for n in known))) if known else None
        layers.append(layer)
    return Diagnosis(type(model).__name__, float(_array(loss)), len(t), layers)


Row = tuple[tuple[str, str, Module | None, Any], Node | None]
MANY = 8  # activations of one kind in one place, beyond which they are one row: a loop over time


def _rows(
    model: Module, calls: list[tuple[tuple[int, int], Module, Any]], y: Any, nodes: list[Node]
) -> list[Row]:
    """What is a row, in the order in which it was computed: each call of a Module that calls none
    itself, each activation that a forward() of the user's calls as a function, and the output."""
    paths = {id(module): path for path, module in model.modules()}
    found: list[tuple[int, Row]] = []
    layers = [
        (end, module, output)
        for (start, end), module, output in calls
        if not any(start < a and b < end for (a, b), _, _ in calls)
    ]
    for end, module, output in layers:
        path = paths.get(id(module), "")
        found.append((end, ((path, _kind(module), module, output), _node(output))))
    shown = {node for _, (_, node) in found}
    closed = {id(m) for _, m, _ in layers if type(m).__module__.startswith("nn.layers.")}
    inside: dict[tuple[int, str], list[tuple[Node, Array]]] = {}
    for node in reversed(nodes):
        if node.op is None or node.op.name not in SICK or node in shown or node.saved is None:
            continue
        around = [(b - a, id(m)) for (a, b), m, _ in calls if a < node.order < b]
        owner = min(around, default=(0, id(model)))[1]
        out = dict(zip(node.plan.names, node.saved)).get("out")
        if owner not in closed and out is not None:
            inside.setdefault((owner, node.op.name), []).append((node, out))
    for (owner, name), ones in inside.items():
        if len(ones) > MANY:
            together = np.concatenate([out.reshape(-1) for _, out in ones])
            kind = f"{name} ×{len(ones)}"
            ones, name = [(ones[0][0], together[np.newaxis])], kind
        for node, out in ones:
            found.append((node.order, ((paths.get(owner, ""), name, None, out), node)))
    rows = [row for _, row in sorted(found, key=lambda entry: entry[0])]
    if _node(y) is not None and all(node is not _node(y) for _, node in rows):
        called = {id(m) for _, m, _ in calls}
        last = [m for _, m in model.modules() if id(m) not in called and not _holds_modules(m)]
        if last:  # its logits were asked for, and not it itself
            rows.append(((paths[id(last[-1])], _kind(last[-1]), last[-1], y), _node(y)))
        else:
            rows.append((("", "output", None, y), _node(y)))
    return rows


def _holds_modules(module: Module) -> bool:
    return any(isinstance(thing, Module) for _, _, thing in held_in(module))


def _parameters(model: Module, rows: list[Row]) -> dict[int, list[Tensor]]:
    """Which parameters are of which row: its Module's own, and of Modules inside that are none."""
    rest = {id(p) for p in model.parameters()}
    found = {}
    modules = {id(module): module for (_, _, module, _), _ in rows if module is not None}
    for module in sorted(modules.values(), key=lambda m: len(m.modules())):  # inner ones first
        own = [p for p in module.parameters() if id(p) in rest]
        rest -= {id(p) for p in own}
        found[id(module)] = own
    return found


def _kind(module: Module) -> str:
    """Its class, and its activation if that is not the class's name."""
    kind = type(module).__name__
    activation = getattr(getattr(module, "activation", None), "__name__", "identity")
    plain = activation.replace("_", "")
    return kind if plain in ("identity", kind.lower(), "<lambda>") else f"{kind} {activation}"


def _leaf(x: Array) -> Any:
    return Tensor(x if x.dtype.kind == "f" else x.astype(float), requires_grad=True)


def _node(output: Any) -> Node | None:
    return getattr(output, "node", None)


def _array(output: Any) -> Array:
    return np.asarray(output.array if isinstance(output, Tensor) else output)


def _wide(array: Any) -> Array:
    return np.asarray(getattr(array, "array", array), np.float64)


def _norm(gradients: dict[Node, Any], node: Node | None) -> float | None:
    if node is None or node not in gradients:
        return None
    return float(np.sqrt(np.sum(_wide(gradients[node]) ** 2)))


@contextmanager
def _twin(model: Module) -> Iterator[Module]:
    """A copy of the model, not of its optimizer and metrics; and chance afterwards where it was."""
    chance = Chance({})
    state = chance.state_dict()
    memo: dict[int, Any] = {id(thing): None for thing in (model.optimizer, model._goal)}
    try:
        yield copy.deepcopy(model, memo)
    finally:
        chance.load_state_dict(state)


@contextmanager
def _unharmed() -> Iterator[None]:
    """What is sick may well overflow: the report says so, and better than a warning would."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", GradientWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
