"""What a picture says: every value and gradient, names as the caller has them, nothing touched."""

import gc
import math
import warnings
import weakref
from collections import deque
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autograd as ag
from autograd import Tensor
from autograd.graph import next_order, walk
from autograd.pictures import Picture, draw
from autograd.pictures.summary import look, number

SVG = "{http://www.w3.org/2000/svg}"


def shown(picture):
    """The texts in the picture, drawn by the built-in layout: it has to be well-formed XML."""
    picture = Picture(picture._view, picture._rankdir, "built-in")
    root = ElementTree.fromstring(picture.svg())
    return [element.text for element in root.iter(f"{SVG}text")]


def boxes(picture):
    return {box.name or box.expression or box.title: box for box in picture._view.boxes}


def test_a_neuron_after_backward_shows_every_name_op_value_and_gradient():
    x1, x2 = Tensor(2.0, requires_grad=True), Tensor(0.0, requires_grad=True)
    w1, w2 = Tensor(-3.0, requires_grad=True), Tensor(1.0, requires_grad=True)
    b = Tensor(6.8813735870195432, requires_grad=True)
    x1w1, x2w2 = x1 * w1, x2 * w2
    s = x1w1 + x2w2
    n = s + b
    o = np.tanh(n)
    o.backward()
    picture = draw(o)
    said = {
        "x1": ("2.0", "-1.5"), "w1": ("-3.0", "1.0"), "x2": ("0.0", "0.5"), "w2": ("1.0", "0.0"),
        "b": ("6.881", "0.5"), "x1w1": ("-6.0", "0.5"), "x2w2": ("0.0", "0.5"),
        "s": ("-6.0", "0.5"), "n": ("0.8814", "0.5"), "o": ("0.7071", "1.0"),
    }  # fmt: skip
    found = boxes(picture)
    assert found.keys() == said.keys()
    for name, (value, gradient) in said.items():
        assert (found[name].value.lines, found[name].grad.lines) == ((value,), (gradient,))
    texts = shown(picture)
    assert {"x1w1 = x1 · w1", "s = x1w1 + x2w2", "n = s + b", "o = tanh n"} <= set(texts)
    assert {"multiply", "add", "tanh", "scalar", "0.7071", "∂ -1.5"} <= set(texts)
    assert [box.name for box in found.values() if box.is_result] == ["o"]
    assert {box.kind for box in found.values()} == {"leaf", "op"}
    for form in (picture.text(), picture.source):
        for name, (value, gradient) in said.items():
            assert name in form
            assert value in form
            assert f"∂ {gradient}" in form


def test_the_notes_three_layer_network():
    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    network = {
        "W1": Tensor([[0.1, 0.3, 0.5], [0.2, 0.4, 0.6]], True), "b1": Tensor([0.1, 0.2, 0.3], True),
        "W2": Tensor([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]], True), "b2": Tensor([0.1, 0.2], True),
        "W3": Tensor([[0.1, 0.3], [0.2, 0.4]], True), "b3": Tensor([0.1, 0.2], True),
    }  # fmt: skip
    x = np.array([1.0, 0.5])
    a1 = x @ network["W1"] + network["b1"]
    z1 = sigmoid(a1)
    a2 = z1 @ network["W2"] + network["b2"]
    z2 = sigmoid(a2)
    y = z2 @ network["W3"] + network["b3"]
    y.sum().backward()
    found = boxes(draw(y))
    assert found["y"].value.lines == ("[0.3168, 0.6963]",)
    assert found["z1"].value.lines == ("[0.5744, 0.6682, 0.7503]",)
    assert found["network['b1']"].grad.lines == ("[0.01265, 0.01589, 0.01717]",)
    assert found["network['b2']"].grad.lines == ("[0.09362, 0.1059]",)
    assert found["x"].kind == "constant"
    assert found["x"].grad is None


@given(st.data())
def test_every_node_has_its_value_and_gradient_and_every_arrow_is_an_input(data):
    values = [Tensor(data.draw(st.floats(-2, 2)), True) for _ in range(3)]
    for _ in range(data.draw(st.integers(1, 25))):
        op = data.draw(st.sampled_from([np.add, np.multiply, np.subtract, np.maximum, np.tanh]))
        inputs = [data.draw(st.sampled_from(values)) for _ in range(op.nin)]
        values.append(op(*inputs))
    loss = values[-1]
    loss.backward()
    picture = draw(loss)
    nodes = walk([loss.node])
    found = picture._view.boxes
    assert sorted(b.value.lines for b in found) == sorted((number(n.value[()]),) for n in nodes)
    assert sorted(b.grad.lines for b in found) == sorted((number(n.grad[()]),) for n in nodes)
    inputs = sum(len(n.inputs) for n in nodes)
    assert sum(picture._view.arrows.values()) == inputs
    assert all(start < end for start, end in picture._view.arrows)
    assert len([t for t in shown(picture) if t.startswith("∂")]) == len(nodes)


# -- names ----------------------------------------------------------------------------------------


class Thing:
    def __init__(self):
        self.weight = Tensor(1.5, requires_grad=True)
        self.blocks = [{"bias": Tensor(0.5, requires_grad=True)}]


def test_names_are_found_in_variables_lists_dicts_and_attributes():
    thing = Thing()
    listed = [Tensor(1.0, True), Tensor(2.0, True), Tensor(3.0, True)]
    given_name = Tensor(4.0, True, name="its own name")
    total = thing.weight + thing.blocks[0]["bias"] + given_name
    for item in listed:
        total = total + item
    names = {box.name for box in draw(total)._view.boxes if box.kind == "leaf"}
    assert names == {
        "thing.weight", "thing.blocks[0]['bias']", "its own name",
        "listed[0]", "listed[1]", "listed[2]",
    }  # fmt: skip


def test_a_list_of_variables_with_names_of_their_own_renames_nothing():
    w, b = Tensor(1.0, True), Tensor(2.0, True)
    parameters = [w, b]
    assert boxes(draw(parameters[0] * parameters[1])).keys() == {"w", "b", "w · b"}


def test_an_array_used_as_it_is_has_its_variable_s_name():
    data = np.array([1.0, 2.0])
    w = Tensor([3.0, 4.0], True)
    found = boxes(draw(data * w))
    assert found["data"].kind == "constant"
    assert found["data · w"].value.lines == ("[3.0, 8.0]",)


def test_looking_for_names_runs_nothing_of_the_caller_s():
    class Trap:
        @property
        def value(self):
            raise AssertionError("a property was asked")

        def __getattr__(self, name):
            raise AssertionError(f"{name} was asked")

        @property
        def __class__(self):
            raise AssertionError("the class was asked")

        @property
        def __dict__(self):
            raise AssertionError("the attributes were asked")

    trap = Trap()
    x = Tensor(1.0, True)
    assert "x" in boxes(draw(x * 2))
    assert type(trap) is Trap


# -- expressions ----------------------------------------------------------------------------------


def test_expressions_hold_the_inputs_names_and_numbers():
    x, y = Tensor([1.0, 2.0], True), Tensor([3.0, 4.0], True)
    assert "x · y" in boxes(draw(x * y))
    assert "2 · x" in boxes(draw(2 * x))
    assert "x − (-0.5)" in boxes(draw(x - -0.5))
    assert "(…) − y" in boxes(draw(np.exp(x) - y))
    assert draw(x.sum(axis=0))._view.boxes[-1].expression.endswith("axis=0")
    assert draw(x**3)._view.boxes[-1].expression == "x³"
    assert draw(x**-0.5)._view.boxes[-1].expression == "x^(-0.5)"


def test_leaves_come_in_the_order_of_the_arguments():
    b, a = Tensor(1.0, True), Tensor(2.0, True)
    assert [box.name or box.expression for box in draw(a * b)._view.boxes] == ["a", "b", "a · b"]


def test_an_own_op_shows_its_formula():
    @ag.op(formula="x² + y²")
    def square_sum(x, y):
        return x * x + y * y

    @square_sum.wrt("x")
    def _(g, x):
        return g * 2 * x

    p = Tensor(3.0, True)
    assert "p² + 4.0²" in boxes(draw(square_sum(p, 4.0)))


def test_several_outputs():
    @ag.op
    def halves(x):
        return x[:2], x[2:]

    @halves.wrt("x")
    def _(g):
        first, second = g
        return np.concatenate([first, second])

    x = Tensor([1.0, 2.0, 3.0, 4.0], True)
    first, second = halves(x)
    loss = (first * second).sum()
    loss.backward()
    found = boxes(draw(loss))
    assert found["second"].value.lines == ("[3.0, 4.0]",)
    assert found["second"].grad.lines == ("[1.0, 2.0]",)
    assert found["x"].grad.lines == ("[3.0, 4.0, 1.0, 2.0]",)
    assert shown(draw(loss))


# -- arrays ---------------------------------------------------------------------------------------


def test_large_leaves_are_summed_up_and_large_intermediates_not_kept():
    w = Tensor(np.linspace(-1, 1, 1000), True)
    (np.tanh(w) * 2).sum().backward()
    loss = (np.tanh(w) * 2).sum()
    loss.backward()
    found = boxes(draw(loss))
    assert found["w"].value.lines[0].startswith("-1.0 … 1.0, mean ")
    assert len(found["w"].value.bars) == 12
    assert found["w"].grad.bars
    assert found["tanh w"].value is None
    assert found["tanh w"].notes == ("values and ∂ not kept",)
    assert "values not kept" in shown(draw((np.tanh(w) * 2).sum()))
    named = np.tanh(w)  # the caller still has it
    assert boxes(draw(named.sum()))["named"].value.bars


def test_a_picture_keeps_no_array_and_no_graph_alive():
    def drawn():
        w = Tensor(np.ones(1000), True)
        loss = (w * w).sum()
        return draw(loss), weakref.ref(w), weakref.ref(loss.array)

    picture, tensor, array = drawn()
    gc.collect()
    assert tensor() is None
    assert array() is None
    assert "w" in picture.text()


@given(hnp.arrays(
    hnp.scalar_dtypes().filter(lambda d: d.kind in "fiubc"),
    hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
))
def test_every_array_draws(array):
    if array.dtype == np.float16:
        array = array.astype(np.float32)
    said = look(array)
    assert said.lines
    assert all(0 <= bar <= 8 for bar in said.bars)
    assert shown(draw(ag.asarray(array)))


@pytest.mark.parametrize("array", [
    np.array(1.0), np.array([]), np.zeros((3, 0)), np.full(100, np.nan), np.full(100, np.inf),
    np.array([np.nan, 1.0] * 50), np.arange(100), np.arange(100) % 2 == 0, np.ones(100) * 1j,
    np.array([-1.7e308, 1.7e308] * 50), np.float32([3e38, -3e38] * 50), np.zeros((1, 1, 1, 1)),
    np.array([5e-324, 0.0] * 50), np.uint8([255, 0] * 50),
], ids=lambda a: f"{a.dtype}{a.shape}")  # fmt: skip
def test_odd_arrays_draw_without_a_warning(array):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert shown(draw(ag.asarray(array)))


def test_what_is_not_finite_is_counted():
    array = np.arange(100.0)
    array[:3] = np.nan
    array[3:5] = np.inf
    assert look(array).lines == ("5.0 … 99.0, mean 52.0", "3 nan, 2 inf")
    assert look(np.zeros((9, 9))).lines == ("all 0.0",)
    assert look(np.arange(30).reshape(5, 6) > 3).lines == ("True in 26 of 30",)


@given(st.lists(st.floats(0, 1), min_size=30, max_size=200))
def test_a_histogram_is_highest_where_most_are(values):
    array = np.array(values)
    bars = look(array).bars
    if bars:
        counts, _ = np.histogram(array, bins=12)
        assert max(bars) == 8
        assert [bar > 0 for bar in bars].count(True) >= 1
        if np.ptp(array) > 1e-3:
            assert abs(sum(b > 0 for b in bars) - np.count_nonzero(counts)) <= 2  # edges may round


# -- functions ------------------------------------------------------------------------------------


def test_a_function_is_called_and_its_gradients_shown_without_touching_any():
    w = Tensor([1.0, -2.0], True)
    w.grad = [7.0, 7.0]

    def f(x):
        h = x * w
        return np.tanh(h).sum()

    found = boxes(draw(f, [0.5, 0.25]))
    assert found["x"].grad.lines == look(ag.grad(f)(np.array([0.5, 0.25]))).lines
    assert found["w"].grad.lines == ("[0.3932, 0.1966]",)
    assert found["h"].value.lines == ("[0.5, -0.5]",)
    assert found["f"].is_result
    np.testing.assert_array_equal(w.grad.array, [7.0, 7.0])


def test_a_function_of_numbers_and_of_many():
    assert boxes(draw(lambda x: x * x, 3))["x"].grad.lines == ("6.0",)
    assert {"xs[0]", "xs[1]"} <= boxes(draw(lambda *xs: xs[0] * xs[1], 2.0, 3.0)).keys()
    found = boxes(draw(lambda x, t: (x - t).sum(), np.ones(2), np.array([1, 2])))
    assert (found["x"].kind, found["t"].kind) == ("leaf", "constant")


def test_what_cannot_be_drawn_says_what_can():
    with pytest.raises(TypeError, match=r"given str, .* draws Tensors"):
        draw("loss")
    with pytest.raises(TypeError, match="given nothing"):
        draw()
    with pytest.raises(TypeError, match="which gave int"):
        draw(lambda x: 3, 1.0)
    with pytest.raises(ValueError, match="rankdir"):
        draw(Tensor(1.0), rankdir="RL")
    with pytest.raises(ValueError, match="'built-in'"):
        draw(Tensor(1.0), engine="neato")


def test_tensors_without_a_graph_several_tensors_and_nests_of_them():
    a, b = Tensor([1.0, 2.0], name="a"), Tensor(3.0, True)
    assert [box.name for box in draw(a)._view.boxes] == ["a"]
    found = boxes(draw(a, [b * 2, {"b": b + 1}]))
    assert {"a", "b", "b · 2", "b + 1"} == found.keys()
    assert [box.is_result for box in found.values()].count(True) == 3


# -- what is hidden, folded, framed ---------------------------------------------------------------


def test_constants_and_helpers_can_be_hidden():
    data, w = np.ones((2, 3)), Tensor(np.ones((3, 2)), True)
    loss = (data * w.T).reshape(6).sum()
    assert {box.kind for box in draw(loss)._view.boxes} == {"constant", "leaf", "op"}
    found = boxes(draw(loss, constants=False, helpers=False))
    assert [box.title for box in found.values()] == ["leaf", "multiply", "sum"]
    assert draw(loss, constants=False, helpers=False)._view.arrows == {(0, 1): 1, (1, 2): 1}


class Layer:
    """A module as pictures know them: it has parameters, and says when it was called."""

    def __init__(self, *layers):
        self.weight = Tensor(np.full((2, 2), 0.5), True)
        self.layers = list(layers)
        self.call_spans = deque(maxlen=64)

    def parameters(self):
        return [self.weight]

    def __call__(self, x):
        start = next_order()
        try:
            h = np.tanh(x @ self.weight)
            for layer in self.layers:
                h = h + layer(h)
            return h
        finally:
            self.call_spans.append((start, next_order()))


def framed(picture):
    view = picture._view
    return [
        (box.name or box.expression, [view.frames[f].label for f in box.frames])
        for box in view.boxes
    ]


def test_modules_are_frames_and_parameters_are_named_in_them():
    model = Layer(Layer(), Layer())
    x = np.ones((1, 2))
    y = model(x).sum()
    outer = ["model: Layer"]
    layers = [[*outer, f"layers[{i}]: Layer"] for i in (0, 1)]
    assert framed(draw(y)) == [
        ("x", []), ("weight", outer), ("x @ weight", outer), ("tanh (…)", outer),
        *[(n, layers[0]) for n in ("weight", "(…) @ weight", "tanh (…)")], ("(…) + (…)", outer),
        *[(n, layers[1]) for n in ("weight", "(…) @ weight", "tanh (…)")], ("(…) + (…)", outer),
        ("y", []),
    ]  # fmt: skip
    assert [b.kind for b in draw(y)._view.boxes].count("parameter") == 3
    assert framed(draw(model, x))[2] == ("x @ weight", ["Layer"])
    svg = draw(y, engine="built-in").svg()
    assert svg.index(">model: Layer<") > svg.rindex('fill="none" stroke="#475569"')  # over arrows
    assert "subgraph cluster_1" in draw(y).source


def test_a_variable_left_over_from_a_loop_names_no_part_of_a_model():
    class Weight(Tensor):
        pass

    model = Layer(Layer(), Layer(), Layer())
    for layer in model.layers:
        layer.weight = Weight(np.full((2, 2), 0.5), True)
    x = np.ones((1, 2))
    loss = model(x).sum()
    for layer in model.layers:
        parameter = layer.weight
    parameters = [parameter]
    labels = ["layers[0]: Layer", "layers[1]: Layer", "layers[2]: Layer"]
    assert [f.label for f in draw(loss)._view.frames] == ["model: Layer", *labels]
    assert [f.label for f in draw(model, x)._view.frames] == ["Layer", *labels]
    assert [f.label for f in draw(layer, x)._view.frames] == ["Layer"]
    assert [name for name, _ in framed(draw(loss))].count("weight") == 4
    assert boxes(draw(parameters[0] * 2)).keys() == {
        "model.layers[2].weight", "model.layers[2].weight · 2"
    }  # fmt: skip


def test_what_a_model_casts_keeps_its_name():
    data = np.array([[1.0, 2.0]])
    w = Tensor(np.float32([[1.0], [2.0]]), True)
    other = ag.asarray(np.float32([[2.0, 1.0]]))
    assert boxes(draw(data.astype(np.float32) @ w, other @ w)).keys() == {
        "data", "w", "data @ w", "other", "other @ w",
    }  # fmt: skip
    assert "data" not in boxes(draw(np.float32([[1.0, 2.5]]) @ w))


@pytest.mark.parametrize(("depth", "kinds"), [
    (0, ["constant", "module", "op"]),
    (1, ["constant", "parameter", "op", "op", "module", "op", "module", "op", "op"]),
])  # fmt: skip
def test_modules_collapse_to_any_depth(depth, kinds):
    model = Layer(Layer(), Layer())
    x = np.ones((1, 2))
    y = model(x).sum()
    picture = draw(y, depth=depth)
    assert [box.kind for box in picture._view.boxes] == kinds
    module = next(box for box in picture._view.boxes if box.kind == "module")
    assert module.title == "Layer"
    assert f"{12 if depth == 0 else 4} parameters" in module.notes
    assert shown(picture)


def test_repeated_modules_fold_around_whole_modules():
    model = Layer(*[Layer() for _ in range(30)])
    x = np.ones((1, 2))
    y = model(x).sum()
    y.backward()
    picture = draw(y)
    assert len(picture._view.boxes) < 15
    folded = ["model: Layer", "×30", "layers[0]: Layer"]
    assert ("(…) @ weight", folded) in framed(picture)
    assert len(draw(y, fold=False)._view.boxes) == 1 + 1 + 2 + 4 * 30 + 1


class Residual(Layer):
    def __call__(self, x):
        start = next_order()
        h = np.tanh(np.tanh(x @ self.weight) + x)
        self.call_spans.append((start, next_order()))
        return h


def test_the_last_block_of_a_model_folds_with_the_others():
    blocks = [Residual() for _ in range(13)]  # the first is not like the others: x is no op's
    h = np.ones((1, 2))
    for block in blocks:
        h = block(h)
    view = draw(h.sum(), fold=True)._view
    labels = {view.frames[f].label for box in view.boxes for f in box.frames}
    assert labels == {"blocks[0]: Residual", "blocks[1]: Residual", "×12"}


def test_leaves_fold_with_their_copies_unless_something_else_uses_them():
    ws = [Tensor(float(i), True) for i in range(60)]
    y = Tensor(0.5, True)
    for w in ws:
        y = np.tanh(y * w)
    assert sum(box.kind == "leaf" for box in draw(y)._view.boxes) == 3
    both = y + np.stack(ws).sum()
    assert sum(box.kind == "leaf" for box in draw(both)._view.boxes) == 61


def test_a_chain_of_ten_thousand_folds_or_is_cut_without_recursion():
    x = Tensor(0.5, True)
    y = x
    for _ in range(10_000):
        y = np.tanh(y) * 0.9
    picture = draw(y)
    assert any(label.startswith("×999") for label in [f.label for f in picture._view.frames])
    assert len(picture._view.boxes) < 10
    assert shown(picture)
    cut = draw(y, fold=False, engine="built-in")
    assert len(cut._view.boxes) == 1_001
    assert cut._view.remarks == ["19000 earlier ops are not shown"]
    assert "… 19000 ops not shown" in shown(cut)


def test_a_thousand_ops_that_are_all_different_are_all_shown():
    rng = np.random.default_rng(0)
    values = [Tensor(float(i), True) for i in range(10)]
    for _ in range(990):
        a, b = rng.integers(max(0, len(values) - 40), len(values), 2)
        values.append(np.maximum(values[a], values[b]))
    picture = draw(values, fold=False)
    assert len(picture._view.boxes) == 1_000
    assert len(set(shown(picture))) > 500


# -- backward, and what failed --------------------------------------------------------------------


def test_the_backward_pass_is_drawn_with_whose_rule_made_each_op():
    x, w = Tensor(2.0, True), Tensor(-0.5, True)
    h = x * w
    y = np.tanh(h)
    hooks = h.node.hooks
    picture = draw(y, backward=True)
    assert x.grad is None
    assert h.node.hooks is hooks
    found = boxes(picture)
    assert found["∂y/∂x"].value.lines == ("-0.21",)
    assert found["∂y/∂w"].notes == ("made by multiply (h)",)
    assert found["∂y/∂h"].notes == ("made by tanh (y)",)
    assert {box.kind for name, box in found.items() if name.startswith("∂")} == {"backward"}
    assert [name for name, box in found.items() if box.is_result] == ["y", "∂y/∂x", "∂y/∂w"]
    assert shown(picture)
    y.backward()  # what the rules need is still there


def test_a_graph_that_backward_used_up_still_draws_and_says_so():
    x = Tensor(2.0, True)
    y = np.tanh(x)
    y.backward()
    picture = draw(y, backward=True)
    assert boxes(picture)["x"].grad.lines == ("0.07065",)
    assert picture._view.remarks[0].startswith("no backward pass: ")


def test_second_derivatives_draw():
    x = Tensor(3.0, True)
    y = x**3
    y.backward(create_graph=True)
    assert any(box.value.lines == ("27.0",) for box in draw(x.grad)._view.boxes)


def test_a_failed_function_is_drawn_up_to_the_op_that_failed():
    w = Tensor(np.ones((2, 3)), True)

    def f(x):
        h = x @ w
        return h @ w

    picture = draw(f, np.ones((1, 2)))
    found = boxes(picture)
    assert found["h"].value.lines == ("[[2.0, 2.0, 2.0]]",)
    assert found["h @ w"].kind == "failed"
    assert found["h @ w"].notes[0].startswith("✗ ValueError")
    assert "✗ ValueError" in "".join(shown(picture))
    assert "matmul failed" in picture.text()
    try:
        f(np.ones((1, 2)))
    except ValueError as error:
        again = draw(error)
    assert boxes(again)["h @ w"].kind == "failed"


def test_a_nan_under_debug_is_drawn_with_the_op_that_made_it():
    def f(x):
        h = x - 1
        return np.sqrt(h)

    with ag.debug(), np.errstate(invalid="ignore"):
        picture = draw(f, 0.5)
    found = boxes(picture)
    assert found["√h"].kind == "failed"
    assert found["h"].value.lines == ("-0.5",)


def test_an_error_that_no_op_raised_is_the_caller_s():
    with pytest.raises(ZeroDivisionError):
        draw(lambda x: 1 / 0, 1.0)


# -- as text --------------------------------------------------------------------------------------


def test_text_is_a_line_for_each_value_in_the_order_of_computation():
    x = Tensor([1.0, 2.0], True)
    y = np.exp(x * x).sum()
    y.backward()
    lines = draw(y).text().split("\n")
    assert [line.split("  ")[0] for line in lines[:2]] == ["x", "#2 = x · x"]
    assert lines[-1].startswith("▸ y = Σ #3")
    assert math.isclose(y.item(), float(lines[-1].split()[-3]), rel_tol=1e-3)


def test_repr_is_short_for_a_long_graph():
    x = Tensor(0.5, True)
    rng = np.random.default_rng(0)
    y = x
    for i in rng.integers(0, 4, 300):
        y = (np.sin, np.cos, np.tanh, np.exp)[i](y)
    assert len(repr(draw(y, fold=False)).split("\n")) == 62


def test_an_array_that_is_used_twice_is_one_box():
    x, w = np.array([1.0, 2.0]), Tensor([3.0, 4.0], True)
    picture = draw((x * w + x).sum())
    (box,) = [i for i, box in enumerate(picture._view.boxes) if box.name == "x"]
    assert len([arrow for arrow in picture._view.arrows if arrow[0] == box]) == 2
    assert all(start < end for start, end in picture._view.arrows)


def test_what_is_too_far_back_may_have_data_in_it():
    x = Tensor([1.0, 2.0], True)
    for _ in range(1_100):
        x = x + np.array([0.1, 0.2])
    picture = draw(x, fold=False, engine="built-in")
    assert "100 earlier ops are not shown" in picture.svg()
