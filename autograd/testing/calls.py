"""Calls of a declared op: from its samples, its domain, its kinks and its signature."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
from hypothesis import reject

from ..call import general
from ..check.levels import Level
from ..check.subject import float_outputs
from ..graph import Array
from ..op import A, Op, Sample
from ..tensor import Tensor, claims
from .arrays import ATTEMPTS, Strategy, _arrays, shaken

NEAR = 0.01  # the distance that values keep from an op's kinks


@dataclass(frozen=True)
class Call:
    """One call of an op: its sample, and an array for each A in it.

    Calling it with other arrays (or Tensors) in the places of those that a gradient can be wanted
    for (`inputs`) calls the op.

    >>> import autograd as ag
    >>> call = Call(ag.multiply.op, ag.Sample(ag.A(2), 3.0), (np.array([1.0, 2.0]),))
    >>> call, call(np.array([5.0, 6.0]))
    (multiply(A(2,), 3.0) with array([1., 2.]), array([15., 18.]))
    """

    op: Op
    sample: Sample
    arrays: tuple[Array, ...]

    @functools.cached_property
    def is_input(self) -> list[bool]:
        """For each A in the sample: whether the op has a derivative rule for it."""
        found: list[int] = []
        bound = self.op.call.bind(*self.sample.args, **self.sample.kwargs).arguments
        if isinstance(bound.get("out"), A):
            raise TypeError(
                f"{self.sample} does not fit {self.op}: samples are calls of the op itself, and "
                "its out would be an array."
            )
        put(
            [bound[name] for name in self.op.inputs if name in bound], lambda a: found.append(id(a))
        )
        return [id(a) in found for a in stand_ins(self.sample)]

    @functools.cached_property
    def inputs(self) -> list[Array]:
        return [x for x, own in zip(self.arrays, self.is_input, strict=True) if own]

    def arguments(self, inputs: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The op's arguments with these in the places of its inputs."""
        given = iter(inputs)
        values = iter(
            [next(given) if own else x for x, own in zip(self.arrays, self.is_input, strict=True)]
        )
        args: list[Any] = put(list(self.sample.args), lambda a: next(values))
        return args, put(self.sample.kwargs, lambda a: next(values))

    def __call__(self, *inputs: Any) -> Any:
        args, kwargs = self.arguments(inputs)
        return general(self.op)(*args, **kwargs)

    def near_kink(self, inputs: Sequence[Any]) -> bool:
        if self.op.kinks is None:
            return False
        args, kwargs = self.arguments(inputs)
        return bool(np.any(np.abs(np.asarray(self.op.kinks(*args, **kwargs))) < NEAR))

    @property
    def level(self) -> Level:
        """The call as a function to check. Where its arrays were made symmetric, the op is one for
        symmetric matrices, and is asked about those only: what it does to others is its affair."""
        made = [a.make is not None for a, own in zip(stand_ins(self.sample), self.is_input) if own]
        symmetric = [
            by_sample and x.ndim > 1 and np.array_equal(x, x.mT)
            for by_sample, x in zip(made, self.inputs, strict=True)
        ]

        def run(tensors: list[Tensor], record: bool) -> list[Tensor]:
            pairs = zip(tensors, symmetric, strict=True)
            inputs = [(t + t.mT) / 2 if s else t for t, s in pairs]
            return float_outputs(self(*inputs), self.op.name)

        return Level(run)

    def __repr__(self) -> str:
        arrays = ", ".join(np.array_repr(x).replace("\n", "") for x in self.arrays)
        return f"{self.op.name}{self.sample} with {arrays}"


def calls(op: Any, *samples: Sample) -> Strategy:
    """Calls of an op that you declared, as its samples say (or as these do), and with arrays of any
    shapes that broadcast if it works element by element; with values from its `domain`, away from
    its `kinks`.

    >>> import autograd as ag
    >>> from hypothesis import find
    >>> cube = ag.elementwise(lambda x: x**3, lambda g, x: g * 3 * x**2, name="cube")
    >>> find(calls(cube), lambda call: True)
    cube(A()) with array(0.)
    """
    op = declared("calls", op)
    for sample in (*op.samples, *samples):
        if not isinstance(sample, Sample):
            raise TypeError(
                f"op {op.name}: the sample {sample!r} is no Sample ({type(sample).__name__}). "
                "Write a call, as in samples=[Sample(A(2, 3), axis=0)]: an A(2, 3) stands for an "
                "array of that shape."
            )
    if samples:
        return _filled(op, st.sampled_from(samples))
    chosen = st.sampled_from(op.samples) if op.samples else st.nothing()
    if is_pointwise(op):
        chosen = broadcasting(op) | chosen
    elif not op.samples:
        raise LookupError(
            f"op {op.name} has no samples, so nothing can test it. Declare it with "
            "samples=[Sample(A(2, 3)), …]: calls that try its keywords and shapes."
        )
    return _filled(op, chosen)


def declared(asked: str, op: Any) -> Op:
    """The op behind what was declared; a TypeError for a function that is no op."""
    found = getattr(op, "op", op)
    if isinstance(found, Op):
        return found
    known = isinstance(op, Hashable) and op in claims
    ours = getattr(claims[op], "op", None) if known else None
    name = getattr(op, "__name__", repr(op))
    instead = f"For NumPy's own, write {asked}(ag.{ours.name}). " if ours else ""
    raise TypeError(
        f"{asked} is for what ag.op or ag.elementwise declared, and {name} "
        f"({type(op).__name__}) is not. {instead}Of any function: "
        "assert_gradients_match(f, tensors())."
    )


def is_pointwise(op: Op) -> bool:
    """Whether it works element by element, on inputs of any shapes that broadcast."""
    return bool(op.signature) and not set(op.signature) - set("(),->")


def broadcasting(op: Op) -> Strategy:
    """Samples of shapes that broadcast."""
    count = len(op.call.parameters)
    groups = hnp.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=3)
    return groups.map(lambda found: Sample(*[A(*shape) for shape in found.input_shapes]))


@st.composite
def _filled(draw: Any, op: Op, samples: Strategy) -> Call:
    sample = copy.deepcopy(draw(samples))  # each A once: they are told apart by identity
    places = stand_ins(sample)
    domains = [a.domain or op.domain for a in places]
    drawn = [draw(_arrays(a.shape, d, np.float64)) for a, d in zip(places, domains, strict=True)]
    rng = np.random.default_rng(0)
    for _ in range(ATTEMPTS):
        made = [a.make(x) if a.make else x for a, x in zip(places, drawn, strict=True)]
        call = Call(op, sample, tuple(map(np.asarray, made)))
        if not call.near_kink(call.inputs):
            return call
        drawn = [shaken(x, domain, rng) for x, domain in zip(drawn, domains, strict=True)]
    return reject()


def stand_ins(sample: Sample) -> list[A]:
    """The A's of a sample, in order."""
    found: list[A] = []
    put([list(sample.args), sample.kwargs], found.append)
    return found


def put(tree: Any, function: Callable[[A], Any]) -> Any:
    """The sample's arguments with `function` of each A in its place."""
    if isinstance(tree, A):
        return function(tree)
    if isinstance(tree, (list, tuple)):
        items = [put(item, function) for item in tree]
        return tuple(items) if isinstance(tree, tuple) else items
    if isinstance(tree, dict):
        return {key: put(item, function) for key, item in tree.items()}
    return tree
