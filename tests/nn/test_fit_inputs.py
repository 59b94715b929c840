"""What fit takes: weights of samples and classes, batches from anywhere, several inputs."""

from __future__ import annotations

import inspect
from functools import partial

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import nn
import optim

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=30)
X = RNG.normal(size=(30, 4)) + 2 * np.eye(4)[LABELS]


def model(loss="cross_entropy", units=3, lr=0.1, ending=None):
    network = nn.Sequential(nn.Dense(units, ending, in_features=4, rng=0, dtype=float))
    network.compile(optim.SGD(lr=lr), loss)
    return network


def fit(network, *data, **how):
    history = network.fit(*data, **{"verbose": 0, "shuffle": False, "batch_size": 30} | how)
    return history.history["loss"], network.state_dict()


def same(one, other, **tolerance):
    for name, value in one.items():
        np.testing.assert_allclose(value, other[name], **{"rtol": 1e-12, "atol": 1e-14} | tolerance)


# -- weights --------------------------------------------------------------------------------------

LOSSES = {
    "mse": 3, "mae": 3, "huber": 3, "cross_entropy": 3, "sum_squared_error": 3,
    "binary_cross_entropy_with_logits": 3,
}  # fmt: skip


def targets(loss):
    return LABELS if loss == "cross_entropy" else np.eye(3)[LABELS]


def weighable():
    for name in nn.functional.__all__:
        function = getattr(nn, name)
        if inspect.isfunction(function) and "reduction" in inspect.signature(function).parameters:
            yield name


@pytest.mark.parametrize("loss", LOSSES)
@given(counts=st.lists(st.integers(0, 3), min_size=30, max_size=30).filter(any))
def test_a_weight_is_how_often_a_sample_occurs(loss, counts):
    """Σ w·l / n is the mean over the samples repeated w times, up to Σw / n."""
    total = sum(counts)
    scale = 1 if loss == "sum_squared_error" else total / 30
    weighted_loss, weighted = fit(model(loss), X, targets(loss), sample_weight=counts)
    repeated = np.repeat(np.arange(30), counts)
    losses, plain = fit(
        model(loss, lr=0.1 * scale), X[repeated], targets(loss)[repeated], batch_size=total
    )
    same(weighted, plain)
    assert weighted_loss[0] == pytest.approx(losses[0] * scale)


@pytest.mark.parametrize("name", list(weighable()))
def test_weights_of_1_change_nothing_for_any_loss(name):
    t = 2 * np.eye(3)[LABELS] - 1 if name == "hinge" else np.eye(3)[LABELS]
    between = lambda x: 0.2 + nn.sigmoid(x) / 2  # probabilities to some, scores to others
    make = lambda: model(getattr(nn, name), ending=between)
    same(fit(make(), X, t)[1], fit(make(), X, t, sample_weight=np.ones(30))[1])


def test_weights_go_with_their_samples_through_shuffling_and_splits():
    seen = []

    class Watch(nn.Callback):
        def before_step(self, step):
            seen.append(self.model.layers[0].bias.grad.data.copy())

    x, t = np.zeros((12, 4)), np.arange(12.0)[:, None]
    w = np.where(np.arange(12) % 2, 0.0, 3.0)
    network = model("mse", 1, lr=0.0)
    network.fit(x, t, sample_weight=w, batch_size=1, callbacks=[Watch()], verbose=0, rng=0,
                validation_split=0.25)  # fmt: skip
    gradients = sorted(float(g[0]) for g in seen)
    assert gradients == sorted((-2 * t[:9, 0] * w[:9]).tolist())


def test_weights_of_places_in_a_sample():
    """(n, T) weights for losses of (n, T): steps of a sequence that do not count."""
    x, t = RNG.normal(size=(5, 7, 4)), RNG.integers(3, size=(5, 7))
    w = RNG.integers(2, size=(5, 7)).astype(float)
    _, one = fit(model(), x, t, sample_weight=w)
    where = w.ravel() > 0
    _, other = fit(model(lr=0.1 * w.mean()), x.reshape(-1, 4)[where], t.ravel()[where])
    same(one, other)


def test_class_weights_are_weights_of_samples():
    table = {0: 2.0, 2: 0.5}
    w = np.array([table.get(label, 1.0) for label in LABELS.tolist()])
    expected = fit(model(), X, LABELS, sample_weight=w)[1]
    for t in (LABELS, np.eye(3)[LABELS]):
        same(fit(model(), X, t, class_weight=table)[1], expected)
    both = fit(model(), X, LABELS, class_weight=table, sample_weight=np.full(30, 2.0))[1]
    same(both, fit(model(), X, LABELS, sample_weight=2 * w)[1])
    same(fit(model(), [(X, LABELS)], class_weight=table)[1], expected)


@pytest.mark.parametrize("labels", ["any", "one 1 in each row"])
def test_class_weights_of_labels_along_a_sequence(labels):
    """(n, T) integers are labels where the model gives (n, T, C), also if they look one-hot."""
    x, t = RNG.normal(size=(6, 3, 4)), RNG.integers(3, size=(6, 3))
    if labels != "any":
        t = np.eye(3, dtype=int)[RNG.permutation([0, 0, 1, 1, 2, 2])]
    table, w = {0: 0.0, 1: 2.0}, np.choose(t, [0.0, 2.0, 1.0])
    expected = fit(model(), x, t, sample_weight=w)
    for targets in (t, np.eye(3)[t]):
        found = fit(model(), x, targets, class_weight=table)
        assert found[0] == pytest.approx(expected[0])
        same(found[1], expected[1])
    by_sample, by_step = np.arange(6.0), RNG.uniform(size=(6, 3))
    for weights, both in ((by_sample, w * by_sample[:, None]), (by_step, w * by_step)):
        found = fit(model(), x, t, class_weight=table, sample_weight=weights)[1]
        same(found, fit(model(), x, t, sample_weight=both)[1])


PADDED = np.array([-1, -1, 2, 0, -1, 1, 1, 2] * 4)  # the first two are a batch of their own


def settings():
    own = {"class_weight": [1.0, 3.0, 0.0]}
    ignoring = {"ignore_index": -1}
    yield "sum", partial(nn.mean_squared_error, reduction="sum"), np.eye(3)[LABELS]
    yield "sum by default", nn.sum_squared_error, np.eye(3)[LABELS]
    yield "ignored", partial(nn.cross_entropy, ignore_index=-1), PADDED[:30]
    yield "weights in the loss", partial(nn.cross_entropy, **own), LABELS
    yield "both", partial(partial(nn.nll, **own), **ignoring), PADDED[:30]
    bits = np.where(PADDED[:30, None] > 1, 0, PADDED[:30, None]) * np.ones((1, 3), int)
    yield "two classes", partial(nn.binary_cross_entropy_with_logits, **ignoring), bits


@pytest.mark.parametrize(("loss", "t"), [s[1:] for s in settings()], ids=[s[0] for s in settings()])
@pytest.mark.filterwarnings("ignore:no target of batch")
def test_the_loss_over_all_samples_does_not_depend_on_the_batches(loss, t):
    network = nn.Sequential(nn.Dense(3, "log_softmax", rng=0, dtype=np.float64))
    network.compile(optim.SGD(lr=0.0), loss, [nn.metrics.Mean(loss, "again")])
    whole = network.evaluate(X, t, batch_size=30, verbose=0)
    assert whole == pytest.approx([float(loss(network.predict(X), t))] * 2)
    for size in (2, 7, 8):
        assert network.evaluate(X, t, batch_size=size, verbose=0) == pytest.approx(whole)
        found, _ = fit(network, X, t, batch_size=size)
        assert found == pytest.approx(whole[:1])
        found, _ = fit(network, X, t, batch_size=size, sample_weight=np.ones(30))
        assert found == pytest.approx(whole[:1])


def test_a_batch_in_which_all_is_ignored_is_left_out():
    loss, t = partial(nn.cross_entropy, ignore_index=-1), np.where(np.arange(30) < 10, -1, LABELS)
    network = model(loss)
    with pytest.warns(nn.TrainingWarning, match="no target of batch 1 counts: all are ignored"):
        left_out = fit(network, X, t, batch_size=10)
    expected = fit(model(loss), X[10:], t[10:], batch_size=10)
    assert left_out[0] == pytest.approx(expected[0])
    same(left_out[1], expected[1])
    assert network.optimizer.iterations == 2
    same(  # and is no class of its own, to which the others give of their say
        fit(model(loss), X, t, class_weight="balanced")[1],
        fit(model(loss, lr=0.1), X[10:], t[10:], class_weight="balanced")[1],
    )


def test_balanced_classes_have_the_same_say():
    rare = np.array([0] * 27 + [1] * 3)
    counts = np.bincount(rare)
    w = 30 / (2 * counts[rare])
    assert [w[rare == k].sum() for k in (0, 1)] == pytest.approx([15, 15])
    t = rare[:, None].astype(float)
    make = lambda: model("binary_cross_entropy_with_logits", 1)
    expected = fit(make(), X, t, sample_weight=w)[1]
    same(fit(make(), X, t, class_weight="balanced")[1], expected)


def test_wrong_weights_are_told():
    def asks_for(message, error=ValueError, y=LABELS, **how):
        with pytest.raises(error, match=message):
            fit(model(), X, y, **how)

    asks_for(r"sample_weight is float64 of shape \(29,\); there are 30", sample_weight=np.ones(29))
    asks_for("sample_weight is <U1", sample_weight=["a"] * 30)
    asks_for(r"class_weight has \[7\], which no target is", class_weight={7: 1.0})
    asks_for("class_weight='heavy'", class_weight="heavy")
    shares = np.full((30, 1), 0.3)
    asks_for(r"a class for each sample; y is \(30, 1\)", y=shares, class_weight={0: 1})
    several = np.eye(3)[LABELS] + np.eye(3)[LABELS - 1]
    asks_for(r"one class for each prediction; y is \(30, 3\)", y=several, class_weight={0: 1})
    network = model(lambda y, t: nn.cross_entropy(y, t))
    with pytest.raises(TypeError, match=r"'<lambda>' gives one number\. Give it a keyword"):
        fit(network, X, LABELS, sample_weight=np.ones(30))
    with pytest.raises(ValueError, match=r"weights of shape \(30, 2\) do not go with losses"):
        fit(model(), X, LABELS, sample_weight=np.ones((30, 2)))


# -- batches from anywhere ------------------------------------------------------------------------


def generator():
    for here in np.split(np.arange(30), 3):
        yield X[here], LABELS[here]


class Loader:
    """As PyTorch's: a length, and a new pass each time that it is asked."""

    def __len__(self):
        return 3

    def __iter__(self):
        return generator()


@pytest.mark.parametrize(
    ("source", "steps"),
    [(Loader(), None), (list(generator()), None), (generator, None), (Loader(), 3),
     (lambda: map(list, generator()), None), ([(*b, None) for b in generator()], None)],
)  # fmt: skip
def test_any_iterable_of_batches_is_as_good_as_arrays(source, steps):
    expected = fit(model(), X, LABELS, batch_size=10, epochs=3)
    got = fit(model(), source, epochs=3, steps_per_epoch=steps)
    assert got[0] == expected[0]
    same(got[1], expected[1], rtol=0, atol=0)


def test_a_generator_that_never_ends_needs_to_be_told_when_an_epoch_does():
    def endless():
        while True:
            yield from generator()

    network = model()
    assert len(fit(network, endless(), epochs=2, steps_per_epoch=4)[0]) == 2
    assert network.optimizer.iterations == 8


def test_steps_per_epoch_cut_arrays_too():
    network = model()
    fit(network, X, LABELS, batch_size=10, epochs=4, steps_per_epoch=4)
    assert network.optimizer.iterations == 16
    expected = model()
    fit(expected, X, LABELS, batch_size=10, epochs=5)
    fit(expected, X[:10], LABELS[:10])
    same(network.state_dict(), expected.state_dict())


def test_a_generator_that_ends_is_told_before_or_with_numbers():
    network = model()
    before = network.state_dict()
    with pytest.raises(ValueError, match="a generator, which can be gone through once, and"):
        fit(network, generator(), epochs=2)
    same(network.state_dict(), before, rtol=0, atol=0)
    with pytest.raises(ValueError, match="ended after 3 batches, and epochs of 2 need more"):
        fit(network, generator(), epochs=2, steps_per_epoch=2)
    with pytest.raises(ValueError, match="gives no batches"):
        fit(network, iter(()))
    assert len(fit(network, generator())[0]) == 1
    for steps in (None, 3):
        passes = iter([generator(), iter(())])  # what a function gives that makes it once for all
        with pytest.raises(ValueError, match=r"gives no batches.* a new iterator each time"):
            fit(network, passes.__next__, epochs=2, steps_per_epoch=steps)


def test_what_is_no_batch_is_told():
    for source, error, message in [
        ([X], ValueError, "a batch is .* this one is a ndarray"),
        ([(X,)], ValueError, "this one is a tuple of 1"),
        (7, TypeError, "a int, which gives no batches"),
        (X, ValueError, r"shape \(30, 4\), and y is missing"),
    ]:
        with pytest.raises(error, match=message):
            fit(model(), source)
    for how in ({"validation_split": 0.1}, {"sample_weight": [1]}, {"class_weight": "balanced"}):
        with pytest.raises(ValueError, match=f"{next(iter(how))}.* needs all samples"):
            fit(model(), Loader(), **how)
    with pytest.raises(ValueError, match="steps_per_epoch=0"):
        fit(model(), Loader(), steps_per_epoch=0)


def test_batches_build_what_is_not_built():
    network = nn.Sequential(nn.Dense(5), nn.Dense(3))
    network.compile("adam", "cross_entropy")
    assert fit(network, generator())[1]["layers.0.weight"].shape == (4, 5)


def test_validation_and_evaluation_on_batches():
    network = model()
    network.compile("sgd", "cross_entropy", ["accuracy", "f1"])
    history = network.fit(X, LABELS, epochs=2, verbose=0, validation_data=Loader()).history
    expected = network.evaluate(X, LABELS, verbose=0)
    assert [history[f"val_{name}"][-1] for name in ("loss", "accuracy", "f1")] == pytest.approx(
        expected
    )
    assert network.evaluate(Loader(), verbose=0) == pytest.approx(expected)
    assert network.evaluate(generator(), verbose=0) == pytest.approx(expected)
    with pytest.raises(ValueError, match="fit: validation_data is a generator"):
        network.fit(X, LABELS, epochs=2, verbose=0, validation_data=generator())
    pair = network.fit(X, LABELS, verbose=0, validation_data=[X, LABELS]).history
    two = network.fit(X, LABELS, verbose=0, validation_data=[(X, LABELS)] * 2).history
    assert "val_f1" in pair.keys() & two.keys()
    with pytest.raises(ValueError, match="y is missing"):
        network.evaluate(X)
    with pytest.raises(ValueError, match=r"^evaluate: x has shape"):
        network.evaluate(X, LABELS[:3])


# -- several inputs -------------------------------------------------------------------------------


class Two(nn.Module):
    def __init__(self):
        self.left, self.right = nn.Dense(3, rng=0), nn.Dense(3, rng=1)

    def forward(self, a, b):
        return self.left(a) + self.right(b)


def test_a_model_of_two_inputs():
    network = Two()
    network.compile(optim.Adam(lr=0.05), "cross_entropy", ["accuracy"])
    a, b = X[:, :2], X[:, 2:]
    seen = []

    class Watch(nn.Callback):
        def before_step(self, step):
            seen.append([part.shape for part in step.x])

    callbacks = [Watch(), nn.StopOnNaN()]
    network.fit((a, b), LABELS, epochs=60, verbose=0, callbacks=callbacks, validation_split=0.1)
    assert seen[0] == [(27, 2), (27, 2)]
    assert network.evaluate((a, b), LABELS, verbose=0)[1] > 0.9
    with pytest.raises(ValueError, match=r"x has shape \(30, 2\) and \(29, 2\) and y has shape"):
        network.fit((a, b[1:]), LABELS)
    assert network.predict((a, b)).shape == (30, 3)


# -- augmentation ---------------------------------------------------------------------------------


def test_augment_sees_each_batch_with_fits_own_chance_and_validation_does_not():
    calls = []

    def augment(x, rng):
        calls.append((len(x), rng.random()))
        return x + 1

    class Watch(nn.Callback):
        def before_step(self, step):
            seen.append(step.x)

    histories = []
    for _ in range(2):
        seen = []
        nn.seed(5)
        history = model().fit(
            X, LABELS, batch_size=20, epochs=2, verbose=0, augment=augment, callbacks=[Watch()],
            shuffle=False, validation_data=(X, LABELS),
        )  # fmt: skip
        histories.append(history.history)
        np.testing.assert_array_equal(seen[0], X[:20] + 1)
    assert histories[0] == histories[1]
    assert calls[:4] == calls[4:]
    assert [size for size, _ in calls[:4]] == [20, 10, 20, 10]
    assert len({number for _, number in calls[:4]}) == 4


def test_augmentations_in_a_list_and_one_seed_for_all():
    (x, t), _ = nn.load_digits()
    results = []
    for seed in (1, 1, 2):
        nn.seed(seed)
        network = nn.Sequential(nn.Flatten(), nn.Dense(8), nn.Dropout(0.2), nn.Dense(10))
        network.compile("adam", "cross_entropy")
        shape = (8, 8)
        network.fit(
            x[:100], t[:100], verbose=0,
            augment=[nn.augment.Shift(1, shape=shape), nn.augment.Brightness(0.2, shape=shape)],
        )  # fmt: skip
        results.append(network.state_dict())
    same(results[0], results[1], rtol=0, atol=0)
    assert not np.array_equal(results[0]["layers.1.weight"], results[2]["layers.1.weight"])


def test_nn_seed_governs_batches_of_a_written_out_loop_too():
    orders = []
    for seed in (0, 0, 1):
        nn.seed(seed)
        orders.append([x.tolist() for x in nn.data.batches(np.arange(20), batch_size=6)])
    assert orders[0] == orders[1] != orders[2]


# -- LBFGS ----------------------------------------------------------------------------------------


def test_lbfgs_fits_in_a_step_what_others_take_long_for():
    t = X @ [[1.0], [-2.0], [0.5], [3.0]] + 0.7
    network = model("mse", 1)
    network.compile(optim.LBFGS(max_iter=50), "mse")
    losses, _ = fit(network, X, t, epochs=3)
    assert losses[0] > 1 > 1e-8 > losses[-1]
    assert network.optimizer.iterations == 3


def test_lbfgs_minimises_one_function_though_dropout_draws():
    """Within a step every evaluation drops the same units; the next step drops others."""
    masks = []

    class Spy(nn.Module):
        def forward(self, x):
            masks.append(x.data[0].tolist() if hasattr(x, "data") else None)
            return x

    network = nn.Sequential(
        nn.Dense(8, in_features=4, init="zeros", bias_init="ones", dtype=float), nn.Dropout(0.5),
        Spy(), nn.Dense(1, init="zeros", dtype=float),
    )  # fmt: skip
    network.layers[0].weight.requires_grad = network.layers[0].bias.requires_grad = False
    network.compile(optim.LBFGS(max_iter=4), "mse")
    masks.clear()
    per_step = []

    class Cut(nn.Callback):
        def on_batch_end(self, batch, logs):
            per_step.append(masks.copy())
            masks.clear()

    fit(network, X, X[:, :1] * 2, epochs=3, callbacks=[Cut()])
    first = per_step[0][1:]  # one more finds the sizes
    assert len(first) > 1
    assert all(mask == first[0] for mask in first)
    assert per_step[1][0] != first[0] or per_step[2][0] != first[0]
