"""The strategies that users get: what they promise, how they shrink, what they catch."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import find, given, settings

import autograd as ag
from autograd import A, Sample, Tensor
from autograd.check import GradientError
from autograd.testing import (
    Program,
    arrays_away_from,
    assert_gradients_match,
    assert_op,
    broadcastable,
    calls,
    dtypes,
    gradient_property,
    graphs,
    shapes,
    signature,
    tensors,
)

QUICK = settings(settings.default, max_examples=15)


# -- arrays ---------------------------------------------------------------------------------------


@given(st.data())
def test_shapes(data: Any) -> None:
    low = data.draw(st.integers(0, 3))
    shape = data.draw(shapes(min_dims=low, max_dims=3, max_side=2))
    assert low <= len(shape) <= 3
    assert all(1 <= n <= 2 for n in shape)


@given(tensors(domain=(0.5, 2), dtype=dtypes()))
def test_tensors(x: Tensor) -> None:
    assert x.requires_grad
    assert x.dtype in (np.float32, np.float64)
    assert np.all((x.data >= 0.5) & (x.data <= 2))


@given(
    arrays_away_from([0.0, 1.0], margin=0.25), arrays_away_from(lambda x: np.diff(np.sort(x, None)))
)
def test_arrays_away_from_kinks(near_numbers: Any, distinct: Any) -> None:
    assert np.all(np.abs(near_numbers) >= 0.25)
    assert np.all(np.abs(near_numbers - 1) >= 0.25)
    assert np.all(np.diff(np.sort(distinct, None)) >= 1 / 16)


@given(broadcastable(3))
def test_broadcastable(arrays: Any) -> None:
    assert len(arrays) == 3
    np.broadcast_shapes(*(a.shape for a in arrays))


@given(signature("(m,n),(n,p)->(m,p)"))
def test_signature(arrays: Any) -> None:
    np.matmul(*arrays)


def test_examples_shrink_to_something_readable() -> None:
    assert np.array_equal(find(tensors(), lambda x: True).data, 0)
    x = find(tensors(), lambda x: x.ndim >= 2 and bool((x.data > 1).any()))
    assert x.shape == (1, 1)
    assert x.data == 1 + 1 / 64
    a, b = find(broadcastable(2), lambda ab: ab[0].shape != ab[1].shape)
    assert a.size == b.size == 1


# -- properties -----------------------------------------------------------------------------------


@gradient_property(tensors(shape=(3,)), settings=QUICK)
def test_gradient_property_is_a_test_in_one_line(x: Any) -> Any:
    return x - np.log(np.exp(x).sum())


@gradient_property(signature("(m,n),(n,p)->(m,p)"), 2, settings=QUICK, order=1)
def test_gradient_property_splits_groups_and_passes_constants(a: Any, b: Any, n: Any) -> Any:
    assert n == 2
    return (a @ b) ** n


def test_gradient_property_keeps_the_name_and_fails() -> None:
    double = ag.elementwise(lambda x: 2 * x, lambda g: g, name="double")

    @gradient_property(tensors(), settings=QUICK)
    def test_double(x: Any) -> Any:
        """Doubles."""
        return double(x)

    assert (test_double.__name__, test_double.__doc__) == ("test_double", "Doubles.")
    with pytest.raises(GradientError, match=r"a factor 2 is missing|0\.5") as caught:
        test_double()
    assert caught.value.op == "double"


def test_a_failure_shrinks_to_the_smallest_input() -> None:
    bad = ag.elementwise(
        lambda x: np.exp(x),
        lambda g, x, out: g * out * np.where(getattr(x, "array", x) > 1, 1.001, 1),
        name="bad",
    )
    seen: list[Any] = []

    def f(x: Any) -> Any:
        seen.append(x)
        return bad(x)

    with pytest.raises(GradientError) as caught:
        assert_gradients_match(f, tensors())
    assert caught.value.wrong[0][0] == ()
    notes = "\n".join(caught.value.__notes__)
    assert "Hypothesis found:\n  x = array(1.015625)" in notes  # just above 1, a 0-d Tensor


def test_values_outside_the_domain_are_left_out() -> None:
    assert_gradients_match(np.log, tensors(shape=(2,), domain=(-1, 3)), settings=QUICK)


def test_wrong_use_is_no_missing_example() -> None:
    with pytest.raises(ValueError, match="kinks"):
        assert_gradients_match(np.sin, tensors(), kinks="never", settings=QUICK)


# -- ops ------------------------------------------------------------------------------------------


def test_assert_op_on_an_op_of_ones_own() -> None:
    softplus = ag.elementwise(
        lambda x: np.log1p(np.exp(x)), lambda g, x: g / (1 + np.exp(-x)), name="softplus"
    )
    assert_op(softplus, settings=QUICK)
    softplus.op.rules.clear()


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, a, axis: g * a * 2.002,
        lambda g, a, axis: -g * a * 2,
        lambda g, a, axis: np.flip(g) * a * 2,
        lambda g, a, axis: g * getattr(a, "array", a) * 2,
    ],
)
def test_assert_op_catches(rule: Any) -> None:
    squares = ag.op(
        lambda a, axis=None: a * a, name="squares", samples=[Sample(A(2, 3)), Sample(A(3), axis=0)]
    )
    squares.wrt("a")(rule)
    with pytest.raises(GradientError):
        assert_op(squares, settings=QUICK)


def test_an_undeclared_kink_is_found() -> None:
    bump = ag.elementwise(lambda x: np.abs(x), lambda g, x: g * np.sign(x), name="bump")
    with pytest.raises(GradientError, match="no derivative"):
        assert_op(bump)
    declared = ag.elementwise(
        lambda x: np.abs(x), lambda g, x: g * np.sign(x), name="bump", kinks=lambda x: x
    )
    assert_op(declared, settings=QUICK)


def test_an_op_without_samples_says_so() -> None:
    lonely = ag.op(lambda a: a.sum(), name="lonely")
    with pytest.raises(LookupError, match=r"op lonely has no samples.*samples="):
        calls(lonely)


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (np.sin, r"ag\.op or ag\.elementwise declared, and sin .* write assert_op\(ag\.sin\)"),
        (lambda x: x, r"<lambda> \(function\) is not\. Of any function: assert_gradients_match"),
        (3.0, r"3\.0 \(float\) is not"),
        ([], r"\[\] \(list\) is not"),
        (ag.op(lambda a: a, name="f", samples=[Sample(A(2))]), r'op f has no.*@f\.wrt\("a"\)'),
    ],
)
def test_assert_op_is_for_ops_with_rules(f: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        assert_op(f)


def test_samples_are_samples() -> None:
    f = ag.op(lambda a: a + 0, name="f", samples=[(A(2),)])  # type: ignore[list-item]
    f.wrt("a")(lambda g: g)
    with pytest.raises(TypeError, match=r"sample \(A\(2,\),\) is no Sample.*Sample\(A\(2, 3\)"):
        assert_op(f, settings=QUICK)
    with pytest.raises(TypeError, match="is no Sample"):
        calls(ag.sum, A(2))  # type: ignore[arg-type]


def test_a_sample_that_does_not_fit_says_so() -> None:
    f = ag.op(lambda a, out=None: a + 0, name="f", samples=[Sample(A(2), A(2))])
    f.wrt("a")(lambda g: g)
    with pytest.raises(TypeError, match="samples are calls of the op itself"):
        assert_op(f, settings=QUICK)


# -- programs -------------------------------------------------------------------------------------


@given(graphs(max_ops=5))
def test_programs_run_on_arrays_and_on_tensors(program: Program) -> None:
    assert len(program.steps) <= 5
    plain = program(*program.inputs)
    assert all(isinstance(y, (np.ndarray, np.generic)) for y in plain)
    recorded = program(*[Tensor(x, requires_grad=True) for x in program.inputs])
    for y, t in zip(plain, recorded, strict=True):
        np.testing.assert_allclose(t.array, y, rtol=1e-12)


def test_programs_shrink_and_are_readable() -> None:
    program = find(
        graphs(), lambda program: any(step.op.name == "multiply" for step in program.steps)
    )
    assert len(program.steps) == 1
    assert len(program.inputs) == 1
    assert "v1 = multiply(shaped(v0, ()), shaped(v0, ()))" in repr(program)


# -- without the extra ----------------------------------------------------------------------------


def test_hypothesis_is_loaded_only_when_asked_for_and_missed_in_one_line() -> None:
    code = """
import sys
sys.modules["hypothesis"] = None
import autograd as ag
ag.check_gradients(lambda x: x * x, 3.0)
try:
    ag.testing
except ModuleNotFoundError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = 'the extra `test` (in a checkout: pip install -e ".[test]")'
    assert done.stdout == f"autograd.testing needs hypothesis, of {words}\n"
