"""The checker is checked: each kind of wrong rule is caught, with the right place in the message;
and what is right passes, also where it is hard.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Tensor, check_gradients, check_vjp
from autograd.check import GradientError
from autograd.check.compare import Comparison, weights_for
from autograd.check.levels import Level
from autograd.check.slope import slope

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4))
Y = RNG.normal(size=(4,))


def values(x: Any) -> Any:
    """The numbers of a Tensor, outside the graph: what a careless rule computes with."""
    return getattr(x, "array", x)


def sine(rule: Any) -> Any:
    """An op for sin x with this rule."""
    return ag.elementwise(lambda x: np.sin(x), rule, name="sine")


def refused(f: Any, *inputs: Any, **options: Any) -> GradientError:
    with pytest.raises(GradientError) as caught:
        check_gradients(f, *inputs, **options)
    return caught.value


# -- wrong rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [1.001, 1 + 1e-6, 1 - 1e-6, 2, 0.5, -1, 0, 12])
def test_a_factor_is_caught_and_named(factor: float) -> None:
    wrong = refused(sine(lambda g, x: g * np.cos(x) * factor), X)
    assert (wrong.problem, wrong.input, wrong.order, wrong.op) == ("value", "x", 1, "sine")
    assert len(wrong.wrong) == X.size
    for index, analytic, numeric in wrong.wrong:
        np.testing.assert_allclose(
            [analytic, numeric], [factor * np.cos(X[index]), np.cos(X[index])], rtol=1e-8
        )
    named = {
        2: "counted twice",
        -1: "a sign is wrong",
        0.5: "a factor 2 is missing",
        0: "lost",
        12: "a sum over 12",
    }
    assert named.get(factor, "The ratio is") in str(wrong)
    assert "rule of sine is at fault" in str(wrong)


def test_a_factor_next_to_one_is_no_sum_over_one() -> None:
    wrong = str(refused(sine(lambda g, x: g * np.cos(x) * (1 + 1e-7)), X))
    assert "The ratio is 1.0000001 everywhere" in wrong
    assert wrong.count("  1.0000001") == 8  # in the table, too


def test_a_lost_gradient_of_one_number_is_called_lost() -> None:
    lost = str(refused(lambda x, y: x * y.detach(), 2.0, 3.0))
    assert "The gradient is 0: it is lost (detach, .data" in lost


@given(at=st.tuples(st.integers(0, 2), st.integers(0, 3)))
def test_a_single_element_wrong_by_a_ten_thousandth_is_caught_and_found(
    at: tuple[int, int],
) -> None:
    factors = np.ones(X.shape)
    factors[at] += 1e-4
    f = sine(lambda g, x: g * np.cos(x) * (factors if g.shape == X.shape else 1))
    wrong = refused(f, X, shrink=False)
    assert [index for index, _, _ in wrong.wrong] == [at]
    assert f"x[{at[0]}, {at[1]}]" in str(wrong)
    assert "The other 11 elements are right." in str(wrong)


def test_one_element_of_ten_thousand() -> None:
    x = RNG.normal(size=(100, 100))
    factors = np.ones(x.shape)
    factors[31, 41] += 1e-4
    wrong = refused(sine(lambda g, x: g * np.cos(x) * factors), x, shrink=False)
    assert [index for index, _, _ in wrong.wrong] == [(31, 41)]


def test_a_large_input_wrong_throughout() -> None:
    wrong = refused(
        sine(lambda g, x: g * np.cos(x) * 1.001), RNG.normal(size=(50, 50)), shrink=False
    )
    assert len(wrong.wrong) == 8  # enough to see it


def test_a_gradient_that_is_not_finite() -> None:
    wrong = refused(sine(lambda g, x: g * np.cos(x) / 0), X, shrink=False)
    assert "not finite, though the slope is" in str(wrong)


def test_an_input_without_influence_shows_in_the_report() -> None:
    table = X.copy()
    report = check_gradients(lambda x: Tensor(table).sum() + 0 * x.sum(), X)
    assert report.orders[1] == {"x": None}
    assert "all 0" in repr(report)


def test_a_transposed_jacobian() -> None:
    turned = ag.op(lambda a: a.T.copy(), name="turned")
    turned.wrt("a")(lambda g: g)
    weights = np.arange(9.0).reshape(3, 3)
    wrong = refused(lambda a: turned(a) * weights, X[:, :3])
    assert "transposed" in str(wrong)
    assert wrong.op == "turned"
    assert "turned → multiply" in str(wrong)


@pytest.mark.parametrize("order", [1, 2])
def test_a_wrong_shape_names_the_rule(order: int) -> None:
    product = ag.op(lambda x, w: x @ w, name="product")
    product.wrt("x")(lambda g, w: g @ w.T)
    turn = np.transpose if order == 1 else lambda g: g.T if isinstance(g, Tensor) else g
    product.wrt("w")(lambda g, x: turn(x.T @ g))
    wrong = refused(product, X, RNG.normal(size=(4, 2)))
    assert (wrong.problem, wrong.input, wrong.op) == ("shape", "w", "product")
    assert "the rule of product for w gave a gradient of shape (2, 4) for an input" in str(wrong)


def test_the_wrong_way_round() -> None:
    shift = ag.op(lambda a: a[::-1].copy(), name="shift")
    shift.wrt("a")(lambda g: g)
    assert "wrong way round along axis 0" in str(refused(shift, Y))


def test_wrong_at_second_order_only_in_the_input() -> None:
    f = sine(lambda g, x: g * np.cos(values(x)))
    assert check_gradients(f, X, order=1)
    wrong = refused(lambda x, y: np.exp(f(x * y)), X, Y)
    assert (wrong.order, wrong.op) == (2, "sine")
    assert "the gradient of the gradient of" in str(wrong)


def test_wrong_at_second_order_only_in_the_gradient_that_arrives() -> None:
    f = sine(lambda g, x: values(g) * np.cos(x))
    assert check_gradients(f, X, order=1)
    wrong = refused(f, X)
    assert (wrong.order, wrong.input) == (2, "g")
    assert "taken out of the graph" in str(wrong)


def test_wrong_at_third_order_only() -> None:
    cosine = ag.elementwise(lambda x: np.cos(x), lambda g, x: -g * np.sin(values(x)), name="cosine")
    f = sine(lambda g, x: g * cosine(x))
    assert check_gradients(f, X, order=2)
    wrong = refused(f, X[0], order=3)
    assert wrong.order == 3
    assert "gradient of order 3" in str(wrong)


def test_wrong_for_float32_only() -> None:
    f = sine(lambda g, x: g * np.cos(x) * (1.001 if x.dtype == np.float32 else 1))
    assert check_gradients(f, X)
    wrong = refused(f, X.astype(np.float32))
    assert (wrong.problem, wrong.input) == ("dtype", "x")
    assert "wrong in float32" in str(wrong)


@pytest.mark.parametrize("order", [1, 2])
def test_wrong_for_negative_strides_only(order: int) -> None:
    def unsafe(x: Any) -> Any:
        return 1.5 if any(s < 0 for s in values(x).strides) else 1.0

    cosine = ag.elementwise(lambda x: np.cos(x), lambda g, x: -g * np.sin(x) * unsafe(x), name="c")
    rules = {1: lambda g, x: g * np.cos(x) * unsafe(x), 2: lambda g, x: g * cosine(x)}
    wrong = refused(sine(rules[order]), X)
    assert (wrong.problem, wrong.order) == ("layout", order)
    assert "negative strides" in str(wrong)


def test_another_gradient_under_create_graph() -> None:
    f = sine(lambda g, x: g * np.cos(x) * (1.001 if isinstance(x, Tensor) else 1))
    wrong = refused(f, X)
    assert wrong.problem == "create_graph"


def test_a_lost_gradient() -> None:
    wrong = refused(lambda x, y: x * y.detach(), X, Y)
    assert wrong.input == "y"
    assert "lost" in str(wrong)
    assert wrong.op is None


def test_every_op_right_but_the_joint_is_not() -> None:
    wrong = refused(lambda x: np.exp(x) * np.sin(x.detach()), X)
    assert wrong.op is None
    assert "Every op is right by itself" in str(wrong)


@pytest.mark.parametrize("what", ["value", "gradient"])
def test_non_determinism(what: str) -> None:
    rng = np.random.default_rng(0)
    noisy = lambda: 1 + 0.1 * rng.normal()
    functions = {
        "value": lambda x: np.sin(x) * noisy(),
        "gradient": sine(lambda g, x: g * np.cos(x) * noisy()),
    }
    wrong = refused(functions[what], X)
    assert wrong.problem == "random"
    assert f"the {what} of" in str(wrong)


def test_overwritten_inputs() -> None:
    def careless(x: Any) -> Any:
        y = np.sin(x)
        x.array[0] = 7
        return y

    mine = X.copy()
    wrong = refused(careless, mine)
    assert (wrong.problem, wrong.input) == ("mutation", "x")
    np.testing.assert_array_equal(mine, X)  # it was not on the caller's own array

    def greedy(g: Any, x: Any) -> Any:
        values(g)[...] = 0
        return g * np.cos(x)

    wrong = refused(sine(greedy), X)
    assert wrong.input == "g"
    assert "g = g.copy(), or g = g + … instead of g += …." in str(wrong)


def test_a_rule_that_overwrites_what_it_was_given() -> None:
    def rule(g: Any, x: Any) -> Any:
        values(x)[...] += 1
        return g * np.cos(x)

    assert refused(sine(rule), X).problem == "mutation"


def test_the_smallest_failing_input() -> None:
    f = sine(lambda g, x: g * np.cos(x) * np.where(values(x) > 0.5, 1.1, 1))
    wrong = refused(lambda x, y: f(x) * y, RNG.uniform(-1, 2, size=(5, 7)), RNG.normal(size=7))
    assert wrong.smallest is not None
    x, y = wrong.smallest
    assert (x.shape, y.shape) == ((1, 1), (1,))
    assert x == 1
    assert "smallest input found that fails:\n  x = array([[1.]])\n" in str(wrong)


# -- what is right, passes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.exp(x) / np.exp(x).sum(),
        lambda x: np.sin(1e6 * x),
        lambda x: (x + 1e8) - 1e8,
        lambda x: np.log(np.abs(x) + 1e-9),
        lambda x: 1e-200 * x**2,
        lambda x: 1e200 * np.tanh(x),
        lambda x: np.where(x > 0, x, 2 * x),
        lambda x: x * 0,
        lambda x: (x**2).sum() * 1e-12 + 1e6,
        lambda x: np.linalg.inv(x @ x.T + 1e-3 * np.eye(3)),
    ],
)
def test_hard_but_right(f: Any) -> None:
    report = check_gradients(f, X)
    assert report.kinks == []
    assert report.unexamined == 0


def test_values_of_very_different_sizes() -> None:
    x = np.array([1e-8, 1.0, 1e8, -1e3])
    assert check_gradients(lambda x: np.log(np.abs(x)), x).kinks == []
    assert check_gradients(np.cbrt, x).kinks == []
    many = 10.0 ** RNG.uniform(-8, 8, size=30)
    assert check_gradients(np.sqrt, many).evaluations < 500  # within its domain, all at once


@pytest.mark.parametrize("x", [np.array([0.3]), np.array([1e6 + 0.3])])
@pytest.mark.parametrize("far", [1e6, 1e8])
def test_rounding_on_the_way_and_many_turns_within_a_step(x: Any, far: float) -> None:
    assert check_gradients(lambda x: (x + far) - far, x).kinks == []
    assert check_gradients(lambda x: np.sin(x - 1e6), x).kinks == []


def test_a_rounding_that_shows_at_few_places() -> None:
    """1 − tanh² near 1 moves in rare jumps: a slope of it is known to six digits, no more."""
    a, b = np.array([[2.65625]]), np.array([[2.703125]])
    assert check_gradients(lambda a, b: np.tanh(a @ b), a, b).kinks == []


@pytest.mark.parametrize("f", [np.sum, np.transpose, lambda x: 2 * x, lambda x: x[1:]])
def test_no_element_is_looked_at_where_the_second_order_is_nothing(f: Any) -> None:
    assert check_gradients(f, RNG.normal(size=(30, 40))).evaluations < 60


def test_matmul_100() -> None:
    a = RNG.normal(size=(100, 100))
    report = check_gradients(np.matmul, a, a)
    assert report.evaluations < 200  # not 20,000: random directions, not elements


def test_integers_and_flags_pass_through() -> None:
    def f(x: Any, n: int, places: Any, *, axis: int = 0) -> Any:
        return (x**n)[places].sum(axis=axis)

    report = check_gradients(f, X, 3, np.array([0, 2, 2]))
    assert list(report.shapes) == ["x"]


def test_nested_inputs_and_several_outputs() -> None:
    def f(p: Any, xs: Any) -> Any:
        h = np.tanh(xs[0] @ p["w"] + p["b"])
        return {"h": h, "loss": (h * xs[1], [h.sum()])}

    p = {"w": RNG.normal(size=(4, 2)), "b": RNG.normal(size=2)}
    report = check_gradients(f, p, (X, 0.5))
    assert list(report.shapes) == ["p['w']", "p['b']", "xs[0]", "xs[1]"]
    assert report.shapes["p['w']"] == (4, 2)
    assert list(report.orders) == [1, 2]


def test_captured_tensors_are_checked_and_left_as_they_were() -> None:
    w = Tensor(X, requires_grad=True, name="w")
    array, node = w.array, w.node
    report = check_gradients(lambda y: (w * y).sum(), Y)
    assert list(report.shapes) == ["y", "w"]
    assert w.array is array
    assert w.node is node
    assert w.grad is None
    np.testing.assert_array_equal(w.array, X)
    bad = sine(lambda g, x: g * np.cos(x) * 2)
    assert refused(lambda y: bad(w) * y, Y).input == "w"
    assert w.array is array
    assert list(check_gradients(lambda: w * w).shapes) == ["w"]


def test_parameters_of_something_like_a_module() -> None:
    class Layer:
        def __init__(self) -> None:
            self.w = Tensor(RNG.normal(size=(4, 2)).astype(np.float32), requires_grad=True)

        def parameters(self) -> list[Tensor]:
            return [self.w]

        def named_parameters(self) -> list[tuple[str, Tensor]]:
            return [("w", self.w)]

        def __call__(self, x: Any) -> Any:
            return np.tanh(x @ self.w)

    layer = Layer()
    report = check_gradients(layer, X)
    assert list(report.shapes) == ["x", "w"]
    assert layer.w.dtype == np.float32
    assert list(check_gradients(lambda x: layer(x).sum(), X).shapes) == ["x", "w"]


def test_inside_no_grad() -> None:
    with ag.no_grad():
        assert check_gradients(np.sin, X).evaluations


def test_tensors_as_inputs_are_not_touched() -> None:
    x = Tensor(X, requires_grad=True)
    check_gradients(np.sin, x)
    assert x.grad is None
    np.testing.assert_array_equal(x.array, X)


def test_steps() -> None:
    assert check_gradients(np.matmul, X, X.T.copy(), step="one").evaluations < 30
    report = check_gradients(lambda x: np.exp(x) * np.sin(x), X, step="complex")
    assert report.orders[1]["x"] < 1e-15
    with pytest.raises(ValueError, match="'adaptive', 'one', 'complex'"):
        check_gradients(np.sin, X, step="central")


# -- kinks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "left", "right"),
    [
        (np.abs, -1, 1),
        (lambda x: np.maximum(x, 0), 0, 1),
        (lambda x: np.where(x > 0, 3 * x, -2 * x), -2, 3),
        (lambda x: np.exp(np.abs(x)), -1, 1),
    ],
)
def test_kinks_are_reported_with_both_slopes(f: Any, left: float, right: float) -> None:
    report = check_gradients(f, np.array([0.0, 1.0, -2.0]))
    (kink,) = [k for k in report.kinks if k.order == 1]
    assert kink.element == "x[0]"
    np.testing.assert_allclose([kink.left, kink.right], [left, right], atol=1e-6)
    assert "from the left" in repr(report)


def test_kinks_are_an_error_on_demand() -> None:
    wrong = refused(np.abs, np.array([0.0, 1.0]), kinks="error")
    assert (wrong.problem, wrong.input) == ("kink", "x")
    with pytest.raises(ValueError, match="kinks"):
        check_gradients(np.abs, X, kinks="ignore")


def test_what_stands_beside_a_kink_is_still_checked() -> None:
    bad = ag.elementwise(
        lambda x: np.abs(x),
        lambda g, x: g * np.sign(x) * np.where(values(x) == 2, 1.001, 1),
        name="bad",
    )
    wrong = refused(bad, np.array([0.0, 1.0, 2.0, 0.0]))
    assert [index for index, _, _ in wrong.wrong] == [(2,)]


def test_near_a_kink_is_not_at_it() -> None:
    assert check_gradients(np.abs, np.array([1e-4, -1e-3, 1.0])).kinks == []


def test_a_kink_of_the_gradient_is_of_order_two() -> None:
    report = check_gradients(lambda x: x * np.abs(x), np.array([0.0, 1.0]))
    assert {k.order for k in report.kinks} == {2}


def test_infinite_slopes_and_edges_of_domains() -> None:
    report = check_gradients(np.sqrt, np.array([0.0, 4.0]), order=1)
    assert [k.element for k in report.kinks] == ["x[0]"]
    report = check_gradients(np.cbrt, np.array([0.0, 8.0]), order=1)
    assert [k.element for k in report.kinks] == ["x[0]"]


def test_a_cusp() -> None:
    report = check_gradients(lambda x: np.cbrt(x) ** 2, np.array([0.0, 8.0]), order=1)
    assert [k.element for k in report.kinks] == ["x[0]"]


def test_steps_of_a_staircase() -> None:
    assert check_gradients(np.floor, np.array([0.5, 1.25])).kinks == []
    assert len(check_gradients(np.floor, np.array([1.0, 1.25]), order=1).kinks) == 1


def test_a_kink_between_elements_that_no_element_has_alone() -> None:
    f = lambda x: np.cbrt(x[0] * x[1])  # both partial derivatives at 0 are 0
    report = check_vjp(f, lambda g, x: np.zeros(2), [np.zeros(2)])
    assert [k.element for k in report.kinks] == ["x, along a random direction"]


def test_so_many_kinks_that_not_all_are_found() -> None:
    report = check_gradients(np.abs, np.zeros(2000), order=1)
    assert report.unexamined > 0
    assert f"not examined for so many kinks: {report.unexamined} elements" in repr(report)
    assert "more kinks" in repr(report)


# -- the difference itself ------------------------------------------------------------------------


@given(a=st.floats(-3, 3), b=st.floats(-3, 3), c=st.floats(-3, 3), size=st.integers(-8, 8))
def test_the_slope_is_good_to_ten_digits_and_knows_it(
    a: float, b: float, c: float, size: int
) -> None:
    """φ(t) = a sin(b + t) + c t, in any units."""
    unit = 10.0**size

    def phi(t: float) -> Any:
        return unit * np.array([a * np.sin(b + t), c * t])

    found = slope(phi, float(np.finfo(float).eps), unit)
    exact = unit * (a * np.cos(b) + c)
    assert abs(found.value - exact) <= max(10 * found.error, 1e-14 * unit)
    assert found.error <= 1e-9 * unit
    assert found.smooth


@given(left=st.integers(-5, 5), right=st.integers(-5, 5), bend=st.floats(-2, 2))
def test_the_slope_tells_both_sides_of_a_kink(left: int, right: int, bend: float) -> None:
    def phi(t: float) -> Any:
        return np.array([(right if t > 0 else left) * t, bend * t * t])

    found = slope(phi, float(np.finfo(float).eps), 1.0)
    assert found.smooth == (left == right)
    np.testing.assert_allclose(found.sides, (left, right), atol=1e-6)


def test_the_checker_cannot_be_fooled_by_its_own_gradients() -> None:
    """Handing it its own numbers times 100, as a stale variable would (SmallPebble did)."""
    level = Level(lambda tensors, record: [np.sin(tensors[0])])
    weights = weights_for(level.value([X]), RNG)
    (gradient,) = level.pull([X], weights)
    assert not Comparison(level, [X], weights, [gradient]).run().wrong
    assert Comparison(level, [X], weights, [gradient * 100]).run().wrong


# -- the report -----------------------------------------------------------------------------------


def test_the_report_lines_up() -> None:
    report = check_gradients(lambda x, y, unused: x @ y, X, Y, np.ones(2))
    lines = repr(report).splitlines()
    assert lines[0].startswith("gradients of <lambda> match at orders 1 and 2 (")
    assert lines[1].split() == ["input", "shape", "error", "1", "error", "2"]
    ends = {len(line) for line in lines[1:4]}
    assert len(ends) == 1
    assert "all 0" in lines[4]
    assert bool(report)


def test_nothing_to_check() -> None:
    with pytest.raises(TypeError, match=r"no floating-point array among.* 1\.0 instead"):
        check_gradients(lambda n: np.ones(3), 3)
    with pytest.raises(TypeError, match="without any floating-point array"):
        check_gradients(lambda x: np.argmax(x), X)
    with pytest.raises(ValueError, match="nothing finite"), np.errstate(all="ignore"):
        check_gradients(np.log, -np.abs(X))
    with pytest.raises(ValueError, match="order must be"):
        check_gradients(np.sin, X, order=0)
    report = check_gradients(np.sin, np.zeros((0, 3)))
    assert "have the right shapes at orders 1 and 2; there is no element" in repr(report)
    for directions in (0, 1.5):
        with pytest.raises(ValueError, match="directions must be a whole number, 1 or more"):
            check_gradients(np.sin, X, directions=directions)  # type: ignore[arg-type]


def test_integers_are_refused_before_the_function_sees_them() -> None:
    called = ag.op(lambda a: pytest.fail("called"), name="called")
    called.wrt("a")(lambda g: g)
    for f in (called, lambda x: x.sum()):
        with pytest.raises(TypeError, match=r"no floating-point array among the inputs.*\(int64\)"):
            check_gradients(f, np.array([1, 2]))
    with pytest.raises(TypeError, match="no floating-point array among the inputs of sin"):
        check_vjp(np.sin, lambda g, x: 7 * g, [np.array([1, 2])])


@pytest.mark.parametrize(
    ("check", "said"),
    [
        (lambda: check_gradients(np.sin, [0.1, 0.2]), r"list is several inputs.*np\.array\("),
        (lambda: check_gradients(lambda x: x.sum(), [[0.1], [0.2]]), "'list' object has no"),
        (lambda: check_gradients(np.sin(Tensor(X)), X), r"a Tensor is no function.*lambda x: "),
        (lambda: check_vjp(X, np.cos, [X]), "ndarray is no function"),  # type: ignore[arg-type]
        (lambda: check_vjp(np.sin, lambda g, x: g * np.cos(x), X), r"a list: write \[x\]"),
        (lambda: check_vjp(np.sin, lambda g, x: g, 1.0), r"\[x\]"),  # type: ignore[arg-type]
    ],
)
def test_wrong_calls_say_what_to_write(check: Any, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        check()


def test_what_could_not_be_compared_is_counted() -> None:
    with np.errstate(all="ignore"):
        report = check_gradients(ag.log, np.array([-1.0, 1.0, 2.0]))
    assert report.left_out == [("the output", 1, 1, 3)]
    assert "not compared: 1 of 3 elements of the output, not finite at order 1" in repr(report)
    report = check_gradients(np.tanh, np.array([np.nan, 1.0]))
    assert [left_out[2:] for left_out in report.left_out] == [(1, 2), (1, 2)]
    assert not check_gradients(np.sqrt, np.array([0.0, 1.0])).left_out  # a kink, and told as one


def test_an_input_that_could_not_be_compared_has_no_error() -> None:
    report = check_gradients(lambda x, y: np.append(np.tanh(x), y), np.array([np.nan]), Y)
    assert np.isnan(report.orders[1]["x"])
    assert "of the gradient with respect to x" in repr(report)
    x_row = next(line for line in repr(report).splitlines() if line.split()[0] == "x")
    assert x_row.split()[-2:] == ["–", "–"]
    with pytest.raises(ValueError, match=r"nothing of .* could be compared: 1 of 2 el"):
        check_vjp(lambda x: np.append(x, 1.0), lambda g, x: x * g[:-1], [np.array([np.nan])])


# -- by hand --------------------------------------------------------------------------------------


def matmul_vjp(g: Any, a: Any, b: Any) -> Any:
    return g @ b.T, a.T @ g


def test_vjp_right() -> None:
    report = check_vjp(np.matmul, matmul_vjp, [X, RNG.normal(size=(4, 2))])
    assert list(report.orders) == [1]
    assert len(report.shapes) == 2


@pytest.mark.parametrize(
    ("f", "f_vjp", "problem", "said"),
    [
        (np.multiply, lambda g, x, y: (g * y * 1.001, (g * x).sum(0)), "value", "1.001"),
        (np.multiply, lambda g, x, y: (g * y, -(g * x).sum(0)), "value", "sign"),
        (np.multiply, lambda g, x, y: (g * y, g * x), "shape", "sum the gradient over axes (0,)"),
        (np.multiply, lambda g, x, y: (g * y, None), "value", "lost"),
        (np.multiply, lambda g, x, y: (np.float32(g * y), (g * x).sum(0)), "dtype", "float32"),
        (np.multiply, lambda g, x, y: ((g * y).T, (g * x).sum(0)), "shape", "(4, 3)"),
    ],
)  # fmt: skip
def test_vjp_wrong(f: Any, f_vjp: Any, problem: str, said: str) -> None:
    with pytest.raises(GradientError) as caught:
        check_vjp(f, f_vjp, [X, Y])
    assert caught.value.problem == problem
    assert said in str(caught.value)


def test_vjp_overwrites_or_is_random() -> None:
    def overwriting(g: Any, x: Any) -> Any:
        g *= np.cos(x)
        return g

    with pytest.raises(GradientError, match="overwrites its input g"):
        check_vjp(np.sin, overwriting, [X])
    rng = np.random.default_rng(0)
    with pytest.raises(GradientError, match="differs from call to call"):
        check_vjp(np.sin, lambda g, x: g * np.cos(x) * rng.uniform(), [X])


def test_vjp_of_several_outputs_integers_and_trees() -> None:
    def f(p: Any, n: int) -> Any:
        return p["x"] ** n, {"sum": p["x"].sum(), "place": np.argmax(p["x"])}

    def f_vjp(g: Any, p: Any, n: int) -> Any:
        return {"x": g[0] * n * p["x"] ** (n - 1) + g[1]["sum"]}, None

    assert check_vjp(f, f_vjp, [{"x": X}, 3]).kinks == []
    with pytest.raises(TypeError, match="1 gradients for 2 inputs"):
        check_vjp(f, lambda g, p, n: [None], [{"x": X}, 3])


def test_vjp_made_for_float32_only() -> None:
    def f(x: Any) -> Any:
        if x.dtype != np.float32:
            raise TypeError("float32 only")
        return np.tanh(x)

    x = X.astype(np.float32)
    assert check_vjp(f, lambda g, x: g * (1 - np.tanh(x) ** 2), [x])
    with pytest.raises(GradientError):
        check_vjp(f, lambda g, x: g * (1 - np.tanh(x) ** 2) * np.float32(1.01), [x])


def test_vjp_may_refuse_a_memory_layout() -> None:
    def f(x: Any) -> Any:
        if any(s < 0 for s in x.strides):
            raise ValueError("negative strides are not supported")
        return np.sin(x)

    assert check_vjp(f, lambda g, x: g * np.cos(x), [X])


def test_vjp_kinks() -> None:
    assert len(check_vjp(np.abs, lambda g, x: g * np.sign(x), [np.array([0.0, 2.0])]).kinks) == 1
