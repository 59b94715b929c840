"""optim.plot.paths: the drawn lines are the paths."""

import sys

import numpy as np
import pytest

import optim
from autograd import grad


@pytest.fixture
def plt():
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs the extra `plots`")
    yield plt
    plt.close("all")


def valley(x):
    return x[0] ** 2 / 20 + x[1] ** 2


OPTIMIZERS = {
    "steps of 0.95": optim.SGD(lr=0.95), "_Adam, $\\frac": optim.Adam(lr=0.3), "모멘텀": optim.NAG()
}  # fmt: skip
START = [-7.0, 2.0]


def test_the_lines_are_the_paths(plt):
    ax = optim.plot.paths(valley, START, OPTIMIZERS, 10, xlim=(-8, 8), ylim=(-3, 3))
    expected = optim.descent_paths(valley, START, OPTIMIZERS, 10)
    lines = [line.get_xydata() for line in ax.get_lines()]
    for path in expected.values():
        assert any(np.array_equal(line, path) for line in lines)
    assert any(line.tolist() == [START] for line in lines)
    assert (ax.get_xlim(), ax.get_ylim()) == ((-8, 8), (-3, 3))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "x1")
    assert all(o.iterations == 0 for o in OPTIMIZERS.values())


def test_names_are_shown_as_they_are(plt):
    ax = optim.plot.paths(valley, START, OPTIMIZERS, 10)
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == ["start", "steps of 0.95", r"_Adam, \$\frac", "모멘텀"]
    ax.figure.canvas.draw()


def test_paths_differ_in_more_than_colour(plt):
    ax = optim.plot.paths(valley, START, {str(lr): optim.SGD(lr=lr) for lr in (0.1, 0.2, 0.3)})
    paths = [line for line in ax.get_lines() if line.get_xydata().shape == (31, 2)]
    assert len({line.get_marker() for line in paths}) == len({line.get_color() for line in paths})
    assert len({line.get_marker() for line in paths}) == 3


def test_the_contours_are_those_of_f(plt):
    ax = optim.plot.paths(valley, START, OPTIMIZERS, 10)
    (contours,) = ax.collections
    levels = {float(level) for level in contours.levels}
    for path, level in zip(contours.get_paths(), contours.levels):
        for points in path.to_polygons(closed_only=False):
            np.testing.assert_allclose(valley(points.T), level, atol=0.03 * max(levels))


def test_it_holds_all_paths_unless_told_where_to_look(plt):
    ax = optim.plot.paths(valley, START, {"SGD": optim.SGD(lr=0.95)}, 5, gradient=grad(valley))
    path = optim.descent_paths(valley, START, [optim.SGD(lr=0.95)], 5)["SGD"]
    for (low, high), places in zip((ax.get_xlim(), ax.get_ylim()), path.T):
        assert low < places.min() < places.max() < high


def test_a_path_that_runs_off_to_infinity_can_be_drawn(plt):
    _, ax = plt.subplots()
    assert optim.plot.paths(valley, START, [optim.SGD(lr=25)], 500, xlim=(-8, 8), ax=ax) is ax
    assert optim.plot.paths(lambda x: 0.0, [0.0, 0.0], [optim.SGD()], 2) is not ax


@pytest.mark.parametrize(
    ("start", "optimizers", "said"),
    [([1.0, 2.0, 3.0], OPTIMIZERS, r"shape \(3,\); a picture has two axes"),
     ([1.0, 2.0], [], "no optimizers")],
)  # fmt: skip
def test_errors(start, optimizers, said):
    with pytest.raises(ValueError, match=said):
        optim.plot.paths(valley, start, optimizers)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    words = r'optim.plot.paths .*`plots` .*pip install -e "\.\[plots\]"'
    with pytest.raises(ImportError, match=words):
        optim.plot.paths(valley, [1.0, 2.0], OPTIMIZERS)
