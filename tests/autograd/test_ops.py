"""Every op in the registry, tested from its own declaration: nothing here names an op.

An op that works element by element is tried on shapes that broadcast; any other op on its
`samples`. Values come from the op's `domain`, away from its `kinks`.
"""

from __future__ import annotations

import copy
import inspect
from dataclasses import dataclass, field
from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given, settings

import autograd as ag
from autograd import A, Sample, Tensor
from autograd.check.compare import Comparison, weights_for
from autograd.check.levels import Level, pulled
from autograd.declare import registry
from autograd.graph import walk
from autograd.op import Plan
from autograd.tensor import claims
from autograd.tree import leaves

SOME = max(settings.default.max_examples // 8, 5)  # examples, for what hardly depends on values


def callables() -> dict[str, Any]:
    """Op name -> the function that its declaration made."""
    modules = [m for m in vars(ag.ops).values() if inspect.ismodule(m)]
    values = [value for module in modules for value in vars(module).values()]
    return {value.op.name: value for value in values if hasattr(value, "op")}


OPS = callables()
everyone = pytest.mark.parametrize("name", sorted(registry))


# -- calls --------------------------------------------------------------------------------------


def replaced(tree: Any, function: Any) -> Any:
    """The sample's arguments with `function` of each A in its place."""
    if isinstance(tree, A):
        return function(tree)
    if isinstance(tree, (list, tuple)):
        items = [replaced(item, function) for item in tree]
        return tuple(items) if isinstance(tree, tuple) else items
    if isinstance(tree, dict):
        return {key: replaced(item, function) for key, item in tree.items()}
    return tree


@dataclass
class Call:
    """One call of an op: a sample, and an array for each A in it that is an input of the op."""

    op: Any
    sample: Sample
    arrays: list[np.ndarray]
    constants: list[np.ndarray]
    made: list[bool] = field(default_factory=list)  # whether the sample's `make` shaped it

    def filled(self, arrays: list[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The arguments with these arrays (or Tensors) in place."""
        given, fixed = iter(arrays), iter(self.constants)

        inputs = self.inputs

        def put(a: A) -> Any:
            return next(given if id(a) in inputs else fixed)

        return replaced(list(self.sample.args), put), replaced(self.sample.kwargs, put)

    @property
    def inputs(self) -> set[int]:
        """Which A's stand for inputs that a gradient can be wanted for."""
        found: set[int] = set()
        bound = self.op.call.bind(*self.sample.args, **self.sample.kwargs).arguments
        if isinstance(bound.get("out"), A):
            pytest.fail(f"{self.sample} is no call of {self.op}: samples are calls of the op itself")
        replaced([bound[n] for n in self.op.inputs if n in bound], lambda a: found.add(id(a)))
        return found

    def __call__(self, arrays: list[Any]) -> Any:
        args, kwargs = self.filled(arrays)
        return OPS[self.op.name](*args, **kwargs)

    def __repr__(self) -> str:
        arrays = ", ".join(np.array_repr(a).replace("\n", "") for a in self.arrays)
        return f"{self.op.name}{self.sample} with {arrays}"


def works_elementwise(op: Any) -> bool:
    return bool(op.signature) and not set(op.signature) - set("(),->")


@st.composite
def calls(draw: Any, op: Any) -> Call:
    samples = st.sampled_from(op.samples) if op.samples else st.nothing()
    if works_elementwise(op):
        shapes = hnp.mutually_broadcastable_shapes(
            num_shapes=len(op.call.parameters), max_dims=3, max_side=3
        )
        samples |= shapes.map(lambda found: Sample(*[A(*shape) for shape in found.input_shapes]))
    elif not op.samples:
        pytest.fail(
            f"op {op.name} has no samples, so nothing tests it: declare it with "
            f"samples=[Sample(A(2, 3)), …], calls that try its keywords and shapes."
        )
    # A's are told apart by identity
    sample = copy.deepcopy(draw(samples))
    call = Call(op, sample, [], [])
    inputs = call.inputs
    every: list[A] = []
    replaced([list(sample.args), sample.kwargs], every.append)
    drawn = [draw(values(a.shape, *(a.domain or op.domain))) for a in every]
    rng = np.random.default_rng(0)
    for _ in range(20):  # moving the values is cheaper than drawing again
        made = [np.asarray(a.make(x) if a.make else x) for a, x in zip(every, drawn, strict=True)]
        call.arrays = [x for a, x in zip(every, made, strict=True) if id(a) in inputs]
        call.made = [a.make is not None for a in every if id(a) in inputs]
        call.constants = [x for a, x in zip(every, made, strict=True) if id(a) not in inputs]
        if not near_kink(call):
            return call
        drawn = [moved(x, *(a.domain or op.domain), rng) for a, x in zip(every, drawn, strict=True)]
    assume(False)


def near_kink(call: Call) -> bool:
    if call.op.kinks is None:
        return False
    args, kwargs = call.filled(call.arrays)
    return bool(np.any(np.abs(np.asarray(call.op.kinks(*args, **kwargs))) < 0.01))


def moved(x: Any, low: float, high: float, rng: Any) -> Any:
    return np.asarray(np.clip(x + (high - low) / 5 * rng.uniform(-1, 1, x.shape), low, high))


def values(shape: tuple[int, ...], low: float, high: float) -> Any:
    """Arrays on a grid of readable numbers inside the domain."""
    grid = 64
    first, last = int(np.ceil(low * grid)), int(np.floor(high * grid))
    numbers = st.integers(first, last)
    if first < 1 <= last:
        numbers = st.integers(1, last) | numbers
    return hnp.arrays(np.int64, shape, elements=numbers).map(lambda a: a / grid)


LAYOUTS = {
    "C": lambda a: a.copy(order="C"),
    "Fortran": lambda a: a.copy(order="F"),
    "negative strides": lambda a: a[(slice(None, None, -1),) * a.ndim].copy()[(slice(None, None, -1),) * a.ndim],
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a.copy(),
}


def outputs(out: Any) -> list[Tensor]:
    """The outputs that a gradient can arrive at."""
    return [t for t in leaves(out) if isinstance(t, Tensor) and t.dtype.kind == "f"]


def level_of(call: Call) -> Level:
    """The call as a function to check. Where its arrays were made symmetric, the op is one for
    symmetric matrices, and is asked about those only: what it does to others is its own affair."""
    symmetric = [
        made and x.ndim > 1 and np.array_equal(x, x.mT)
        for made, x in zip(call.made, call.arrays, strict=True)
    ]

    def run(tensors: list[Tensor], record: bool) -> list[Tensor]:
        return outputs(
            call([(t + t.mT) / 2 if s else t for t, s in zip(tensors, symmetric, strict=True)])
        )

    return Level(run)


# -- the tests ----------------------------------------------------------------------------------


def close(actual: Any, expected: Any, tolerance: float = 1e-11) -> None:
    scale = 1 + np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)


EPS = {np.dtype(t): float(np.finfo(t).eps) for t in (np.float16, np.float32, np.float64)}


def same(actual: Any, expected: Any) -> None:
    for a, e in zip(leaves(actual), leaves(expected), strict=True):
        a = a.array if isinstance(a, Tensor) else np.asarray(a)
        e = np.asarray(e)
        assert (a.shape, a.dtype) == (e.shape, e.dtype)
        # NumPy's vectorised loops and its others may differ in the last bit
        np.testing.assert_allclose(a, e, rtol=4 * EPS.get(a.dtype, 0), atol=0)


@everyone
@settings(max_examples=SOME)
@given(data=st.data())
def test_forward_is_numpys(name: str, data: Any) -> None:
    """Arrays in, arrays out; on Tensors the same values, by our name and by NumPy's."""
    call = data.draw(calls(registry[name]))
    layout = LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))]
    arrays = [layout(a) for a in call.arrays]
    args, kwargs = call.filled(arrays)
    functions = [f for f, ours in claims.items() if ours is OPS[name] and accepts(f, args, kwargs)]
    expected = (functions or [call.op.function])[0](*args, **kwargs)
    plain = OPS[name](*args, **kwargs)
    assert not any(isinstance(x, Tensor) for x in leaves(plain))
    same(plain, expected)
    for requires_grad in (False, True):
        args, kwargs = call.filled([Tensor(a, requires_grad) for a in arrays])
        for function in (OPS[name], *functions):
            out = function(*args, **kwargs)
            assert all(isinstance(x, Tensor) for x in leaves(out))
            same(out, expected)


def accepts(function: Any, args: Any, kwargs: Any) -> bool:
    """Whether NumPy's function takes these arguments: np.linalg's twins take fewer."""
    try:
        function(*args, **kwargs)
    except TypeError:
        return False
    return True


@everyone
@settings(max_examples=2 * SOME)
@given(data=st.data())
def test_gradients_are_the_slopes(name: str, data: Any) -> None:
    """First and second order, with respect to the inputs and to the gradient that arrives."""
    call = data.draw(calls(registry[name]))
    if not call.arrays:
        return
    check_orders(call, orders=2)


def check_orders(call: Call, orders: int) -> None:
    rng = np.random.default_rng(0)
    level, arrays = level_of(call), call.arrays
    for _ in range(orders):
        outs = level.value(arrays)
        weights = weights_for(outs, rng)
        gradients = level.pull(arrays, weights)
        for x, g in zip(arrays, gradients, strict=True):
            assert (g.shape, g.dtype) == (x.shape, x.dtype)
        found = Comparison(level.value, arrays, weights, gradients).run()
        assert not found.wrong, f"order {level.order} of {call}: {found.wrong}"
        assert not found.kinks, f"order {level.order} of {call}: undeclared kink {found.kinks}"
        level, arrays = level.gradient(len(arrays)), [*arrays, *weights]


@everyone
@settings(max_examples=SOME)
@given(data=st.data())
def test_both_backwards_agree(name: str, data: Any) -> None:
    """The recorded backward (create_graph) gives what the plain one gives."""
    call = data.draw(calls(registry[name]))
    level = level_of(call)
    weights = weights_for(level.value(call.arrays), np.random.default_rng(0))
    plain = level.pull(call.arrays, weights)
    recorded = level.gradient(len(call.arrays)).run(
        [Tensor(a, requires_grad=True) for a in (*call.arrays, *weights)], True
    )
    for p, r in zip(plain, recorded, strict=True):
        close(r.array, p)


@everyone
@settings(max_examples=SOME)
@given(data=st.data())
def test_memory_layout_does_not_matter(name: str, data: Any) -> None:
    call = data.draw(calls(registry[name]))
    level = level_of(call)
    weights = weights_for(level.value(call.arrays), np.random.default_rng(0))
    expected = level.pull(call.arrays, weights)
    for layout in LAYOUTS.values():
        gradients = level.pull([layout(a) for a in call.arrays], [layout(w) for w in weights])
        for g, e in zip(gradients, expected, strict=True):
            close(g, e)


@pytest.mark.parametrize("name", sorted(registry.keys() - {"cast"}))
@settings(max_examples=SOME)
@given(data=st.data())
def test_float32_stays_float32(name: str, data: Any) -> None:
    call = data.draw(calls(registry[name]))
    narrow = copy.copy(call)
    narrow.constants = [c.astype(np.float32) for c in call.constants]
    arrays = [a.astype(np.float32) for a in call.arrays]
    level = level_of(narrow)
    outs = level.value(arrays)
    args, kwargs = narrow.filled(arrays)
    expected = [np.asarray(x).dtype for x in leaves(call.op.function(*args, **kwargs))]
    assert [out.dtype for out in outs] == [t for t in expected if t.kind == "f"]
    weights = weights_for(outs, np.random.default_rng(0))
    gradients, seen = watched(level, arrays, weights, call.op)
    assert all(g.dtype == np.float32 for g in gradients)
    if all(out.dtype == np.float32 for out in outs):  # float_power widens by NumPy's own rules
        assert all(g.dtype == np.float32 for g in seen if g is not None), "a rule widens float32"
    wide = level_of(call).pull(call.arrays, [w.astype(np.float64) for w in weights])
    for g, e in zip(gradients, wide, strict=True):
        close(g, e, 1e-3)


@everyone
@settings(max_examples=SOME)
@given(data=st.data())
def test_only_wanted_rules_run(name: str, data: Any) -> None:
    """With a gradient wanted for one input alone, only its rule runs, and gives the same."""
    call = data.draw(calls(registry[name]))
    level = level_of(call)
    weights = weights_for(level.value(call.arrays), np.random.default_rng(0))
    together = level.pull(call.arrays, weights)
    for i, expected in enumerate(together):
        tensors = [Tensor(a, requires_grad=i == j) for j, a in enumerate(call.arrays)]
        gradients = pulled(outputs(call(tensors)), weights, tensors, False)
        close(gradients[i].array, expected)


def watched(level: Level, arrays: list[Any], weights: list[Any], op: Any) -> tuple[list[Any], list[Any]]:
    """The gradients, and what the op's own rules gave before the engine casts and un-broadcasts."""
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    outs = level.run(tensors, True)
    seen: list[Any] = []

    def spy(pull: Any) -> Any:
        def spied(g: Any, saved: Any) -> list[Any]:
            found = list(pull(g, saved))
            seen.extend(found)
            return found

        return spied

    for node in walk([out.node for out in outs if out.node is not None]):
        if node.op is op:
            node.plan = Plan(node.plan.names, spy(node.plan.pull))
    return [t.array for t in pulled(outs, weights, tensors, False)], seen
