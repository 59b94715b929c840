"""A formula, its program and its compiled program give the same bits; nothing needs numba."""

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
    optimizer = make()
    asked = []
    monkeypatch.setattr(program, "prepared", lambda *formula: asked.append(formula[:3]) or print)
    optimizer._prepared(optimizer.param_groups[0], t=7, dtype=np.dtype("f4"), size=1)
    found, _ = program.written(*asked[0])
    assert found.steps


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
                program.prepared(formula, ["m"], {"rate": 0.7}, np.dtype("f4"), 50, 16)(arrays)
        results.append([a.tobytes() for a in arrays])
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
