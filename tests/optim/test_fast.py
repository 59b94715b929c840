"""A formula, its program and its compiled program give the same bits; nothing needs numba."""

import math
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import optim
from autograd import Tensor
from optim import fast, program

WAYS = ["as it stands", "NumPy", "numba"]


@pytest.fixture
def way(monkeypatch):
    """Makes optimizers step in one of the ways."""

    def choose(name):
        if name == "numba":
            pytest.importorskip("numba")
        monkeypatch.setattr(fast, "asked", "1" if name == "numba" else "0")
        if name == "as it stands":
            monkeypatch.setattr(program, "written", lambda *formula: None)

    return choose


def stepped(make, dtype, steps=4):
    """Parameters and all that is remembered after some steps on gradients of all sizes."""
    rng = np.random.default_rng(0)
    shapes = [(3, 70), (129,), (), (0, 2)]
    params = {i: rng.normal(size=shape).astype(dtype) for i, shape in enumerate(shapes)}
    optimizer = make()
    for t in range(steps):
        scale = 10.0 ** rng.integers(-30, 15, size=129)
        grads = {i: rng.normal(size=shape).astype(dtype) for i, shape in enumerate(shapes)}
        grads[1] = (grads[1] * scale).astype(dtype)
        grads[0][:, t] = 0
        grads[0][t % 3, 60:63] = np.nan, np.inf, -np.inf
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", optim.NaNGradientWarning)
            optimizer.update(params, grads)
    remembered = [optimizer.named_state[i] for i in params]
    arrays = [v for state in remembered for v in state.values() if isinstance(v, np.ndarray)]
    return [np.where(np.isnan(a), 1, a).tobytes() for a in [*params.values(), *arrays]]


@pytest.mark.parametrize("other", WAYS[1:])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_bits(make, dtype, other, monkeypatch, way):
    way(other)
    found = stepped(make, dtype)
    way("as it stands")
    assert found == stepped(make, dtype)


def test_every_family_has_a_program(make, monkeypatch):
    found = []
    written = program.written
    monkeypatch.setattr(program, "written", lambda *f: found.append(written(*f)) or found[-1])
    make().update({"a": np.ones(2)}, {"a": np.ones(2)})
    assert found[-1][0].steps


# -- programs at random ---------------------------------------------------------------------------

BINARY = ["+", "-", "*", "/"]


@st.composite
def formulas(draw):
    """Lines of a formula on p, g, m and on what they make on the way, a number now and then."""
    known, lines = ["p", "g", "m"], []
    for i in range(draw(st.integers(1, 12))):
        operand = st.sampled_from([*known, "0.3", "2", "rate"])
        a, b = draw(st.sampled_from(known)), draw(operand)
        target = draw(st.sampled_from(["p", "m", *known[3:]]))
        sign = draw(st.sampled_from(BINARY))
        form = draw(st.integers(0, 6))
        if form == 0:
            lines.append(f"{target} {sign}= {b}")
        elif form == 1:
            lines.append(f"np.maximum({a}, {b}, out={target})")
        else:
            known.append(f"x{i}")
            value = {
                2: f"{a} {sign} {b}",
                3: f"{b} {sign} {a}",
                4: f"np.sqrt(abs({a}))",
                5: f"-({a} ** 2)",
                6: f"np.minimum({b}, {a})",
            }[form]
            lines.append(f"x{i} = {value}")
    return "\n    ".join(["def formula(p, g, m, *, rate):", *lines, f"p -= {draw(operand)}"])


@given(formulas())
def test_random_formulas_and_their_programs_give_the_same_bits(source):
    namespace = {"np": np}
    exec(source, namespace)
    formula = namespace["formula"]
    results = []
    for run_on in ("arrays", "program"):
        rng = np.random.default_rng(0)
        arrays = [rng.normal(size=50).astype(np.float32) for _ in range(3)]
        with np.errstate(all="ignore"):
            if run_on == "arrays":
                p, g, m = arrays
                formula(p, g, m, rate=0.7)
            else:
                assert program.written(formula, ["m"], {"rate": 0.7}) is not None
                like = np.dtype("f4"), 50, 16
                run, _ = program.prepared(formula, ["m"], {"rate": 0.7}, 1, *like)
                run(1, [arrays])
        results.append([a.tobytes() for a in arrays])
    assert results[0] == results[1]


# -- numbers that depend on t ---------------------------------------------------------------------


def numbers_of_t():
    """Expressions of t that are floats, and finite, at every step."""
    whole = st.sampled_from(["t", "3", "0.9", "-0.5", "2.5e-07"])
    return st.recursive(
        whole,
        lambda parts: st.one_of(
            st.tuples(parts, st.sampled_from("+-*"), parts).map("({0[0]} {0[1]} {0[2]})".format),
            parts.map("(2 / (1 + {0} ** 2))".format),
            parts.map("(-{0})".format),
            st.sampled_from(["0.999 ** t", "(-0.5) ** t"]),
            st.just("(1 - 0.9**t) ** 0.5"),
        ),
        max_leaves=6,
    )


@given(numbers_of_t())
def test_what_depends_on_t_is_written_down_once_and_for_all(text):
    namespace = {"np": np, "__name__": "optim.of_ours"}
    exec(f"def formula(p, g, *, t):\n    p -= 0.1 * {text} * g", namespace)
    formula, like = namespace["formula"], (np.dtype("f8"), 3, 16)
    run, lasts = program.prepared(formula, [], {"t": None}, 1, *like)
    assert lasts
    for t in (1, 2, 1000):
        found, expected = np.ones(3), np.ones(3)
        run(t, [[found, np.array([1.0, -2.0, 0.1])]])
        formula(expected, np.array([1.0, -2.0, 0.1]), t=t)
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "text",
    [
        "(5 if t > 2 else 3)", "(5 if t == 2 else 3)", "(5 if t != 2 else 3)", "len(range(t))",
        "math.sqrt(t)", "{1: 5, 2: 7}.get(t, 9)", "float(np.float64(3) * t)", "(t % 2)",
        "max(t, 2)", "int(f'{t}')", "(5 if t else 3)",
    ],
)  # fmt: skip
def test_what_branches_on_t_is_written_down_at_every_step(text):
    namespace = {"np": np, "math": math, "__name__": "optim.of_ours"}
    exec(f"def formula(p, g, *, t):\n    p -= {text} * g", namespace)
    formula, like = namespace["formula"], (np.dtype("f8"), 1, 16)
    for t in (1, 2, 3):
        run, lasts = program.prepared(formula, [], {"t": None}, t, *like)
        assert not lasts
        found, expected = np.ones(1), np.ones(1)
        run(t, [[found, np.ones(1)]])
        formula(expected, np.ones(1), t=t)
        assert found == expected


def written_by(optimizer, monkeypatch, change=lambda t: None, steps=4):
    """How often its formula is written down in so many steps."""
    count, written = [], program.written
    monkeypatch.setattr(program, "written", lambda *f: count.append(f) or written(*f))
    for t in range(steps):
        change(t)
        optimizer.update({"a": np.ones(2)}, {"a": np.ones(2)})
    return len(count)


def test_a_program_is_kept_while_settings_stay(monkeypatch):
    adam = optim.Adam()
    assert written_by(adam, monkeypatch) == 1
    assert written_by(adam, monkeypatch, lambda t: setattr(adam, "lr", 0.1 + t)) == 4
    assert written_by(optim.Adam(decay=0.1), monkeypatch) == 4
    assert written_by(optim.Adam(lr=lambda t: 0.1), monkeypatch) == 4


def test_a_formula_of_ones_own_may_throw_dice(monkeypatch):
    rng = np.random.default_rng(0)

    class Noisy(optim.Optimizer):
        lr: optim.Rate = 0.1

        @staticmethod
        def formula(p, g, *, lr):
            p -= lr * float(rng.normal()) * g

    assert written_by(Noisy(), monkeypatch) == 4


@pytest.mark.parametrize("change", ["setting", "group", "state"])
def test_what_is_kept_follows_every_change(make, change):
    """Two optimizers, one of which has nothing kept, go on alike."""
    rng = np.random.default_rng(0)
    p, q = (Tensor([1.0, -2.0, 3.0], requires_grad=True) for _ in range(2))
    one, other = make([p]), make([q])
    for t in range(6):
        p.grad = q.grad = rng.normal(size=3)
        if t == 3 and change == "setting":
            name = "lr" if "lr" in one.settings else "epsilon"
            one.param_groups[0][name] = other.param_groups[0][name] = 0.003
        if t == 3 and change == "group":
            for optimizer, tensor in ((one, p), (other, q)):
                optimizer.param_groups[0] = {**optimizer.param_groups[0], "params": [tensor]}
        if t == 3 and change == "state":
            one.load_state_dict(make([Tensor(p.data, requires_grad=True)]).state_dict())
            other.load_state_dict(make([Tensor(q.data, requires_grad=True)]).state_dict())
        one.step()
        other._kept.clear()
        other.step()
    assert p.data.tobytes() == q.data.tobytes()


# -- layouts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WAYS)
@given(layouts=st.tuples(*[st.sampled_from(["C", "F", "every second"])] * 2), block=st.booleans())
def test_however_arrays_lie_in_memory(name, layouts, block):
    if name == "numba":
        pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    values, g = rng.normal(size=(2, 5, 7))

    def lying(a, layout):
        if layout == "every second":
            wide = np.zeros((5, 14))
            wide[:, ::2] = a
            return wide[:, ::2]
        return a.copy(order=layout)

    results = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "asked", "1" if name == "numba" else "0")
        patch.setattr(optim.optimizer, "BLOCK", 4 if block else 1 << 18)
        if name == "as it stands":
            patch.setattr(program, "written", lambda *formula: None)
        for places in (("C", "C"), layouts):
            p, gradient = (lying(*pair) for pair in zip((values, g), places))
            adam = optim.Adam()
            for _ in range(3):
                adam.update({"p": p}, {"p": gradient})
            np.testing.assert_array_equal(gradient, g)
            results.append(np.array(p).tobytes())
    assert results[0] == results[1]


# -- formulas that ask for more -------------------------------------------------------------------


class Normed(optim.Optimizer):
    """Divides by the length of the gradient: no element knows it."""

    lr: optim.Rate = 0.1

    @staticmethod
    def formula(p, g, *, lr):
        p -= lr * g / np.linalg.norm(g)


class Listed(optim.Optimizer):
    lr: optim.Rate = 0.1

    @staticmethod
    def formula(p, g, *, lr):
        p -= lr * np.asarray([g, g])[0]


class Signed(optim.Optimizer):
    lr: optim.Rate = 0.1

    @staticmethod
    def formula(p, g, *, lr):
        p -= lr * np.where(g > 0, 1, -1).astype(p.dtype)


class Branching(optim.Optimizer):
    lr: optim.Rate = 0.1

    @staticmethod
    def formula(p, g, *, lr):
        if (g == 4).all() or not len(g):
            p -= lr


class Strong(optim.Optimizer):
    """NumPy's own number is a float64, and float32 arrays become so beside it."""

    lr: optim.Rate = 0.1

    @staticmethod
    def formula(p, g, *, lr):
        p -= np.float64(lr) * g


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        (Normed, [0.94, 1.92]),
        (Listed, [0.7, 1.6]),
        (Signed, [0.9, 1.9]),
        (Branching, [1.0, 2.0]),
        (Strong, [0.7, 1.6]),
    ],
)
def test_they_run_as_they_stand(own, expected):
    assert program.written(own.formula, [], {"lr": 0.1}) is None
    p = Tensor([1.0, 2.0], requires_grad=True)
    p.grad = [3.0, 4.0]
    own([p]).step()
    np.testing.assert_allclose(p.data, expected)


def test_as_it_stands_is_on_the_whole_array_in_its_shape():
    class Whole(optim.Optimizer):
        """Centres the gradient: each column's mean is taken out."""

        lr: optim.Rate = 1.0

        @staticmethod
        def formula(p, g, *, lr):
            p -= lr * (g - g.mean(axis=0))

    shape = (optim.optimizer.BLOCK // 100, 300)
    p, g = np.zeros(shape), np.random.default_rng(0).normal(size=shape)
    Whole().update({"p": p}, {"p": g})
    np.testing.assert_allclose(p, g.mean(axis=0) - g, atol=1e-12)


def test_what_a_formula_raises_is_raised():
    class Wrong(optim.Optimizer):
        lr: optim.Rate = 0.1

        @staticmethod
        def formula(p, g, *, lr):
            raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        Wrong().update({"a": np.ones(2)}, {"a": np.ones(2)})


# -- numba is loaded late, or not at all ----------------------------------------------------------

STEP = """
import sys
import numpy as np
import optim
{before}
p, g = ({{"a": np.ones({size}, np.float32)}} for _ in range(2))
optim.Adam().update(p, g)
print("numba" in sys.modules and sys.modules["numba"] is not None, float(p["a"][0]))
"""


def run(size, before="", **environment):
    """A step on so many elements in a fresh process: whether numba was loaded, and the result."""
    inherited = {k: v for k, v in os.environ.items() if k != "GLASSGRAD_FAST"}
    out = subprocess.run(
        [sys.executable, "-c", STEP.format(size=size, before=before)],
        env={**inherited, **environment},
        cwd=os.path.dirname(os.path.dirname(optim.__file__)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return out[0] == "True", float(out[1])


def test_few_parameters_and_the_switch_load_nothing():
    assert run(100) == (False, pytest.approx(0.999))
    assert run(fast.MANY, GLASSGRAD_FAST="0") == (False, pytest.approx(0.999))


def test_many_parameters_load_it():
    pytest.importorskip("numba")
    assert run(fast.MANY) == (True, run(100)[1])


def test_without_numba_all_works():
    without = 'sys.modules["numba"] = None'
    assert run(fast.MANY, without) == (False, run(100)[1])
