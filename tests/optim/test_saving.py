"""state_dict and load_state_dict: bit for bit, or not at all."""

import copy
import json
import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from autograd import Tensor
from optim import schedule


def model(seed=0, dtype=np.float32):
    rng = np.random.default_rng(seed)
    return [
        Tensor(rng.normal(size=shape).astype(dtype), requires_grad=True, name=f"p{i}")
        for i, shape in enumerate([(3, 4), (4,), ()])
    ]


def train(optimizer, params, steps, seed):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        for p in params:
            p.grad = rng.normal(size=p.shape).astype(p.dtype)
        optimizer.step()


def through_json(saved):
    """As a file format would: arrays aside, the rest as JSON."""
    arrays = []

    def out(value):
        if isinstance(value, np.ndarray):
            arrays.append(value.copy())
            return {"array": len(arrays) - 1}
        raise TypeError(type(value))

    text = json.dumps(saved, default=out)
    return json.loads(text, object_hook=lambda d: arrays[d["array"]] if "array" in d else d)


@given(before=st.integers(0, 4), after=st.integers(1, 4), dtype=st.sampled_from(["f4", "f8"]))
def test_stopped_and_resumed_is_bit_identical(make, before, after, dtype):
    params = model(dtype=dtype)
    optimizer = make(params, lr=schedule.Cosine(0.1, steps=6))
    train(optimizer, params, before, seed=1)
    saved = through_json(optimizer.state_dict())
    resumed_params = [Tensor(p.array, requires_grad=True) for p in params]
    resumed = make(resumed_params, lr=0.5)  # the saved settings win
    resumed.load_state_dict(saved)
    train(optimizer, params, after, seed=2)
    train(resumed, resumed_params, after, seed=2)
    for p, q in zip(params, resumed_params):
        assert p.array.tobytes() == q.array.tobytes()
    assert resumed.iterations == before + after


def test_the_dict_form_is_saved_too(make):
    rng = np.random.default_rng(0)
    grads = [{"W": rng.normal(size=(2, 2)), "b": rng.normal(size=2)} for _ in range(6)]
    params = {"W": np.ones((2, 2)), "b": np.zeros(2)}
    first = make()
    for g in grads[:3]:
        first.update(params, g)
    resumed, copied = make(), {key: value.copy() for key, value in params.items()}
    resumed.load_state_dict(through_json(first.state_dict()))
    for g in grads[3:]:
        first.update(params, g)
        resumed.update(copied, g)
    for key in params:
        assert params[key].tobytes() == copied[key].tobytes()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies_go_on_by_themselves(make, duplicate):
    params = model()
    optimizer = make(params)
    train(optimizer, params, 2, seed=1)
    twin = duplicate(optimizer)
    train(optimizer, params, 2, seed=2)
    train(twin, twin.parameters(), 2, seed=2)
    for p, q in zip(params, twin.parameters()):
        assert p is not q
        assert p.array.tobytes() == q.array.tobytes()


def test_in_the_middle_of_an_accumulation():
    def go_on(optimizer, params, steps):
        for i in steps:
            for p in params:
                (p * float(i)).sum().backward()
            optimizer.step()
            optimizer.zero_grad()

    params = model()
    optimizer = optim.Adam(params)
    optimizer.accumulate = 4
    go_on(optimizer, params, range(6))
    other_params = [Tensor(p.array, requires_grad=True) for p in params]
    other = optim.Adam(other_params)
    other.load_state_dict(through_json(optimizer.state_dict()))
    go_on(optimizer, params, range(6, 12))
    go_on(other, other_params, range(6, 12))
    assert other.iterations == 3
    for p, q in zip(params, other_params):
        assert p.array.tobytes() == q.array.tobytes()


def test_what_was_saved_is_a_copy_and_so_is_what_was_loaded():
    params = model()
    adam = optim.Adam(params)
    train(adam, params, 1, seed=1)
    saved = adam.state_dict()
    kept = saved["state"][0]["m"].copy()
    train(adam, params, 1, seed=2)
    np.testing.assert_array_equal(saved["state"][0]["m"], kept)
    adam.load_state_dict(saved)
    train(adam, params, 1, seed=2)
    np.testing.assert_array_equal(saved["state"][0]["m"], kept)


def test_a_schedule_that_remembers_is_brought_to_where_it_was():
    plateau = schedule.ReduceOnPlateau(0.1, factor=0.5, patience=0)
    adam = optim.Adam(model(), lr=plateau)
    for loss in (1.0, 2.0):
        plateau.report(loss)
    saved = through_json(adam.state_dict())
    fresh = schedule.ReduceOnPlateau(0.7)
    other = optim.Adam(model(), lr=fresh)
    other.load_state_dict(saved)
    assert other.lr is fresh, "whoever reports to it, goes on doing so"
    assert fresh == plateau
    assert other.rate == 0.05


def test_a_function_is_not_saved_and_the_present_one_stays():
    first = optim.SGD(model(), lr=lambda t: 0.1)
    saved = through_json(first.state_dict())
    rate = lambda t: 0.2
    second = optim.SGD(model(), lr=rate)
    second.load_state_dict(saved)
    assert second.lr is rate
    with pytest.raises(ValueError, match="setting 'lr' is not saved"):
        optim.SGD(model()).load_state_dict(saved)


def test_schedules_of_your_own_are_saved():
    @dataclass
    class Sawtooth(schedule.Schedule):
        lr: float

        def __call__(self, t):
            return self.lr * (t % 3)

    try:
        saved = through_json(optim.SGD(model(), lr=Sawtooth(0.1)).state_dict())
        other = optim.SGD(model())
        other.load_state_dict(saved)
        assert other.lr == Sawtooth(0.1)
    finally:
        del schedule.Schedule.known["Sawtooth"]
    with pytest.raises(ValueError, match="'Sawtooth' is not known"):
        other.load_state_dict(saved)


def trained(family=optim.Adam, **settings):
    params = model()
    optimizer = family(params, **settings)
    train(optimizer, params, 2, seed=1)
    return optimizer


def test_all_mismatches_are_listed_and_nothing_changes():
    adam = trained()
    before = through_json(adam.state_dict())
    saved = through_json(trained(lr=0.5).state_dict())
    saved["state"][0]["m"] = saved["state"][0]["m"].astype(np.float64)
    saved["state"][1]["momentum"] = saved["state"][1].pop("v")
    saved["shapes"][2] = [7]
    saved["groups"][0]["beta_1"] = 2.0
    saved["groups"][0]["betas"] = 2.0
    with pytest.raises(ValueError, match="nothing was changed") as caught:
        adam.load_state_dict(saved)
    message = str(caught.value)
    for words in (
        r"parameter 'p0' of shape (3, 4) and float32: its 'm' is (3, 4) of float64",
        r"parameter 'p1' of shape (4,): 'momentum' saved, which is not remembered here",
        r"parameter 'p2' of shape (): its shape was (7,)",
        "Adam(beta_1=2.0)",
        "setting 'betas' saved",
    ):
        assert words in message
    now = through_json(adam.state_dict())
    np.testing.assert_equal(now, before)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda s: {}, "it has no optimizer, iterations"),
        (lambda s: None, "it has no optimizer"),
        (lambda s: s | {"optimizer": "SGD"}, "the state of SGD.*To swap .* make a new one"),
        (lambda s: s | {"groups": s["groups"] * 2}, r"\[3, 3\] saved, \[3\] here"),
        (lambda s: s | {"state": s["state"][:2]}, "state of 2 parameters saved, 3 here"),
        (lambda s: s | {"groups": [{"size": 3}]}, "setting 'lr' is not saved"),
        (lambda s: s | {"gradients": [None]}, "gradients of 1 parameters saved, 3 here"),
    ],
)
def test_what_is_not_its_state(spoil, words):
    adam = trained()
    before = through_json(adam.state_dict())
    with pytest.raises(ValueError, match=words):
        adam.load_state_dict(spoil(through_json(trained().state_dict())))
    np.testing.assert_equal(through_json(adam.state_dict()), before)


# -- copies and states in unusual moments ----------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_a_copy_in_the_middle_of_an_accumulation(copied):
    x = Tensor([1.0], requires_grad=True)
    sgd = optim.SGD([x], lr=1.0)
    sgd.accumulate = 2
    (3 * x).sum().backward()
    sgd.step()
    twin = copied(sgd)
    (y,) = twin.parameters()
    assert y.grad is not x.grad
    for optimizer, p in ((sgd, x), (twin, y)):
        (5 * p).sum().backward()
        optimizer.step()
    assert x.item() == y.item() == -3


def test_groups_that_shared_a_schedule_get_their_own():
    def groups():
        return [{"params": [Tensor([1.0], requires_grad=True)]} for _ in range(2)]

    was = optim.SGD(groups(), lr=schedule.Step(0.1, 10, 0.5))
    was.param_groups[0]["lr"] = schedule.Step(0.001, 10, 0.5)
    resumed = optim.SGD(groups(), lr=schedule.Step(1.0, 10, 0.5))
    resumed.load_state_dict(was.state_dict())
    assert [group["lr"].lr for group in resumed.param_groups] == [0.001, 0.1]
    alike = optim.SGD(groups(), lr=schedule.Step(1.0, 10, 0.5))
    alike.load_state_dict(optim.SGD(groups(), lr=schedule.Step(0.1, 10, 0.5)).state_dict())
    assert alike.param_groups[0]["lr"] is alike.param_groups[1]["lr"]


def test_defaults_are_not_the_last_groups_settings():
    def build():
        first, second = (Tensor([1.0], requires_grad=True) for _ in range(2))
        return optim.SGD([{"params": [first]}, {"params": [second], "lr": 0.5}], lr=0.01)

    resumed = build()
    resumed.load_state_dict(build().state_dict())
    resumed.add_group([Tensor([1.0], requires_grad=True)])
    assert [group["lr"] for group in resumed.param_groups] == [0.01, 0.5, 0.01]


@pytest.mark.parametrize(
    "wrong",
    [{"accumulate": 0}, {"iterations": "x"}, {"waiting": None}, {"shared": None}, {"groups": [{}]},
     {"state": [None]}, {"named_state": None}, {"groups": [None]}],
)  # fmt: skip
def test_what_is_no_state_changes_nothing(wrong):
    x = Tensor([1.0], requires_grad=True)
    sgd = optim.SGD([x], lr=0.1)
    saved = {**optim.SGD([x], lr=0.5).state_dict(), **wrong}
    with pytest.raises(ValueError, match="nothing was changed"):
        sgd.load_state_dict(saved)
    assert sgd.lr == 0.1


@pytest.mark.parametrize("wrong", [{}, [], {"decay": 2.0, "averages": [np.ones(1)]}])
def test_what_is_no_average(wrong):
    ema = optim.EMA([Tensor([1.0], requires_grad=True)])
    with pytest.raises(ValueError, match="EMA"):
        ema.load_state_dict(wrong)
    assert ema.decay == 0.999
