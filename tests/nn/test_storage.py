"""Weights in files: back bit for bit, whole or not at all, and never more trusted than they are."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import nn
from nn import storage
from nn.storage import npz, safetensors
from nn.storage.stored import checked_size

FORMATS = [".npz", ".safetensors"]
formats = pytest.mark.parametrize("ending", FORMATS)
dtypes = st.sampled_from(["<f8", "<f4", "<f2", ">f4", "<i8", "<i2", "|u1", "|b1"])
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))


def model() -> nn.Sequential:
    first = nn.Dense(3, "relu", in_features=2, rng=0)
    return nn.Sequential(first, nn.Dense(2, in_features=3, rng=1))


def read(path):
    with storage.opened(path) as found:
        return {name: np.asarray(stored) for name, stored in found.items()}


# -- there and back -------------------------------------------------------------------------------


@formats
def test_a_model_comes_back_bit_for_bit(ending, tmp_path):
    one, other = model(), nn.Sequential(nn.Dense(3, "relu"), nn.Dense(2))
    path = tmp_path / "a folder" / f"weights{ending}"
    one.save(path)
    assert other.load(str(path)) == []
    for name, value in one.state_dict().items():
        np.testing.assert_array_equal(other.state_dict()[name], value)
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@formats
@given(state=st.dictionaries(st.text(min_size=1, max_size=8), arrays, max_size=4))
def test_arrays_come_back_bit_for_bit(ending, state, tmp_path_factory):
    state = {name: a for name, a in state.items() if name.isprintable() and "/" not in name}
    path = tmp_path_factory.mktemp("state") / f"state{ending}"
    storage.write(path, state)
    found = read(path)
    assert set(found) == set(state)
    for name, a in state.items():
        assert found[name].dtype.newbyteorder("=") == a.dtype.newbyteorder("=")
        assert found[name].shape == a.shape
        assert found[name].tobytes() == a.astype(found[name].dtype).tobytes()


@formats
def test_arrays_that_are_not_contiguous(ending, tmp_path):
    a = np.arange(24.0).reshape(4, 6)
    state = {
        "transposed": a.T, "slice": a[::2, 1::3], "backwards": a[::-1, ::-1],
        "broadcast": np.broadcast_to(a[0], (3, 6)), "fortran": np.asfortranarray(a),
        "number": np.array(3.0), "empty": a[:0],
    }  # fmt: skip
    storage.write(tmp_path / f"a{ending}", state)
    found = read(tmp_path / f"a{ending}")
    for name, expected in state.items():
        np.testing.assert_array_equal(found[name], expected)
        assert found[name].shape == expected.shape


@formats
def test_the_same_weights_are_the_same_bytes(ending, tmp_path):
    for name in "ab":
        model().save(tmp_path / f"{name}{ending}")
    assert (tmp_path / f"a{ending}").read_bytes() == (tmp_path / f"b{ending}").read_bytes()


def test_numpy_reads_what_we_write_and_we_read_what_numpy_writes(tmp_path):
    one = model()
    one.save(tmp_path / "ours.npz")
    with np.load(tmp_path / "ours.npz") as found:
        assert dict(found).keys() == one.state_dict().keys()
        np.testing.assert_array_equal(found["layers.0.weight"], one.layers[0].weight.data)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "theirs.npz", **one.state_dict())
        assert model().load(tmp_path / "theirs.npz") == []


def test_the_safetensors_package_reads_what_we_write_and_the_reverse(tmp_path):
    theirs = pytest.importorskip("safetensors.numpy")
    state = {"weight": np.arange(6.0).reshape(2, 3), "half": np.ones(3, "f2"), "n": np.array(7)}
    storage.write(tmp_path / "ours.safetensors", state)
    found = theirs.load_file(tmp_path / "ours.safetensors")
    for name, value in state.items():
        np.testing.assert_array_equal(found[name], value)
    theirs.save_file(state, tmp_path / "theirs.safetensors", metadata={"by": "them"})
    for name, value in read(tmp_path / "theirs.safetensors").items():
        np.testing.assert_array_equal(value, state[name])


def test_the_path_says_the_format(tmp_path):
    for path in ("weights", "weights.pkl", "weights.pt"):
        with pytest.raises(ValueError, match=r"end in \.npz or \.safetensors"):
            model().save(tmp_path / path)
    with pytest.raises(FileNotFoundError):
        model().load(tmp_path / "none.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    model().save(path)
    before = path.read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        model().save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# -- damage ---------------------------------------------------------------------------------------


def raises_naming(path, other=None):
    """Loading is a ValueError that names the file, and changes nothing."""
    other = other or model()
    before = other.state_dict()
    with pytest.raises(ValueError, match=path.name):
        other.load(path)
    for name, value in other.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


@formats
def test_cut_anywhere(ending, tmp_path):
    path = tmp_path / f"weights{ending}"
    model().save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        raises_naming(path)


@formats
def test_a_byte_too_many(ending, tmp_path):
    path = tmp_path / f"weights{ending}"
    model().save(path)
    path.write_bytes(path.read_bytes() + b"!")
    if ending == ".safetensors":  # zip finds its end from behind, and is read as ever
        raises_naming(path)
    else:
        model().load(path)


def test_a_flipped_bit_in_a_zip_is_found(tmp_path):
    path = tmp_path / "weights.npz"
    model().save(path)
    whole = path.read_bytes()
    place = whole.index(model().layers[0].weight.data.tobytes()) + 2
    path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    raises_naming(path)


@formats
@given(data=st.data())
def test_any_changed_byte_is_harmless(ending, data, tmp_path_factory):
    """Read, or a ValueError that names the file: nothing else."""
    path = tmp_path_factory.mktemp("damage") / f"weights{ending}"
    model().save(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        model().load(path)
    except ValueError as error:
        message = str(error)
    else:
        return  # what was changed did not matter, or was a weight of a format without checksums
    assert path.name in message


@formats
def test_another_models_weights(ending, tmp_path):
    path = tmp_path / f"other{ending}"
    nn.Sequential(nn.Dense(3, in_features=5)).save(path)
    with pytest.raises(ValueError, match="other") as caught:
        model().load(path)
    assert "missing: layers.1.weight" in str(caught.value)
    assert "layers.0.weight: has shape (2, 3), not (5, 3)" in str(caught.value)


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(header: dict, data: bytes = b"") -> bytes:
    text = repr(header).encode().ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


class One(nn.Module):
    """A model of one parameter, `bias`, of shape (3,): what the hostile files pretend to hold."""

    def __init__(self):
        self.bias = nn.Parameter(np.ones(3, np.float32))


def test_hostile_npz_files(tmp_path):
    path = tmp_path / "hostile.npz"
    good = {"descr": "<f4", "fortran_order": False, "shape": (3,)}
    path.write_bytes(zipped(bias=npy(good, bytes(12))))
    assert One().load(path) == []

    class Trap:
        def __reduce__(self):
            return print, ("run!",)

    objects = io.BytesIO()
    np.lib.format.write_array(objects, np.array([Trap()], object), allow_pickle=True)
    for content in (
        zipped(bias=npy(good | {"shape": (1 << 40,)})),  # claims 4 TiB
        zipped(bias=npy(good | {"shape": (1 << 62, 1 << 62)})),
        zipped(bias=npy(good | {"shape": (-3, -1)}, bytes(12))),
        zipped(bias=npy(good | {"shape": (3.0,)}, bytes(12))),
        zipped(bias=npy(good, bytes(11))),
        zipped(bias=npy(good, bytes(13))),
        zipped(bias=npy(good, bytes(50_000_000))),  # a bomb: 50 MB in 50 kB
        zipped(bias=objects.getvalue()),
        zipped(bias=b"\x93NUMPY\x03\x00" + npy(good)[8:]),
        zipped(bias=b""),
        pickle.dumps({"bias": np.zeros(3)}),
        b"",
    ):
        path.write_bytes(content)
        raises_naming(path, One())


@pytest.mark.parametrize("shape", [(-3, -1), (3.0,), (True, 3), ("3",)])
def test_shapes_that_no_array_has(shape):
    with pytest.raises(ValueError, match="cannot have the shape"):
        checked_size(np.dtype("f4"), shape)


def test_a_name_twice_in_a_zip(tmp_path):
    path = tmp_path / "twice.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("bias.npy", npz_bytes(np.zeros(3)))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("bias.npy", npz_bytes(np.zeros(3)))
    raises_naming(path, One())


def npz_bytes(a: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, a)
    return buffer.getvalue()


def test_hostile_safetensors_files(tmp_path):
    path = tmp_path / "hostile.safetensors"

    def packed(header: object, data: bytes = bytes(12), length: int | None = None) -> bytes:
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return (len(text) if length is None else length).to_bytes(8, "little") + text + data

    good = {"dtype": "F32", "shape": [3], "data_offsets": [0, 12]}
    path.write_bytes(packed({"bias": good}))
    assert One().load(path) == []
    for content in (
        packed({"bias": good}, length=1 << 63),
        packed({"bias": good}, length=99_000_000),
        packed({"bias": good}, bytes(11)),
        packed({"bias": good}, bytes(13)),
        packed({"bias": good | {"shape": [1 << 40]}}),
        packed({"bias": good | {"shape": [-3]}}),
        packed({"bias": good | {"shape": [3.0]}}),
        packed({"bias": good | {"shape": [True, 3]}}),
        packed({"bias": good | {"shape": "abc"}}),
        packed({"bias": good | {"data_offsets": [4, 16]}}),
        packed({"bias": good | {"data_offsets": [0, 8]}}),
        packed({"bias": good, "twin": good}),
        packed({"bias": good | {"dtype": "BF16"}}),
        packed({"bias": {}}),
        packed([1, 2]),
        packed(b'{"bias": 1, "bias": 2}'),
        packed(b"[" * 100_000),
        packed(b"\xff\xfe"),
        b"",
    ):
        path.write_bytes(content)
        raises_naming(path, One())


@formats
def test_nothing_is_read_before_names_and_shapes_agree(ending, tmp_path, monkeypatch):
    path = tmp_path / f"weights{ending}"
    nn.Sequential(nn.Dense(30, in_features=50)).save(path)

    def read(*_):
        raise AssertionError("data was read")

    monkeypatch.setattr(npz, "_read", read)
    monkeypatch.setattr(safetensors, "_read", read)
    raises_naming(path)


# -- nested state ---------------------------------------------------------------------------------

leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | arrays
    | st.sampled_from([np.float32(0.1), np.float64(0.1), np.int64(3), np.bool_(True)])
)  # fmt: skip
trees = st.recursive(
    leaves,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside),
    max_leaves=8,
)


def alike(one, other):
    """Equal, of the same kind, bit for bit."""
    if isinstance(one, (np.ndarray, np.generic)):
        return (
            isinstance(other, np.ndarray) == isinstance(one, np.ndarray)
            and one.dtype.newbyteorder("=") == other.dtype.newbyteorder("=")
            and one.shape == other.shape
            and one.astype(other.dtype).tobytes() == other.tobytes()
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))


@formats
@given(state=trees)
def test_nested_state_comes_back(ending, state, tmp_path_factory):
    path = tmp_path_factory.mktemp("tree") / f"state{ending}"
    storage.write(path, storage.tree.pack(state, "training/"))
    with storage.opened(path) as found:
        assert alike(state, storage.tree.unpack(found, "training/", path))


@pytest.mark.parametrize("text", ["", "{}", '{"dict": 3}', '{"array": "none"}', "[" * 100_000])
def test_state_that_makes_no_sense_is_damage(text, tmp_path):
    path = tmp_path / "state.npz"
    storage.write(path, {"x/state.json": np.frombuffer(text.encode(), np.uint8)})
    with storage.opened(path) as found, pytest.raises(ValueError, match=r"state\.npz is damaged"):
        storage.tree.unpack(found, "x/", path)


@pytest.mark.parametrize("value", [{1, 2}, {1: 2}, 1j, object(), [[lambda: 0]]])
def test_only_plain_state_is_packed(value):
    assert not storage.tree.is_plain(value)
    with pytest.raises(TypeError, match=r"\.here"):
        storage.tree.pack({"here": value}, "")
