"""The base: what it is given to step on, groups, settings, guards, accumulation."""

import functools
import gc
import warnings
import weakref

import numpy as np
import pytest

import optim
from autograd import Tensor
from optim import schedule


def leaf(*values, name=None, dtype=float):
    return Tensor(np.array(values, dtype), requires_grad=True, name=name)


class Model:
    """Anything with .parameters() will do."""

    def __init__(self):
        self.w, self.b = leaf(1.0, 2.0), leaf(0.5)

    def parameters(self):
        yield self.w
        yield self.b


# -- parameters ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        lambda m: m,
        lambda m: m.parameters(),
        lambda m: [m.w, m.b],
        lambda m: (m.w, m.b),
        lambda m: {"w": m.w, "b": m.b},
        lambda m: [m.w, m.b, m.w],
        lambda m: [{"params": [m.w]}, {"params": [m.b], "lr": 1.0}],
        lambda m: {"params": m},
        lambda m: ({"params": [p]} for p in (m.w, m.b)),
        lambda m: optim.Adam(m),
    ],
    ids=["model", "generator", "list", "tuple", "dict", "twice", "groups", "one group",
         "generator of groups", "optimizer"],
)  # fmt: skip
def test_parameters_come_in_many_forms_each_once(given):
    model = Model()
    assert optim.SGD(given(model)).parameters() == [model.w, model.b]


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ([], ValueError, r"SGD: the list of parameters is empty.*list\(model.parameters\(\)\)"),
        (iter(()), ValueError, "empty"),
        ([{"params": []}], ValueError, "empty"),
        ([np.zeros(2)], TypeError, r"params\[0\] is a NumPy array.*update\(params, grads\)"),
        ([leaf(1.0), 3.0], TypeError, r"params\[1\] is of type float"),
        ([[leaf(1.0)]], TypeError, r"params\[0\] is of type list"),
        (leaf(1.0), TypeError, r"Write \[w\]"),
        ("model", TypeError, "str, not a Tensor"),
        (object(), TypeError, "not object"),
        ([leaf(1.0) * 2], ValueError, r"params\[0\] is the result of multiply"),
        ([{"lr": 0.1}], ValueError, 'group 0 has no "params"'),
        ([{"params": [leaf(1.0)], "learning_rate": 1}], TypeError, "lr=1"),
        ([{"params": [leaf(1.0)], "lr": -1}], ValueError, r"SGD\(lr=-1\)"),
        (0.01, TypeError, r"SGD\(0.01\): the first argument is the parameters.*SGD\(lr=0.01\)"),
    ],
)
def test_what_cannot_be_stepped_on(params, error, words):
    with pytest.raises(error, match=words):
        optim.SGD(params)


def test_read_only_memory_is_refused():
    from autograd import asarray

    p = asarray(np.broadcast_to(1.0, (2, 2)))
    p.requires_grad = True
    with pytest.raises(ValueError, match=r"params\[0\], of shape \(2, 2\), is read-only"):
        optim.SGD([p])


def test_a_parameter_in_two_groups_is_refused():
    p = leaf(1.0, name="W")
    with pytest.raises(ValueError, match=r"'W' of shape .* is in two groups"):
        optim.SGD([{"params": [p]}, {"params": [p], "lr": 1.0}])


def test_bind_later():
    model = Model()
    sgd = optim.SGD(lr=0.5)
    with pytest.raises(RuntimeError, match=r"has no parameters.*bind.*minimize.*update"):
        sgd.step()
    sgd.bind(model)
    sgd.bind(model)  # the same again is fine
    assert sgd.parameters() == [model.w, model.b]
    with pytest.raises(RuntimeError, match=r"steps on 2 other parameters already"):
        sgd.bind([leaf(1.0)])


def test_a_refused_bind_or_group_changes_nothing():
    sgd = optim.SGD(lr=0.5)
    with pytest.raises(TypeError):
        sgd.bind([leaf(1.0), None])
    assert sgd.parameters() == []
    model = Model()
    sgd.bind(model)
    with pytest.raises(ValueError, match="two groups"):
        sgd.add_group([leaf(2.0), model.w])
    assert sgd.parameters() == [model.w, model.b]
    assert len(sgd.state) == 2


def test_groups_have_settings_of_their_own():
    slow, fast, thawed = leaf(0.0), leaf(0.0), leaf(0.0)
    sgd = optim.SGD([{"params": [slow]}, {"params": [fast], "lr": 1.0}], lr=0.1)
    sgd.add_group([thawed], lr=10.0)
    for p in sgd.parameters():
        p.grad = [1.0]
    sgd.step()
    assert [p.item() for p in (slow, fast, thawed)] == [-0.1, -1.0, -10.0]
    assert sgd.lr == [0.1, 1.0, 10.0]
    assert sgd.rate == 0.1
    sgd.lr = 0.5
    assert [g["lr"] for g in sgd.param_groups] == [0.5, 0.5, 0.5]
    sgd.param_groups[1]["lr"] *= 2
    assert sgd.lr == [0.5, 1.0, 0.5]
    sgd.add_group([leaf(0.0)])
    assert sgd.lr == [0.5, 1.0, 0.5, 0.5]


def test_frozen_parameters_and_those_without_gradient_are_left_alone(make):
    p, frozen, late = leaf(1.0), leaf(1.0), leaf(1.0, name="late")
    optimizer = make([p, frozen, late])
    for q in (p, frozen):
        q.grad = [0.5]
    frozen.requires_grad = False
    with pytest.warns(optim.MissingGradientWarning, match="no gradient on parameter 'late'"):
        optimizer.step()
    assert p.data != 1
    assert frozen.data == late.data == 1
    assert optimizer.state[1:] == [{}, {}]
    frozen.requires_grad = True
    optimizer.step()  # no second warning
    assert frozen.data != 1
    assert [state.get("t") for state in optimizer.state] == [2, 1, None]


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("member", "settings", "words"),
    [
        (optim.Adam, {"betas": (0.8, 0.99)}, "written beta_1=0.8, beta_2=0.99"),
        (optim.Adam, {"betas": 0.9}, "written beta_1=0.9, beta_2=0.999"),
        (optim.Adam, {"eps": 1e-8}, "written epsilon=1e-08"),
        (optim.Adam, {"learning_rate": 0.1}, "written lr=0.1"),
        (optim.RMSprop, {"alpha": 0.99}, "written rho=0.99"),
        (optim.Adam, {"weight_decay": 0.1}, "AdamW"),
        (optim.SGD, {"decay": 0.1}, r"schedule.InverseTime\(lr, decay=0.1\)"),
        (optim.SGD, {"momentun": 0.9}, "written momentum=0.9"),
        (optim.SGD, {"dampening": 0.1}, r"no such setting. It is SGD\(params=None, lr=0.01"),
    ],
)
def test_wrong_spellings_are_answered_with_the_right_one(member, settings, words):
    with pytest.raises(TypeError, match=words):
        member(**settings)


def test_a_learning_rate_in_the_parameters_place(family):
    with pytest.raises(TypeError, match=rf"Write {family.__name__}\(lr=0.01\)"):
        family(0.01)


def test_too_many_arguments(family):
    with pytest.raises(TypeError, match="too many positional arguments"):
        family(None, *[0.1] * 20)
    with pytest.raises(TypeError, match="multiple values for argument 'lr'"):
        family(None, 0.1, lr=0.1)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "fast", None, [0.1]])
def test_settings_out_of_range(family, value):
    with pytest.raises((TypeError, ValueError), match=rf"{family.__name__}\(lr="):
        family(lr=value)
    optimizer = family()
    with pytest.raises((TypeError, ValueError), match=rf"{family.__name__}\(lr="):
        optimizer.lr = value
    assert optimizer.lr == family.lr


@pytest.mark.parametrize("name", ["beta_1", "beta_2", "rho", "momentum"])
def test_shares_are_below_1(family, name):
    if name in family.settings:
        with pytest.raises(ValueError, match=rf"{name}=1.0.*below 1"):
            family(**{name: 1.0})


def test_numpy_numbers_become_plain_ones(family):
    assert type(family(lr=np.float32(0.5)).lr) is float
    assert type(family(lr=np.array(0.5)).lr) is float


def test_a_schedule_that_leaves_the_range_is_an_error_and_changes_nothing():
    p = leaf(1.0)
    sgd = optim.SGD([p], lr=lambda t: 1.0 - t)
    for expected in (0.0, 0.0):
        p.grad = [1.0]
        sgd.step()
        assert p.item() == expected
    with pytest.raises(ValueError, match=r"SGD\(lr=-1.0\)"):
        sgd.step()
    assert p.item() == 0.0
    assert sgd.iterations == 2


def test_a_wrong_schedule_of_one_group_stops_the_step_of_all():
    good, bad = leaf(1.0), leaf(1.0)
    sgd = optim.SGD([{"params": [good]}, {"params": [bad], "lr": lambda t: -1.0}])
    good.grad, bad.grad = [1.0], [1.0]
    with pytest.raises(ValueError, match=r"lr=-1.0"):
        sgd.step()
    assert good.item() == bad.item() == 1.0


def test_any_setting_may_be_a_schedule():
    p = leaf(0.0)
    sgd = optim.SGD([p], lr=schedule.Step(1.0, every=1, factor=0.5), momentum=lambda t: 0.5 * t)
    moves = []
    for _ in range(2):
        before = p.item()
        p.grad = [1.0]
        sgd.step()
        moves.append(p.item() - before)
    assert moves == [-1.0, 0.5 * -1.0 - 0.5]


# -- guards --------------------------------------------------------------------------------------


def test_nan_is_reported_once_with_the_parameters_name():
    w, b = leaf(1.0, 2.0, name="layer1.weight"), leaf(1.0)
    sgd = optim.SGD([b, w])
    w.grad, b.grad = [1.0, np.nan], [1.0]
    with pytest.warns(optim.NaNGradientWarning, match=r"'layer1.weight' of shape \(2,\)") as seen:
        sgd.step()
    assert seen[0].filename == __file__
    sgd.step()  # no second warning
    with pytest.warns(optim.NaNGradientWarning, match=r"parameter 'W' of shape \(1,\)"):
        optim.SGD().update({"W": np.zeros(1)}, {"W": np.array([np.nan])})


@pytest.mark.parametrize("value", [np.inf, -np.inf, 3e38, 1e-45])
def test_what_is_not_nan_is_not_called_nan(value):
    p = leaf(*[1.0] * 20000, dtype=np.float32)
    p.grad = np.full(20000, value, np.float32)
    optim.SGD([p], lr=0.0 if np.isfinite(value) else 1.0).step()


def test_a_guard_turned_into_an_error_changes_nothing():
    p = leaf(1.0)
    sgd = optim.Momentum([p])
    p.grad = [np.nan]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(optim.NaNGradientWarning):
            sgd.step()
    assert p.item() == 1.0
    assert sgd.state == [{}]
    assert sgd.iterations == 0


def test_no_gradient_at_all_says_so():
    sgd = optim.SGD(Model())
    with pytest.warns(optim.MissingGradientWarning, match=r"no gradient on parameter 0 .* 1 of"):
        sgd.step()


@pytest.mark.parametrize("step_between", [False, True])
def test_two_backwards_without_zero_grad_warn_once(step_between):
    p = leaf(1.0, name="W")
    sgd = optim.SGD([p])
    (p * 2).sum().backward()
    if step_between:
        sgd.step()
    (p * 2).sum().backward()
    with pytest.warns(optim.AccumulatedGradientWarning, match=r"'W'.*zero_grad\(\).*accumulate"):
        sgd.step()
    (p * 2).sum().backward()
    sgd.step()


def test_zero_grad_by_whoever_is_zero_grad():
    p = leaf(1.0)
    sgd = optim.SGD([p])
    for forget in (sgd.zero_grad, p.zero_grad, lambda: setattr(p, "grad", None)):
        (p * 2).sum().backward()
        sgd.step()
        forget()
    (p * 2).sum().backward()
    sgd.step()


# -- minimize, closures, accumulation ------------------------------------------------------------


def test_minimize_takes_a_function_too():
    x = leaf(3.0)
    sgd = optim.SGD(lr=0.1)
    for _ in range(100):
        sgd.minimize(lambda: ((x - 1) ** 2).sum())
    assert x.item() == pytest.approx(1.0)


def test_minimize_of_what_has_no_graph_is_the_engines_error():
    with pytest.raises(RuntimeError, match="does not depend on anything"):
        optim.SGD().minimize(Tensor(1.0))


def test_step_returns_what_its_closure_returns():
    x = leaf(3.0)
    sgd = optim.SGD([x], lr=0.1)

    def closure():
        sgd.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        return loss

    assert sgd.step(closure).item() == 9.0
    assert x.item() == pytest.approx(2.4)


def test_accumulate_steps_by_the_mean(make):
    data = np.random.default_rng(0).normal(size=(3, 4, 5))

    def train(optimizer, w, batches):
        for x in batches:
            optimizer.zero_grad()
            ((Tensor(x) * w) ** 2).mean().backward()
            optimizer.step()

    whole, parts = leaf(*range(1, 6)), leaf(*range(1, 6))
    one, many = make([whole]), make([parts])
    many.accumulate = 4
    train(one, whole, data)
    train(many, parts, data.reshape(12, 1, 5))
    assert many.iterations == one.iterations == 3
    np.testing.assert_allclose(parts.data, whole.data, rtol=1e-12)


@pytest.mark.parametrize("count", [0, -1, 1.5, True, None])
def test_accumulate_is_a_count(count):
    sgd = optim.SGD()
    with pytest.raises(ValueError, match=r"SGD.accumulate = "):
        sgd.accumulate = count
    assert sgd.accumulate == 1


def test_a_step_makes_graphs_stale():
    p = leaf(1.0)
    loss = (p**2).sum()
    p.grad = [1.0]
    optim.SGD([p]).step()
    with pytest.raises(RuntimeError, match="overwritten"):
        loss.backward()


def test_an_optimizer_keeps_no_gradient_alive():
    p = leaf(1.0)
    sgd = optim.Momentum([p])
    (p**2).sum().backward()
    grad = weakref.ref(p.grad)
    sgd.step()
    sgd.zero_grad()
    gc.collect()
    assert grad() is None


def test_repr_tells_settings_and_progress():
    sgd = optim.SGD([{"params": [leaf(1.0)]}, {"params": [leaf(1.0)], "lr": 1.0}])
    assert repr(sgd) == (
        "SGD(lr=[0.01, 1.0], momentum=0.0, nesterov=False, weight_decay=0.0): "
        "2 parameters in 2 groups, 0 steps"
    )


# -- settings, however they are changed -----------------------------------------------------------


def stepped(optimizer, x, g=1.0):
    """How far a step goes."""
    before = x.item()
    x.grad = np.full(1, g)
    optimizer.step()
    return before - x.item()


@pytest.mark.parametrize(
    ("name", "value"),
    [("lr", -1.0), ("lr", np.nan), ("lr", None), ("lr", "a"), ("lr", [1.0]), ("lr", True),
     ("lr", np.array([0.1, 0.2])), ("beta_1", 1.0), ("learning_rate", 0.1), ("decay_", 0.1)],
)  # fmt: skip
@pytest.mark.parametrize("steps", [0, 1])
def test_a_group_is_checked_before_anything_changes(name, value, steps):
    x, y = (Tensor([1.0], requires_grad=True) for _ in range(2))
    adam = optim.Adam([{"params": [x]}, {"params": [y]}])
    for _ in range(steps):
        x.grad, y.grad = [1.0], [1.0]
        adam.step()
    adam.param_groups[1][name] = value
    x.grad, y.grad, before = [1.0], [1.0], adam.state_dict()["state"]
    values = x.item(), y.item()
    with pytest.raises((TypeError, ValueError), match=r"Adam\("):
        adam.step()
    assert (x.item(), y.item(), adam.iterations) == (*values, steps)
    np.testing.assert_equal(adam.state_dict()["state"], before)


def test_a_setting_that_is_added_to_a_group_is_seen():
    x = Tensor([0.0], requires_grad=True)
    sgd = optim.SGD([x], lr=1.0)
    stepped(sgd, x)
    sgd.param_groups[0]["decay"] = 1.0
    with pytest.raises(TypeError, match="InverseTime"):
        sgd.step()


def test_names_of_other_libraries_are_not_taken_silently():
    adam = optim.Adam([Tensor([1.0], requires_grad=True)])
    with pytest.raises(TypeError, match=r"here it is written lr=0\.1"):
        adam.learning_rate = 0.1
    assert not hasattr(adam, "learning_rate")
    adam.rho_ = adam.alpha = 3  # Adam has no rho: a name like any other
    assert adam.alpha == 3


def test_settings_changed_before_bind_are_kept():
    x = Tensor([1.0], requires_grad=True)
    sgd = optim.SGD(lr=0.1)
    sgd.param_groups[0]["lr"] = 0.5
    sgd.minimize((x * x).sum())
    assert (x.item(), sgd.lr) == (0.0, 0.5)


def test_a_formula_that_a_user_wrapped_is_the_users():
    scale = [1.0]

    def scaled(formula):
        @functools.wraps(formula)
        def wrapped(p, g, *arrays, lr, **keywords):
            return formula(p, g, *arrays, lr=lr * scale[0], **keywords)

        return wrapped

    class Scaled(optim.Adam):
        formula = staticmethod(scaled(optim.Adam.formula))

    x = Tensor([0.0], requires_grad=True)
    adam = Scaled([x], lr=1.0)
    for scale[0] in (1.0, 0.1, 0.01):
        assert stepped(adam, x) == pytest.approx(scale[0], rel=1e-5)


def test_groups_that_are_replaced_leave_nothing_behind():
    sgd = optim.SGD([Tensor([0.0], requires_grad=True)])
    kept = []
    for _ in range(300):
        kept.append(sgd.param_groups[0])
        sgd.param_groups[0] = dict(kept[-1])
        stepped(sgd, sgd.parameters()[0])
    assert len(sgd._kept) <= 101


# -- formulas of one's own ------------------------------------------------------------------------


def test_powers_in_place():
    class Squares(optim.Optimizer):
        lr: optim.Rate = 1.0

        @staticmethod
        def formula(p, g, a, *, lr):
            a += g
            a **= 2
            p -= lr * a

    x = Tensor([0.0], requires_grad=True)
    squares = Squares([x])
    assert stepped(squares, x, 3.0) == 9
    assert squares.state[0]["a"] == 9


@pytest.mark.parametrize("size", [2, 300_000])
@pytest.mark.parametrize("norm", [False, True])
@pytest.mark.parametrize("asked", ["0", "1"])
def test_a_formula_that_writes_to_the_gradient_gets_a_copy(size, norm, asked, monkeypatch):
    monkeypatch.setattr(optim.fast, "asked", asked)

    class Decays(optim.Optimizer):
        lr: optim.Rate = 1.0

        @staticmethod
        def formula(p, g, *, lr):
            g += 0.5 * p
            if norm:
                np.linalg.norm(g)
            p -= lr * g

    p, g = {"a": np.ones(2 * size)[::2]}, {"a": np.ones(size)}
    Decays().update(p, g)
    assert (set(p["a"]), set(g["a"])) == ({-0.5}, {1.0})


def test_a_formula_without_staticmethod():
    with pytest.raises(TypeError, match="@staticmethod above it"):

        class Forgotten(optim.Optimizer):
            def formula(p, g):
                p -= g


# -- memory ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2, 100_000])
def test_memory_that_became_read_only(size):
    """With numba, which does not look at the flag, too."""
    x, w = (Tensor(np.zeros(size), requires_grad=True) for _ in range(2))
    sgd = optim.SGD([x, w], lr=1.0)
    w.array.flags.writeable = False
    x.grad = w.grad = np.ones(size)
    with pytest.raises(ValueError, match=r"parameter 1 of shape \(\d+,\) is read-only"):
        sgd.step()
    assert not x.data.any()
    assert not w.data.any()


def test_data_of_a_file_is_copied(tmp_path):
    np.save(tmp_path / "w.npy", np.zeros(3))
    for mode in ("r", "r+"):
        w = Tensor(np.ones(3), requires_grad=True)
        w.data = np.load(tmp_path / "w.npy", mmap_mode=mode)
        assert type(w.array) is np.ndarray
        w.data -= 1
    assert not np.load(tmp_path / "w.npy").any()


def test_accumulating_at_one_number(monkeypatch):
    for asked in ("0", "1"):
        monkeypatch.setattr(optim.fast, "asked", asked)
        x = Tensor(1.0, requires_grad=True)
        sgd = optim.SGD([x], lr=0.25)
        sgd.accumulate = 2
        for slope in (1.0, 3.0):
            (slope * x).backward()
            sgd.step()
        assert x.item() == 0.5


def test_parameters_put_into_a_group_by_hand():
    sgd = optim.SGD([Tensor([1.0], requires_grad=True)])
    sgd.param_groups[0]["params"].append(Tensor([1.0], requires_grad=True))
    with pytest.raises(RuntimeError, match=r"2 parameters .* were 1.*add_group"):
        sgd.step()


def test_update_refuses_results_of_ops():
    y = Tensor([1.0], requires_grad=True) * 3
    with pytest.raises(ValueError, match=r"params\['y'\] is the result of an op"):
        optim.SGD().update({"y": y}, {"y": [1.0]})
