"""The steps of a walk, as plain data: what happens, to what, by which formula, with which numbers.

The chapters are the four steps in which backpropagation is told (A. Géron, Hands-On Machine
Learning, chapter 10): predict, measure the error, walk back, adjust.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...call import Parts
from ...graph import Array, Constant, Node
from ..graph_view import Painter
from ..phrases import (
    Leaf,
    by_parameter,
    forward,
    in_full,
    is_short,
    number,
    numbers,
    said,
    values_in,
)
from ..plain import visible
from .backprop import Contribution, as_array, contributions, value_of
from .rules import plain, rules, slope
from .update import Updates

PREDICT, ERROR, BACK, ADJUST = range(4)
CHAPTERS = ("Predict", "Measure the error", "Walk back", "Adjust")
NUMBER = (int, float, np.generic)


@dataclass(frozen=True)
class Step:
    """One step. `formula` and `numbers` are as on the page; `text` says it all in a line."""

    chapter: int  # a place in CHAPTERS
    kind: str  # given, forward, loss, seed, back, update, total
    name: str  # of the value that the step makes, or adds to
    formula: str = ""
    numbers: str = ""
    note: str = ""
    value: Array | None = None  # forward: what came out; back: what is added; update: the new value
    gradient: Array | None = None  # of `name`, after this step
    node: Any = None  # in the graph: whose op or rule it is
    target: Any = None  # in the graph: the value that `name` names
    operands: tuple[tuple[str, Any], ...] = ()  # names and arrays that the formula speaks of

    @property
    def text(self) -> str:
        formula = plain(self.formula).replace("\n", ";  ")
        parts = [" ".join(filter(None, [formula, plain(self.numbers)])), self.note]
        return ".  ".join(p.rstrip(".") for p in parts if p) + "."


class Story:
    """Tells the steps of one graph."""

    def __init__(
        self,
        root: Node,
        nodes: list[Node],  # newest first
        saved: dict[Node, Any],
        known: dict[int, Array],
        painter: Painter,
        prediction: Node | None,
    ) -> None:
        self.root, self.nodes, self.saved, self.known = root, nodes, saved, known
        self.painter = painter
        self.ops = [n for n in nodes[::-1] if n.op is not None]
        self._words = self._longer_names()
        self.first_of_error = self._where_the_error_begins(prediction)
        self.gradients: dict[Node, Array] = {}  # of every node, when told() is through

    # -- names ----------------------------------------------------------------------------

    def word(self, item: Any) -> str:
        if isinstance(item, (Node, Constant)) and not self.painter.graph.is_word(item):
            return self._words.get(item) or self.painter.name(item)
        value = item.value if isinstance(item, Constant) else item
        return "…" if value is None else numbers(value)

    def _longer_names(self) -> dict[Any, str]:
        """In the picture each of several layers has its `weight`; in formulas their names say whose
        it is."""
        named = {item: self.painter.name(item) for item in self.painter.graph.consumers}
        counts = Counter(named.values())
        full = {i: self.painter.names.of.get(id(i), n) for i, n in named.items() if counts[n] > 1}
        if len({name.partition(".")[0] for name in full.values()}) == 1:  # one model's
            full = {i: name.partition(".")[2] or name for i, name in full.items()}
        return {item: visible(name) for item, name in full.items()}

    def leaf(self, item: Any) -> Leaf:
        return Leaf(self.word(item), value_of(item, self.known))

    def slope(self, item: Any) -> str:
        return slope(self.word(self.root), self.word(item))

    # -- the order of the story ---------------------------------------------------------------

    def told(self, updates: Any, limit_to: Any) -> list[Step]:
        """All steps; of ops and gradients, those for which `limit_to(node)` holds. `updates` is
        asked for the adjustment once the gradients are known."""
        steps = [self._given()]
        steps += [self._forward(node) for node in self.ops if limit_to(node)]
        if self.first_of_error is None:
            steps.append(self._loss())
        steps += self._back(limit_to)
        leaves = {n: g for n, g in self.gradients.items() if n.op is None}
        return steps + self._adjust(updates(leaves), limit_to)

    def _where_the_error_begins(self, prediction: Node | None) -> Node | None:
        """The op in which the target comes in: the last that takes in data not used before, or
        else a number, if that is subtracted and the difference squared or made positive. Not so
        if a parameter is first used there or later: then that is still the prediction."""
        if prediction is not None:
            later = [op for op in self.ops if op.order > prediction.order]
            return later[0] if later else None
        seen: set[int] = set()
        by_data = by_number = None
        differences: list[Node] = []  # between something and a number
        for op in self.ops:
            new = [i for i in op.inputs if isinstance(i, (Node, Constant)) and id(i) not in seen]
            seen.update(map(id, op.inputs))
            if any(isinstance(i, Node) and i.op is None for i in new):
                by_data = by_number = None
                differences.clear()
            elif any(isinstance(i, Constant) for i in new):
                by_data = op
            elif _is(op, "subtract") and any(isinstance(i, NUMBER) for i in op.inputs):
                differences.append(op)
            elif (of := op.inputs[0] if op.inputs else None) in differences and (
                _is(op, "power", "square", "absolute")
                or (_is(op, "multiply") and op.inputs[1] is of)
            ):
                by_number = of
        return by_data or by_number

    def _chapter(self, node: Node) -> int:
        first = self.first_of_error
        return ERROR if first is not None and node.order >= first.order else PREDICT

    def _given(self) -> Step:
        sources = dict.fromkeys(
            i for op in self.ops for i in op.inputs if not getattr(i, "op", None)
            and i in self.painter.graph.consumers
        )  # fmt: skip
        leaves = list(dict.fromkeys(self.word(s) for s in sources if isinstance(s, Node)))
        data = list(dict.fromkeys(self.word(s) for s in sources if isinstance(s, Constant)))
        note = f"Given: {_listed(leaves)}" + (f"; and the data {_listed(data)}" if data else "")
        count = len(self.ops)
        lead = "operation leads" if count == 1 else "operations lead"
        note += f". {count} {lead} to {self.word(self.root)}."
        out = self.word(self.root)
        return Step(PREDICT, "given", out, f"{out} = ?", note=note)

    def _loss(self) -> Step:
        name = self.word(self.root)
        value = value_of(self.root, self.known)
        formula = f"{name} = {numbers(value)}" if value is not None else name
        note = f"Nothing follows the prediction: {name} itself is what is measured."
        return Step(ERROR, "loss", name, formula, note=note, value=as_array(value),
                    node=self.root, target=self.root)  # fmt: skip

    # -- forward ------------------------------------------------------------------------------

    def _forward(self, node: Node) -> Step:
        assert node.op is not None
        leaves = [self.leaf(source) for source in node.inputs]
        whole = forward(node.op, leaves, node.settings, node.shape)
        value = value_of(node, self.known)
        name, text = self.word(node), in_full(whole)
        inputs = dict.fromkeys(self.word(s) for s in node.inputs)
        note = f"{node.op.name} makes {name} of {_listed(inputs)}"
        note += f", of shape {node.shape}." if node.shape else "."
        return Step(
            self._chapter(node), "forward", name, f"{name} = {text}",
            _in_numbers(whole, value, text), note, as_array(value), node=node, target=node,
            operands=self._operands([*node.inputs, node]),
        )  # fmt: skip

    def _operands(self, items: Iterable[Any]) -> tuple[tuple[str, Any], ...]:
        """What is worth a look beside the formula: the arrays that it does not say in numbers."""
        return tuple(
            (self.word(i), np.array(v))
            for i in dict.fromkeys(items)
            if isinstance(i, (Node, Constant)) and (v := value_of(i, self.known)) is not None
        )

    # -- back -----------------------------------------------------------------------------------

    def _back(self, limit_to: Any) -> list[Step]:
        root = self.root
        name = self.word(root)
        one = np.ones(root.shape, root.dtype)
        self.gradients[root] = one
        note = f"How does {name} change if a value changes a little? For {name} itself: as much."
        steps = [Step(BACK, "seed", name, f"{self.slope(root)} = 1", note=note, gradient=one,
                      node=root, target=root)]  # fmt: skip
        every = list(contributions(root, self.nodes, self.saved))
        uses = Counter(c.source for c in every)
        nth: Counter[Any] = Counter()
        explained: dict[Node, list[Any]] = {}
        for c in every:
            nth[c.source] += 1
            self.gradients[c.source] = as_array(c.total)
            if not limit_to(c.node):
                continue
            if c.node not in explained:
                explained = {c.node: self._rules_of(c)}  # one node's come one after the other
            rule = explained[c.node][c.place]
            steps.append(self._pull(c, rule, nth[c.source], uses[c.source]))
        return steps

    def _rules_of(self, c: Contribution) -> list[Any]:
        node = c.node
        assert node.op is not None
        words = by_parameter(node.op, [self.word(source) for source in node.inputs])
        words["out"] = self.word(node)
        return rules(node, self.saved[node], c.g, self.slope(node), words)

    def _pull(self, c: Contribution, rule: Any, nth: int, uses: int) -> Step:
        node, source = c.node, c.source
        assert node.op is not None
        name, mine = self.word(source), self.slope(source)
        shape, raw = source.shape, getattr(c.raw, "shape", None)
        stretched = raw != shape and shape is not None
        text = said(rule)
        formula = f"{mine} += " + (f"sum of {text}" if stretched else text)
        added, total = as_array(c.fitted), as_array(c.total)
        in_numbers = _in_numbers(rule, added, text, " summed" if stretched else "")
        g_name = plain(self.slope(node))
        notes = [f"{g_name} goes back through the rule of {node.op.name} to {name}."]
        if stretched:
            notes.append(
                f"Broadcasting stretched {name} from {shape} to {raw}: what arrives is summed over "
                f"{_axes(raw, shape)}."
            )
        spread = text.startswith(self.slope(node)) and not any(c in text for c in "@⊗")
        if spread and not stretched and np.size(added) > np.size(as_array(c.g)):
            notes.append(f"It is spread over all elements of {name}.")
        if uses > 1:
            notes.append(self._adding_up(c, name, nth, uses))
        operands = [
            (g_name, as_array(c.g)),
            *self._operands([*node.inputs, node]),
            (f"added to {plain(mine)}", added),
        ]
        return Step(
            BACK, "back", name, formula, in_numbers, " ".join(notes), added, total,
            node=node, target=source,
            operands=tuple((n, v) for n, v in operands if v is not None and _speaks(n, v, rule)),
        )  # fmt: skip

    def _adding_up(self, c: Contribution, name: str, nth: int, uses: int) -> str:
        if nth == 1:
            return f"{name} is used {uses} times: this is the first of {uses} contributions."
        first = f"{name} is used {uses} times, and contributions add up"
        if not isinstance(c.total, Parts) and is_short(c.total):
            first += f": {numbers(c.before)} + {numbers(c.fitted)} = {numbers(c.total)}"
        return first + (" (all are in)." if nth == uses else f" ({nth} of {uses} are in).")

    # -- adjust -----------------------------------------------------------------------------------

    def _adjust(self, updates: Updates, limit_to: Any) -> list[Step]:
        by = f"{updates.by}, {', '.join(f'{k} = {v:g}' for k, v in updates.settings.items())}"
        if updates.failed:
            note = f"{updates.by} cannot be shown here. It said: {updates.failed}"
            return [Step(ADJUST, "total", self.word(self.root), note=note)]
        steps = []
        for update in updates.made:
            if not limit_to(update.node):
                continue
            name = self.word(update.node)
            letters = {"p": name, "g": self.slope(update.node)}
            lines = [
                LETTER.sub(lambda m, by=letters: by[m[0]], _spaced(line))  # type: ignore[misc]
                for line in updates.formula
            ]
            lr = updates.settings.get("lr", 0.0)
            in_numbers = ""
            if is_short(update.after):
                old, new = _told_apart(update.before, update.after)
                g = numbers(update.gradient)
                in_numbers = f"{old} → {new}"
                if updates.formula == ["p ← p − lr·g"]:
                    g = f"({g})" if g.startswith("−") and " × " not in g else g
                    in_numbers = f"= {old} − {number(lr)} × {g} = {new}"
            operands = [(f"{name}, old", update.before), (plain(self.slope(update.node)),
                        update.gradient), (f"{name}, new", update.after)]  # fmt: skip
            steps.append(Step(
                ADJUST, "update", name, "\n".join(lines) or f"{name} ← …", in_numbers,
                f"By {by}.", update.after, update.gradient, node=update.node, target=update.node,
                operands=tuple(operands),
            ))  # fmt: skip
        return [*steps, self._total(updates)]

    def _total(self, updates: Updates) -> Step:
        name = self.word(self.root)
        change = sum(float(np.vdot(u.gradient, u.after - u.before)) for u in updates.made)
        value = value_of(self.root, self.known)
        note = "To first order, this is by how much all these small changes together move it. "
        note += "Nothing of yours was changed: compute it again after a step of your own."
        out = numbers(value)
        formula = f"Δ{name} ≈ Σ {slope(name, 'p')} · Δp"
        if value is None:
            return Step(ADJUST, "total", name, formula, f"= {number(change)}", note)
        after = number(float(np.reshape(value, ())) + change)
        return Step(ADJUST, "total", name, formula,
                    f"= {number(change)}:  {out} → about {after}", note)  # fmt: skip


def _is(node: Node, *names: str) -> bool:
    return node.op is not None and node.op.name in names


def _spaced(line: str) -> str:
    return re.sub(r" *· *", " · ", line.replace("g²", "(g)²"))


LETTER = re.compile(r"(?<![\w.])[pg](?![\w(̂])")


def _speaks(name: str, value: Any, rule: Any) -> bool:
    """Whether the formula speaks of this operand."""
    if name.startswith("added to ") or isinstance(rule, str):
        return True
    return any(v is value or (np.shape(v) == np.shape(value) and np.array_equal(v, value))
               for v in values_in(rule))  # fmt: skip


def _in_numbers(expression: Any, value: Any, text: str, tail: str = "") -> str:
    """`= 4 × −3 = −12`; of arrays whose numbers are too many, the shapes where they tell much."""
    if isinstance(expression, str):
        return f"= {numbers(value)}" if value is not None and is_short(value) else ""
    inside = said(expression, in_numbers=True)
    short = all(is_short(v) for v in values_in(expression))
    if value is None or not (short or "@" in text):
        return f"= {numbers(value)}" if value is not None and is_short(value) else ""
    out = numbers(value)
    if short and not is_short(value):  # few numbers in, many out
        same = value.size and np.all(value == value.flat[0])
        return f"= {inside}" + (f" = {number(value.flat[0])}, everywhere" if same else "")
    if not short:
        return f"{inside}{tail} → {out}"
    return f"= {inside}{tail} = {out}" if inside != out or tail else f"= {out}"


def _told_apart(old: Any, new: Any) -> tuple[str, str]:
    """Both in numbers, with as many digits as it takes to see that they differ."""
    for digits in (4, 6, 8, 10):
        said = numbers(old, digits), numbers(new, digits)
        if said[0] != said[1]:
            break
    return said


def _axes(raw: Any, shape: Any) -> str:
    extra = len(raw) - len(shape)
    axes = [*range(extra), *(extra + i for i, n in enumerate(shape) if n == 1 != raw[extra + i])]
    return f"ax{'is' if len(axes) == 1 else 'es'} {', '.join(map(str, axes))}"


def _listed(words: Iterable[str], most: int = 8) -> str:
    """a, b and c"""
    words = [w for w in words if w]
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]])) or "nothing"
