"""Random programs over the registry of ops: what an engine is fuzzed with.

A program is a list of steps, and a step applies an op, as one of its samples does, to values that
were computed before. What does not fit is made to: `shaped` repeats or drops elements, `within`
squashes values into an op's domain. A step that would end near a kink, or in large or undefined
numbers, is left out.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
import numpy as np

from .. import ops
from ..call import general
from ..check.levels import Level
from ..check.run import Run
from ..check.subject import float_outputs
from ..declare import registry
from ..graph import Array
from ..op import A, Op, Sample
from ..tree import leaves
from .arrays import GRID, Shape
from .calls import Call, is_pointwise, put, stand_ins

Choose = Callable[[int, int], int]
"""A source of decisions: an integer from low to high, both included."""

SHAPES: tuple[Shape, ...] = ((), (2,), (3,), (2, 3), (3, 1), (1, 2, 3))
LARGE = 100.0  # a step that gives larger values is left out


def shaped(x: Any, shape: Shape) -> Any:
    """An array of this shape from x's elements, one after the other, again and again."""
    if x.shape == shape:
        return x
    places = np.arange(math.prod(shape)) % x.size
    return ops.reshape(ops.getitem(ops.ravel(x), places), shape)


def within(x: Any, low: float, high: float) -> Any:
    """x squashed into the open interval (low, high), smoothly; t/√(1 + t²) keeps more digits of
    the slope than tanh does."""
    middle, half = (high + low) / 2, (high - low) / 2
    t = (x - middle) / half
    return middle + half * (t / ops.sqrt(1 + t * t))


@dataclass
class Step:
    """One op, as a sample calls it, on values by number; several outputs become several values."""

    op: Op
    sample: Sample
    sources: list[int]
    squashed: list[bool]
    outputs: int = 1

    def __call__(self, values: Sequence[Any]) -> list[Any]:
        fitted = iter(
            [
                self._fitted(values[n], a, squash)
                for n, a, squash in zip(
                    self.sources, stand_ins(self.sample), self.squashed, strict=True
                )
            ]
        )
        args: list[Any] = put(list(self.sample.args), lambda a: next(fitted))
        kwargs = put(self.sample.kwargs, lambda a: next(fitted))
        found = leaves(general(self.op)(*args, **kwargs))
        return [x for x in found if np.dtype(x.dtype).kind == "f"]

    def _fitted(self, x: Any, a: A, squash: bool) -> Any:
        x = shaped(x, a.shape)
        return within(x, *(a.domain or self.op.domain)) if squash else x

    def spelled(self, first: int) -> str:
        """The step as a line of Python; its outputs are numbered from `first` on."""
        terms = []
        for n, a, squash in zip(self.sources, stand_ins(self.sample), self.squashed, strict=True):
            text = f"shaped(v{n}, {a.shape})"
            low, high = a.domain or self.op.domain
            terms.append(f"within({text}, {low}, {high})" if squash else text)
        names = iter(terms)
        args: list[Any] = put(list(self.sample.args), lambda a: _Verbatim(next(names)))
        kwargs = put(self.sample.kwargs, lambda a: _Verbatim(next(names)))
        spelled = [*map(repr, args), *(f"{key}={value!r}" for key, value in kwargs.items())]
        targets = ", ".join(f"v{first + k}" for k in range(self.outputs))
        return f"{targets} = {self.op.name}({', '.join(spelled)})"


class _Verbatim(str):
    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@dataclass
class Program:
    """A random function: of `inputs` (or others of their shapes), with the values that nothing else
    uses as its outputs. Arrays in, arrays out; Tensors in, Tensors out.

    >>> program = Program([np.array([1.0, 2.0])])   # of no step: its input is its output
    >>> program, program(np.array([3.0, 4.0]))
    (v0 = array([1., 2.]), [array([3., 4.])])
    """

    inputs: list[Array]
    steps: list[Step] = field(default_factory=list)

    def __call__(self, *inputs: Any) -> list[Any]:
        values: list[Any] = list(inputs)
        used: set[int] = set()
        for step in self.steps:
            values += step(values)
            used.update(step.sources)
        return [v for n, v in enumerate(values) if n not in used]

    __name__ = "program"

    def __repr__(self) -> str:
        lines = [f"v{n} = {np.array_repr(x)}".replace("\n", "") for n, x in enumerate(self.inputs)]
        count = len(self.inputs)
        for step in self.steps:
            lines.append(step.spelled(count))
            count += step.outputs
        return "\n".join(lines)


def build(
    choose: Choose, max_ops: int = 10, max_inputs: int = 4, among: Sequence[Op] | None = None
) -> Program:
    """A program from a source of decisions: Hypothesis's, or a random generator's."""
    among = among or usable()
    program = Program([_input(choose) for _ in range(choose(1, max_inputs))])
    values = list(program.inputs)
    for _ in range(choose(1, max_ops)):
        step, found = _step(choose, among, values)
        if step is not None:
            program.steps.append(step)
            values += found
    return program


def usable() -> list[Op]:
    """The registry's ops that a program can use: any that work element by element, and those with
    a sample of plain arrays."""
    return [
        op for op in registry.values() if op.name != "cast" and (is_pointwise(op) or _samples(op))
    ]


@functools.cache
def _samples(op: Op) -> list[Sample]:
    """The samples that can be called with any arrays of their shapes."""
    return [
        sample
        for sample in op.samples
        if all(a.make is None and math.prod(a.shape) for a in stand_ins(sample))
        and all(Call(op, sample, tuple(np.zeros(a.shape) for a in stand_ins(sample))).is_input)
    ]


def _input(choose: Choose) -> Array:
    shape = SHAPES[choose(0, len(SHAPES) - 1)]
    values = [choose(-2 * GRID, 2 * GRID) / GRID for _ in range(math.prod(shape))]
    return np.array(values).reshape(shape)


def _step(
    choose: Choose, among: Sequence[Op], values: Sequence[Array]
) -> tuple[Step | None, list[Array]]:
    op = among[choose(0, len(among) - 1)]
    samples = _samples(op)
    if is_pointwise(op):
        shape = values[choose(0, len(values) - 1)].shape
        other = [(), shape, (*shape[:-1], 1), shape[1:]][choose(0, 3)] if shape else shape
        sample = Sample(*[A(*s) for s in (shape, other)[: len(op.call.parameters)]])
    else:
        sample = samples[choose(0, len(samples) - 1)]
    places = stand_ins(sample)
    # the newest values first, so that programs get deep
    sources = [
        len(values) - 1 - min(choose(0, len(values) - 1), choose(0, len(values) - 1))
        for _ in places
    ]
    squashed = []
    for n, a in zip(sources, places, strict=True):
        low, high = a.domain or op.domain
        squashed.append(bool((values[n] < low).any() or (values[n] > high).any()))
    step = Step(op, sample, sources, squashed)
    with np.errstate(all="ignore"):
        found = step(values)
        arrays = tuple(
            step._fitted(values[n], a, s) for n, a, s in zip(sources, places, squashed, strict=True)
        )
    harmless = all(x.size and np.isfinite(x).all() and (np.abs(x) < LARGE).all() for x in found)
    if not (found and harmless) or Call(op, sample, arrays).near_kink(arrays):
        return None, []
    step.outputs = len(found)
    return step, [np.asarray(x) for x in found]


def check_program(program: Program, order: int = 1) -> None:
    """Reverse mode = differences = the recorded backward, for every layout, and about the same in
    float32, unless its values are mere rounding there (as sinc(1) is), or its gradients are (those
    of x - x). Kinks that a step came too near to are left out."""
    names = [f"v{n}" for n in range(len(program.inputs))]
    level = Level(lambda tensors, record: float_outputs(program(*tensors), "the program"))
    run = Run("the program", names, level, program.inputs, own=0)
    run.all_orders(order)
    narrow = [x.astype(np.float32) for x in program.inputs]
    with np.errstate(all="ignore"):
        pairs = zip(program(*narrow), program(*program.inputs), strict=True)
        kept = all(np.allclose(a, b, rtol=1e-3, atol=0) for a, b in pairs)
    if kept and not any(s.op.name == "subtract" and len({*s.sources}) == 1 for s in program.steps):
        run.check_narrow(level, narrow)


@st.composite
def graphs(draw: Any, max_ops: int = 10, max_inputs: int = 4) -> Program:
    """Random programs: of 1 to `max_ops` ops from the registry, over 1 to `max_inputs` arrays, with
    shared sub-expressions, broadcasting, indexing and reductions.

    >>> from hypothesis import find
    >>> program = find(graphs(), lambda program: len(program.steps) == 1)
    >>> len(program(*program.inputs))
    1
    """
    return build(lambda low, high: draw(st.integers(low, high)), max_ops, max_inputs)
