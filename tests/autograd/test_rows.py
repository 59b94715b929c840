"""A Jacobian's rows side by side are those that one backward pass for each would give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd as ag
from autograd import rows
from autograd.declare import registry
from autograd.functional import _pass_by_pass, _side_by_side, _Trace
from autograd.op import Op
from autograd.testing import calls
from autograd.testing.calls import is_pointwise

POINTWISE = [pytest.param(op, id=name) for name, op in sorted(registry.items()) if is_pointwise(op)]


def agree(f: Any, *arrays: Any) -> None:
    trace = _Trace(f, arrays, {}, range(len(arrays)))
    for k, out in enumerate(trace.outputs):
        found = _side_by_side(trace, out)
        assert found is not None
        for ours, expected in zip(found, _pass_by_pass(trace, k), strict=True):
            assert ours.dtype == expected.dtype
            np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("op", POINTWISE)
@settings(max_examples=max(settings.default.max_examples // 20, 1))
@given(data=st.data())
def test_rules_of_every_elementwise_op_broadcast_over_rows(op: Op, data: Any) -> None:
    call = data.draw(calls(op))
    agree(call, *call.inputs)


MATRIX = np.linspace(-1, 1, 12).reshape(3, 4)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.tanh(MATRIX.T @ x),
        lambda x: x[:, :1] * x + x[0],  # stretched along both axes
        lambda x: np.sum(x * x),
        lambda x: np.concatenate([x, 2 * x], axis=1)[1:, ::2],
        lambda x: x - x.mean(axis=0) * np.ones((2, 3, 4)),
        lambda x: {"a": np.exp(x[0]), "b": [x, x.T @ x]},
        lambda x: x,
        lambda x: x[:0],
        lambda x: (x.astype(np.float32) * np.float32(2)).astype(np.float64) + x,
    ],
)
@pytest.mark.parametrize("room", [rows.ROOM, 1, 20])
def test_programs_agree_in_one_part_and_in_many(f: Any, room: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(rows, "ROOM", room)
    agree(f, MATRIX)


def test_where_somebody_else_looks_rows_go_one_by_one() -> None:
    seen = []

    def f(x: Any) -> Any:
        y = x * 2
        y.register_hook(lambda g: seen.append(g.shape))
        return y

    np.testing.assert_array_equal(ag.jacobian(f)(np.ones(3)), 2 * np.eye(3))
    assert seen == [(3,)] * 3
    halves = lambda x: sum(np.split(x, 2)) ** 2
    np.testing.assert_array_equal(ag.jacobian(halves)(np.ones(2)), [[4.0, 4.0]])
    with ag.debug():
        np.testing.assert_array_equal(ag.jacobian(np.square)(np.ones(2)), 2 * np.eye(2))


def test_a_nan_that_a_rule_makes_is_told() -> None:
    with pytest.warns(ag.GradientWarning, match="power"):
        ag.jacobian(lambda x: (x * 0) ** 0.5)(np.zeros(2))
