"""batches, train_test_split, to_categorical."""

from itertools import chain, count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.data import batches, to_categorical, train_test_split

# ---------------------------------------------------------------- batches


@given(
    size=st.integers(0, 50), batch_size=st.integers(1, 60), shuffle=st.booleans(),
    drop_last=st.booleans(), seed=st.integers(0, 5),
)  # fmt: skip
def test_an_epoch_holds_every_sample_once_with_its_label(
    size, batch_size, shuffle, drop_last, seed
):
    x = np.arange(2.0 * size).reshape(size, 2)
    t = np.arange(size)
    got = list(batches(x, t, batch_size, shuffle, seed, drop_last))
    full, rest = divmod(size, batch_size)
    sizes = [batch_size] * full + ([rest] if rest and not drop_last else [])
    assert [len(x) for x, _ in got] == sizes
    seen = np.concatenate([t[:0], *(t for _, t in got)])
    assert len(set(seen.tolist())) == len(seen) == sum(sizes)
    for xs, ts in got:
        np.testing.assert_array_equal(xs, x[ts])
    if not shuffle:
        np.testing.assert_array_equal(seen, t[: len(seen)])


def test_without_labels_batches_are_plain_arrays():
    got = list(batches(np.arange(5), batch_size=2, shuffle=False))
    assert [b.tolist() for b in got] == [[0, 1], [2, 3], [4]]


def test_lists_are_welcome():
    ((x, t),) = batches([[1.0], [2.0]], [0, 1], shuffle=False)
    np.testing.assert_array_equal(x, [[1.0], [2.0]])
    np.testing.assert_array_equal(t, [0, 1])


def order(rng, **kwargs):
    return np.concatenate(list(batches(np.arange(100), rng=rng, **kwargs))).tolist()


def test_shuffles_by_default_reproducibly():
    assert order(0) == order(0) != order(1)
    assert order(0) != sorted(order(0)) == list(range(100))
    assert order(None) != order(None)
    assert order(None, shuffle=False) == list(range(100))


def test_a_generator_gives_every_epoch_another_order():
    rng = np.random.default_rng(0)
    first, second = order(rng), order(rng)
    assert first == order(0) != second


def test_the_global_random_state_is_neither_read_nor_changed():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    order(None)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_a_next_batch_of_tensorflow_is_a_chain_of_epochs():
    rng = np.random.default_rng(0)
    x = np.arange(6)
    endless = chain.from_iterable(batches(x, batch_size=2, rng=rng) for _ in count())
    epochs = [np.concatenate([next(endless) for _ in range(3)]) for _ in range(4)]
    assert all(sorted(epoch) == x.tolist() for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_the_data_are_not_changed():
    x, t = np.arange(20), np.arange(20)
    for xs, ts in batches(x, t, batch_size=3, rng=0):
        xs += 1
        ts += 1
    np.testing.assert_array_equal(x, np.arange(20))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((np.zeros((3, 2)), np.zeros(4)), r"x has 3 samples \(shape \(3, 2\)\), t has 4"),
        ((np.zeros(3), None, 0), "batch_size=0"),
        ((np.zeros(3), None, -1), "batch_size=-1"),
        ((np.float64(3), None), "a single number"),
        ((np.zeros(3), 1), "a single number"),
    ],
)
def test_errors_come_at_the_call(args, message):
    with pytest.raises(ValueError, match=message):
        batches(*args)


# ---------------------------------------------------------------- train_test_split


@given(
    labels=st.lists(st.integers(0, 4), min_size=2, max_size=60),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 3),
)
def test_split_parts_every_class_alike(labels, fraction, seed):
    t = np.array(labels)
    x = np.arange(len(t))
    held_out = round(len(t) * fraction)
    if not 0 < held_out < len(t):
        with pytest.raises(ValueError, match="both parts need one"):
            train_test_split(x, t, fraction, seed)
        return
    (x_train, t_train), (x_test, t_test) = train_test_split(x, t, fraction, seed)
    assert len(x_test) == held_out
    assert sorted([*x_train, *x_test]) == x.tolist(), "every sample once"
    for xs, ts in (x_train, t_train), (x_test, t_test):
        np.testing.assert_array_equal(t[xs], ts)
        assert xs.tolist() == sorted(xs), "in the order of the data"
    share = np.bincount(t) * held_out / len(t)
    assert np.all(abs(np.bincount(t_test, minlength=len(share)) - share) < 1)


def test_split_depends_on_the_seed_alone():
    x, t = np.arange(100), np.arange(100) % 3
    test = lambda seed: train_test_split(x, t, seed=seed)[1][0].tolist()
    assert test(0) == test(0) != test(1)
    assert test(np.random.default_rng(0)) == test(0)


def test_every_sample_can_be_held_out():
    """No place in the data is favoured: over 200 seeds each sample is drawn about 40 times."""
    x, t = np.arange(50), np.arange(50) % 5
    drawn = np.bincount(
        np.concatenate([train_test_split(x, t, seed=seed)[1][0] for seed in range(200)]),
        minlength=50,
    )
    assert drawn.sum() == 2000
    assert drawn.min() > 20
    assert drawn.max() < 60


def test_one_hot_labels_are_split_by_their_class():
    t = np.arange(30) % 3
    plain = train_test_split(t, t)
    one_hot = train_test_split(t, to_categorical(t))
    np.testing.assert_array_equal(plain[1][0], one_hot[1][0])
    assert one_hot[1][1].shape == (6, 3)


def test_the_splits_of_the_notes():
    """S1 trains on 55,000 of MNIST's 60,000, S2 on 50,000."""
    t = np.arange(60000) % 10
    for held_out in 5000, 10000:
        (x, _), (x_test, t_test) = train_test_split(t, t, held_out / 60000)
        assert (len(x), len(x_test)) == (60000 - held_out, held_out)
        assert set(np.bincount(t_test).tolist()) == {held_out // 10}


def test_split_refuses_different_lengths():
    with pytest.raises(ValueError, match="x has 3 samples"):
        train_test_split(np.zeros(3), np.zeros(4))


# ---------------------------------------------------------------- to_categorical


@given(st.lists(st.integers(0, 9), min_size=1))
def test_one_hot_has_its_one_at_the_label(labels):
    one_hot = to_categorical(labels)
    assert one_hot.shape == (len(labels), max(labels) + 1)
    assert one_hot.dtype == np.float32
    np.testing.assert_array_equal(one_hot.sum(axis=1), 1)
    np.testing.assert_array_equal(one_hot[np.arange(len(labels)), labels], 1)


def test_more_classes_than_labels_and_other_shapes():
    assert to_categorical([1], 4).tolist() == [[0, 1, 0, 0]]
    assert to_categorical(np.array([[0, 1], [1, 0]])).shape == (2, 2, 2)
    assert to_categorical(2).tolist() == [0, 0, 1]
    assert to_categorical([], 3).shape == (0, 3)
    assert to_categorical(np.array([True, False])).tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int64])
def test_every_integer_dtype(dtype):
    assert to_categorical(np.array([2, 0], dtype)).tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("labels", "classes", "error", "message"),
    [
        ([0, -1], None, ValueError, "label -1 is negative"),
        ([0, 3], 3, ValueError, r"label 3 is too large for num_classes=3. Pass num_classes=4"),
        ([0.0, 1.0], None, TypeError, r"labels are float64.*astype\(int\)"),
        (["a"], None, TypeError, "integers"),
        ([], None, ValueError, "Pass num_classes="),
    ],
)
def test_labels_that_are_no_classes(labels, classes, error, message):
    with pytest.raises(error, match=message):
        to_categorical(labels, classes)
