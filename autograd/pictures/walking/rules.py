"""What a derivative rule says, in the user's own names and numbers.

A rule is polymorphic: given arrays it computes, given Tensors it is recorded. Given Tensors that
bear the user's names, what it records *is* its formula: nothing is written down twice, and an op
that a user declares is explained like any other.

A formula is text, in which a slope such as ∂L/∂w stands between marks (`slope`), so that a page can
set it as a fraction; `plain` takes them out. No name can hold a mark (plain.visible sees to it).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...call import Parts
from ...graph import Node, Observer, _Recording
from ...tensor import Tensor
from ..phrases import Applied, Comparison, Leaf, is_short, numbers, said, spelt
from ..plain import visible

OPEN, OVER, CLOSE = "\ue000", "\ue001", "\ue002"
LONGEST = 110
UNKNOWN = "⁇"


def slope(out: str, x: str) -> str:
    return f"{OPEN}{out}{OVER}{x}{CLOSE}"


def plain(text: str) -> str:
    """The formula as a line of text.

    >>> plain(slope("L", "w") + " · 2")
    '∂L/∂w · 2'
    """
    return text.replace(OPEN, "∂").replace(OVER, "/∂").replace(CLOSE, "")


class Mask(np.ndarray[Any, np.dtype[Any]]):
    """What comparing gives: a bool array that knows how it was made."""

    said: Comparison

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        plain_inputs = [np.asarray(i) if isinstance(i, Mask) else i for i in inputs]
        out = getattr(ufunc, method)(*plain_inputs, **kwargs)
        sign = LOGIC.get(ufunc.__name__)
        masks = [i for i in inputs if isinstance(i, Mask)]
        others = [i for i in inputs if not isinstance(i, Mask)]
        if method == "__call__" and sign and not (others and (sign != "or" or np.any(others))):
            said = Comparison(sign, tuple(m.said for m in masks), out)
            return _masked(said if len(masks) > 1 or sign == "not" else masks[0].said)
        return out


COMPARISONS = {
    "greater": ">", "greater_equal": "≥", "less": "<", "less_equal": "≤", "equal": "=",
    "not_equal": "≠",
}  # fmt: skip
LOGIC = {"bitwise_or": "or", "bitwise_and": "and", "invert": "not", "logical_not": "not"}


def _masked(said: Comparison) -> Any:
    mask = np.array(said.value).view(Mask)
    mask.said = said
    return mask


class Symbol(Tensor):
    """A Tensor whose comparisons remember what was compared."""

    __slots__ = ("said",)
    said: Leaf

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        out = super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        sign = COMPARISONS.get(ufunc.__name__)
        if sign is None or method != "__call__":
            return out
        parts = [i.said if isinstance(i, Symbol) else _constant(i) for i in inputs]
        return _masked(Comparison(sign, tuple(parts), np.asarray(out)))

    __hash__ = Tensor.__hash__


def _comparing(ufunc: Any) -> Callable[..., Any]:
    return lambda x, y: ufunc(x, y)


for _dunder, _name in {"gt": "greater", "ge": "greater_equal", "lt": "less", "le": "less_equal",
                       "eq": "equal", "ne": "not_equal"}.items():  # fmt: skip
    setattr(Symbol, f"__{_dunder}__", _comparing(getattr(np, _name)))
Symbol.__hash__ = Tensor.__hash__  # type: ignore[method-assign]


@dataclass
class Tape(Observer):
    """Sees every op as it is recorded, as `ag.debug()` does: with the arguments as they were."""

    given: dict[Node, dict[str, Any]] = field(default_factory=dict)
    leaves: dict[Node, Leaf] = field(default_factory=dict)

    def made(self, node: Node, given: dict[str, Any], out: Any) -> None:
        self.given[node] = given

    def leaving(self, tensor: Tensor, how: str) -> None:
        """A number taken out of a Tensor is a number."""

    def symbol(self, name: str, array: Any) -> Any:
        """The array as a Tensor of this name; what cannot have a gradient stays what it is."""
        array = np.asarray(array)
        if array.dtype.kind != "f":
            return array
        made = Symbol(array, requires_grad=True)
        assert made.node is not None
        made.said = self.leaves[made.node] = Leaf(name, array)
        return made

    def expression(self, value: Any) -> Any:
        """How a value came to be, from what was seen."""
        if isinstance(value, Tensor):
            if value.node is None:
                return _constant(value.array)
            return self._of(value.node)
        if isinstance(value, Mask):
            return value.said
        if isinstance(value, (list, tuple)) and any(isinstance(v, Tensor) for v in value):
            return [self.expression(v) for v in value]
        if isinstance(value, (np.ndarray, np.generic, float)):
            return _constant(value)
        if isinstance(value, Parts):
            (part,) = value.found.values()
            return self.expression(part)
        if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
            return Leaf(UNKNOWN)
        return Leaf(spelt(value), value)

    def _of(self, node: Node) -> Any:
        if node in self.leaves:
            return self.leaves[node]
        if node not in self.given or node.op is None:
            return Leaf(UNKNOWN)
        parts = {
            name: Leaf(spelt(value, True), value) if name == "index" else self.expression(value)
            for name, value in self.given[node].items()
            if name in node.op.inputs or value is not node.op._defaults.get(name, math.nan)
        }
        return Applied(node.op, parts, node.shape)


def _constant(value: Any) -> Leaf:
    """An array without a name: its numbers, or what it is."""
    array = np.asarray(value.array if isinstance(value, Tensor) else value)
    if is_short(array):
        return Leaf(numbers(array), array)
    if not np.isin(array, (0, 1)).all():
        return Leaf("constant", array)
    return Leaf("one_hot" if array.ndim > 1 and (array.sum(-1) == 1).all() else "mask", array)


def rules(node: Node, saved: Any, g: Any, g_name: str, words: dict[str, Any]) -> list[Any]:
    """For each input of the node, the expression of what its rule gives: None where there is no
    gradient, a string where the rule is too long to be said.

    `words` are the names of what the rules may ask for: inputs (lists of names for sequences) and
    "out".
    """
    op = node.op
    assert op is not None
    asked = [n for n in node.plan.names if n in op.inputs or n == "out"]
    told = [plain(w) for n in asked for w in _several(words[n])]
    fallback = f"rule of {visible(op.name)}({', '.join([g_name, *told])})"
    tape = Tape()

    def symbol(name: str, value: Any) -> Any:
        word = words.get(name)
        if name not in asked or isinstance(value, (int, float)) or value is None:
            return value
        if type(value) in (list, tuple):
            each = word if isinstance(word, list) else [f"{word}[{i}]" for i in range(len(value))]
            return type(value)(map(tape.symbol, each, value))
        return tape.symbol(str(word), value)

    try:
        if isinstance(g, Parts):
            found = {i: tape.symbol(f"{g_name}[{i}]", part) for i, part in g.found.items()}
            arriving: Any = Parts(found, g.outputs)
        else:
            arriving = tape.symbol(g_name, g)
        lifted = tuple([symbol(n, v) for n, v in zip(node.plan.names, saved, strict=True)])
        with np.errstate(all="ignore"), _Recording(tape):
            given = list(node.plan.pull(arriving, lifted))
        return [None if x is None else _unless_long(tape.expression(x), fallback) for x in given]
    except Exception:  # a rule of somebody's own that does not work on Tensors
        return [fallback] * len(node.inputs)


def _several(word: Any) -> list[str]:
    return word if isinstance(word, list) else [word]


def _unless_long(expression: Any, fallback: str) -> Any:
    text = plain(said(expression))
    return fallback if len(text) > LONGEST or UNKNOWN in text else expression


