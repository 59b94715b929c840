"""Metrics are exact over the whole epoch, however it is cut into batches; by their definitions."""

from __future__ import annotations

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import nn
import optim
from nn import metrics

# -- the definitions, sample by sample ------------------------------------------------------------


def by_hand(guess, label, k):
    """True positives, false positives and false negatives of class k."""
    pairs = list(zip(guess, label, strict=True))
    return (
        sum(g == k and t == k for g, t in pairs),
        sum(g == k and t != k for g, t in pairs),
        sum(g != k and t == k for g, t in pairs),
    )


def ratio(part, whole):
    return part / whole if whole else 0.0


SHARES = {
    "precision": lambda tp, fp, fn: ratio(tp, tp + fp),
    "recall": lambda tp, fp, fn: ratio(tp, tp + fn),
    "f1": lambda tp, fp, fn: ratio(2 * tp, 2 * tp + fp + fn),
}
KINDS = {"precision": metrics.Precision, "recall": metrics.Recall, "f1": metrics.F1}


@st.composite
def predictions(draw):
    """Scores, labels, and where to cut them into batches."""
    classes = draw(st.integers(2, 5))
    n = draw(st.integers(1, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    cuts = sorted(draw(st.lists(st.integers(1, n), max_size=4)))
    t = rng.integers(classes, size=n)
    y = rng.normal(size=(n, classes)) + draw(st.sampled_from([0, 2])) * np.eye(classes)[t]
    return y, t, cuts


def over_batches(metric, y, t, cuts):
    metric.reset()
    for part, targets in zip(np.split(y, cuts), np.split(t, cuts), strict=True):
        if len(part):
            metric.update(part, targets)
    return metric.result()


@pytest.mark.parametrize("name", SHARES)
@given(data=predictions(), one_hot=st.booleans())
def test_precision_recall_f1_of_many_classes(name, data, one_hot):
    y, label, cuts = data
    guess, classes = y.argmax(axis=1), y.shape[1]
    t = np.eye(classes)[label] if one_hot else label
    counts = [by_hand(guess, label, k) for k in range(classes)]
    occur = [c for c in counts if any(c)]
    expected = {
        "macro": np.mean([SHARES[name](*c) for c in occur]),
        "micro": SHARES[name](*np.sum(counts, axis=0)),
    }
    expected["auto"] = expected["macro"]
    for average, value in expected.items():
        assert over_batches(KINDS[name](average), y, t, cuts) == pytest.approx(value)
        assert getattr(metrics, name)(y, t, average) == pytest.approx(value)
    assert expected["micro"] == pytest.approx(np.mean(guess == label))


@pytest.mark.parametrize("name", SHARES)
@given(data=predictions(), column=st.booleans())
def test_precision_recall_f1_of_two_classes(name, data, column):
    y, label, cuts = data
    p, t = nn.sigmoid(y[:, 0]), (label > 0).astype(float)
    expected = SHARES[name](*by_hand(p > 0.5, t > 0.5, True))
    if column:
        p, t = p[:, None], t[:, None]
    for average in ("binary", "auto"):
        assert over_batches(KINDS[name](average), p, t, cuts) == pytest.approx(expected)
    two = np.stack([1 - p.ravel(), p.ravel()], axis=1)
    binary = over_batches(KINDS[name]("binary"), two, t.ravel().astype(int), cuts)
    assert binary == pytest.approx(expected)


@given(data=predictions())
def test_the_others(data):
    y, label, cuts = data
    classes = y.shape[1]
    matrix = over_batches(metrics.ConfusionMatrix(), y, label, cuts)
    expected = np.zeros((classes, classes), int)
    for guess, t in zip(y.argmax(axis=1), label, strict=True):
        expected[t, guess] += 1
    np.testing.assert_array_equal(matrix, expected)
    for k in range(1, classes + 1):
        best = np.argsort(-y, axis=1)[:, :k]
        share = np.mean([t in row for t, row in zip(label, best, strict=True)])
        assert over_batches(metrics.TopK(k), y, label, cuts) == pytest.approx(share)
    one_hot = np.eye(classes)[label]
    for name, value in {
        "accuracy": np.mean(y.argmax(axis=1) == label),
        "mse": np.mean((y - one_hot) ** 2),
        "mae": np.mean(np.abs(y - one_hot)),
        "rmse": math.sqrt(np.mean((y - one_hot) ** 2)),
    }.items():
        assert over_batches(metrics.get(name), y, one_hot, cuts) == pytest.approx(value)


def test_a_mean_of_batch_means_would_be_another_number():
    """The test above could not fail if batches did not matter."""
    y, t = np.array([0.9, 0.9, 0.9, 0.1]), np.array([1, 1, 0, 1])
    means = [metrics.precision(y[:2], t[:2]), metrics.precision(y[2:], t[2:])]
    assert np.mean(means) == 0.5 != metrics.precision(y, t) == pytest.approx(2 / 3)


@given(data=predictions())
def test_as_scikit_learn_has_it(data):
    sklearn = pytest.importorskip("sklearn.metrics")
    y, label, cuts = data
    guess = y.argmax(axis=1)
    for average in ("macro", "micro"):
        for name, function in [
            ("precision", sklearn.precision_score), ("recall", sklearn.recall_score),
            ("f1", sklearn.f1_score),
        ]:  # fmt: skip
            expected = function(label, guess, average=average, zero_division=0)
            assert over_batches(KINDS[name](average), y, label, cuts) == pytest.approx(expected)


def test_ties_and_nan_are_no_knowledge():
    assert nn.top_k_accuracy(np.zeros((4, 3)), [0, 1, 2, 0], k=2) == 0
    assert nn.top_k_accuracy(np.zeros((4, 3)), [0, 1, 2, 0], k=3) == 1
    assert nn.top_k_accuracy([[math.nan, 1.0, 0.0]], [0], k=3) == 0
    assert nn.top_k_accuracy([[math.nan, 1.0, 0.0]], [1], k=1) == 0


def test_what_is_refused():
    scores = np.zeros((4, 3))
    for call, message in [
        (lambda: metrics.Precision("weighted"), "average='weighted': choose"),
        (lambda: metrics.precision(scores, [0, 1, 2, 0], "binary"), "two classes, not 3"),
        (lambda: nn.top_k_accuracy(scores, [0, 1, 2, 0], k=4), "k=4 of 3"),
        (lambda: nn.top_k_accuracy([0.3], [1]), "needs scores of each class"),
        (lambda: nn.confusion_matrix(scores, [0, 1, 2, 3]), "labels from 0 to 3"),
        (lambda: nn.confusion_matrix(scores, [0, 1, 2, 0], classes=2), "do not fit into 2"),
        (lambda: metrics.f1(scores, [0, 1]), "do not go with"),
        (lambda: metrics.f1([[0.9, 0.9, 0.1]], [[1, 1, 0]]), "not one-hot"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match="root_mean_squared_error is for reading"):
        nn.Sequential(nn.Dense(1)).compile("sgd", "rmse")
    with pytest.raises(ValueError, match="f1 cannot be the loss"):
        nn.Sequential(nn.Dense(1)).compile("sgd", "f1_score")


def test_names_in_compile_and_a_matrix_in_the_history(capsys):
    rng = np.random.default_rng(0)
    t = rng.integers(3, size=50)
    x = 3 * np.eye(3)[t] + rng.normal(size=(50, 3))
    model = nn.Sequential(nn.Dense(3, "softmax", rng=0))
    names = ["accuracy", "top_k_accuracy", "precision", "recall", "f1_score", "Confusion-Matrix"]
    wanted = [metrics.TopK(2) if name == "top_k_accuracy" else name for name in names]
    loss = "sparse_categorical_crossentropy"
    model.compile(optim.Adam(lr=0.1), loss, [*wanted, metrics.F1("micro")])
    history = model.fit(x, t, epochs=3, batch_size=7, validation_data=(x[:20], t[:20])).history
    assert list(history)[:9] == [
        "loss", "accuracy", "top_2_accuracy", "precision", "recall", "f1_score",
        "Confusion-Matrix", "micro_f1", "val_loss",
    ]  # fmt: skip
    matrix = history["val_Confusion-Matrix"][-1]
    assert matrix.sum() == 20
    _, accuracy, *_ = model.evaluate(x, t, verbose=0)
    np.testing.assert_array_equal(
        model.evaluate(x, t, verbose=0)[6], nn.confusion_matrix(model.predict(x), t)
    )
    assert accuracy == metrics.f1(model.predict(x), t, "micro")
    assert "Confusion" not in capsys.readouterr().out
    with pytest.raises(ValueError, match="two metrics are called recall"):
        model.compile("sgd", "mse", ["recall", metrics.Recall])
