"""Formulas in the user's names, or in numbers: what an op was applied to, put into its formula.

An op declares its formula with its own letters, "x · y"; here `v₁ · (a + b)` is made of it, with
parentheses where they are needed, and `−6 × (2 + 1)`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..op import Op
from .plain import visible

LETTERS = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
"""The names in a formula; x² has the name x in it, xʸ too, but not y."""

TRANSPARENT = {"reshape", "expand_dims", "squeeze", "ravel", "broadcast_to", "astype", "copy"}
"""Ops that only arrange: a rule's formula says the same without them."""

IN_A_ROW = 6
"""Arrays of one axis and up to so many elements stand in formulas as numbers, others as shapes."""

SHORT_SETTING = 16
"""What a formula does not speak of and takes longer to say is left out."""

POWERS = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number(value: Any, digits: int = 4) -> str:
    """A number as formulas write it.

    >>> [number(x) for x in (4.0, -12.25, 1e-9, 123456.0)]
    ['4', '−12.25', '1e−09', '1.235e+05']
    """
    return f"{value + 0:.{digits}g}".replace("-", "−")  # + 0: no −0


def numbers(array: Any, digits: int = 4) -> str:
    """An array in a formula: its numbers if they are few, else its shape."""
    array = np.asarray(array)
    if array.dtype == bool:
        array = array.astype(int)
    if array.size == 1:
        return number(array.reshape(())[()], digits)
    if array.ndim == 1 and 0 < array.size <= IN_A_ROW:
        return f"[{', '.join([number(x, digits) for x in array])}]"
    return str(array.shape)


def is_short(array: Any) -> bool:
    """Whether `numbers` gives its numbers."""
    return array is not None and (
        np.size(array) == 1 or (np.ndim(array) == 1 and 0 < np.size(array) <= IN_A_ROW)
    )


def spelt(value: Any, is_index: bool = False) -> str:
    """A setting as one would type it: an index with its colons.

    >>> spelt((slice(None), 0), is_index=True), spelt((2, 3))
    (':, 0', '(2, 3)')
    """
    if isinstance(value, slice):
        ends = [value.start, value.stop, *([value.step] if value.step is not None else [])]
        return ":".join("" if end is None else str(end) for end in ends)
    if isinstance(value, tuple):
        inside = ", ".join(map(spelt, value))
        return inside if is_index else f"({inside},)" if len(value) == 1 else f"({inside})"
    if isinstance(value, (np.ndarray, np.generic)):
        return numbers(value)
    return "…" if value is Ellipsis else visible(value, 24)


# -- expressions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """A piece of a formula; `main` is the operator that is done last in it, "" for an atom."""

    text: str
    main: str = ""


@dataclass
class Leaf:
    """Something with a name, or a number that stands for itself."""

    name: str
    value: Any = None

    def say(self, in_numbers: bool) -> Said:
        is_number = isinstance(self.value, (np.ndarray, np.generic, int, float))
        text = numbers(self.value) if in_numbers and is_number else self.name
        return Said(text, "neg" if text.startswith("−") else "")


@dataclass
class Comparison:
    """Iverson's bracket: 1 where it holds, 0 elsewhere."""

    sign: str
    parts: tuple[Any, ...]
    value: Any

    def say(self, in_numbers: bool) -> Said:
        return Said(numbers(self.value) if in_numbers else f"[{self.bare(False)}]")

    def bare(self, in_numbers: bool) -> str:
        said = [
            part.bare(in_numbers) if isinstance(part, Comparison) else part.say(in_numbers).text
            for part in self.parts
        ]
        return f" {self.sign} ".join(said) if len(said) > 1 else f"{self.sign} {said[0]}"


@dataclass
class Applied:
    """An op and what it was applied to, by parameter."""

    op: Op
    given: dict[str, Any]
    shape: tuple[int, ...] | None  # of what came out
    whole: bool = False  # say also what only arranges

    def say(self, in_numbers: bool) -> Said:
        op, given = self.op, self.given
        inputs = [given[name] for name in op.inputs if name in given]
        if not self.whole and (op.name in TRANSPARENT or self._only_arranges()):
            return _say(inputs[0], in_numbers)
        if op.name in ("power", "float_power"):
            return _power(*[_say(i, in_numbers) for i in inputs])
        if op.name == "output":
            return Said(f"{_say(given['outputs'], in_numbers).text}[{given['index'].name}]")
        if op.name == "swapaxes" and _are_the_last(given, inputs[0]):
            return _filled("aᵀ", {"a": _say(inputs[0], in_numbers)})
        letters = set(LETTERS.findall(op.formula))
        if op.sequences or not op.formula or not letters.issuperset(op.inputs):
            return self._as_a_call(in_numbers)
        places = {n: _say(v, in_numbers) for n, v in given.items() if n in letters}
        formula = op.formula
        if not self.whole and op.name == "multiply":
            if given["x"] is given["y"]:
                return _power(places["x"], Said("2"))
            if self.shape not in map(_shape, inputs):
                formula = formula.replace("·", "⊗")  # each of the one with each of the other
        condition = given.get("condition")
        if isinstance(condition, Comparison):
            places["condition"] = Said(condition.bare(in_numbers))
        elif op.name == "where" and isinstance(condition, Leaf) and is_short(condition.value) and (
            np.size(condition.value) == 1
        ):
            return places["x" if condition.value else "y"]
        return _filled(formula.replace("·", "×") if in_numbers else formula, places)

    def _only_arranges(self) -> bool:
        """Whether this index only adds or takes away axes of length 1."""
        index = getattr(self.given.get("index"), "value", None)
        index = index if isinstance(index, tuple) else (index,)
        if self.op.name != "getitem" or not all(
            i is None or i is Ellipsis or type(i) is int or i == slice(None) for i in index
        ):
            return False
        return math.prod(_shape(self.given["a"]) or ()) == math.prod(self.shape or ())

    def _as_a_call(self, in_numbers: bool) -> Said:
        words = []
        for name, value in self.given.items():
            if name in self.op.inputs:
                words += [_say(v, in_numbers).text for v in _several(value)]
            elif not isinstance(value, Leaf) or value.name != "None":
                words.append(f"{name}={_say(value, False).text}")
        return Said(f"{visible(self.op.name)}({', '.join(words)})")


def forward(
    op: Op, inputs: Iterable[Any], settings: dict[str, Any] | None, shape: Any = None
) -> Applied:
    """What a node does, from what stands for each of its inputs."""
    spelled = {n: Leaf(spelt(v, n == "index"), v) for n, v in (settings or {}).items()}
    return Applied(op, by_parameter(op, inputs) | spelled, shape, whole=True)


def by_parameter(op: Op, things: Iterable[Any]) -> dict[str, Any]:
    """One thing for each input of a node, by the op's parameters; lists for sequences."""
    things = list(things)
    count = len(things) - len(op.inputs) + 1  # an op has one sequence at most
    rest = iter(things)
    return {
        name: [next(rest) for _ in range(count)] if name in op.sequences else next(rest)
        for name in op.inputs or ("outputs",)
    }


def in_full(expression: Applied) -> str:
    """The formula with the settings that it does not speak of: `Σ h  axis=1`."""
    text = said(expression)
    rest = [
        f"{name}={value.name}"
        for name, value in expression.given.items()
        if isinstance(value, Leaf) and name not in expression.op.inputs
        and name not in LETTERS.findall(expression.op.formula) and f"{name}=" not in text
        and len(value.name) <= SHORT_SETTING
    ]  # fmt: skip
    return "  ".join([text, *rest])


def _say(thing: Any, in_numbers: bool) -> Said:
    if isinstance(thing, list):
        return Said(f"[{', '.join(_say(part, in_numbers).text for part in thing)}]")
    said: Said = thing.say(in_numbers)
    return said


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _power(base: Said, exponent: Said) -> Said:
    """x², x⁻¹, x^y; x¹ is x."""
    if exponent.text == "1":
        return base
    below, above = [s.text if s.main == "" else f"({s.text})" for s in (base, exponent)]
    if re.fullmatch(r"−?\d+", exponent.text):
        return Said(below + exponent.text.translate(POWERS), "^")
    return Said(f"{below}^{above}", "^")


def _shape(expression: Any) -> tuple[int, ...] | None:
    if isinstance(expression, Applied):
        return expression.shape
    return np.shape(expression.value) if isinstance(expression, (Leaf, Comparison)) else None


def _are_the_last(given: dict[str, Any], a: Any) -> bool:
    axes = [getattr(given.get(name), "value", None) for name in ("axis1", "axis2")]
    n = len(_shape(a) or ())
    return n > 1 and all(type(x) is int for x in axes) and {x % n for x in axes} == {n - 2, n - 1}  # type: ignore[operator]


# -- formulas with gaps ---------------------------------------------------------------------------

STRENGTH = {
    "if": 0, "+": 1, "−": 1, "neg": 2, "·": 2, "×": 2, "⊗": 2, "@": 2, "/": 2, "Σ": 2,
    "f": 3, "^": 4, "": 5,
}  # fmt: skip
"""How tightly an operator holds together what it stands between; "f" is a function's name beside
its argument, "" what needs no operator."""

OPERATORS = "+−·×⊗@/Σ"


def _main(formula: str) -> str:
    """The operator of a formula that is done last."""
    depth, found = 0, ""
    for i, c in enumerate(formula):
        depth += (c in "([⌊⌈") - (c in ")]⌋⌉")
        if depth or c in ")]⌋⌉":
            continue
        if c == "−" and i == 0:
            operator = "neg"
        elif c in OPERATORS:
            operator = c
        elif formula[i:].startswith(" if "):
            operator = "if"
        elif c in "⁻ᵀ²ᵃˣ":
            operator = "^"
        else:
            operator = "f" if c == " " else ""
        if operator and STRENGTH[operator] <= STRENGTH[found] and not (
            operator == "f" and found and found in OPERATORS  # the space beside an operator
        ):
            found = operator
    return found


def _filled(formula: str, places: dict[str, Said]) -> Said:
    """The formula with the pieces in its gaps, in parentheses where they need them."""

    def put(match: re.Match[str]) -> str:
        said = places.get(match[0])
        if said is None:
            return match[0]
        before, after = formula[: match.start()].rstrip(), formula[match.end() :]
        if _holds(before, after, said):
            return said.text
        return f"({said.text})"

    text = LETTERS.sub(put, formula)
    if formula in places:  # the formula is just "a"
        return places[formula]
    return Said(text, _main(formula))


def _holds(before: str, after: str, said: Said) -> bool:
    """Whether a piece needs no parentheses between what stands before and after it."""
    strength = STRENGTH[said.main]
    left, right = before[-1:], after.lstrip()[:1]
    opened = left in "([|⌊," or before.split()[-1] in WORDS  # "" is in every string
    closed = right in ")]|⌋," or after.split()[0] in WORDS
    if not (closed or right in OPERATORS) or not (opened or left in OPERATORS):
        return strength == STRENGTH[""]  # beside a superscript, √, log
    if said.main == "neg" and not opened:
        return left == "×" and NUMBER.fullmatch(said.text) is not None  # 4 × −3
    need = 0.0
    if not opened:
        again = left == said.main and left in "+·×@⊗Σ"  # a · (b · c) is a · b · c
        need = STRENGTH[left] + (0 if again or left == "Σ" else 0.5)
    if not closed:
        need = max(need, STRENGTH[right])
        if right == "@" and said.main in ("·", "×", "⊗", "/", "neg"):
            return False
    return strength >= need


NUMBER = re.compile(r"−[\d.]+(e[+−]\d+)?")
WORDS = {"if", "else", "over", "of", "with", "where"}


def said(expression: Any, in_numbers: bool = False) -> str:
    return expression if isinstance(expression, str) else _say(expression, in_numbers).text


def values_in(expression: Any) -> list[Any]:
    """The arrays that the expression is about; None for one that nobody kept."""
    if isinstance(expression, Leaf):
        is_array = isinstance(expression.value, np.ndarray) or expression.value is None
        return [expression.value] if is_array else []
    if isinstance(expression, list):
        return [v for part in expression for v in values_in(part)]
    if isinstance(expression, Comparison):
        return [np.asarray(expression.value)]
    if isinstance(expression, Applied):
        given = expression.given.items()
        return [v for n, part in given if n in expression.op.inputs for v in values_in(part)]
    return []
