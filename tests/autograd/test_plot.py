"""Plots of functions: what is drawn is what was computed; and the one look of all plots."""

import math
import sys

import numpy as np
import pytest

import autograd as ag
from autograd.plot import style


@pytest.fixture(autouse=True)
def plt():
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs the extra `plots`")
    yield plt
    plt.close("all")


def function_1(x):
    return 0.01 * x**2 + 0.1 * x


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# -- derivatives ----------------------------------------------------------------------------------


def test_derivatives_are_those_of_the_formula():
    ax = ag.plot.derivatives(np.sin, order=4, xlim=(-3, 3))
    formulas = [np.sin, np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]
    assert len(ax.get_lines()) == 5
    for line, formula in zip(ax.get_lines(), formulas):
        x, y = line.get_data()
        assert (x[0], x[-1]) == (-3, 3)
        np.testing.assert_allclose(y, formula(x), atol=1e-12)
    assert names(ax) == ["f", "f′", "f′′", "f′′′", "f⁽⁴⁾"]


def test_a_function_that_is_not_defined_everywhere_has_a_gap():
    ax = ag.plot.derivatives(np.log, xlim=(-1, 1), name="log")
    x, y = ax.get_lines()[0].get_data()
    assert np.isnan(y[x <= 0]).all()
    np.testing.assert_allclose(y[x > 0], np.log(x[x > 0]))
    assert names(ax) == ["log", "log′"]


def test_a_constant_is_a_function():
    ax = ag.plot.derivatives(lambda x: 0 * x + 3, order=1)
    assert [set(line.get_ydata()) for line in ax.get_lines()] == [{3}, {0}]


# -- tangent --------------------------------------------------------------------------------------


def test_D1_D2_the_tangent_of_the_notes():
    ax = ag.plot.tangent(function_1, 5, xlim=(0, 20))
    curve, line, point = ax.get_lines()
    x, y = curve.get_data()
    np.testing.assert_array_equal(y, [function_1(v) for v in x])
    t, straight = line.get_data()
    np.testing.assert_allclose(straight, 0.1999999999990898 * t - 0.24999999999544897, rtol=1e-12)
    assert point.get_xydata().tolist() == [[5, 0.75]]
    assert names(ax) == ["f(x)", "tangent, slope 0.2", "x = 5, f(x) = 0.75"]
    assert ax.get_xlim() == (0, 20)


def test_any_function_of_one_number_has_a_tangent():
    ax = ag.plot.tangent(math.exp, 0)
    assert names(ax)[1] == "tangent, slope 1"
    ax = ag.plot.tangent(lambda x: ag.asarray(x) ** 2, -3)
    assert names(ax)[1] == "tangent, slope -6"
    assert ax.get_xlim() == (-6, 0)


def test_a_steep_tangent_does_not_flatten_the_curve():
    ax = ag.plot.tangent(lambda x: np.exp(x), 4)
    assert ax.get_ylim()[0] > -1000


# -- gradient field -------------------------------------------------------------------------------


@pytest.mark.parametrize("gradient", [None, ag.grad(lambda x: np.sum(x**2))])
def test_D8_the_field_of_the_notes(gradient):
    """18 by 18 arrows from −2 to 2.25; each is −2x, and limits and labels are the notes'."""
    ax = ag.plot.gradient_field(lambda x: np.sum(x**2), gradient=gradient)
    (arrows,) = ax.collections
    places = np.asarray(arrows.get_offsets())
    assert places.shape == (324, 2)
    assert np.unique(places[:, 0]).tolist() == np.arange(-2, 2.5, 0.25).tolist()
    vectors = np.stack([arrows.U, arrows.V], axis=1)
    np.testing.assert_allclose(vectors, -2 * places, atol=1e-9)
    assert ax.get_xlim() == ax.get_ylim() == (-2, 2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x0", "x1")


def test_a_field_tells_x0_from_x1():
    ax = ag.plot.gradient_field(lambda x: 3 * x[0] + x[1] ** 2, (0, 1), (-1, 0), 0.5)
    (arrows,) = ax.collections
    np.testing.assert_allclose(arrows.U, -3)
    np.testing.assert_allclose(arrows.V, -2 * np.asarray(arrows.get_offsets())[:, 1], atol=1e-9)


def test_a_flat_field_and_a_broken_one_are_drawn():
    ag.plot.gradient_field(lambda x: 0.0).figure.canvas.draw()
    ag.plot.gradient_field(
        lambda x: 0.0, gradient=lambda x: np.full(2, np.nan)
    ).figure.canvas.draw()


@pytest.mark.parametrize("step", [0, -1, math.nan])
def test_a_field_needs_a_step(step):
    with pytest.raises(ValueError, match="a step apart"):
        ag.plot.gradient_field(lambda x: 0.0, step=step)


def test_a_gradient_has_two_numbers():
    with pytest.raises(ValueError, match=r"has shape \(3,\), not \(2,\)"):
        ag.plot.gradient_field(lambda x: 0.0, gradient=lambda x: np.zeros(3))


# -- the look of all plots ------------------------------------------------------------------------

PLOTS = {
    "derivatives": lambda **where: ag.plot.derivatives(np.tanh, **where),
    "tangent": lambda **where: ag.plot.tangent(function_1, 5, **where),
    "gradient_field": lambda **where: ag.plot.gradient_field(lambda x: np.sum(x**2), **where),
}
every_plot = pytest.mark.parametrize("name", PLOTS)


def test_every_plot_is_looked_at():
    assert set(PLOTS) == set(ag.plot.__all__)


@every_plot
def test_it_draws_where_it_is_told_and_shows_nothing(name, plt, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("show() is the caller's"))
    figure, (ax, other) = plt.subplots(1, 2)
    assert PLOTS[name](ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert not other.has_data()
    assert {ax.xaxis.label.get_fontsize(), ax.yaxis.label.get_fontsize()} == {13}
    new = PLOTS[name]()
    assert new.figure is not figure
    new.figure.canvas.draw()


@every_plot
def test_settings_are_neither_changed_nor_obeyed(name, plt):
    with plt.rc_context({"font.size": 3, "axes.facecolor": "black", "text.color": "white"}):
        before = dict(plt.rcParams)
        ax = PLOTS[name]()
        assert dict(plt.rcParams) == before
        ax.figure.canvas.draw()
    assert ax.get_facecolor() == (1, 1, 1, 1)
    for text in [ax.xaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]:
        assert text.get_fontsize() >= 12


@every_plot
def test_without_matplotlib_the_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    words = rf'ag.plot.{name} .*`plots` .*pip install -e "\.\[plots\]"'
    with pytest.raises(ImportError, match=words):
        PLOTS[name]()


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("$\\frac", r"\$\frac"),
        ("a $x$ b", r"a \$x\$ b"),
        ("_private", "_private"),
        ("two\nlines\x00\ud800", r"two\nlines\x00\ud800"),
        (r"\$", r"\\$"),
        ("한글 이름", "한글 이름"),
        ("", ""),
    ],
)
def test_hostile_names_are_shown_as_they_are(name, seen):
    ax = ag.plot.derivatives(np.tanh, name=name)
    assert names(ax) == [seen, seen + "′"]
    text = ax.get_legend().get_texts()[0]
    assert text._preprocess_math(text.get_text())[1] is False, "no formula"
    ax.figure.canvas.draw()  # a missing glyph would be a warning, so an error here
    boxes = [text.get_window_extent().width for text in ax.get_legend().get_texts()]
    assert all(width > 0 for width in boxes[len(name) == 0 :])


def test_korean_is_no_row_of_boxes():
    from matplotlib.font_manager import fontManager

    if not set(style.KOREAN) & set(fontManager.get_font_names()):
        pytest.skip("no Korean font here")
    assert len(style.fonts()) > 1


def test_looks_differ_in_more_than_colour():
    n = len(style.COLOURS)
    assert len({str(style.look(i)["linestyle"]) for i in range(n)}) == n
    assert len({style.dots(i)["marker"] for i in range(n)}) == n


def test_the_module_comes_when_asked_for():
    assert "plot" in dir(ag)
    assert "plot" in ag.__all__
