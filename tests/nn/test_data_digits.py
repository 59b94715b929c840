"""load_digits: real digits that come with the library, split the same way for the same seed."""

import gzip
import hashlib
from importlib.resources import files

import numpy as np
import pytest

from nn.data import load_digits

SHA256 = "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"
COUNTS = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]  # as UCI states for the test part


def all_rows(x, t):
    return sorted((*pixels, label) for pixels, label in zip(x.tolist(), t.tolist(), strict=True))


def packaged():
    return gzip.decompress((files("nn.data") / "digits.csv.gz").read_bytes())


def test_the_file_is_the_published_one_with_its_licence_beside_it():
    assert hashlib.sha256(packaged()).hexdigest() == SHA256
    for name in "digits.LICENSE.txt", "README.md":
        text = (files("nn.data") / name).read_text(encoding="utf-8")
        assert "Alpaydin" in text
        assert "Kaynak" in text
        assert "1998" in text
        assert "https://creativecommons.org/licenses/by/4.0/" in text


def test_both_parts_together_are_the_file():
    (x, t), (x_test, t_test) = load_digits(normalize=False)
    rows = sorted(tuple(map(int, line.split(","))) for line in packaged().decode().split())
    assert all_rows(np.vstack([x, x_test]), np.hstack([t, t_test])) == rows


@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("one_hot_label", [True, False])
def test_forms(normalize, flatten, one_hot_label):
    plain = load_digits(normalize=False)
    for (x, t), (pixels, labels) in zip(
        load_digits(normalize, flatten, one_hot_label), plain, strict=True
    ):
        n = len(pixels)
        assert x.shape == ((n, 64) if flatten else (n, 1, 8, 8))
        assert x.dtype == (np.float32 if normalize else np.uint8)
        np.testing.assert_array_equal(x.reshape(n, 64) * (16 if normalize else 1), pixels)
        assert t.shape == ((n, 10) if one_hot_label else (n,))
        assert t.dtype == (np.float32 if one_hot_label else np.int64)
        np.testing.assert_array_equal(t.argmax(axis=1) if one_hot_label else t, labels)
        x[0], t[0] = 0, 0  # may be written to


def test_ranges():
    (x, t), _ = load_digits()
    assert x.min() == 0.0
    assert x.max() == 1.0
    (x, _), _ = load_digits(normalize=False)
    assert x.min() == 0
    assert x.max() == 16
    assert set(t.tolist()) == set(range(10))


def test_a_fifth_of_each_digit_is_held_out():
    (_, t), (_, t_test) = load_digits()
    assert (len(t), len(t_test)) == (1438, 359)
    np.testing.assert_array_equal(np.bincount(t) + np.bincount(t_test), COUNTS)
    assert np.all(abs(np.bincount(t_test) - np.array(COUNTS) / 5) < 1)


def test_the_split_depends_on_the_seed_alone():
    np.random.seed(3)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    (x, _), _ = load_digits()
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    np.testing.assert_array_equal(x, load_digits(seed=0)[0][0])
    assert not np.array_equal(x, load_digits(seed=1)[0][0])


def test_the_split_stays_what_it_is():
    """Figures in the examples rest on it: NumPy's generators promise their streams for a seed."""
    _, (x, t) = load_digits(normalize=False)
    assert t[:10].tolist() == EXPECTED_LABELS
    assert hashlib.sha256(x.tobytes()).hexdigest()[:16] == EXPECTED_PIXELS


EXPECTED_LABELS = [0, 1, 3, 5, 9, 5, 6, 9, 5, 8]
EXPECTED_PIXELS = "af9929edec31cc0b"


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2.0])
def test_a_fraction_outside_0_to_1_is_refused(fraction):
    with pytest.raises(ValueError, match="test_fraction="):
        load_digits(test_fraction=fraction)


def test_other_fractions():
    (x, _), (x_test, _) = load_digits(test_fraction=0.5)
    assert (len(x), len(x_test)) == (899, 898)


def test_a_nearest_neighbour_reads_them():
    """They are digits, and the labels belong to them: chance would be 10 %."""
    (x, t), (x_test, t_test) = load_digits()
    distance = (x_test**2).sum(axis=1)[:, None] - 2 * x_test @ x.T + (x**2).sum(axis=1)
    assert (t[distance.argmin(axis=1)] == t_test).mean() > 0.97
