"""`ag.debug()`, `ag.explain()`, and errors that show the user's own line."""

import math

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor


def leaf(values, name=None):
    return Tensor(values, requires_grad=True, name=name)


def test_the_first_nan_forward_is_named_with_ranges_and_line():
    x = leaf([1.0, -4.0], "x")
    with ag.debug(), np.errstate(invalid="ignore"):
        y = x * 2
        with pytest.raises(FloatingPointError, match="sqrt made the first NaN") as caught:
            np.sqrt(y)  # the guilty line
    message = str(caught.value)
    assert "x: from -8 to 2. " in message
    assert "out: from 1.414 to 1.414, and 1 NaN. " in message
    assert "the guilty line" in message


def test_the_first_infinity_backward_is_named():
    x = leaf([0.0, 1.0])
    with ag.debug():
        y = np.sqrt(x).sum()
        with pytest.raises(FloatingPointError, match=r"gradient of sqrt is not finite"):
            y.backward()


def test_raw_writes_are_found_through_data_views_and_the_callers_array():
    a = np.array([1.0, 2.0, 3.0])
    x = leaf(a)
    view = x.data[:1]
    for write in (lambda: x.data.__setitem__(0, 9.0), lambda: view.fill(7.0)):
        with ag.debug():
            y = (x * x).sum()
            write()
            with pytest.raises(RuntimeError, match=r"multiply.*overwritten.*Made at"):
                y.backward()
    with ag.debug():
        y = (leaf([1.0, 1.0, 1.0]) * a).sum()
        a[0] = 5
        with pytest.raises(RuntimeError, match="overwritten"):
            y.backward()


def test_leaving_the_graph_warns_under_debug_only():
    x = leaf(2.0)
    assert math.exp(x) == math.exp(2.0)
    with ag.debug(), pytest.warns(ag.DetachWarning, match=r"float\(\)") as seen:
        math.exp(x)
    assert seen[0].filename == __file__


def test_debug_survives_no_grad_and_enable_grad():
    x = leaf([1.0])
    quiet = np.errstate(invalid="ignore")
    with ag.debug(), ag.no_grad(), ag.enable_grad(), quiet, pytest.raises(FloatingPointError):
        np.log(x - 2)
    y = np.sqrt(x - 1)  # outside, nothing is checked
    assert y.requires_grad


def test_debug_checks_second_order_too():
    x = leaf([2.0])
    with ag.debug():
        (x**3).sum().backward(create_graph=True)
        g = x.grad
        x.zero_grad()
        g.sum().backward()
    np.testing.assert_allclose(x.grad.data, [12.0])


def test_a_masked_branch_warns_at_the_users_line_with_the_recipe():
    x = leaf([0.0, 1.0], "x")
    with np.errstate(divide="ignore"):
        y = ag.where(x > 0, np.log(x), 0.0).sum()
    with pytest.warns(ag.GradientWarning, match=r"NaN at log.*where\(x > 0, x, 1\)") as seen:
        y.backward()
    assert seen[0].filename == __file__
    x.zero_grad()
    ag.where(x > 0, np.log(ag.where(x > 0, x, 1.0)), 0.0).sum().backward()  # the recipe
    np.testing.assert_array_equal(x.grad.data, [0.0, 1.0])


def test_shapes_stand_under_the_users_line():
    x, w = leaf(np.ones((2, 3)), "x"), leaf(np.ones((4, 5)), "w")
    with pytest.raises(ValueError, match="broadcast") as caught:
        np.tanh(x * 2 + w)
    notes = "\n".join(caught.value.__notes__)
    assert "in add:" in notes
    lines = notes.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("np.tanh"))
    for name, shape in (("w", "(4, 5)"), ("x", "(2, 3)")):
        column = lines[at].index(f"{name} " if name == "x" else f"{name})")
        row = next(line for line in lines[at + 1 :] if shape in line)
        assert row.index("└") == column


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: np.ones(2), "not a Tensor"),
        (lambda: Tensor([1, 2]), "int64"),
        (lambda: Tensor([1.0]), r"made without requires_grad"),
        (lambda: leaf([1.0]).detach(), r"nothing was recorded"),
        (lambda: leaf([1.0]), r"has not reached it"),
        (lambda: leaf([1.0]) * 2, r"retain_grad\(\)"),
    ],
)
def test_explain_says_why_there_is_no_gradient(make, words):
    assert words.replace("\\", "") in ag.explain(make())


def test_explain_follows_the_way_to_the_loss():
    x, other = leaf([-1.0, -2.0], "x"), leaf([1.0], "other")
    loss = np.maximum(x, 0).sum()
    assert "does not depend on it" in ag.explain(other, loss)
    assert "has not been called" in ag.explain(x, loss)
    loss.backward()
    assert "zero everywhere" in ag.explain(x, loss)
    assert "not zero" in ag.explain(_after(leaf([1.0, 2.0])))
    assert repr(ag.explain(x)) == str(ag.explain(x))


def _after(x):
    (x * x).sum().backward()
    return x


def test_backward_on_what_was_not_recorded_says_so():
    with pytest.raises(RuntimeError, match=r"requires a gradient.*requires_grad=True"):
        Tensor([1.0]).backward()
    with pytest.raises(RuntimeError, match=r"which of its 2 elements"):
        leaf([1.0, 2.0]).backward()
    with pytest.raises(ValueError, match=r"grad has shape \(3,\)"):
        (leaf([1.0, 2.0]) * 2).backward(np.ones(3))
