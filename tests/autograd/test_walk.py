"""A walk says what the engine does: its numbers are those of `backward()`, its formulas give them,
and nobody's Tensor, gradient or optimizer notices."""

import copy
import gc
import inspect
import random
import re
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
import optim
from autograd import Tensor
from autograd.declare import registry
from autograd.pictures.phrases import Applied, Leaf, said
from autograd.pictures.walking.rules import plain
from autograd.testing.programs import build
from nn import functional as F


def leaf(value):
    return Tensor(value, requires_grad=True)


def back(walk, name=None):
    return [s for s in walk.steps if s.kind == "back" and name in (None, s.name)]


def same(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


# -- the numbers -----------------------------------------------------------------------------------


def loss_of(program, tensors):
    total = 0.0
    for out in program(*tensors):
        if isinstance(out, Tensor) and out.requires_grad:
            total = total + (out * out).sum()
    return total


@pytest.mark.filterwarnings("ignore::autograd.GradientWarning")
@pytest.mark.parametrize("start", range(0, 300, 25))
def test_gradients_are_those_of_backward_in_random_programs(start):
    walked = 0
    for seed in range(start, start + 25):
        program = build(random.Random(seed).randint, 12)
        inputs = [leaf(x) for x in program.inputs]
        loss = loss_of(program, inputs)
        if not isinstance(loss, Tensor) or loss.node is None:
            continue
        walked += 1
        walk = ag.walk(loss)
        assert all(x.grad is None for x in inputs)  # before backward, which still works:
        loss.backward()
        found = {step.target: step.gradient for step in back(walk)}
        for x in inputs:
            if x.grad is not None:
                assert same(found[x.node], x.grad.data), (seed, program)
        values = {step.target: step.value for step in walk.steps if step.kind == "forward"}
        assert same(values[loss.node], loss.data)
        assert "\n" not in max(step.text for step in walk.steps)
    assert walked > 15


def test_after_backward_small_graphs_are_walked_all_the_same():
    x, w = leaf([1.0, 2.0]), leaf(3.0)
    loss = (np.tanh(x * w) ** 2).sum(axis=0)
    loss.backward()
    gradient = x.grad
    walk = ag.walk(loss)
    assert same(back(walk, "x")[-1].gradient, x.grad.data)
    assert x.grad is gradient


def test_after_backward_a_large_graph_says_what_to_do():
    x = leaf(np.ones((20, 20)))
    loss = np.exp(x).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"input of sum, of shape \(20, 20\).*retain_graph=True"):
        ag.walk(loss)


def test_a_setting_that_was_not_kept_is_not_guessed():
    x = leaf([3.0, 1.0, 2.0])
    loss = (x[[0, 1, 1]] * 2.0).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match=r"getitem.*before loss\.backward"):
        ag.walk(loss)


@pytest.mark.parametrize("change", ["step", "assignment"])
def test_values_that_have_changed_since_are_refused(change):
    w, b = leaf([1.0, 2.0]), leaf(0.5)
    loss = ((np.ones(2) * w).sum() + b) ** 2
    loss.backward(retain_graph=True)
    if change == "step":
        optim.SGD([w, b], lr=0.1).step()
    else:
        w.data = [5.0, 5.0]
    with pytest.raises(RuntimeError, match=r"changed after|overwritten|have changed"):
        ag.walk(loss)


def test_nothing_is_kept_alive_by_a_walk_that_is_gone():
    def walked():
        x = leaf(np.ones(1000))
        loss = (x * 2).sum()
        assert len(ag.walk(loss).html()) > 1000
        return weakref.ref(loss), weakref.ref(x)

    gone = walked()
    gc.collect()
    assert [thing() for thing in gone] == [None, None]


def test_hooks_are_not_run():
    x = leaf(2.0)
    y = x * 3
    called = []
    y.register_hook(called.append)
    walk = ag.walk(y * y)
    assert not called
    assert "hooks are not run" in walk.html()
    assert back(walk, "x")[-1].gradient == 36


def test_large_results_are_shown_where_they_can_be_known():
    x = leaf(np.linspace(-1, 1, 1000))
    hidden = np.tanh(np.exp(x) - 1)
    walk = ag.walk(hidden.sum())
    values = [s.value for s in walk.steps if s.kind == "forward"]
    assert same(values[1], np.exp(x.data) - 1)
    assert same(values[2], hidden.data)


# -- the formulas ----------------------------------------------------------------------------------


def rule(walk, name):
    (step,) = back(walk, name)
    return plain(f"{step.formula} {step.numbers}".strip())


def test_the_rule_of_the_notes():
    a, b = leaf(2.0), leaf(-3.0)
    c = a * b
    L = c * 4.0
    assert rule(ag.walk(L), "a") == "∂L/∂a += ∂L/∂c · b = 4 × −3 = −12"


a, b = 2.0, -3.0
RULES = {
    "a + b": "g",
    "b - a": "−g",
    "a * b": "g · b",
    "b / a": "−g · L / a",
    "a ** 2": "g · 2 · a",
    "a ** 3.0": "g · 3 · a²",
    "np.square(a)": "g · 2 · a",
    "2.0 ** a": "g · L · 0.6931",
    "np.exp(a)": "g · L",
    "np.log(a)": "g / a",
    "np.sqrt(a)": "g / (2 · L)",
    "np.sin(a)": "g · cos a",
    "np.tanh(a)": "g · (1 − L²)",
    "np.abs(a)": "g · sign a",
    "np.maximum(a, b)": "g if a > b else 0",
    "F.relu(a)": "g · [L > 0]",
    "F.sigmoid(a)": "g · L · (1 − L)",
    "F.softplus(a)": "g · sigmoid(a)",
    "ag.clip(a, -1.0, 1.0)": "0 if (a < −1 and not a > 1) or a > 1 else g",
}


@pytest.mark.parametrize("code", RULES)
def test_rules_of_common_ops(code):
    a, b = leaf(2.0), leaf(-3.0)
    L = eval(code, globals(), {"a": a, "b": b})
    found = {plain(s.formula) for s in back(ag.walk(L), "a")}
    expected = "∂L/∂a += " + RULES[code].replace("g", "∂L/∂L").replace("si∂L/∂L", "sig")
    if code.startswith("ag.clip"):
        assert all(formula.startswith("∂L/∂a += 0 if ") for formula in found)
    else:
        assert found == {expected.replace("lo∂L/∂L", "log")}


def test_rules_of_matrices():
    x, w, b = leaf(np.ones((4, 3))), leaf(np.ones((3, 2))), leaf(np.zeros(2))
    p = x @ w
    y = p + b
    loss = y.mean()
    walk = ag.walk(loss)
    (of_x,), (of_w,), (of_b,) = back(walk, "x"), back(walk, "w"), back(walk, "b")
    assert plain(of_x.formula) == "∂loss/∂x += ∂loss/∂p @ wᵀ"
    assert of_x.numbers == "(4, 2) @ (3, 2)ᵀ → (4, 3)"
    assert plain(of_w.formula) == "∂loss/∂w += xᵀ @ ∂loss/∂p"
    assert plain(of_b.formula) == "∂loss/∂b += sum of ∂loss/∂y"
    assert "stretched b from (2,) to (4, 2): what arrives is summed over axis 0" in of_b.note
    (of_y,) = back(walk, "y")
    assert plain(of_y.formula) == "∂loss/∂y += ∂loss/∂loss / 8"
    assert "spread over all elements of y" in of_y.note
    assert of_y.numbers == "= 1 / 8 = 0.125, everywhere"
    affine = ag.walk(F.affine(x, w, b).mean()).text()
    assert "∂L/∂x += ∂L/∂v₁ @ wᵀ" in affine
    assert "∂L/∂w += xᵀ @ ∂L/∂v₁" in affine


def test_rules_of_softmax_and_outer_products():
    v, w = leaf([1.0, 2.0, 3.0]), leaf(np.ones((3, 2)))
    p = F.softmax(v)
    assert "p · (∂L/∂p − Σ ∂L/∂p · p)" in ag.walk(p[0]).text()
    y = v @ w
    walk = ag.walk(y.sum())
    assert plain(back(walk, "w")[0].formula) == "∂L/∂w += v ⊗ ∂L/∂y"


def test_an_op_of_ones_own_is_explained_too():
    @ag.op(formula="x² + y²")
    def square_sum(x, y):
        return x * x + y * y

    @square_sum.wrt("x")
    def _(g, x):
        return g * 2 * x

    @square_sum.wrt("y")
    def _(g, y):
        return np.array(g) * 2 * y  # np.array of a Tensor: not for the second order

    x, y = leaf(3.0), leaf(4.0)
    of_x, of_y = ag.walk(square_sum(x, 4.0)), ag.walk(square_sum(3.0, y))
    assert rule(of_x, "x") == "∂L/∂x += ∂L/∂L · 2 · x = 1 × 2 × 3 = 6"
    assert rule(of_y, "y") == "∂L/∂y += rule of square_sum(∂L/∂L, y) = 8"


def test_what_is_used_twice_adds_up():
    a = leaf(3.0)
    b = a * a
    walk = ag.walk(b + a)
    steps = back(walk, "a")
    assert [s.gradient.item() for s in steps] == [1.0, 4.0, 7.0]
    assert "contributions add up: 4 + 3 = 7 (all are in)" in steps[-1].note


LETTERS = "abcd"
VALUES = {"a": 2.0, "b": -3.0, "c": 0.5, "d": 7.0}
BINARY = ["add", "subtract", "multiply", "divide"]


def trees(depth):
    leaves = st.sampled_from(LETTERS)
    if depth == 0:
        return leaves
    inner = trees(depth - 1)
    return st.one_of(
        leaves,
        st.tuples(st.sampled_from(BINARY), inner, inner),
        st.tuples(st.sampled_from(["negative", "square", "reciprocal", "absolute"]), inner),
        st.tuples(st.just("power"), inner, st.sampled_from([1, 2, 3, -1, 0.5])),
    )


def as_expression(tree):
    """The tree as a rule would have recorded it, and its value."""
    if not isinstance(tree, tuple):
        value = np.float64(VALUES.get(tree, tree))
        name = tree if isinstance(tree, str) else f"{tree}".replace("-", "−")
        return Leaf(name, np.asarray(value)), value
    name, *parts = tree
    op = registry[name]
    pieces = [as_expression(part) for part in parts]
    with np.errstate(all="ignore"):
        value = op.function(*[v for _, v in pieces])
    return Applied(op, dict(zip(op.inputs, [p for p, _ in pieces], strict=False)), ()), value


def computed(text, names):
    """What the formula says, computed by Python from the text."""
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    raised = {"²": "2", "³": "3", "⁻¹": "-1"}
    text = re.sub("⁻¹|²|³", lambda m: f"**({raised[m[0]]})", text)
    for ours, pythons in {"·": "*", "×": "*", "−": "-", "^": "**"}.items():
        text = text.replace(ours, pythons)
    with np.errstate(all="ignore"):
        return eval(text, {"abs": abs, "np": np}, names)


@given(trees(3))
def test_parentheses_stand_where_they_must(tree):
    expression, value = as_expression(tree)
    text = said(expression)
    if text.count("|") > 2 or not np.isfinite(value):
        return
    names = {name: np.float64(v) for name, v in VALUES.items()}
    assert computed(text, names) == pytest.approx(value, nan_ok=True, rel=1e-9), text
    in_numbers = said(expression, in_numbers=True)
    in_numbers = re.sub(r"\d+\.?\d*(e[+−]?\d+)?", r"np.float64(\g<0>)", in_numbers)
    if "⁻" not in in_numbers:
        assert computed(in_numbers, {}) == pytest.approx(value, nan_ok=True, rel=1e-3), in_numbers


def test_parentheses_are_not_sown():
    def text(tree):
        return said(as_expression(tree)[0])

    assert text(("multiply", "a", ("multiply", "b", "c"))) == "a · b · c"
    assert text(("add", ("multiply", "a", "b"), "c")) == "a · b + c"
    assert text(("divide", ("multiply", ("negative", "a"), "b"), "c")) == "−a · b / c"
    assert text(("subtract", "a", ("subtract", "b", "c"))) == "a − (b − c)"
    assert text(("power", ("add", "a", "b"), 2)) == "(a + b)²"


# -- the story -------------------------------------------------------------------------------------


def chapters(walk):
    return [[s.name for s in walk.steps if s.chapter == i] for i in range(4)]


def test_the_four_chapters():
    x, w, b, t = np.array([1.0, 2.0]), leaf([0.5, -0.5]), leaf(0.1), np.array(1.0)
    p = np.tanh(x @ w + b)
    e = p - t
    loss = e**2
    predict, error, walked, adjust = chapters(ag.walk(loss))
    assert predict[-1] == "p"
    assert error == ["e", "loss"]
    assert walked[0] == "loss"
    assert set(adjust) == {"w", "b", "loss"}


def test_where_no_target_comes_in_the_prediction_itself_is_measured():
    x1, x2, w1, w2, b = map(leaf, (2.0, 0.0, -3.0, 1.0, 6.88))
    o = np.tanh(x1 * w1 + x2 * w2 + b)
    walk = ag.walk(o)
    assert chapters(walk)[1] == ["o"]
    assert "Nothing follows the prediction" in walk.text()


def test_the_prediction_can_be_named():
    x, w = Tensor(2.0), leaf(3.0)
    y = x * w
    loss = (y - 1.0) ** 2
    assert "loss" in chapters(ag.walk(loss, prediction=y))[1]
    assert len(chapters(ag.walk(loss, prediction=y))[0]) == 2  # what is given, and y


@pytest.mark.parametrize(
    "error",
    [
        "(y - 1) ** 2", "(0.5 - y) ** 2", "abs(y - np.float64(0.5))", "np.square(y - 0.5)",
        "(lambda d: d * d)(y - 0.5)", "np.sqrt((y - 1) ** 2 + 1e-8) + 0.1 * w**2",
    ],
)  # fmt: skip
def test_the_distance_to_a_number_is_an_error(error):
    w, b = leaf(3.0), leaf(1.0)
    y = np.tanh((w * 2.0 - 1) ** 2 + b)
    loss = eval(error, globals(), {"y": y, "w": w})
    predict, measured, *_ = chapters(ag.walk(loss))
    assert predict[-1] == "y"
    assert measured[-1] == "loss"


@pytest.mark.parametrize(
    "result",
    ["1 / (1 + np.exp(-x * w))", "2 * F.sigmoid(2 * x * w) - 1", "(x * w - 1) ** 2 * b"],
)
def test_a_number_that_is_no_target_is_part_of_the_prediction(result):
    names = {"x": np.array(2.0), "w": leaf(3.0), "b": leaf(1.0)}
    walk = ag.walk(eval(result, globals(), names))
    assert "Nothing follows the prediction" in walk.text()


def test_data_is_a_target_before_any_number():
    x, w, t = np.ones((4, 3)), leaf(np.ones(3)), np.zeros(4)
    p = x @ w
    loss = ((p - t) ** 2).mean()
    flooded = abs(loss - 0.1) + 0.1
    assert chapters(ag.walk(flooded))[0][-1] == "p"


def test_the_penalty_on_weights_belongs_to_the_error():
    x, w, t = np.ones((4, 3)), leaf(np.ones(3)), np.zeros(4)
    p = x @ w
    loss = ((p - t) ** 2).mean() + 0.1 * (w**2).sum()
    assert chapters(ag.walk(loss))[0][-1] == "p"


def test_masks_come_before_the_target():
    x, w, t = np.ones((4, 3)), leaf(np.ones(3)), np.zeros(4)
    h = (x @ w) * np.array([0.0, 2.0, 2.0, 0.0])
    loss = ((h - t) ** 2).mean()
    assert chapters(ag.walk(loss))[0][-1] == "h"


def test_names_are_the_users():
    class Net(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Dense(4), nn.Dense(2)

        def forward(self, x):
            return self.second(F.relu(self.first(x)))

    net, 입력 = Net(), np.ones((2, 3), np.float32)
    오차 = F.cross_entropy(net(입력), np.array([0, 1]))
    walk = ag.walk(오차)
    names = {s.name for s in walk.steps}
    assert {"오차", "first.weight", "second.weight", "first.bias", "second.bias"} <= names
    assert "∂오차/∂first.weight += 입력ᵀ @ ∂오차/∂v₁" in walk.text()


# -- adjust ----------------------------------------------------------------------------------------

FAMILIES = [
    family
    for family in (getattr(optim, name) for name in optim.__all__)
    if inspect.isclass(family) and issubclass(family, optim.Optimizer)
    and family not in (optim.Optimizer, optim.LBFGS)
]  # fmt: skip


def problem():
    w, b = leaf([1.0, -2.0]), leaf(0.5)
    return w, b, lambda: ((np.array([0.3, 0.7]) * w).sum() + b - 1.0) ** 2


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_the_update_is_the_optimizers_and_nothing_changes(family):
    w, b, compute = problem()
    optimizer = family([w, b])
    for _ in range(2):  # it has something to remember
        optimizer.zero_grad()
        compute().backward()
        optimizer.step()
    optimizer.zero_grad()
    loss = compute()
    before = copy.deepcopy((optimizer.state, optimizer.iterations, w.data, b.data))
    walk = ag.walk(loss, optimizer)
    after = (optimizer.state, optimizer.iterations, w.data, b.data)
    np.testing.assert_equal(after, before)
    assert w.grad is None
    loss.backward()
    optimizer.step()
    new = {s.name: s.value for s in walk.steps if s.kind == "update"}
    assert new.keys() == {"w", "b"}
    assert same(new["w"], w.data)
    assert same(new["b"], b.data)
    assert family.__name__ in walk.steps[-2].note


def test_an_optimizer_without_parameters_finds_them():
    w, b, compute = problem()
    walk = ag.walk(compute(), optim.SGD(lr=0.5))
    assert {s.target for s in walk.steps if s.kind == "update"} == {w.node, b.node}


def test_an_optimizer_that_waits_for_several_backwards_shows_its_step():
    *parameters, compute = problem()
    optimizer = optim.SGD(parameters, lr=0.5)
    optimizer.accumulate = 4
    step = next(s for s in ag.walk(compute(), optimizer).steps if s.kind == "update")
    assert not np.array_equal(step.value, step.target.value)
    assert optimizer.waiting == 0


def test_an_optimizer_that_cannot_be_shown_says_why():
    w, b, compute = problem()
    walk = ag.walk(compute(), optim.LBFGS([w, b]))
    assert "LBFGS cannot be shown here. It said: " in walk.steps[-1].note


def test_without_an_optimizer_it_is_plain_descent():
    w = leaf(-3.0)
    loss = w * 2.0
    step = next(s for s in ag.walk(loss, lr=0.5).steps if s.kind == "update")
    assert plain(step.formula) == "w ← w − lr · ∂loss/∂w"
    assert step.numbers == "= −3 − 0.5 × 2 = −4"
    assert step.value == -4


def test_momentum_has_its_own_formula():
    w, b, compute = problem()
    walk = ag.walk(compute(), optim.SGD([w, b], lr=0.1, momentum=0.9))
    formulas = [plain(s.formula) for s in walk.steps if s.kind == "update"]
    assert "v ← momentum · v − lr · ∂L/∂w,  w ← w + v" in formulas


# -- what is refused -------------------------------------------------------------------------------


def test_errors_say_what_to_write():
    x = leaf([1.0, 2.0])
    with pytest.raises(RuntimeError, match=r"which of its 2 elements\? Reduce it first"):
        ag.walk(x * 2)
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        ag.walk(Tensor(1.0))
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        ag.walk(x)
    with pytest.raises(TypeError, match="walk was given float"):
        ag.walk(1.0)
    with pytest.raises(TypeError, match=r"has no parameters\(\) and step\(\)"):
        ag.walk(x.sum(), "adam")
    with pytest.raises(ValueError, match=r"end with \.html or \.txt"):
        ag.walk(x.sum()).save("walk.pdf")
