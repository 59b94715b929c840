"""nn.plot: what is drawn is what was computed; how it looks is one look for all."""

import sys
from itertools import pairwise

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.plot import style


@pytest.fixture(autouse=True)
def plt():
    plt = pytest.importorskip("matplotlib.pyplot", reason="needs the extra `plots`")
    yield plt
    plt.close("all")


def names(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def title(ax):
    return ax.get_title("left") or ax.get_title()


# -- activation functions -------------------------------------------------------------------------


def test_activations_and_their_derivatives():
    left, right = nn.plot.activation("sigmoid", nn.tanh, nn.LeakyReLU(slope=0.1), xlim=(-3, 3))
    assert names(left) == ["sigmoid", "tanh", "leaky_relu"]
    formulas = [
        (nn.sigmoid, lambda x: nn.sigmoid(x) * (1 - nn.sigmoid(x))),
        (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        (lambda x: np.where(x > 0, x, 0.1 * x), lambda x: np.where(x > 0, 1, 0.1)),
    ]
    for curve, slope, (f, derivative) in zip(left.lines, right.lines, formulas):
        x, y = curve.get_data()
        assert (x[0], x[-1]) == (-3, 3)
        assert 0 in x, "the kink is on the grid"
        np.testing.assert_allclose(y, f(x), atol=1e-12)
        np.testing.assert_allclose(slope.get_ydata(), derivative(x), atol=1e-12)
    assert len({line.get_linestyle() for line in left.lines}) == 3


@pytest.mark.parametrize(
    "name", [n for n in nn.functional.activation.__all__ if n not in ("softmax", "log_softmax")]
)
def test_every_activation_has_a_picture(name):
    left, right = nn.plot.activation(name)
    x, slope = right.lines[0].get_data()
    np.testing.assert_array_equal(slope, ag.elementwise_grad(getattr(nn, name))(x))
    np.testing.assert_array_equal(left.lines[0].get_ydata(), getattr(nn, name)(x))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", nn.Softmax()])
def test_softmax_has_no_curve(name):
    with pytest.raises(ValueError, match="softmax looks at several inputs at once"):
        nn.plot.activation(name)


def test_which_activation():
    with pytest.raises(ValueError, match="which"):
        nn.plot.activation()
    with pytest.raises(ValueError, match="Do you mean relu"):
        nn.plot.activation("rellu")


# -- learning curves ------------------------------------------------------------------------------

HISTORY = {
    "loss": [2.0, 1.0, 0.5], "accuracy": [0.1, 0.9, 0.8], "val_loss": [2.5, 0.75, 1.5],
    "val_accuracy": [0.2, 0.7, 0.75],
}  # fmt: skip


def test_curves_have_a_panel_for_each_quantity():
    axes = nn.plot.curves(HISTORY)
    assert [title(ax) for ax in axes] == ["loss", "accuracy"]
    for ax, kind in zip(axes, ("loss", "accuracy")):
        for line, name in zip(ax.lines, (kind, f"val_{kind}")):
            assert line.get_xdata().tolist() == [1, 2, 3]
            assert line.get_ydata().tolist() == HISTORY[name]
    assert names(axes[0]) == ["training, best 0.5 at 3", "validation, best 0.75 at 2"]
    assert names(axes[1]) == ["training, best 0.9 at 2", "validation, best 0.75 at 3"]


def test_curves_of_what_fit_returned():
    model = nn.Sequential(nn.Dense(1))
    model.compile("sgd", "mse", metrics=["mae"])
    history = model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0)
    axes = nn.plot.curves(history)
    assert [ax.lines[0].get_ydata().tolist() for ax in axes] == list(history.history.values())


def test_curves_with_gaps_hostile_names_and_matrices():
    history = {"loss": [1.0, np.nan, np.inf, 0.5], "$\\frac": [1.0] * 4, "m": [np.eye(2)] * 4}
    axes = nn.plot.curves(history)
    assert [title(ax) for ax in axes] == ["loss", r"\$\frac"]
    assert names(axes[0]) == ["training, best 0.5 at 4"]
    axes[0].figure.canvas.draw()


def test_no_curves():
    with pytest.raises(ValueError, match="not one epoch"):
        nn.plot.curves({})


# -- histograms -----------------------------------------------------------------------------------


def counts(ax, size):
    return np.array([bar.get_height() for bar in ax.patches]) * size / 100


def test_weights_are_counted():
    model = nn.Sequential(nn.Dense(30, in_features=20, rng=0), nn.Dense(4, in_features=30, rng=1))
    axes = nn.plot.weights(model)
    assert [title(ax) for ax in axes] == [name for name, _ in model.named_parameters()]
    for ax, parameter in zip(axes, model.parameters()):
        edges = [bar.get_x() for bar in ax.patches]
        edges.append(ax.patches[-1].get_x() + ax.patches[-1].get_width())
        expected, _ = np.histogram(parameter.data.astype(float), np.array(edges))
        np.testing.assert_allclose(counts(ax, parameter.size), expected, atol=1e-9)
        note = ax.texts[0].get_text()
        assert f"std {parameter.data.std(dtype=float):.3g}" in note.replace("−", "-")


def test_activations_are_on_one_scale():
    model = nn.Sequential(nn.Dense(8, "tanh", rng=0), nn.Dense(8, init=3.0, rng=0), nn.ReLU())
    x = np.random.default_rng(0).normal(size=(200, 3))
    axes = nn.plot.activations(model, x)
    assert [title(ax) for ax in axes] == ["layers.0", "layers.1", "layers.2"]
    assert len({(ax.patches[0].get_x(), ax.patches[-1].get_x()) for ax in axes}) == 1
    for ax in axes:
        assert counts(ax, 1600).sum() == pytest.approx(1600)
    dead = np.mean(nn.capture(model, x)["layers.2"] == 0)
    assert f"{100 * dead:.0f} % are 0" in axes[2].texts[0].get_text()
    assert model.training


def test_broken_numbers_are_told_not_drawn():
    model = nn.Dense(10, in_features=10, rng=0)
    model.weight.data[0, :3] = [np.nan, np.inf, -np.inf]
    ax = nn.plot.weights(model)[0]
    assert "3 not finite!" in ax.texts[0].get_text()
    assert counts(ax, 100).sum() == pytest.approx(97)
    model.weight.data[...] = np.nan
    nn.plot.weights(model)[0].figure.canvas.draw()
    nn.plot.activations(model, np.ones((2, 10)))[0].figure.canvas.draw()


def test_nothing_to_count():
    with pytest.raises(ValueError, match="nothing to draw"):
        nn.plot.weights(nn.ReLU())
    with pytest.raises(RuntimeError, match="do not know their input size"):
        nn.plot.weights(nn.Dense(2))


# -- health -------------------------------------------------------------------------------------


def test_gradients_are_those_that_arrive():
    """B8: in ten sigmoids the gradient vanishes, and the picture shows each layer's."""
    model = nn.Sequential(*[nn.Dense(20, "sigmoid", rng=i) for i in range(10)])
    x = np.random.default_rng(0).normal(size=(64, 20))
    found = nn.diagnose(model, x, x, "mse")
    sizes, arriving, sick = nn.plot.gradients(model, x, x, "mse")
    assert sizes.lines[0].get_ydata().tolist() == [layer.size for layer in found.layers]
    drawn = arriving.lines[0].get_ydata()[1:]  # none arrives at the input
    assert drawn.tolist() == [layer.gradient for layer in found.layers[1:]]
    assert drawn[0] < 1e-3 * drawn[-1]
    assert arriving.get_yscale() == "log"
    assert [bar.get_height() for bar in sick.patches] == [
        100 * (layer.sick or 0) for layer in found.layers
    ]
    assert [text.get_text() for text in sick.texts] == ["none, in any layer"]
    paths = [layer.path for layer in found.layers[1:]]
    assert [label.get_text() for label in sick.get_xticklabels()][1:] == paths


def test_gradients_that_are_0_or_not_finite_are_written():
    dead = nn.Sequential(nn.Dense(4, "relu", in_features=3), nn.Dense(1))
    dead.layers[0].bias.data = np.full(4, -100.0)
    x = np.random.default_rng(0).normal(size=(8, 3))
    axes = nn.plot.gradients(dead, x, x[:, :1], "mse")
    assert "0" in [text.get_text() for text in axes[0].texts]
    assert [bar.get_height() for bar in axes[2].patches] == [0, 100, 0]
    assert not axes[2].texts
    axes[0].figure.canvas.draw()


# -- images ---------------------------------------------------------------------------------------

X = np.arange(5 * 2 * 3).reshape(5, 2, 3) / 29
LABELS, READ = np.array([3, 1, 4, 1, 5]), np.array([3, 7, 4, 1, 9])


def framed(ax):
    return all(spine.get_visible() and spine.get_linewidth() > 2 for spine in ax.spines.values())


def test_images_on_one_scale():
    axes = nn.plot.images(X)
    assert len(axes) == 5
    for ax, image in zip(axes, X):
        (drawn,) = ax.images
        np.testing.assert_array_equal(drawn.get_array(), image)
        assert drawn.get_clim() == (0, 1)


def test_wrong_ones_are_marked_by_more_than_colour():
    axes = nn.plot.images(X, LABELS, READ)
    assert [title(ax) for ax in axes] == ["3", "1 ✗ 7", "4", "1", "5 ✗ 9"]
    assert [framed(ax) for ax in axes] == [False, True, False, False, True]
    assert axes[0].figure.get_suptitle() == "2 of 5 wrong (true ✗ predicted)"
    axes[0].figure.canvas.draw()


def test_labels_may_be_one_hot_predictions_scores_and_classes_have_names():
    called = {1: "하나", 3: "$three", 4: "_four", 5: "5", 7: "7", 9: "9"}
    axes = nn.plot.images(X, np.eye(10)[LABELS], np.eye(10)[READ] * 0.7, names=called)
    assert [title(ax) for ax in axes] == [r"\$three", "하나 ✗ 7", "_four", "하나", "5 ✗ 9"]
    axes[0].figure.canvas.draw()


def test_long_names_stay_above_their_image():
    axes = nn.plot.images(X, [0] * 5, [1] * 5, names=["hippopotamus", "비행기와 자동차"])
    figure = axes[0].figure
    figure.canvas.draw()
    boxes = [ax.title.get_window_extent() for ax in axes]
    assert all(box.x1 < following.x0 for box, following in pairwise(boxes))
    assert title(axes[0]) == "hippopotamus\n✗ 비행기와 자동차"


@pytest.mark.parametrize("shape", [(5, 1, 2, 3), (5, 6)])
def test_images_of_every_layout(shape):
    axes = nn.plot.images(X.reshape(shape), READ, shape=(2, 3))
    np.testing.assert_array_equal(axes[4].images[0].get_array(), X[4])
    assert title(axes[4]) == "9"
    (square,) = nn.plot.images(np.arange(4.0).reshape(1, 4))
    assert square.images[0].get_array().tolist() == [[0, 1], [2, 3]]


def test_colours():
    x = np.random.default_rng(0).integers(256, size=(2, 3, 4, 5), dtype=np.uint8)
    axes = nn.plot.images(x)
    expected = (x[0] - float(x.min())) / (int(x.max()) - int(x.min()))
    np.testing.assert_allclose(axes[0].images[0].get_array(), expected.transpose(1, 2, 0))


def test_not_all_of_them():
    axes = nn.plot.images(np.zeros((1000, 2, 2)), np.zeros(1000, int), most=10)
    assert len(axes) == 10
    assert axes[0].figure.get_suptitle() == "the first 10 of 1,000"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((np.zeros((5, 7)),), r"not \(5, 7\)"),
        ((np.zeros((5, 2, 4, 4)),), r"\(5, 2, 4, 4\)"),
        ((X, LABELS[:4]), r"labels of shape \(4,\) do not go with 5"),
        ((X, LABELS, np.zeros((4, 10))), "predictions of shape"),
    ],
)
def test_what_is_no_image(args, said):
    with pytest.raises(ValueError, match=said):
        nn.plot.images(*args)


# -- feature maps ---------------------------------------------------------------------------------


class Edges(nn.Module):
    """Three channels: the image, its mirror, and minus it."""

    def forward(self, x):
        return np.concatenate([x, x[..., ::-1], -x], axis=1)


def test_feature_maps_are_the_outputs():
    model = nn.Sequential(Edges(), nn.Flatten(), nn.Dense(5, rng=0))
    x = np.random.default_rng(0).random((1, 1, 4, 4)).astype(np.float32)
    found = nn.capture(model, x)
    axes = nn.plot.feature_maps(model, x)
    assert len(axes) == 3 + 1 + 1
    for ax, image in zip(axes, found["layers.0"][0]):
        np.testing.assert_array_equal(ax.images[0].get_array(), image)
    drawn = axes[-1].images[0].get_array()
    assert drawn.shape == (2, 3)
    np.testing.assert_array_equal(drawn.compressed(), found["layers.2"][0])
    (all_of_one,) = [nn.plot.feature_maps(model, x, "layers.0", most=1)]
    assert len(all_of_one) == 3
    axes[0].figure.canvas.draw()


def test_few_channels_of_many_are_told():
    model = nn.Sequential(Edges(), Edges())
    axes = nn.plot.feature_maps(model, np.ones((1, 1, 2, 2)), most=4)
    assert len(axes) == 3 + 4
    assert axes[3].texts[0].get_text() == "layers.1 Edges (9, 2, 2), 4 of 9"


def test_feature_maps_are_of_one_sample():
    with pytest.raises(ValueError, match=r"not of 3. Pass x\[:1\]"):
        nn.plot.feature_maps(nn.Dense(2), np.ones((3, 2)))
    with pytest.raises(KeyError, match=r"'layers.7'; there are 'layers.0'"):
        nn.plot.feature_maps(nn.Sequential(nn.Dense(2)), np.ones((1, 2)), "layers.7")


# -- confusion ------------------------------------------------------------------------------------


def cells(ax):
    size = ax.images[0].get_array().shape[0]
    texts = {t.get_position()[::-1]: t.get_text() for t in ax.texts}
    return [[texts[i, j] for j in range(size)] for i in range(size)]


def test_confusion_counts_and_shares():
    ax = nn.plot.confusion(READ % 3, LABELS % 3)
    # labels 0 1 1 1 2, read as 0 1 1 1 0
    assert cells(ax) == [["1", "·", "·"], ["·", "3", "·"], ["1", "·", "·"]]
    assert ax.images[0].get_array().tolist() == [[1, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert title(ax) == "80.0% of 5 right"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")


@pytest.mark.parametrize(
    ("y", "t"),
    [
        ([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], [0, 1, 0]),
        ([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]], np.eye(2)[[0, 1, 0]]),
        ([0.1, 0.8, 0.6], [0, 1, 0]),
        ([[0.1], [0.8], [0.6]], [[0], [1], [0]]),
        ([0, 1, 1], [0, 1, 0]),
        ([[1, 1], [0, 1]], None),
    ],
)
def test_confusion_takes_whatever_a_model_gives(y, t):
    ax = nn.plot.confusion(y, t, names=["_a", "$b"])
    assert cells(ax) == [["1", "1"], ["·", "1"]]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["_a", r"\$b"]
    ax.figure.canvas.draw()


def test_confusion_agrees_with_the_metric():
    rng = np.random.default_rng(0)
    y, t = rng.random((200, 4)), rng.integers(4, size=200)
    assert cells(nn.plot.confusion(y, t)) == cells(nn.plot.confusion(nn.confusion_matrix(y, t)))


@pytest.mark.parametrize("classes", [1, 15, 60])
def test_many_classes_stay_readable(classes):
    ax = nn.plot.confusion(np.eye(classes, dtype=int) * 1000)
    assert len(ax.texts) == (classes**2 if classes <= 20 else 0)
    assert len(ax.get_xticks()) <= 30
    ax.figure.canvas.draw()


@pytest.mark.parametrize(
    ("args", "settings", "said"),
    [
        (([1, 2, 3],), {}, "pass labels too"),
        (([1, 2, 3], [1, 2]), {}, r"shape \(3,\) do not go with labels of shape \(2,\)"),
        (([], []), {}, "do not go"),
        ((np.eye(3),), {"names": ["a"]}, "1 names for 3 classes"),
    ],
)
def test_what_cannot_be_confused(args, settings, said):
    with pytest.raises(ValueError, match=said):
        nn.plot.confusion(*args, **settings)


# -- the plane ------------------------------------------------------------------------------------

MOONS = nn.data.moons(60)


def above(x):
    return x[:, 1] > 0.25


def test_the_boundary_is_where_the_model_changes_its_mind():
    ax = nn.plot.decision_boundary(above, *MOONS)
    edges = [c for c in ax.collections if np.size(c.get_facecolor()) == 0]
    assert edges
    for edge in edges:
        for path in edge.get_paths():
            np.testing.assert_allclose(path.vertices[:, 1], 0.25, atol=0.02)


def test_samples_stand_by_their_class_and_wrong_ones_are_crossed():
    x, t = MOONS
    ax = nn.plot.decision_boundary(above, x, t, names=["위", "_아래"])
    first, second, crossed = (line.get_xydata() for line in ax.lines)
    np.testing.assert_array_equal(first, x[t == 0])
    np.testing.assert_array_equal(second, x[t == 1])
    wrong = above(x) != t
    np.testing.assert_array_equal(crossed, x[wrong])
    assert names(ax) == ["위", "_아래", f"wrong: {wrong.sum()} of 60"]
    assert len({line.get_marker() for line in ax.lines}) == 3
    ax.figure.canvas.draw()


def test_regions_differ_by_hatching():
    x, t = nn.data.spirals(60, classes=3)
    angle = lambda x: np.floor((np.arctan2(x[:, 1], x[:, 0]) + np.pi) / 2.1).astype(int)
    ax = nn.plot.decision_boundary(angle, x, t)
    hatches = [tuple(c.hatches) for c in ax.collections if c.hatches[0] is not None]
    assert len(set(hatches)) == 3


@pytest.mark.parametrize(
    ("last", "loss", "classes"),
    [
        (nn.Dense(1, "sigmoid", rng=0), "binary_crossentropy", None),
        (nn.Dense(1, rng=0), "binary_cross_entropy_with_logits", None),
        (nn.Dense(2, rng=0), "cross_entropy", None),
        (nn.Dense(2, "softmax", rng=0), "categorical_crossentropy", 2),
    ],
)
def test_every_kind_of_output_is_understood(last, loss, classes):
    """What is crossed out is what `evaluate` counts as wrong."""
    x, t = nn.data.moons(100)
    target = np.eye(2)[t] if classes else t if len(last.bias.data) == 2 else t[:, np.newaxis]
    model = nn.Sequential(nn.Dense(8, "tanh", rng=0), last)
    model.compile("adam", loss, metrics=["accuracy"])
    model.fit(x, target, epochs=2, verbose=0, rng=0)
    ax = nn.plot.decision_boundary(model, x, target)
    wrong = len(ax.lines[2].get_xydata()) if len(ax.lines) > 2 else 0
    _, accuracy = model.evaluate(x, target, verbose=0)
    assert wrong == round(100 * (1 - accuracy))
    assert 0 < wrong < 100


@pytest.mark.parametrize("shape", [(5, 3), (5,), (0, 2)])
def test_a_plane_has_two_coordinates(shape):
    with pytest.raises(ValueError, match="a plane needs"):
        nn.plot.decision_boundary(above, np.zeros(shape), np.zeros(shape[:1]))


# -- the look of all plots ------------------------------------------------------------------------

MODEL = nn.Sequential(nn.Dense(4, "relu", in_features=4, rng=0))
ONE = {
    "confusion": lambda **where: nn.plot.confusion(np.eye(3), **where),
    "decision_boundary": lambda **where: nn.plot.decision_boundary(above, *MOONS, **where),
}
SEVERAL = {
    "activation": lambda **where: nn.plot.activation("relu", **where),
    "curves": lambda **where: nn.plot.curves(HISTORY, **where),
    "weights": lambda **where: nn.plot.weights(MODEL, **where),
    "activations": lambda **where: nn.plot.activations(MODEL, np.ones((5, 4)), **where),
    "gradients": lambda **where: nn.plot.gradients(
        MODEL, np.ones((5, 4)), np.ones((5, 4)), "mse", **where
    ),
    "images": lambda **where: nn.plot.images(X, **where),
    "feature_maps": lambda **where: nn.plot.feature_maps(MODEL, np.ones((1, 4)), **where),
}


def test_every_plot_is_looked_at():
    assert {*ONE, *SEVERAL} == {n for n in nn.plot.__all__ if n not in ("BoundaryAnimation",)}


@pytest.mark.parametrize("name", ONE)
def test_one_panel_goes_where_it_is_told(name, plt):
    figure, (ax, other) = plt.subplots(1, 2)
    assert ONE[name](ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert not other.has_data()


@pytest.mark.parametrize("name", SEVERAL)
def test_several_panels_go_into_the_figure_given(name, plt):
    figure = plt.figure()
    left, right = figure.subfigures(1, 2)
    axes = SEVERAL[name](figure=left)
    assert axes.ndim == 1
    assert plt.get_fignums() == [figure.number]
    assert not right.axes
    assert set(left.axes) <= set(axes) | {ax for part in left.subfigs for ax in part.axes}
    bare = sys.modules["matplotlib.figure"].Figure()
    SEVERAL[name](figure=bare)
    assert plt.get_fignums() == [figure.number], "a figure of one's own is no business of pyplot"


@pytest.mark.parametrize("name", ONE | SEVERAL)
def test_settings_are_neither_changed_nor_obeyed(name, plt, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: pytest.fail("show() is the caller's"))
    with plt.rc_context({"font.size": 3, "axes.facecolor": "black", "text.color": "white"}):
        before = dict(plt.rcParams)
        axes = np.ravel((ONE | SEVERAL)[name]())
        assert dict(plt.rcParams) == before
        axes[0].figure.canvas.draw()
    for ax in axes:
        assert ax.get_facecolor() == (1, 1, 1, 1)
        for text in [ax.title, ax.xaxis.label, *ax.get_xticklabels(), *ax.texts]:
            assert text.get_fontsize() >= 8
        assert set(style.fonts()) <= set(ax.title.get_fontfamily())


@pytest.mark.parametrize("name", ONE | SEVERAL)
def test_without_matplotlib_the_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    words = rf'nn.plot.{name} .*`plots` .*pip install -e "\.\[plots\]"'
    with pytest.raises(ImportError, match=words):
        (ONE | SEVERAL)[name]()
