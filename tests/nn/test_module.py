"""Modules find what they hold, keep its state, and take a state over whole or not at all."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor
from nn.module import walk


class Everything(nn.Module):
    """Parameters in every place where they are found."""

    def __init__(self):
        self.scale = nn.Parameter([1.0, 2.0])
        self.mean = Tensor([0.5])  # a buffer
        self.first = nn.Dense(2, in_features=3, rng=0)
        self.more = [nn.Dense(2, in_features=2, rng=1), (nn.Parameter([3.0]), "not a tensor")]
        self.named = {"head": nn.Dense(1, in_features=2, bias=False, rng=2), "rate": 0.1}
        self.shared = self.first  # counts once
        self.same = self.scale

    def forward(self, x):
        return self.named["head"](self.more[0](self.first(x)) * self.scale)


NAMES = [
    "scale", "first.weight", "first.bias", "more.0.weight", "more.0.bias", "more.1.0",
    "named.head.weight",
]  # fmt: skip


# -- finding --------------------------------------------------------------------------------------


def test_parameters_are_found_everywhere_once_in_order_of_definition():
    model = Everything()
    assert [name for name, _ in model.named_parameters()] == NAMES
    assert all(p.requires_grad for p in model.parameters())
    assert len(model.parameters()) == len(NAMES) == len({id(p) for p in model.parameters()})
    assert model.buffers() == [model.mean]
    assert list(model.state_dict()) == ["scale", "mean", *NAMES[1:]]
    assert [path for path, _ in model.modules()] == ["", "first", "more.0", "named.head"]


def test_a_parameter_that_is_frozen_becomes_a_buffer_under_the_same_name():
    model = Everything()
    before = list(model.state_dict())
    model.first.weight.requires_grad = False
    assert "first.weight" not in dict(model.named_parameters())
    assert any(buffer is model.first.weight for buffer in model.buffers())
    assert list(model.state_dict()) == before


def test_a_module_needs_no_super_init_and_may_hold_itself():
    class Loop(nn.Module):
        def __init__(self):
            self.me = self
            self.weight = nn.Parameter([1.0])

    assert [name for name, _ in Loop().named_parameters()] == ["weight"]
    with pytest.raises(NotImplementedError, match="Loop needs a method forward"):
        Loop()(1.0)


def test_two_names_alike_are_an_error():
    class Twice(nn.Module):
        def __init__(self):
            self.a = {"b.c": nn.Parameter([1.0]), "b": {"c": nn.Parameter([2.0])}}

    with pytest.raises(ValueError, match=r"saved as a\.b\.c"):
        Twice().state_dict()


def test_parameter_is_a_tensor_that_requires_a_gradient():
    p = nn.Parameter([1.0, 2.0], name="w")
    assert isinstance(p, Tensor)
    assert (p.requires_grad, p.name, p.dtype) == (True, "w", np.float64)
    with pytest.raises(TypeError, match="no gradient for integers"):
        nn.Parameter([1, 2])


# -- layers that do not know their size -----------------------------------------------------------


def test_an_unbuilt_model_names_its_layers():
    model = nn.Sequential(nn.Dense(3, in_features=2), nn.Dense(4, "relu"), nn.Dense(5))
    expected = re.escape("layers.1 (Dense(? -> 4, relu)), layers.2 (Dense(? -> 5))")
    for ask in (model.parameters, model.named_parameters, model.buffers, model.state_dict):
        with pytest.raises(RuntimeError, match=expected):
            ask()
    with pytest.raises(RuntimeError, match=expected):
        optim.SGD(model.parameters())
    model.zero_grad()
    model.train()
    model(np.zeros((1, 2)))
    assert len(model.parameters()) == 6


def test_an_unbuilt_layer_alone_says_so():
    with pytest.raises(RuntimeError, match=r"Dense has layers .*: itself \(Dense\(\? -> 4\)\)"):
        nn.Dense(4).parameters()


# -- state ----------------------------------------------------------------------------------------


def test_train_and_eval_reach_every_module():
    model = Everything()
    assert model.training
    assert model.eval() is model
    assert not any(module.training for _, module in model.modules())
    model.more[0].train()
    assert (model.more[0].training, model.first.training) == (True, False)


def test_zero_grad_forgets_all_gradients():
    model = Everything()
    model(np.ones((4, 3))).sum().backward()
    assert model.scale.grad is not None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_a_state_is_a_copy():
    model = Everything()
    state = model.state_dict()
    state["scale"][:] = 7
    assert model.scale.data.tolist() == [1, 2]


def test_a_state_goes_into_the_very_tensors_that_are_there():
    one, other = Everything(), Everything()
    for p in other.parameters():
        p.data = p.data + 1
    other.mean.data = np.array([9.0])
    tensors = [held for _, _, held in walk(one)]
    assert one.load_state_dict(other.state_dict()) == []
    assert all(a is b for a, b in zip(tensors, [held for _, _, held in walk(one)], strict=True))
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(one.state_dict()[name], value)


def test_a_state_may_hold_tensors_lists_and_other_float_dtypes():
    model = nn.Dense(2, in_features=1)
    model.load_state_dict({"weight": Tensor([[1.0, 2.0]], requires_grad=True), "bias": [3.0, 4.0]})
    assert model.weight.dtype == np.float32
    assert model(np.ones((1, 1))).data.tolist() == [[4, 6]]


def test_parameters_may_change_places():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    first, second = model.layers
    before = first.weight.data.copy(), second.weight.data.copy()
    model.load_state_dict({
        "layers.0.weight": second.weight, "layers.1.weight": first.weight,
        "layers.0.bias": first.bias, "layers.1.bias": second.bias,
    })  # fmt: skip
    np.testing.assert_array_equal(first.weight.data, before[1])
    np.testing.assert_array_equal(second.weight.data, before[0])


def test_all_that_does_not_fit_is_listed_at_once_and_nothing_changes():
    model = Everything()
    before = model.state_dict()
    state = model.state_dict()
    del state["scale"]
    state["first.weight"] = np.zeros((2, 3))
    state["mean"] = np.zeros((1, 1))
    state["first.bias"] = np.zeros(2, complex)
    state["more.0.bias"] = np.ones(2)
    state["stranger"] = np.zeros(1)
    with pytest.raises(ValueError, match="not one of Everything") as caught:
        model.load_state_dict(state)
    problems = str(caught.value).splitlines()[1:]
    assert [p.strip() for p in problems] == [
        "missing: scale",
        "unexpected: stranger",
        "mean: has shape (1,), not (1, 1)",
        "first.weight: has shape (3, 2), not (2, 3) (transpose it? weights are (in, out) here, "
        "(out, in) in PyTorch)",
        "first.bias: is float32, not complex128",
    ]
    for name, value in before.items():
        np.testing.assert_array_equal(model.state_dict()[name], value)


def test_not_strict_leaves_strangers_alone_but_not_shapes():
    model = nn.Dense(2, in_features=1)
    ignored = model.load_state_dict({"bias": np.ones(2), "other": np.ones(3)}, strict=False)
    assert ignored == ["missing: weight", "unexpected: other"]
    assert model.bias.data.tolist() == [1, 1]
    with pytest.raises(ValueError, match="bias: has shape"):
        model.load_state_dict({"bias": np.ones(3)}, strict=False)


def test_a_state_builds_the_layers_that_do_not_know_their_size():
    built = nn.Sequential(nn.Dense(4, "relu", in_features=3), nn.Dense(2, in_features=4))
    fresh = nn.Sequential(nn.Dense(4, "relu"), nn.Dense(2))
    fresh.load_state_dict(built.state_dict())
    x = np.ones((1, 3))
    np.testing.assert_array_equal(fresh(x).data, built(x).data)
    assert list(fresh.state_dict()) == list(built.state_dict())


def test_a_state_that_does_not_fit_builds_nothing():
    fresh = nn.Sequential(nn.Dense(4), nn.Dense(2))
    state = {
        "layers.0.weight": np.zeros((3, 5)), "layers.0.bias": np.zeros(4),
        "layers.1.weight": np.zeros((4, 2)), "layers.1.bias": np.zeros(2),
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"layers\.0\.weight: has shape \(\?, 4\), not \(3, 5\)"):
        fresh.load_state_dict(state)
    assert len(fresh.unbuilt()) == 2


def test_a_stale_graph_is_told():
    """A state that is loaded between forward and backward makes the gradients those of the past."""
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    loss = model(np.ones((1, 2))).sum()
    model.load_state_dict(model.state_dict())
    with pytest.raises(RuntimeError, match="overwritten"):
        loss.backward()


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_models_can_be_copied(how):
    model = nn.Sequential(nn.Dense(3, "relu", in_features=2), nn.Dropout(0.5, rng=0), nn.Dense(1))
    twin = how(model)
    x = np.ones((4, 2))
    twin.eval()(x)
    assert len(model.unbuilt()) == 1
    np.testing.assert_array_equal(twin.layers[0].weight.data, model.layers[0].weight.data)
    twin.layers[0].weight.data = np.zeros((2, 3))
    assert model.layers[0].weight.data.any()
    assert twin.layers[0].weight.requires_grad


# -- calls ----------------------------------------------------------------------------------------


def test_watchers_see_every_call_inside_out():
    model = Everything()
    seen = []
    with nn.watching(lambda module, inputs, output: seen.append((module, output.shape))):
        model(np.ones((4, 3)))
    head = model.named["head"]
    assert seen == [(model.first, (4, 2)), (model.more[0], (4, 2)), (head, (4, 1)), (model, (4, 1))]
    model(np.ones((4, 3)))
    assert len(seen) == 4


def test_an_error_says_in_which_layer():
    model = nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"Linear\(4 -> 1\) takes 4 features.*\(5, 3\)") as caught:
        model(np.ones((5, 2)))
    assert any("in Linear(4 -> 1), given (5, 3)" in note for note in caught.value.__notes__)


def test_repr():
    assert repr(Everything()) == (
        "Everything(\n"
        "  first: Dense(3 -> 2)\n"
        "  more.0: Dense(2 -> 2)\n"
        "  named.head: Dense(2 -> 1, bias=False)\n"
        "  shared: Dense(3 -> 2)\n"
        ")"
    )
    nested = nn.Sequential(nn.Sequential(nn.ReLU()))
    assert repr(nested) == (
        "Sequential(\n  layers.0: Sequential(\n    layers.0: ReLU()\n  )\n)"
    )


def test_an_error_tells_of_inputs_that_are_lists_of_tensors():
    """Their shapes, and not an error about the error."""
    pair = (Tensor(np.ones((2, 3)), requires_grad=True) * 2, [np.ones(4), 5])
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the layer says
        nn.Linear(4, 1)(pair)
    assert any("given [(2, 3), [(4,), int]]" in note for note in caught.value.__notes__)


# -- what attributes hold besides -----------------------------------------------------------------


class Waiting(nn.Module):
    """Parameters that wait for their size, in a list, a dict, a tuple, and under two names."""

    def __init__(self):
        lazy = lambda name: nn.LazyParameter((None, 2), nn.init.ones, name)
        self.plain, self.many = lazy("plain"), [lazy("a"), [lazy("b")]]
        self.named, self.pair = {"c": lazy("c"), 7: (lazy("d"), "text")}, (lazy("e"),)
        self.again = self.many[0]
        self.inside = nn.Sequential(nn.Dense(2))
        self.inside.tied = [self.plain]


def test_a_state_builds_what_waits_in_lists_and_dicts():
    model = Waiting()
    many, named = model.many, model.named
    names = ["plain", "many.0", "many.1.0", "named.c", "named.7.0", "pair.0"]
    state = {name: np.full((3, 2), i, np.float32) for i, name in enumerate(names)}
    state |= {"inside.layers.0.weight": np.ones((3, 2)), "inside.layers.0.bias": np.zeros(2)}
    assert model.load_state_dict(state) == []
    assert model.unbuilt() == []
    loaded = model.state_dict()
    assert loaded.keys() == state.keys()
    assert all(np.array_equal(loaded[name], state[name]) for name in state)
    assert [model.many, model.named] == [many, named]
    assert model.many is many
    assert model.again is many[0]
    assert model.inside.tied[0] is model.plain
    assert model.named[7][1] == "text"
    assert "0" not in vars(model)


def test_a_weight_that_cannot_be_written_is_told_before_anything_has_changed():
    model = nn.Sequential(nn.Dense(2, in_features=3), nn.Dense(2, in_features=2))
    before, state = model.state_dict(), {n: a + 1 for n, a in model.state_dict().items()}
    model.layers[1].weight.array.flags.writeable = False
    with pytest.raises(ValueError, match=r"layers.1.weight: is read-only here; p.data = p.data.co"):
        model.load_state_dict(state)
    assert all(np.array_equal(a, before[name]) for name, a in model.state_dict().items())
    weight = model.layers[1].weight
    weight.data = weight.data.copy()
    model.load_state_dict(state)


class Peeking(nn.Module):
    def __init__(self):
        self.hidden, self.out = nn.Dense(4, "tanh"), nn.Dense(1)

    def forward(self, x):
        self.features = self.hidden(x)
        self.seen = [self.features * 2]
        return self.out(self.features)


def test_what_forward_keeps_is_nothing_to_learn_or_to_save():
    model = Peeking()
    model(np.ones((2, 3)))
    own = ["hidden.weight", "hidden.bias", "out.weight", "out.bias"]
    assert [name for name, _ in model.named_parameters()] == own == list(model.state_dict())
    model.compile("adam", "mse")
    stop = nn.EarlyStopping("loss", patience=1, min_delta=100.0)
    x, t = np.ones((6, 3)), np.ones((6, 1))
    model.fit(x, t, epochs=5, batch_size=4, verbose=0, callbacks=stop)
    assert len(model.parameters()) == 4


def test_a_result_that_stands_in_for_a_parameter_is_one():
    class Decayed(nn.Dense):
        def forward(self, x):
            return super().forward(x).sum() + sum((p**2).sum() for p in self.parameters())

    model, x = Decayed(2, in_features=3, init="ones"), np.ones((1, 3))
    model(x)
    double = {"weight": nn.Parameter(np.ones((3, 2))) * 2}
    assert nn.functional_call(model, double, x).item() == 12 + 24


def test_a_product_in_the_place_of_a_parameter_is_told():
    class Scaled(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones((3, 1))) * 0.1

        def forward(self, x):
            return x @ self.weight

    model = Scaled()
    model(np.ones((1, 3)))
    with pytest.raises(ValueError, match="is the result of multiply"):
        optim.SGD(model.parameters())


def test_a_child_may_know_its_parent_and_a_list_itself():
    class Child(nn.Module):
        def __init__(self, parent):
            self.parent = parent

    model = nn.Sequential(nn.Dense(2, in_features=3))
    model.add(Child(model))
    assert "layers.1: Child(\n    parent: …\n" in repr(model)
    assert "layers.0: Dense(3 -> 2)" in repr(model)
    model.log = [model, {"of": model.layers[0]}]
    model.log.append((model.log, nn.Parameter(1.0)))
    names = [name for name, _ in model.named_parameters()]
    assert names == ["layers.0.weight", "layers.0.bias", "log.2.1"]
    model.log.append(nn.LazyParameter((None,), nn.init.ones, "late"))
    model.load_state_dict({"log.2.1": 1.0, "log.3": np.ones(5)}, strict=False)
    assert model.log[3].shape == (5,)
