"""What people bring along from Keras and PyTorch, and their mistakes: understood, or answered."""

from __future__ import annotations

import pickle
from itertools import pairwise

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
T = np.arange(12) % 3


def model(loss="cross_entropy", metrics=()):
    nn.seed(0)
    made = nn.Sequential(nn.Dense(5, "relu"), nn.Dense(3))
    made.compile("sgd", loss, metrics=metrics)
    return made


# -- how weights begin ----------------------------------------------------------------------------

CALLS = [
    (nn.init.constant(-5.0), {"value": -5.0}, nn.init.constant),
    (nn.init.constant(5), {"value": 5}, nn.init.constant),
    (nn.init.constant(np.eye(3)), {"value": np.eye(3)}, nn.init.constant),
    (nn.init.normal(0.5, mean=2.0), {"std": 0.5, "mean": 2.0}, nn.init.normal),
    (nn.init.uniform(low=-1, high=1), {"low": -1, "high": 1}, nn.init.uniform),
    (nn.init.orthogonal(gain=2.0), {"gain": 2.0}, nn.init.orthogonal),
    (nn.init.ones(), {}, nn.init.ones),
]


@pytest.mark.parametrize(("waiting", "settings", "function"), CALLS)
def test_an_initialiser_without_a_shape_waits_for_one(waiting, settings, function):
    expected = function((3, 3), **settings, rng=0)
    np.testing.assert_array_equal(waiting((3, 3), rng=0), expected)
    layer = nn.Dense(3, init=waiting, in_features=3, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(layer.weight.data, expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(waiting))((3, 3), rng=0), expected)


@pytest.mark.parametrize("name", nn.init.__all__)
def test_with_a_shape_it_gives_the_weights(name):
    function = getattr(nn.init, name)
    drawn = function((2, 3), rng=0)
    assert drawn.shape == (2, 3)
    np.testing.assert_array_equal(function(shape=[2, 3], rng=0), drawn)
    np.testing.assert_array_equal(function(rng=0)((2, 3)), drawn)


def test_a_wrong_setting_is_an_error_at_once():
    with pytest.raises(TypeError, match="stdev"):
        nn.init.normal(stdev=1.0)


@pytest.mark.parametrize("number", [-1.0, -2, np.float32(-0.5), np.nan, np.inf])
def test_a_number_that_is_no_standard_deviation(number):
    with pytest.raises(ValueError, match=r"standard deviation.*nn.init.constant"):
        nn.Dense(3, bias_init=number, in_features=2)


def test_a_numpy_number_is_a_number():
    layer, same = (nn.Dense(3, init=s(0.5), in_features=2, rng=0) for s in (np.float32, float))
    np.testing.assert_array_equal(layer.weight.data, same.weight.data)


def test_an_array_says_what_to_write():
    with pytest.raises(TypeError, match=r"shape \(2, 3\).*nn.init.constant"):
        nn.Dense(3, init=np.ones((2, 3)), in_features=2)


@pytest.mark.parametrize("where", ["init", "bias_init"])
def test_an_initialiser_that_gives_another_shape(where):
    def lopsided(shape, rng=None, dtype=None):
        return np.ones(7)

    with pytest.raises(ValueError, match=r"its shape is .*lopsided.*\(7,\)"):
        nn.Dense(3, in_features=2, **{where: lopsided})


# -- the names of other libraries -----------------------------------------------------------------

KEYWORDS = [
    (lambda: nn.Dense(3, input_dim=8), "Dense(input_dim=8): here it is written in_features=8."),
    (lambda: nn.Dense(3, input_shape=(8,)), "written in_features=…."),
    (lambda: nn.Dense(3, use_bias=False), "written bias=False."),
    (lambda: nn.Dense(3, kernel_initializer="he_normal"), "written init='he_normal'."),
    (lambda: nn.Dense(3, activaton="relu"), "written activation='relu'."),
    (lambda: nn.Dropout(p=0.5), "Dropout(p=0.5): here it is written rate=0.5."),
    (lambda: nn.Softmax(dim=1), "Softmax(dim=1): here it is written axis=1."),
    (lambda: nn.LeakyReLU(negative_slope=0.1), "written slope=0.1."),
    (lambda: nn.LeakyReLU(0.1), "LeakyReLU(0.1): settings go by name: slope=…."),
    (lambda: nn.ReLU(3), "ReLU(3): settings go by name: it has none."),
    (lambda: nn.ReLU(inplace=True), "ReLU(inplace=True): there is no such argument."),
    (lambda: nn.Conv2d(4, 3, strides=2), "written stride=2."),
    (lambda: nn.Embedding(10, 3, padding_idx=0), "no such argument, only vocabulary, units"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), KEYWORDS)
def test_a_keyword_from_elsewhere_is_understood(make, words):
    with pytest.raises(TypeError) as caught:
        make()
    assert words in str(caught.value)


def test_a_constructor_of_ones_own_is_what_it_was():
    class Own(nn.Module):
        def __init__(self, size, *, rate=0.5, **more):
            """Its page."""
            self.given = size, rate, more

    assert Own(3, anything=1).given == (3, 0.5, {"anything": 1})
    assert Own.__init__.__doc__ == "Its page."

    class Strict(Own):
        def __init__(self, size, rate=0.1):
            super().__init__(size, rate=rate)

    assert Strict(2).given == (2, 0.1, {})
    with pytest.raises(TypeError, match=r"Strict\(p=3\): here it is written rate=3"):
        Strict(2, p=3)
    with pytest.raises(TypeError, match="size"):
        Strict(rate=1)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CrossEntropyLoss", "nn.cross_entropy(y, t)"),
        ("ModuleList", "a list"),
        ("utils", "optim.clip_grad_norm"),
        ("Dens", "nn.Dense"),
        ("Conv3d", "nn.Conv"),
        ("zzzz", "nn has no zzzz."),
        ("relU", "nn has no relU. Do you mean nn.ReLU or nn.relu?"),
    ],
)
def test_nn_knows_what_it_is_called_here(name, words):
    assert not hasattr(nn, name)
    with pytest.raises(AttributeError) as caught:
        getattr(nn, name)
    assert words in str(caught.value)


def test_methods_of_other_libraries_are_understood():
    net = model()
    with pytest.raises(AttributeError, match=r"Sequential has no get_weights. .*state_dict\(\)"):
        net.get_weights()
    assert not hasattr(net, "to")
    with pytest.raises(AttributeError, match="'Sequential' object has no attribute 'zzz'"):
        _ = net.zzz

    class Own(nn.Module):
        @property
        def to(self):
            return self.typo

    with pytest.raises(AttributeError, match="'Own' object has no attribute 'typo'"):
        _ = Own().to
    assert pickle.loads(pickle.dumps(net)).layers[0].weight.shape == (None, 5)


def test_what_it_names_is_there():
    from nn import names

    for here in names.ELSEWHERE.values():
        for word in here.replace("(", " ").replace(",", " ").replace(":", " ").split():
            if word.startswith(("nn.", "optim.")):
                package, _, name = word.partition(".")
                assert hasattr({"nn": nn, "optim": optim}[package], name), word


# -- a Dense layer, given what it cannot take -----------------------------------------------------


@pytest.mark.parametrize(
    "x",
    [3.0, None, "abc", {"a": 1}, [[1, 2.0], [1]], np.array([[1, "a"]], object), np.ones((4, 0)),
     [["a", "b"]]],
)  # fmt: skip
def test_it_says_so_and_still_waits_for_its_size(x):
    layer = nn.Dense(3)
    with pytest.raises((TypeError, ValueError), match=r"Dense\(\? -> 3\) takes"):
        layer(x)
    assert repr(layer) == "Dense(? -> 3)"
    assert layer(np.ones((2, 5))).shape == (2, 3)


def test_objects_that_are_numbers_are_numbers():
    layer = nn.Dense(3, in_features=2)
    np.testing.assert_array_equal(layer(np.array([[1, 2]], object)).data, layer([[1, 2]]).data)


def test_outputs_and_state_of_a_recurrent_layer():
    stack = nn.Sequential(nn.LSTM(4), nn.Dense(2))
    with pytest.raises(TypeError, match=r'outputs, state\).*returns="last"'):
        stack(np.zeros((3, 5, 2)))
    assert nn.Sequential(nn.LSTM(4, returns="last"), nn.Dense(2))(np.zeros((3, 5, 2))).ndim == 2


def test_sizes_in_the_order_of_pytorch():
    with pytest.raises(TypeError, match=r"nn.Linear\(784, 256\), or Dense\(256, in_features=784"):
        nn.Dense(784, 256)
    with pytest.raises(ValueError, match="units=True"):
        nn.Dense(True)


# -- what a Module holds --------------------------------------------------------------------------


def test_a_set_of_layers_would_be_learned_in_no_order():
    class Net(nn.Module):
        def __init__(self, held):
            self.held = held

    with pytest.raises(TypeError, match=r"held is a set.*a list"):
        Net({nn.Dense(3, in_features=2)}).parameters()
    assert Net({"relu", 3}).parameters() == []


@pytest.mark.parametrize("state", [None, "weights.npz", nn.Dense(1, in_features=1), [1]])
def test_a_state_that_is_no_dict(state):
    with pytest.raises(TypeError, match=r"model.state_dict\(\).*load\(path\)"):
        nn.Dense(1, in_features=1).load_state_dict(state)


def test_an_optimizer_of_lazy_layers_says_to_call_the_model_first():
    net = nn.Sequential(nn.Dense(3))
    with pytest.raises(RuntimeError, match=r"layers.0 .*Call the model on a batch first, model\(x"):
        optim.Adam(net)
    net(X)
    assert len(optim.Adam(net).parameters()) == 2


def test_an_optimizer_given_names_too():
    net = nn.Dense(3, in_features=4)
    with pytest.raises(TypeError, match=r"'weight' and its Tensor. Write model.parameters\(\)"):
        optim.SGD(net.named_parameters())
    assert len(optim.SGD(dict(net.named_parameters())).parameters()) == 2


# -- compile and fit ------------------------------------------------------------------------------


@pytest.mark.parametrize("metrics", ["accuracy", nn.accuracy, ["accuracy"], ("accuracy",)])
def test_one_metric_needs_no_list(metrics):
    loss, accuracy = model(metrics=metrics).evaluate(X, T, verbose=0)
    assert 0 <= accuracy <= 1 < loss + 1


def test_no_metrics():
    assert len(model(metrics=None).evaluate(X, T, verbose=0)) == 1


@pytest.mark.parametrize(
    "counts",
    [{"epochs": 2.5}, {"epochs": -1}, {"epochs": True}, {"epochs": "2"}, {"batch_size": 0},
     {"batch_size": None}, {"batch_size": "32"}, {"batch_size": 32.0}],
)  # fmt: skip
def test_counts_are_whole_numbers(counts):
    net = model()
    net(X)
    before = net.state_dict()
    ((name, value),) = counts.items()
    with pytest.raises(ValueError, match=f"fit: {name}={value!r}"):
        net.fit(X, T, **counts)
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    if name == "batch_size":
        with pytest.raises(ValueError, match="evaluate: batch_size"):
            net.evaluate(X, T, **counts)
        with pytest.raises(ValueError, match="predict: batch_size"):
            net.predict(X, **counts)


def test_numpy_counts_are_counts():
    history = model().fit(X, T, epochs=np.int64(2), batch_size=np.int32(5), verbose=0)
    assert len(history.history["loss"]) == 2


@pytest.mark.parametrize(
    ("x", "words"),
    [([[1, 2], [1, 2, 3]], r"\(2,\) and \(3,\)"), ([[1], [[2], [3, 4]]], "different shapes")],
)
def test_samples_of_different_lengths(x, words):
    with pytest.raises(ValueError, match=words):
        model().fit(x, [0, 1], verbose=0)


@pytest.mark.parametrize(
    "callback",
    [
        nn.EarlyStopping("val_loss"),
        nn.EarlyStopping("val_accuracy"),
        nn.ReduceLROnPlateau(),
        nn.Checkpoint("never.npz", best_only=True),
    ],
)
def test_a_number_that_will_not_be_measured_is_told_before_training(callback):
    net = model(metrics="accuracy")
    net(X)
    before, rate = net.state_dict(), net.optimizer.lr
    with pytest.raises(ValueError, match=r'not measured.*validation_split=.*monitor="'):
        net.fit(X, T, verbose=0, callbacks=callback)
    for key, array in net.state_dict().items():
        np.testing.assert_array_equal(array, before[key])
    assert net.optimizer.lr == rate


def test_a_softmax_over_one_class_is_named():
    net = nn.Sequential(nn.Dense(1, "softmax"))
    net.compile("sgd", "binary_crossentropy")
    with pytest.warns(nn.TrainingWarning, match="softmax over one class"):
        net.fit(X, (T > 0)[:, None], verbose=0)


def test_a_failed_compile_leaves_what_was_compiled():
    net = model()
    goal, optimizer = net._goal, net.optimizer
    with pytest.raises(ValueError, match="no optimizer is called 'adamm'"):
        net.compile("adamm", "mse")
    assert net._goal is goal
    assert net.optimizer is optimizer


def test_the_order_of_keras_is_answered():
    def distance(y_true, y_pred):
        return np.mean((y_true - y_pred) ** 2)

    with pytest.raises(ValueError, match=r"distance\(y_true, y_pred\).*\(y, t\)"):
        model(loss=distance)
    with pytest.raises(ValueError, match="predictions come first"):
        model(metrics=[distance])
    with pytest.raises(ValueError, match="Are they swapped"):
        nn.cross_entropy(T, X[:, :3])


def test_a_metric_of_each_sample_says_what_to_write():
    net = model("mse", metrics=[lambda y, t: np.abs(y - t)])
    with pytest.raises(ValueError, match=r"metric <lambda>: .*\(12, 3\).*mean over the samples"):
        net.evaluate(X, X[:, :3], verbose=0)


def test_images_without_flatten():
    net = nn.Sequential(nn.Dense(3))
    net.compile("sgd", "cross_entropy")
    with pytest.raises(ValueError, match=r"nn.Flatten\(\) before the first Dense"):
        net.fit(np.zeros((2, 8, 8)), [0, 1], verbose=0)


def test_labels_that_are_words():
    words = np.array(["cat", "dog", "cow"])[T]
    with pytest.raises(TypeError, match=r"Write np.unique\(labels, return_inverse=True\)"):
        nn.cross_entropy(X[:, :3], words)
    nn.cross_entropy(X[:, :3], np.unique(words, return_inverse=True)[1])


def test_everything_frozen():
    net = nn.Dense(3, in_features=4)
    for p in net.parameters():
        p.requires_grad = False
    with pytest.raises(ValueError, match="are all frozen"):
        optim.SGD(net)


def test_a_slice_of_layers_is_a_model_of_the_same_layers():
    net = model()
    net(X)
    first = net[:1]
    assert isinstance(first, nn.Sequential)
    assert first[0] is net[0]
    np.testing.assert_array_equal(first(X).data, net[0](X).data)


def test_none_is_no_layer():
    with pytest.raises(TypeError, match="None is no layer"):
        nn.Sequential(nn.Dense(3), None)


@pytest.mark.parametrize("size", ["8", 8.0, None, 0])
def test_batches_are_counted_too(size):
    with pytest.raises(ValueError, match=f"batch_size={size!r}"):
        nn.data.batches(X, T, size)


@pytest.mark.parametrize("hook", ["on_train_batch_end", "on_batch_begin", "on_test_end"])
def test_a_hook_of_keras_that_would_never_be_called(hook):
    with pytest.raises(TypeError, match=f"Mine.{hook} would never be called.*on_batch_end"):
        type("Mine", (nn.Callback,), {hook: lambda self, batch, logs=None: None})


@pytest.mark.parametrize("patience", [-1, "2", 1.5])
def test_patience_is_counted(patience):
    with pytest.raises(ValueError, match="patience="):
        nn.EarlyStopping(patience=patience)


@pytest.mark.parametrize("classes", [{"cat": 1.0}, {0.5: 2.0}])
def test_weights_of_classes_go_by_integers(classes):
    with pytest.raises(ValueError, match="classes are counted in integers"):
        model().fit(X, T, verbose=0, class_weight=classes)


def test_an_augmentation_is_no_name():
    with pytest.raises(TypeError, match=r"augment='flip': .*nn.augment.Flip\(\)"):
        model().fit(X, T, verbose=0, augment="flip")


def test_validation_has_no_weights():
    with pytest.raises(ValueError, match=r"validation_data is \(x, y, …\).*Write \(x, y\)"):
        model().fit(X, T, verbose=0, validation_data=(X, T, np.ones(12)))


# -- plots ----------------------------------------------------------------------------------------


@pytest.fixture
def plt():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def right(x):
    return x[:, 0] > 0.5


def test_boundaries_in_a_row_of_narrow_panels_keep_their_titles(plt):
    x, t = nn.data.moons(40)
    figure, axes = plt.subplots(1, 6, figsize=(12, 2.4), layout="constrained")
    for ax in axes:
        nn.plot.decision_boundary(right, x, t, ax=ax, resolution=20)
        ax.set_title("after 10")
    figure.canvas.draw()  # a collapse of the layout would warn, and a warning is an error
    for ax in axes:
        assert ax.get_window_extent().width > 100
        assert not ax.get_legend().get_window_extent().overlaps(ax.title.get_window_extent())


def test_a_boundary_without_legend_in_a_part_of_the_plane(plt):
    x, t = nn.data.moons(40)
    ax = nn.plot.decision_boundary(right, x, t, legend=False, xlim=(-3, 3), ylim=(0, 1))
    assert ax.get_legend() is None
    assert (ax.get_xlim(), ax.get_ylim()) == ((-3, 3), (0, 1))
    assert nn.plot.decision_boundary(right, x, t).get_legend() is not None


def test_feature_maps_can_be_saved_by_their_axes(plt, tmp_path):
    net = nn.Sequential(nn.Conv2d(12, 3), nn.Flatten(), nn.Dense(3))
    axes = nn.plot.feature_maps(net, np.random.default_rng(0).random((1, 1, 8, 8)))
    axes[0].figure.savefig(tmp_path / "maps.png")
    assert (tmp_path / "maps.png").stat().st_size
    first_row = [ax.get_position() for ax in axes[:8]]
    gaps = [b.x0 - a.x1 for a, b in pairwise(first_row)]
    assert np.ptp(gaps) < 0.01, "the title of a row makes no room in it"


# -- a loop written out, against PyTorch ----------------------------------------------------------


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = [nn.Linear(4, 6), {"a": nn.Linear(6, 6), "b": [nn.Linear(6, 6)]}]
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        first, more = self.blocks
        x = more["a"](np.tanh(first(x)))
        return self.head(np.tanh(more["a"](np.tanh(more["b"][0](x)))))  # "a" is shared


def test_a_loop_with_groups_freezing_clipping_and_accumulation_is_pytorchs():
    torch = pytest.importorskip("torch")
    nn.seed(3)
    net = Nested()
    names = [name for name, _ in net.named_parameters()]
    theirs = {
        name: torch.tensor(p.data.copy(), requires_grad=not name.startswith("blocks.1.b"))
        for name, p in net.named_parameters()
    }

    def forward(x):
        def layer(name, x):
            return x @ theirs[f"{name}.weight"] + theirs[f"{name}.bias"]

        x = layer("blocks.1.a", torch.tanh(layer("blocks.0", x)))
        x = torch.tanh(layer("blocks.1.a", torch.tanh(layer("blocks.1.b.0", x))))
        return layer("head", x)

    for p in net.blocks[1]["b"][0].parameters():
        p.requires_grad = False
    rest = [p for name, p in net.named_parameters() if name.startswith("blocks")]
    ours = optim.SGD([{"params": net.head, "lr": 0.5}, {"params": rest}], lr=0.1, momentum=0.9)
    ours.accumulate = 2
    their_rest = [theirs[n] for n in names if n.startswith("blocks") and theirs[n].requires_grad]
    their_head = [theirs[n] for n in names if n.startswith("head")]
    sgd = torch.optim.SGD(
        [{"params": their_head, "lr": 0.5}, {"params": their_rest}], lr=0.1, momentum=0.9
    )
    for step in range(6):
        here = slice(step % 3 * 4, step % 3 * 4 + 4)
        ours.zero_grad()
        nn.cross_entropy(net(X[here]), T[here]).backward()
        if step % 2:
            norm = optim.clip_grad_norm(net, 0.2)
        ours.step()

        if step % 2 == 0:
            sgd.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            forward(torch.tensor(X[here])), torch.tensor(T[here])
        )
        loss.backward()
        if step % 2:
            expected = torch.nn.utils.clip_grad_norm_(their_head + their_rest, 0.2)
            assert norm == pytest.approx(expected.item(), rel=1e-4)
            for p in their_head + their_rest:
                p.grad /= 2
            sgd.step()
    assert not net.blocks[1]["b"][0].parameters()
    state = net.state_dict()
    assert list(state) == names
    for name in names:
        np.testing.assert_allclose(state[name], theirs[name].detach().numpy(), atol=2e-6)


def test_the_hessian_of_some_weights_is_pytorchs():
    torch = pytest.importorskip("torch")
    import autograd as ag

    nn.seed(4)
    net = Nested()
    bias = net.head.bias.data.copy()

    def loss(b):
        return nn.cross_entropy(nn.functional_call(net, {"head.bias": b}, X), T)

    net(X)
    without = (net(X) - bias).data
    expected = torch.autograd.functional.hessian(
        lambda b: torch.nn.functional.cross_entropy(torch.tensor(without) + b, torch.tensor(T)),
        torch.tensor(bias),
    )
    np.testing.assert_allclose(ag.hessian(loss)(bias), expected.numpy(), atol=1e-6)
    assert isinstance(net.head.bias, Tensor)
    np.testing.assert_array_equal(net.head.bias.data, bias)
