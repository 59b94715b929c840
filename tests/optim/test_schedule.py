"""Schedules: their formulas, their ends, and that each is all data."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optim import schedule
from optim.schedule import (
    Chain,
    Cosine,
    CosineRestarts,
    Exponential,
    InverseTime,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)

SAMPLES = [
    Step(0.1, every=7, factor=0.5),
    Exponential(0.1, 0.9),
    InverseTime(0.1, 0.01),
    Cosine(0.1, steps=50, lowest=0.001),
    CosineRestarts(0.1, period=10),
    CosineRestarts(0.1, period=10, growth=2, lowest=0.01),
    OneCycle(0.1, steps=60),
    Warmup(Cosine(0.1, steps=50), steps=5),
    Warmup(0.1, steps=5),
    Chain([(10, 0.1), (20, Warmup(Step(0.1, 5), 3)), (5, 0.01)]),
    ReduceOnPlateau(0.1),
]


def test_every_schedule_has_a_sample():
    assert {type(s).__name__ for s in SAMPLES} == {
        n for n in schedule.__all__ if n != "Schedule"
    } <= Schedule.known.keys()


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: type(s).__name__)
def test_gives_plain_numbers_in_range_forever(s):
    for t in [*range(100), 10**6]:
        assert type(s(t)) is float
        assert 0 <= s(t) <= 0.1 + 1e-15


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: type(s).__name__)
def test_saved_as_plain_data(s):
    saved = json.loads(json.dumps(s.state_dict()))
    again = schedule.from_plain(saved)
    assert again == s
    assert [again(t) for t in range(80)] == [s(t) for t in range(80)]


@pytest.mark.parametrize("s", SAMPLES, ids=lambda s: type(s).__name__)
def test_takes_numpy_numbers(s):
    lr = next((f.name for f in dataclasses.fields(s) if f.name == "lr"), None)
    if lr:
        assert type(dataclasses.replace(s, lr=np.float32(0.5))(3)) is float


@given(t=st.integers(0, 1000))
def test_formulas(t):
    assert Step(0.5, every=10, factor=0.1)(t) == pytest.approx(0.5 * 0.1 ** (t // 10))
    assert Exponential(0.5, 0.99)(t) == pytest.approx(0.5 * 0.99**t)
    assert InverseTime(0.5, 0.1)(t) == pytest.approx(0.5 / (1 + 0.1 * t))
    share = min(t / 300, 1)
    assert Cosine(0.5, 300, 0.1)(t) == pytest.approx(0.3 + 0.2 * math.cos(math.pi * share))


def test_restarts_begin_again_at_the_top():
    s = CosineRestarts(0.1, period=3, growth=2)
    tops = [t for t in range(50) if s(t) == 0.1]
    assert tops == [0, 3, 9, 21, 45]


def test_one_cycle_rises_once_and_falls_once():
    s = OneCycle(1.0, steps=101)
    values = np.array([s(t) for t in range(101)])
    top = int(values.argmax())
    assert 28 <= top <= 31
    assert (np.diff(values[: top + 1]) > 0).all()
    assert (np.diff(values[top:]) < 0).all()
    assert values[0] == pytest.approx(1 / 25)
    assert values[-1] == pytest.approx(1 / 25 * 1e-4)
    assert s(1000) == s(100)


def test_warm_up_is_a_straight_line_into_what_follows():
    s = Warmup(Cosine(0.5, steps=10), steps=4)
    np.testing.assert_allclose([s(t) for t in range(5)], [0.1, 0.2, 0.3, 0.4, 0.5])
    assert s(14) == 0.0


def test_plateau():
    s = ReduceOnPlateau(1.0, factor=0.5, patience=2, lowest=0.2)
    rates = []
    for loss in [5, 4, 3, 3, math.nan, 3, 3, 3, 3, 2, 2, 2, 2, 2, 2, 2]:
        s.report(loss)
        rates.append(s(0))
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]
    assert s.best == 2


def test_plateau_upwards_and_below_zero():
    s = ReduceOnPlateau(1.0, patience=0, mode="max")
    for accuracy in (0.5, 0.6, 0.7):
        s.report(accuracy)
    assert s(0) == 1.0
    s.report(0.7)
    assert s(0) == 0.1
    down = ReduceOnPlateau(1.0, patience=0)
    for loss in (-1.0, -2.0, -3.0):
        down.report(loss)
    assert down(0) == 1.0
    down.report(-3.0001)  # better, but by less than the threshold
    assert down(0) == 0.1


def test_each_part_of_a_chain_counts_from_0():
    s = Chain([(2, 1.0), (4, Step(0.5, every=2)), (3, Step(0.25, every=2))])
    expected = [1, 1, 0.5, 0.5, 0.05, 0.05, 0.25, 0.25, 0.025, 0.025, 0.0025]
    np.testing.assert_allclose([s(t) for t in range(11)], expected)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: Step(0.1, every=0), r"Step\(every=0\): counted in optimizer steps"),
        (lambda: Cosine(0.1, steps=0), r"steps=0"),
        (lambda: Cosine(-0.1, steps=1), r"Cosine\(lr=-0.1\)"),
        (lambda: CosineRestarts(0.1, 3, growth=0.5), "cannot shrink"),
        (lambda: Chain([]), "list of"),
        (lambda: Chain([0.1, 0.2]), "list of"),
        (lambda: ReduceOnPlateau(0.1, mode="up"), "'min' or 'max'"),
    ],
)
def test_what_cannot_be_meant(wrong, words):
    with pytest.raises((ValueError, TypeError), match=words):
        wrong()


def test_another_schedules_state_is_refused():
    step = Step(0.1, every=3)
    with pytest.raises(ValueError, match="not the state of a Step"):
        step.load_state_dict(Cosine(0.1, 3).state_dict())
    assert step == Step(0.1, every=3)


def test_corners():
    rises = schedule.OneCycle(0.1, 10, rise=1.0)
    assert rises(9) == pytest.approx(0.1)
    assert rises(10) == pytest.approx(0.1)
    assert schedule.Chain([(5, np.float32(0.5)), (1, 0.01)])(0) == 0.5
