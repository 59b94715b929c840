"""`walk`, and what it gives."""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path
from typing import Any

from ...graph import Constant, Node
from ...graph import walk as leading_to
from ...tensor import Tensor
from ..graph_view import Painter
from ..names import around
from ..simplify import Options, Summary
from ..subject import Subject
from .backprop import find_arrays, saved_arrays
from .page import framed, in_lines, page, titled
from .steps import Step, Story
from .update import Updates, by_optimizer, plain_descent

MOST_OPS = 150
"""Of a larger graph the newest so many ops are walked, so that the page stays small."""

SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LINES_IN_REPR = 40


def walk(
    loss: Tensor,
    optimizer: Any = None,
    *,
    lr: float = 0.1,
    prediction: Tensor | None = None,
    depth: int | None = None,
    title: str = "",
) -> Walk:
    """Walks through the graph that led to a loss, forward and back, as a page to step through.

    The four steps of backpropagation are its chapters: predict, measure the error, walk back,
    adjust. Each step has the local rule as a formula, ∂L/∂a += ∂L/∂c · b, and the same in numbers:
    4 × −3 = −12. Everything is computed anew, by the engine's own rules, and on copies: no `.grad`,
    no parameter, no optimizer's state changes, and `loss.backward()` works as before.

    Parameters
    ----------
    loss : Tensor
        One number.
    optimizer : optional
        Whose update the last chapter shows, as its next `step()` would make it. Without one: plain
        gradient descent, p − lr·g, with `lr`.
    lr : float
        For the plain descent.
    prediction : Tensor, optional
        What comes after it is the chapter "measure the error". If not given: from the op on that
        brings in the target.
    depth : int, optional
        How many levels of modules to open in the picture; all, if not given. The steps stay.
    title : str, optional

    Raises
    ------
    TypeError
        If `loss` is no Tensor, or `optimizer` no optimizer.
    RuntimeError
        If `loss` has several elements, or depends on nothing that requires a gradient; if an array
        that a rule needs was overwritten, or let go by `backward()` and not small.

    Examples
    --------
    >>> import autograd as ag
    >>> a, b = ag.Tensor(2.0, requires_grad=True), ag.Tensor(-3.0, requires_grad=True)
    >>> c = a * b
    >>> print(ag.walk(c).text())
    1. Predict
        1  c = ?.  Given: a and b. 1 operation leads to c.
        2  c = a · b = 2 × −3 = −6.  multiply makes c of a and b.
    2. Measure the error
        3  c = −6.  Nothing follows the prediction: c itself is what is measured.
    3. Walk back
        4  ∂c/∂c = 1.  How does c change if a value changes a little? For c itself: as much.
        5  ∂c/∂a += ∂c/∂c · b = 1 × −3 = −3.  ∂c/∂c goes back through the rule of multiply to a.
        6  ∂c/∂b += ∂c/∂c · a = 1 × 2 = 2.  ∂c/∂c goes back through the rule of multiply to b.
    4. Adjust
    ...

    The four steps: A. Géron, Hands-On Machine Learning, 2nd ed., 2019, chapter 10.
    """
    root = _root(loss)
    names = around(sys._getframe(1))
    subject = Subject.of([loss], names)
    nodes = leading_to([root])
    saved = saved_arrays(nodes, names.arrays)
    find_arrays(nodes, saved, names.arrays)
    options = Options(depth=depth, fold=False, limit=MOST_OPS)
    painter = Painter(subject, options)
    _name_the_rest(painter)
    predicted = prediction.node if prediction is not None else None
    story = Story(root, nodes, saved, names.arrays, painter, predicted)

    def adjusted(leaves: dict[Node, Any]) -> Updates:
        parameters = {n: g for n, g in leaves.items() if id(n) in names.parameters} or leaves
        if optimizer is None:
            return plain_descent(parameters, lr)
        return by_optimizer(optimizer, leaves)

    steps = story.told(adjusted, lambda node: not _is_too_early(painter, node))
    subject.gradients = {n: g for n, g in story.gradients.items() if g is not None}
    if any(node.hooks for node in nodes):
        subject.remarks.append("hooks are not run here: gradients are those before any hook")
    return Walk(steps, story, titled(title, story.word(root)))


class Walk:
    """A walk through a graph: steps, and the page that shows them.

    In a notebook it shows itself. Elsewhere: `walk.save("walk.html")`, `print(walk.text())`.

    Attributes
    ----------
    steps : list of Step
        Each with `chapter`, `kind`, `name`, `formula`, `numbers`, `text`, `value`, `gradient`.

    Examples
    --------
    >>> import autograd as ag
    >>> x = ag.Tensor(3.0, requires_grad=True)
    >>> walk = ag.walk(x * x)
    >>> [step.gradient.item() for step in walk.steps if step.kind == "back"]
    [3.0, 6.0]
    """

    def __init__(self, steps: list[Step], story: Story, title: str) -> None:
        self.steps = steps
        self._story = story
        self._title = title

    def text(self) -> str:
        """The steps as lines of text."""
        return in_lines(self.steps)

    def html(self) -> str:
        """The page. It loads nothing, and runs only its own script."""
        return self._page

    @functools.cached_property
    def _page(self) -> str:
        painter = self._story.painter
        view = painter.view()
        return page(self.steps, self._story, view, self._title, view.remarks)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the page (.html), or the steps as text (.txt); else raises ValueError.

        >>> import autograd as ag, tempfile
        >>> x = ag.Tensor(3.0, requires_grad=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(ag.walk(x * x).save(f"{folder}/walk.txt").read_text()[:10])
        1. Predict
        """
        path = Path(path)
        writers = {".html": self.html, ".htm": self.html, ".txt": lambda: self.text() + "\n"}
        if path.suffix.lower() not in writers:
            raise ValueError(
                f"a walk cannot be saved as {path.name!r}: the name should end with .html or .txt."
            )
        path.write_text(writers[path.suffix.lower()](), encoding="utf-8")
        return path

    def _repr_html_(self) -> str:
        return framed(self.html(), self._title)

    def __repr__(self) -> str:
        lines = self.text().split("\n")
        if len(lines) > LINES_IN_REPR:
            lines = [*lines[:LINES_IN_REPR], f"… {len(lines) - LINES_IN_REPR} more lines"]
        return "\n".join([*lines, '[.save("walk.html") writes the page to step through]'])


def _root(loss: Any) -> Node:
    """The loss's place in the graph, if there is a way back from it."""
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"walk was given {type(loss).__name__}. It walks through the graph of a Tensor: "
            "ag.walk(loss)."
        )
    if loss.node is None or loss.node.op is None:
        raise RuntimeError(
            f"walk: {loss._describe()} was not computed from anything that requires a gradient, so "
            "there is no way back from it. Make an input with requires_grad=True, and compute "
            "outside no_grad() and without detach()."
        )
    if loss.size != 1:
        raise RuntimeError(
            f"walk from {loss._describe()}: which of its {loss.size} elements? Reduce it first: "
            "ag.walk(loss.sum()), ag.walk(loss.mean())."
        )
    return loss.node


def _is_too_early(painter: Painter, node: Node) -> bool:
    """Whether it is in the box for what is too far back to be shown."""
    stands = painter.graph.shown(node)
    return isinstance(stands, Summary) and stands.kind == "earlier"


def _name_the_rest(painter: Painter) -> None:
    """Results without a name are v₁, v₂, … as in the textbooks' evaluation traces; data c₁, …; the
    loss is L."""
    graph, names = painter.graph, painter.names
    (root,) = graph.roots
    if not painter.name(root) and "L" not in names.of.values():
        names.of[id(root)] = "L"
    counts = {"v": 0, "c": 0, "x": 0}
    for item in graph.consumers:
        if not painter.name(item):
            letter = "c" if isinstance(item, Constant) else "v" if item.op is not None else "x"
            counts[letter] += 1
            names.of[id(item)] = letter + str(counts[letter]).translate(SUBSCRIPTS)
