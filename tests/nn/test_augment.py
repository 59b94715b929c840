"""Augmentation: shape, dtype, luck and the input of each; and what each does to pixels."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

import nn
from nn import augment

KINDS = [
    kind for name in augment.__all__
    if getattr(kind := getattr(augment, name), "change", None) is not augment.Augmentation.change
    and kind is not augment.Geometry
]  # fmt: skip
FREE = st.sampled_from([kind() for kind in KINDS])  # as their defaults have them
DTYPES = [np.float16, np.float32, np.float64, np.uint8, np.int16, np.int64]


def pixels(dtype):
    if np.dtype(dtype).kind == "f":
        return st.floats(0, 1, width=np.dtype(dtype).itemsize * 8)
    return st.integers(0, min(np.iinfo(dtype).max, 2**40))


@st.composite
def images(draw, dtypes=None, min_dims=3):
    dtype = draw(st.sampled_from(DTYPES) if dtypes is None else dtypes)
    shape = draw(array_shapes(min_dims=min_dims, max_dims=4, max_side=6))
    return draw(arrays(dtype, shape, elements=pixels(dtype)))


def test_all_kinds_are_tested():
    assert {kind.__name__ for kind in KINDS} == {
        "Brightness", "Noise", "Flip", "Shift", "Rotation", "Crop"
    }  # fmt: skip


# -- what holds for all ---------------------------------------------------------------------------


@given(FREE, images(), st.integers(0, 99))
def test_shape_dtype_and_input_stay(change, x, seed):
    before = x.copy()
    x.flags.writeable = False
    y = change(x, rng=seed)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    np.testing.assert_array_equal(x, before)
    assert not np.shares_memory(x, y)
    assert y.flags.writeable
    y += y.dtype.type(1) if y.size else y  # whoever gets it may write into it


@given(FREE, images(), st.integers(0, 99))
def test_the_same_seed_the_same_images(change, x, seed):
    first = change(x, rng=seed)
    np.testing.assert_array_equal(first, change(x, rng=np.random.default_rng(seed)))
    nn.seed(seed)
    np.testing.assert_array_equal(first, change(x))


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_and_another_image_have_other_luck(kind):
    x = np.broadcast_to(np.random.default_rng(0).random((6, 6)), (20, 6, 6))
    first, second = kind()(x, rng=0), kind()(x, rng=1)
    assert not np.array_equal(first, second)
    assert any(not np.array_equal(first[0], other) for other in first[1:])


@given(FREE, images(), st.integers(0, 99))
def test_flat_images_are_the_same_images(change, x, seed):
    flat = type(change)(shape=x.shape[1:])
    y = flat(x.reshape(len(x), -1), rng=seed)
    np.testing.assert_array_equal(y, change(x, rng=seed).reshape(len(x), -1))


@given(FREE, images(st.just(np.float64), min_dims=4), st.integers(0, 99))
def test_channels_move_together(change, x, seed):
    if isinstance(change, augment.Noise):
        return
    y = change(np.repeat(x[:, :1], 2, axis=1), rng=seed)
    np.testing.assert_array_equal(y[:, 0], y[:, 1])


@given(st.sampled_from([k() for k in KINDS if k is not augment.Noise]), images(), st.integers(0, 9))
def test_pixels_stay_between_black_and_the_brightest(change, x, seed):
    y = change(x, rng=seed)
    white = 1 if x.dtype.kind == "f" else np.iinfo(x.dtype).max
    assert y.min() >= 0
    brightest = white if isinstance(change, augment.Brightness) else x.max()
    assert y.max() <= brightest * (1 + 1e-3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0, 4, 4), (3, 1, 1), (2, 3, 0, 4)])
def test_no_images_and_tiny_ones(kind, shape):
    assert kind()(np.zeros(shape), rng=0).shape == shape


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("x", "shape", "error", "said"),
    [
        (np.zeros((5, 64)), None, ValueError, r"not \(5, 64\); flat ones need their shape"),
        (np.zeros((5, 64)), (8, 9), ValueError, r"shape=\(8, 9\) is not theirs"),
        (np.zeros(64), None, ValueError, r"not \(64,\)"),
        (np.zeros((5, 3, 3), complex), None, TypeError, "complex128"),
        (np.zeros((5, 3, 3), bool), None, TypeError, "bool"),
    ],
)
def test_what_is_no_image(kind, x, shape, error, said):
    with pytest.raises(error, match=said):
        kind(shape=shape)(x)


# -- what each does -------------------------------------------------------------------------------


@given(images(), st.sampled_from([-1, -2]))
def test_flip_twice_is_the_image(x, axis):
    flip = augment.Flip(p=1, axis=axis)
    np.testing.assert_array_equal(flip(x), np.flip(x, axis))
    np.testing.assert_array_equal(flip(flip(x)), x)
    np.testing.assert_array_equal(augment.Flip(p=0, axis=axis)(x), x)


def test_half_of_the_images_flip():
    x = np.broadcast_to([[0.0, 1.0]], (2000, 1, 2))
    assert augment.Flip()(x, rng=0)[:, 0, 0].mean() == pytest.approx(0.5, abs=0.05)


@given(images(), st.integers(-7, 7))
def test_shift_moves_whole_pixels(x, by):
    height, width = x.shape[-2:]
    padded = np.zeros((*x.shape[:-2], height + 14, width + 14), x.dtype)
    padded[..., 7 : 7 + height, 7 : 7 + width] = x
    expected = padded[..., 7 - by : 7 - by + height, 7 - by : 7 - by + width]
    np.testing.assert_array_equal(augment.Shift((by, by))(x), expected)


@given(images())
def test_shift_by_zero_is_the_image(x):
    np.testing.assert_array_equal(augment.Shift(0)(x, rng=0), x)


def test_shift_takes_each_distance_in_both_directions():
    x = np.zeros((2000, 7, 7))
    x[:, 3, 3] = 1
    _, rows, columns = np.nonzero(augment.Shift(2)(x, rng=0))
    for places in rows, columns:
        assert np.bincount(places).tolist()[1:] == pytest.approx([400] * 5, abs=80)
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.1


@given(images(st.just(np.float64)), st.sampled_from([0, 360, -720]))
def test_full_turns_are_the_image(x, degrees):
    np.testing.assert_allclose(augment.Rotation((degrees, degrees))(x), x, atol=1e-12)


@given(images(st.sampled_from([np.uint8, np.float64])), st.integers(1, 3))
def test_quarter_turns_are_numpys(x, quarters):
    side = min(x.shape[-2:])
    x = x[..., :side, :side]
    turned = augment.Rotation((90 * quarters, 90 * quarters))(x)
    np.testing.assert_allclose(turned, np.rot90(x, quarters, (-2, -1)), atol=1e-12)


def test_a_turn_and_back_is_almost_the_image():
    """A smooth blob, far from the corners: what is lost is the mixing of neighbours."""
    y, x = np.mgrid[-1:1:21j, -1:1:21j]
    blob = np.exp(-8 * ((x - 0.2) ** 2 + y**2))[None]
    there = augment.Rotation((30, 30))(blob)
    assert np.abs(there - blob).max() > 0.2
    assert np.abs(augment.Rotation((-30, -30))(there) - blob).max() < 0.06


def test_a_constant_stays_constant_within_and_fill_comes_in_at_the_corners():
    turned = augment.Rotation((45, 45), fill=7)(np.ones((1, 9, 9)))
    assert turned[0, 4].tolist() == pytest.approx([1] * 9)
    assert turned[0, 0, 0] == turned[0, -1, -1] == pytest.approx(7)


def test_brightness_is_a_factor_cut_off_at_white():
    x = np.array([[[0.0, 0.4, 0.8]]])
    assert augment.Brightness((2, 2))(x).tolist() == [[[0, 0.8, 1]]]
    whole = np.array([[[0, 101, 200]]], np.uint8)
    assert augment.Brightness((1.5, 1.5))(whole).tolist() == [[[0, 152, 255]]]
    assert augment.Brightness(0)(whole, rng=0).tolist() == whole.tolist()


@given(st.floats(0, 1))
def test_brightness_draws_factors_within_its_bounds(by):
    y = augment.Brightness(by)(np.full((50, 1, 1), 0.5), rng=0).ravel() / 0.5
    assert y.min() >= 1 - by - 1e-12
    assert y.max() <= 1 + by + 1e-12
    assert by < 1e-3 or np.ptp(y) > by


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (np.array([[[-0.5, 1.0]]]), "black, 0, and white, 1; these reach from -0.5 to 1"),
        (np.array([[[0.0, 255.0]]]), "standardise after augmenting"),
        (np.array([[[-1]]]), "white, 9223372036854775807"),
        (np.array([[[np.nan]]]), "from nan"),
    ],
)
def test_brightness_is_for_pixels(x, said):
    with pytest.raises(ValueError, match=said):
        augment.Brightness()(x)


def test_noise_is_normal_and_of_the_given_size():
    x = np.full((50, 20, 20), 3.0)
    noise = augment.Noise(0.2)(x, rng=0) - x
    assert noise.std() == pytest.approx(0.2, rel=0.03)
    assert noise.mean() == pytest.approx(0, abs=0.01)


@given(images(st.just(np.float64)))
def test_a_crop_of_all_is_the_image(x):
    np.testing.assert_array_equal(augment.Crop(1.0)(x, rng=0), x)


@given(st.floats(0.2, 1), st.integers(0, 99))
def test_a_crop_of_a_slope_is_a_gentler_slope_within_it(share, seed):
    slope = np.broadcast_to(np.arange(12.0), (3, 12, 12))
    y = augment.Crop((share, share))(slope, rng=seed)
    inner = y[:, :, 3:-3]  # the outermost are cut off at the outermost centres
    np.testing.assert_allclose(np.diff(inner, axis=-1), share, atol=1e-9)
    assert y.min() >= 0
    assert y.max() <= 11
    np.testing.assert_allclose(y[:, 0], y[:, -1], atol=1e-9)


def test_crops_are_taken_everywhere():
    slope = np.broadcast_to(np.arange(10.0), (500, 10, 10))
    middles = augment.Crop((0.5, 0.5))(slope, rng=0)[:, 5, 4:6].mean(axis=1)
    assert middles.min() < 2.2
    assert middles.max() > 6.8


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: augment.Shift(1.5), r"Shift\(pixels=1.5\)"),
        (lambda: augment.Shift(-1), "1 to -1 is no range"),
        (lambda: augment.Rotation((30, 10)), "30 to 10"),
        (lambda: augment.Rotation(math.inf), "no range"),
        (lambda: augment.Brightness(1.5), "negative"),
        (lambda: augment.Crop(0.0), "above 0 and at most 1"),
        (lambda: augment.Crop(1.2), "1.2 to 1.0"),
        (lambda: augment.Flip(p=2), "p=2"),
        (lambda: augment.Flip(axis=0), "upside down"),
        (lambda: augment.Noise(-1), "std=-1"),
    ],
)
def test_settings_that_cannot_be(make, said):
    with pytest.raises(ValueError, match=said):
        make()


# -- several --------------------------------------------------------------------------------------

STEPS = [augment.Shift(1), augment.Rotation(20), augment.Brightness(0.2), augment.Crop(0.7)]


@given(images(st.sampled_from([np.float32, np.uint8])), st.integers(0, 99))
def test_compose_is_one_after_the_other_with_one_generator(x, seed):
    rng = np.random.default_rng(seed)
    one_by_one = x
    for step in STEPS:
        one_by_one = step(one_by_one, rng)
    np.testing.assert_array_equal(augment.Compose(STEPS)(x, rng=seed), one_by_one)
    np.testing.assert_array_equal(augment.get(STEPS)(x, rng=seed), one_by_one)
    flat = augment.Compose(STEPS, shape=x.shape[1:])(x.reshape(len(x), -1), rng=seed)
    np.testing.assert_array_equal(flat, one_by_one.reshape(len(x), -1))


def test_an_augmentation_of_ones_own_is_a_function():
    def invert(x, rng=None):
        x *= -1  # in place
        return x

    x = np.ones((2, 3))
    assert augment.get(invert) is invert
    assert augment.Compose([invert, invert, invert])(x).tolist() == [[-1] * 3] * 2
    assert x.tolist() == [[1] * 3] * 2
    assert augment.Compose([])(x) is not x


@pytest.mark.parametrize("wrong", [[augment.Shift], [3], ["flip"]])
def test_what_is_no_step(wrong):
    with pytest.raises(TypeError, match=r"is no augmentation. Write Shift\(2\)"):
        augment.Compose(wrong)


@pytest.mark.parametrize("kind", [augment.Augmentation, augment.Geometry])
def test_the_bases_say_what_they_need(kind):
    with pytest.raises(NotImplementedError, match="needs a method"):
        kind()(np.zeros((1, 2, 2)))


@pytest.mark.parametrize("kind", KINDS)
def test_each_says_what_it_does(kind):
    assert inspect.getdoc(kind).splitlines()[0].endswith((".", ":"))
