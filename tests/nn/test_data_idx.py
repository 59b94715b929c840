"""IDX files: what is written comes back; every damage is a ValueError naming the file; no bombs."""

import gzip
import math
import os
import re
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn.data import files, read_idx, write_idx
from nn.data.idx import CODES

MIB = 1 << 20


def idx_bytes(code, shape, body):
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + body


GOOD = idx_bytes(0x08, (2, 3), bytes(range(6)))


def write(path, data):
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


# ---------------------------------------------------------------- what is written comes back


def test_reads_the_format_as_published(tmp_path):
    """Bytes written by hand, so that a mistake common to reader and writer shows."""
    for name in "plain", "packed.gz":
        array = read_idx(write(tmp_path / name, GOOD))
        np.testing.assert_array_equal(array, [[0, 1, 2], [3, 4, 5]])
        assert array.dtype == np.uint8


@pytest.mark.parametrize(
    ("code", "letter", "values"),
    [
        (0x08, "B", [0, 200, 255]),
        (0x09, "b", [-128, 0, 127]),
        (0x0B, "h", [-300, 0, 32767]),
        (0x0C, "i", [-70000, 0, 2**31 - 1]),
        (0x0D, "f", [-1.5, 0.0, 1e30]),
        (0x0E, "d", [-1.5, 0.1, 1e300]),
    ],
)
def test_every_kind_of_number_big_endian_in_native_out(tmp_path, code, letter, values):
    body = struct.pack(f">3{letter}", *values)
    array = read_idx(write(tmp_path / "numbers", idx_bytes(code, (3,), body)))
    assert array.dtype == np.dtype(letter)
    assert array.dtype.isnative
    np.testing.assert_array_equal(array, np.array(values, dtype=letter))
    assert array.flags.c_contiguous
    assert array.flags.writeable
    array[0] = 1
    assert array[0] == 1


@given(
    array=st.sampled_from(list(CODES)).flatmap(
        lambda dtype: hnp.arrays(
            st.sampled_from([dtype, dtype.newbyteorder("<")]),
            hnp.array_shapes(max_dims=4, max_side=4, min_side=0),
        )
    ),
    name=st.sampled_from(["a", "a.gz"]),
    transpose=st.booleans(),
)
def test_round_trip(tmp_path_factory, array, name, transpose):
    array = array.T if transpose else array
    path = tmp_path_factory.mktemp("idx") / name
    write_idx(path, array)
    back = read_idx(path)
    np.testing.assert_array_equal(back, array)
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.flags.c_contiguous


def test_equal_arrays_give_equal_bytes(tmp_path, monkeypatch):
    def packed_at(seconds):
        monkeypatch.setattr("time.time", lambda: seconds)
        write_idx(tmp_path / "a.gz", np.arange(3, dtype=np.uint8))
        return (tmp_path / "a.gz").read_bytes()

    assert packed_at(1e9) == packed_at(2e9)


@pytest.mark.parametrize("dtype", ["int64", "bool", "uint16", "complex64", "O", "U3"])
def test_write_refuses_what_idx_does_not_have(tmp_path, dtype):
    with pytest.raises(TypeError, match=r"IDX has no .*astype"):
        write_idx(tmp_path / "a", np.zeros(3, dtype))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dims", [0, 5])
def test_write_refuses_other_dimensions(tmp_path, dims):
    with pytest.raises(ValueError, match=f"{dims} dimensions"):
        write_idx(tmp_path / "a", np.zeros((1,) * dims, np.uint8))
    assert not list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path, monkeypatch):
    write_idx(tmp_path / "a", np.arange(3, dtype=np.uint8))

    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="disk full"):
        write_idx(tmp_path / "a", np.zeros(9, np.uint8))
    assert [p.name for p in tmp_path.iterdir()] == ["a"], "no temporary file left"
    np.testing.assert_array_equal(read_idx(tmp_path / "a"), [0, 1, 2])


# ---------------------------------------------------------------- damage

DAMAGE = {
    "empty": (b"", "4 bytes of magic"),
    "short magic": (GOOD[:3], "4 bytes of magic"),
    "wrong magic": (b"\1" + GOOD[1:], "two zero bytes"),
    "text": (b"<html>403 Forbidden</html>", "two zero bytes"),
    "unknown kind": (b"\0\0\x0a" + GOOD[3:], "unknown kind 0x0a"),
    "no dimensions": (idx_bytes(8, (), b"\1"), "0 dimensions"),
    "five dimensions": (idx_bytes(8, (1,) * 5, b"\1"), "5 dimensions"),
    "cut in the header": (GOOD[:9], "within its header"),
    "cut before the numbers": (GOOD[:12], "only 0 follow"),
    "cut in the numbers": (GOOD[:-1], "only 5 follow"),
    "one byte more": (GOOD + b"\0", "more follow"),
    "two files in one": (GOOD + GOOD, "more follow"),
    "16-bit, one byte short": (idx_bytes(0x0B, (2,), b"\0\1\0"), "only 3 follow"),
    "8 TiB": (idx_bytes(8, (2**31, 2**12), b""), "8,796,093,022,208 bytes"),
    "beyond 64 bits": (idx_bytes(0x0E, (2**32 - 1,) * 4, b"\1"), "limit is 1,073,741,824"),
    "nothing, in huge dimensions": (idx_bytes(8, (0, *(2**32 - 1,) * 3), b""), ""),
}


@pytest.mark.parametrize("name", ["images", "images.gz"])
@pytest.mark.parametrize("case", DAMAGE)
def test_damage_is_a_value_error_that_names_the_file(tmp_path, case, name):
    data, message = DAMAGE[case]
    path = write(tmp_path / name, data)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: ')}.*{re.escape(message)}"):
        read_idx(path)


PACKED = gzip.compress(GOOD, mtime=0)
FLIPPED = bytearray(PACKED)
FLIPPED[-6] ^= 1  # in the checksum
GZIP_DAMAGE = {
    "not gzip": GOOD,
    "empty file": b"",
    "cut in gzip's header": PACKED[:5],
    "cut in the stream": PACKED[:-12],
    "cut in the checksum": PACKED[:-3],
    "wrong checksum": bytes(FLIPPED),
    "wrong length": PACKED[:-1] + b"\1",
    "bad block type": PACKED[:10] + b"\x07" + PACKED[11:],
    "garbage after the stream": PACKED + b"garbage",
    "second stream after the first": PACKED + PACKED,
}


@pytest.mark.parametrize("case", GZIP_DAMAGE)
def test_gzip_damage_is_a_value_error_that_names_the_file(tmp_path, case):
    path = tmp_path / "images.gz"
    path.write_bytes(GZIP_DAMAGE[case])
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: ')}"):
        read_idx(path)


def test_a_gzipped_file_without_gz_in_its_name_is_told_so(tmp_path):
    (tmp_path / "images").write_bytes(PACKED)
    with pytest.raises(ValueError, match=r"looks gzipped: let its name end in \.gz"):
        read_idx(tmp_path / "images")


@given(st.data())
def test_any_change_of_the_bytes_is_refused_or_changes_numbers_only(tmp_path_factory, data):
    """Every prefix, and every flipped bit: a ValueError, or an array as long as the file says."""
    packed = data.draw(st.booleans())
    good = bytearray(PACKED if packed else GOOD)
    if data.draw(st.booleans()):
        del good[data.draw(st.integers(0, len(good) - 1)) :]
    else:
        good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("idx") / ("a.gz" if packed else "a")
    path.write_bytes(good)
    try:
        found = read_idx(path).nbytes
    except ValueError as error:
        found = str(error)
    assert found == 6 or str(path) in found


def test_no_file_and_a_folder_are_the_systems_own_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")
    with pytest.raises(OSError, match=tmp_path.name):
        read_idx(tmp_path)


# ---------------------------------------------------------------- bombs


def bomb(path, header, size):
    """A small gzip file that unpacks to `size` zeros after the header, made in little memory."""
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as file:
        file.write(packer.compress(header))
        for _ in range(size // MIB):
            file.write(packer.compress(bytes(MIB)))
        file.write(packer.flush())


def peak_of_refusal(path, **kwargs):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="declares") as caught:
            read_idx(path, **kwargs)
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("shape", [(6,), (1000, 28, 28), (2**31, 2**10)])
def test_a_bomb_of_200_mb_is_refused_in_little_memory(tmp_path, shape):
    """It holds more than it declares; or it declares more than the limit."""
    path = tmp_path / "bomb.gz"
    bomb(path, idx_bytes(8, shape, b""), 200 * MIB)
    assert path.stat().st_size < MIB
    peak, _ = peak_of_refusal(path)
    assert peak < 4 * MIB


def test_a_bomb_that_declares_its_size_is_refused_by_the_limit(tmp_path):
    path = tmp_path / "bomb.gz"
    bomb(path, idx_bytes(8, (200, MIB), b""), 200 * MIB)
    peak, message = peak_of_refusal(path, max_bytes=100 * MIB)
    assert peak < MIB
    assert "pass a larger max_bytes=" in message


@pytest.mark.parametrize("name", ["liar", "liar.gz"])
def test_memory_follows_what_is_there_not_what_is_declared(tmp_path, name):
    path = write(tmp_path / name, idx_bytes(8, (900, MIB), bytes(100)))
    peak, message = peak_of_refusal(path)
    assert "only 100 follow" in message
    assert peak < MIB


def test_the_limit_is_for_what_is_declared_exactly(tmp_path):
    path = tmp_path / "a"
    write_idx(path, np.zeros((4, 5), np.float32))
    assert read_idx(path, max_bytes=80).shape == (4, 5)
    with pytest.raises(ValueError, match="80 bytes; the limit is 79"):
        read_idx(path, max_bytes=79)


def test_a_byte_more_than_declared_is_all_that_is_read():
    """The plain reading of "bounded": counted at the source."""

    class Endless:
        read_so_far = 0

        def read(self, size):
            self.read_so_far += size
            return bytes(size)

    source = Endless()
    limit = math.prod((2, 3)) * files.CHUNK + 1
    assert len(files.read_at_most(source, limit)) == limit == source.read_so_far


def test_the_official_files_are_read(mnist_folder):
    images = read_idx(mnist_folder / "train-images-idx3-ubyte.gz")
    labels = read_idx(mnist_folder / "train-labels-idx1-ubyte.gz")
    assert images.shape == (60000, 28, 28)
    assert images.dtype == np.uint8
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]


@pytest.fixture
def mnist_folder():
    if not (data := os.environ.get("GLASSGRAD_DATA")):
        pytest.skip("needs the real MNIST: set GLASSGRAD_DATA to a folder that has mnist/")
    return Path(data) / "mnist"
