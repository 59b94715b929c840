"""Every op in the registry, tested from its own declaration: nothing here names an op.

An op that works element by element is tried on shapes that broadcast, and on its `samples`; any
other op on its `samples`. Values come from the op's `domain`, away from its `kinks`. To try one op
harder: `HYPOTHESIS_PROFILE=thorough pytest tests/autograd/test_ops.py -k logsumexp`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Sample, Tensor
from autograd.call import general
from autograd.check.compare import weights_for
from autograd.check.levels import pulled
from autograd.check.promises import LAYOUTS
from autograd.declare import registry
from autograd.graph import walk
from autograd.op import Op, Plan
from autograd.tensor import claims
from autograd.testing import Call, calls
from autograd.testing.calls import is_pointwise
from autograd.testing.properties import check_call
from autograd.tree import leaves

CASES = [
    pytest.param(op, [sample] if sample else [], id=f"{name}-{i}")
    for name, op in sorted(registry.items())
    for i, sample in enumerate(
        [*([None] if is_pointwise(op) or not op.samples else []), *op.samples]
    )
]
every_case = pytest.mark.parametrize(("op", "samples"), CASES)
SOME = max(settings.default.max_examples // 13, 1)
FEW = max(settings.default.max_examples // 20, 1)


@every_case
@settings(max_examples=SOME)
@given(data=st.data())
def test_gradients_are_the_slopes(op: Op, samples: list[Sample], data: Any) -> None:
    """At orders 1 and 2, for every input and for the gradient that arrives; the same from both
    backwards and for every memory layout; of the input's shape and dtype; nothing overwritten."""
    check_call(data.draw(calls(op, *samples)))


@every_case
@settings(max_examples=FEW)
@given(data=st.data())
def test_forward_is_numpys(op: Op, samples: list[Sample], data: Any) -> None:
    """Arrays in, arrays out; on Tensors the same values, by our name and by NumPy's."""
    call = data.draw(calls(op, *samples))
    layout = data.draw(st.sampled_from(list(LAYOUTS.values())))
    arrays = [layout(x) for x in call.inputs]
    args, kwargs = call.arguments(arrays)
    ours = general(call.op)
    twins = [f for f, to in claims.items() if getattr(to, "op", None) is call.op]
    twins = [f for f in twins if takes(f, args, kwargs)]
    expected = (twins or [call.op.function])[0](*args, **kwargs)
    plain = ours(*args, **kwargs)
    assert not any(isinstance(x, Tensor) for x in leaves(plain))
    assert_same(plain, expected)
    for requires_grad in (False, True):
        args, kwargs = call.arguments([Tensor(x, requires_grad) for x in arrays])
        for function in (ours, *twins):
            out = function(*args, **kwargs)
            assert all(isinstance(x, Tensor) for x in leaves(out))
            assert_same(out, expected)


def takes(function: Any, args: Any, kwargs: Any) -> bool:
    """Whether NumPy's function takes these arguments: its twins in np.linalg take fewer."""
    try:
        function(*args, **kwargs)
    except TypeError:
        return False
    return True


def assert_same(actual: Any, expected: Any) -> None:
    for a, e in zip(leaves(actual), leaves(expected), strict=True):
        a = a.array if isinstance(a, Tensor) else np.asarray(a)
        e = np.asarray(e)
        assert (a.shape, a.dtype) == (e.shape, e.dtype)
        # NumPy's vectorised loops and its plain ones may differ in the last bit.
        eps = np.finfo(e.dtype).eps if e.dtype.kind == "f" else 0
        np.testing.assert_allclose(a, e, rtol=4 * eps, atol=0)


@pytest.mark.parametrize("name", sorted(registry.keys() - {"cast"}))
@settings(max_examples=SOME)
@given(data=st.data())
def test_float32_stays_float32(name: str, data: Any) -> None:
    """Forward (where NumPy's does), in every rule, and in the gradients."""
    wide = data.draw(calls(registry[name]))
    narrow = Call(wide.op, wide.sample, tuple(x.astype(np.float32) for x in wide.arrays))
    args, kwargs = narrow.arguments(narrow.inputs)
    expected = [np.asarray(x).dtype for x in leaves(wide.op.function(*args, **kwargs))]
    outputs = narrow.level.value(narrow.inputs)
    assert [y.dtype for y in outputs] == [t for t in expected if t.kind == "f"]
    weights = weights_for(outputs, np.random.default_rng(0))
    gradients, from_rules = watched(narrow, weights)
    assert all(g.dtype == np.float32 for g in gradients)
    if all(t == np.float32 for t in expected):  # float_power widens, by NumPy's own rule
        assert all(g.dtype == np.float32 for g in from_rules), "a rule widens float32 to float64"
    exact = wide.level.pull(wide.inputs, [w.astype(np.float64) for w in weights])
    for g, e in zip(gradients, exact, strict=True):
        assert_close(g, e, 2e-3)


def watched(call: Call, weights: list[Any]) -> tuple[list[Any], list[Any]]:
    """The gradients, and what the op's own rules gave before the engine casts and un-broadcasts."""
    tensors = [Tensor(x, requires_grad=True) for x in call.inputs]
    outputs = call.level.run(tensors, True)
    seen: list[Any] = []

    def spy(pull: Any) -> Any:
        def spied(g: Any, saved: Any) -> list[Any]:
            found = list(pull(g, saved))
            seen.extend(x for x in found if x is not None)
            return found

        return spied

    for node in walk([out.node for out in outputs if out.node is not None]):
        if node.op is call.op:
            node.plan = Plan(node.plan.names, spy(node.plan.pull))
    return [t.array for t in pulled(outputs, weights, tensors, False)], seen


def assert_close(actual: Any, expected: Any, tolerance: float = 1e-11) -> None:
    scale = 1 + np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", sorted(registry))
@settings(max_examples=SOME)
@given(data=st.data())
def test_an_input_alone_gets_what_it_gets_in_company(name: str, data: Any) -> None:
    """With a gradient wanted for one input only, the others' rules do not run, and nothing else
    changes."""
    call = data.draw(calls(registry[name]))
    weights = weights_for(call.level.value(call.inputs), np.random.default_rng(0))
    together = call.level.pull(call.inputs, weights)
    for i, expected in enumerate(together):
        tensors = [Tensor(x, requires_grad=i == j) for j, x in enumerate(call.inputs)]
        found = pulled(call.level.run(tensors, True), weights, tensors, False)
        assert_close(found[i].array, expected)
