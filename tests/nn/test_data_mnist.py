"""load_mnist: the forms it returns, where it looks, what it downloads. Never uses the network."""

import gzip
import hashlib
import io
import os
import re
import struct
import sys
import tracemalloc
import urllib.request
import urllib.response
from email.message import Message
from pathlib import Path

import numpy as np
import pytest

from nn.data import download, load_mnist, load_pickled_arrays, mnist, write_idx

NAMES = list(mnist.OFFICIAL)


def small_set(train=7, test=3):
    rng = np.random.default_rng(1)
    return {
        "train-images-idx3-ubyte": rng.integers(0, 256, (train, 28, 28), dtype=np.uint8),
        "train-labels-idx1-ubyte": rng.integers(0, 10, train, dtype=np.uint8),
        "t10k-images-idx3-ubyte": rng.integers(0, 256, (test, 28, 28), dtype=np.uint8),
        "t10k-labels-idx1-ubyte": rng.integers(0, 10, test, dtype=np.uint8),
    }


def write_set(folder, arrays=None, ending=".gz"):
    folder.mkdir(parents=True, exist_ok=True)
    for name, array in (arrays or small_set()).items():
        write_idx(folder / f"{name}{ending}", array)
    return folder


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A cache of its own for each test, and no network: a call that opens a URL fails the test."""
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))

    def no_network(url):
        raise AssertionError(f"tried to open {url}")

    monkeypatch.setattr(download, "open_url", no_network)
    return tmp_path / "home" / "glassgrad" / "mnist"


# ---------------------------------------------------------------- the forms


@pytest.mark.parametrize("ending", [".gz", ""])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("flatten", [True, False])
@pytest.mark.parametrize("one_hot_label", [True, False])
def test_forms(tmp_path, ending, normalize, flatten, one_hot_label):
    arrays = small_set()
    folder = write_set(tmp_path / "own", arrays, ending)
    parts = load_mnist(normalize, flatten, one_hot_label, path=folder)
    for (x, t), part in zip(parts, ("train", "t10k"), strict=True):
        images = arrays[f"{part}-images-idx3-ubyte"]
        labels = arrays[f"{part}-labels-idx1-ubyte"]
        n = len(images)
        assert x.shape == ((n, 784) if flatten else (n, 1, 28, 28))
        assert x.dtype == (np.float32 if normalize else np.uint8)
        expected = images.reshape(x.shape)
        np.testing.assert_array_equal(
            x, expected.astype(np.float32) / np.float32(255) if normalize else expected
        )
        if one_hot_label:
            assert t.shape == (n, 10)
            assert t.dtype == np.float32
            np.testing.assert_array_equal(t.sum(axis=1), 1)
            np.testing.assert_array_equal(t.argmax(axis=1), labels)
        else:
            assert t.dtype == np.int64
            np.testing.assert_array_equal(t, labels)


def test_defaults_are_those_of_the_book(tmp_path):
    (x, t), _ = load_mnist(path=write_set(tmp_path / "own"))
    assert x.shape == (7, 784)
    assert x.dtype == np.float32
    assert t.shape == (7,)


def test_normalised_pixels_end_at_exactly_0_and_1(tmp_path):
    arrays = small_set()
    arrays["train-images-idx3-ubyte"][0, 0, :2] = 0, 255
    (x, _), _ = load_mnist(path=write_set(tmp_path / "own", arrays))
    assert x.min() == 0.0
    assert x.max() == 1.0


def test_results_may_be_written_to(tmp_path):
    for normalize in True, False:
        (x, t), _ = load_mnist(normalize=normalize, path=write_set(tmp_path / "own"))
        x[0, 0] = 1
        t[0] = 1
        assert x[0, 0] == 1
        assert t[0] == 1


def test_a_set_of_no_images(tmp_path):
    (x, t), _ = load_mnist(one_hot_label=True, path=write_set(tmp_path / "own", small_set(train=0)))
    assert x.shape == (0, 784)
    assert t.shape == (0, 10)


def test_images_of_another_size_are_welcome(tmp_path):
    arrays = small_set()
    for part in "train", "t10k":
        arrays[f"{part}-images-idx3-ubyte"] = arrays[f"{part}-images-idx3-ubyte"][:, :20, :10]
    (x, _), _ = load_mnist(path=write_set(tmp_path / "own", arrays))
    assert x.shape == (7, 200)
    (x, _), _ = load_mnist(flatten=False, path=tmp_path / "own")
    assert x.shape == (7, 1, 20, 10)


# ---------------------------------------------------------------- files that do not fit


@pytest.mark.parametrize("part", ["train", "t10k"])
def test_images_and_labels_must_agree_in_number(tmp_path, part):
    arrays = small_set()
    arrays[f"{part}-labels-idx1-ubyte"] = np.zeros(5, np.uint8)
    folder = write_set(tmp_path / "own", arrays)
    with pytest.raises(ValueError, match=rf"{part}-images.*{part}-labels.* 5\s+labels"):
        load_mnist(path=folder)


def test_labels_beyond_9_are_refused(tmp_path):
    arrays = small_set()
    arrays["t10k-labels-idx1-ubyte"][1] = 10
    folder = write_set(tmp_path / "own", arrays)
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz: label 1 is 10"):
        load_mnist(path=folder)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("train-images-idx3-ubyte", np.zeros((7, 784), np.uint8)),
        ("train-images-idx3-ubyte", np.zeros((7, 28, 28), np.float32)),
        ("t10k-labels-idx1-ubyte", np.zeros((3, 1), np.uint8)),
        ("t10k-labels-idx1-ubyte", np.zeros(3, np.int32)),
    ],
)
def test_arrays_of_another_form_are_refused(tmp_path, name, array):
    folder = write_set(tmp_path / "own", small_set() | {name: array})
    with pytest.raises(ValueError, match=f"{name}.*MNIST's images are"):
        load_mnist(path=folder)


def test_images_in_the_place_of_labels_are_refused(tmp_path):
    folder = write_set(tmp_path / "own")
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(
        (folder / "train-images-idx3-ubyte.gz").read_bytes()
    )
    with pytest.raises(ValueError, match="train-labels"):
        load_mnist(path=folder)


# ---------------------------------------------------------------- where it looks


def test_a_path_that_lacks_files_names_them_and_nothing_else_is_tried(tmp_path, home, monkeypatch):
    write_set(home)
    monkeypatch.setenv("MNIST_DIR", str(home))
    folder = write_set(tmp_path / "own")
    (folder / "t10k-images-idx3-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"own lacks t10k-images-idx3-ubyte \(") as caught:
        load_mnist(path=folder)
    assert "path=" in str(caught.value)
    with pytest.raises(FileNotFoundError) as caught:
        load_mnist(path=tmp_path / "nowhere")
    assert all(name in str(caught.value) for name in NAMES)


def test_order_is_path_then_environment_then_cache(tmp_path, home, monkeypatch):
    for n, folder in (4, home), (5, tmp_path / "named"), (6, tmp_path / "own"):
        write_set(folder, small_set(train=n))
    count = lambda **kwargs: len(load_mnist(**kwargs)[0][0])
    assert count() == 4
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "named"))
    assert count() == 5
    assert count(path=tmp_path / "own") == 6
    assert count(path=str(tmp_path / "own")) == 6
    monkeypatch.setenv("MNIST_DIR", "")
    assert count() == 4


def test_packed_and_unpacked_may_be_mixed(tmp_path):
    arrays = small_set()
    folder = tmp_path / "own"
    folder.mkdir()
    for name, ending in zip(arrays, (".gz", "", "", ".gz"), strict=True):
        write_idx(folder / f"{name}{ending}", arrays[name])
    assert load_mnist(path=folder)[0][0].shape == (7, 784)


def test_an_environment_folder_that_lacks_files_is_said_before_the_cache_is_taken(
    tmp_path, home, monkeypatch
):
    write_set(home)
    monkeypatch.setenv("MNIST_DIR", str(tmp_path / "typo"))
    with pytest.warns(UserWarning, match=r"\$MNIST_DIR is .*typo, which lacks") as caught:
        (x, _), _ = load_mnist()
    assert len(x) == 7
    assert caught[0].filename == __file__, "the warning points at the caller"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "X"}, "X"),
        ("darwin", {"XDG_CACHE_HOME": "X"}, "X"),
        ("linux", {}, "H/.cache"),
        ("darwin", {}, "H/Library/Caches"),
        ("win32", {"LOCALAPPDATA": "L"}, "L"),
        ("win32", {}, "H/.cache"),
    ],
)
def test_cache_folder(monkeypatch, platform, variables, expected):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("H"))
    for name in "XDG_CACHE_HOME", "LOCALAPPDATA":
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert mnist.cache_folder() == Path(expected) / "glassgrad" / "mnist"


# ---------------------------------------------------------------- download


class Web:
    """Stands in for the network: address -> bytes, or an exception to raise."""

    def __init__(self):
        self.pages, self.asked = {}, []

    def __call__(self, url):
        self.asked.append(url)
        page = self.pages.get(url, OSError("no such host"))
        if isinstance(page, Exception):
            raise page
        headers = Message()
        headers["Content-Length"] = str(len(page))
        return urllib.response.addinfourl(io.BytesIO(page), headers, url, 200)


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Both mirrors offer a small set, whose sizes and hashes stand for the official ones."""
    web = Web()
    unpacked = {n: gzip.decompress(p) for n, p in packed_set(tmp_path).items()}
    monkeypatch.setattr(download, "open_url", web)
    monkeypatch.setattr(
        mnist, "OFFICIAL", {n: (len(b), hashlib.sha256(b).hexdigest()) for n, b in unpacked.items()}
    )
    for mirror, level in zip(mnist.MIRRORS, (9, 1), strict=True):
        for name, data in unpacked.items():
            web.pages[f"{mirror}{name}.gz"] = gzip.compress(data, level)
    return web


def packed_set(tmp_path):
    folder = write_set(tmp_path / "offered")
    return {name: (folder / f"{name}.gz").read_bytes() for name in NAMES}


def test_downloads_once_verifies_and_keeps(home, web, capsys):
    (x, t), (x_test, _) = load_mnist()
    assert (len(x), len(t), len(x_test)) == (7, 7, 3)
    assert web.asked == [f"{mnist.MIRRORS[0]}{name}.gz" for name in NAMES]
    assert sorted(contents(home)) == sorted(f"{name}.gz" for name in NAMES)
    assert "train-images-idx3-ubyte.gz" in capsys.readouterr().err, "a bar per file"
    load_mnist()
    assert len(web.asked) == 4, "the second time comes from the cache"


def test_only_what_is_missing_is_downloaded(home, web):
    load_mnist()
    (home / f"{NAMES[2]}.gz").unlink()
    load_mnist()
    assert web.asked[4:] == [f"{mnist.MIRRORS[0]}{NAMES[2]}.gz"]


def test_the_second_mirror_stands_in(home, web):
    first, second = (f"{mirror}{NAMES[0]}.gz" for mirror in mnist.MIRRORS)
    web.pages[first] = OSError("403 Forbidden")
    load_mnist()
    assert web.asked[:2] == [first, second]
    assert contents(home)[f"{NAMES[0]}.gz"] == web.pages[second]


def other_images():
    other = small_set()["train-images-idx3-ubyte"].copy()
    other[0, 0, 0] ^= 1
    return gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 7, 28, 28) + other.tobytes())


BAD_PAGES = {
    "another file of the same size": (lambda good: other_images(), "sha256"),
    "a page that says sorry": (lambda good: b"<html>sorry</html>", "gzip"),
    "cut off": (lambda good: good[:-20], "end-of-stream"),
    "damaged": (lambda good: good[:30] + bytes(9) + good[39:], ""),
    "nothing": (lambda good: b"", "sha256 of what came is e3b0c442"),
    "garbage after": (lambda good: good + b"garbage", "gzip"),
    "no deflate": (lambda good: good[:10] + b"\7" + good[11:], "invalid block type"),
    "a bomb": (lambda good: gzip.compress(bytes(5_000_000)), "sha256"),
    "too many bytes": (lambda good: good + bytes(10_000), "more than the 6,528 bytes"),
}


@pytest.mark.parametrize("case", BAD_PAGES)
def test_a_bad_download_is_refused_and_changes_nothing(home, web, monkeypatch, case):
    """The bad file is the third of the four: the two good ones before it are not kept either."""
    make, message = BAD_PAGES[case]
    name = NAMES[0]
    order = (NAMES[1], NAMES[2], name, NAMES[3])
    monkeypatch.setattr(mnist, "OFFICIAL", {n: mnist.OFFICIAL[n] for n in order})
    for mirror in mnist.MIRRORS:
        web.pages[f"{mirror}{name}.gz"] = make(web.pages[f"{mirror}{name}.gz"])
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        load_mnist()
    text = str(caught.value)
    assert message in text
    assert all(f"{mirror}{name}.gz: " in text for mirror in mnist.MIRRORS), "what was tried"
    assert re.search(r"pass it as path=, or name it in \$MNIST_DIR", text), "what to do instead"
    assert not home.exists()


def test_a_failed_download_leaves_a_filled_cache_as_it_was(home, web):
    load_mnist()
    (home / f"{NAMES[1]}.gz").unlink()
    before = contents(home)
    web.pages.clear()
    with pytest.raises(OSError, match="no such host"):
        load_mnist()
    assert contents(home) == before


def test_a_write_that_fails_leaves_no_part_of_a_file(home, web, monkeypatch):
    def full(_):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        load_mnist()
    assert contents(home) == {}


def test_a_damaged_file_in_the_cache_is_named_and_left_alone(home, web):
    load_mnist()
    path = home / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-5])
    before = contents(home)
    with pytest.raises(ValueError, match=r"t10k-labels-idx1-ubyte\.gz: damaged gzip"):
        load_mnist()
    assert contents(home) == before
    assert len(web.asked) == 4


def test_a_download_is_bounded(monkeypatch):
    class Endless(io.RawIOBase):
        served = 0

        def readable(self):
            return True

        def read(self, size=-1):
            self.served += size
            return b"\1" * size

    endless = Endless()
    response = urllib.response.addinfourl(endless, Message(), "https://x/y", 200)
    monkeypatch.setattr(download, "open_url", lambda url: response)
    with pytest.raises(ValueError, match="more than the 100,000 bytes"):
        download.fetch("https://x/y", limit=100_000)
    assert endless.served == 100_001


def test_a_downloaded_bomb_is_unpacked_in_little_memory(home, web, monkeypatch):
    monkeypatch.setattr(mnist, "OFFICIAL", {NAMES[0]: (100_000, "0" * 64)})
    for mirror in mnist.MIRRORS:
        web.pages[f"{mirror}{NAMES[0]}.gz"] = gzip.compress(bytes(80_000_000))
    tracemalloc.start()
    try:
        with pytest.raises(OSError, match="sha256"):
            load_mnist()
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_a_broken_reply_counts_as_a_mirror_that_failed(home, web):
    from http.client import IncompleteRead

    web.pages[f"{mnist.MIRRORS[0]}{NAMES[0]}.gz"] = IncompleteRead(b"12", 100)
    load_mnist()
    assert web.asked[1] == f"{mnist.MIRRORS[1]}{NAMES[0]}.gz"


# ---------------------------------------------------------------- https only


class FakeHttps(urllib.request.HTTPSHandler):
    """Answers for https without a socket: the first address redirects, all others say hello."""

    def __init__(self, location):
        super().__init__()
        self.location = location
        self.replies = []

    def https_open(self, req):
        headers = Message()
        first = req.full_url == "https://first/"
        if first:
            headers["Location"] = self.location
        body = io.BytesIO(b"" if first else b"hello")
        reply = urllib.response.addinfourl(body, headers, req.full_url, 302 if first else 200)
        reply.msg = "Found" if first else "OK"
        self.replies.append(reply)
        return reply


@pytest.fixture
def redirecting(monkeypatch):
    """The real opener of download.py, with https answered by FakeHttps."""
    monkeypatch.undo()

    def to(location):
        https, build = FakeHttps(location), urllib.request.build_opener
        monkeypatch.setattr(download, "build_opener", lambda *handlers: build(*handlers, https))
        return https

    return to


def test_redirects_to_https_are_followed(redirecting):
    redirecting("https://second/")
    with download.open_url("https://first/") as reply:
        assert reply.read() == b"hello"


@pytest.mark.parametrize("location", ["http://second/", "HTTP://second/", "ftp://second/"])
def test_redirects_elsewhere_are_refused(redirecting, location):
    https = redirecting(location)
    with pytest.raises(OSError, match="second/, which is not https"):
        download.open_url("https://first/")
    assert [reply.closed for reply in https.replies] == [True]


@pytest.mark.parametrize("url", ["http://first/", "file:///etc/hostname", "ftp://first/"])
def test_only_https_is_opened(redirecting, url):
    with pytest.raises(OSError, match="is not https"):
        download.open_url(url)


def test_mirrors_are_https_and_not_the_one_that_answers_403():
    assert mnist.MIRRORS == (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    )


# ---------------------------------------------------------------- the real MNIST

DATA = os.environ.get("GLASSGRAD_DATA", "")
real = pytest.mark.skipif(
    not DATA, reason="needs the real data: set GLASSGRAD_DATA (a folder with mnist/ and the .pkl)"
)


@real
def test_real_shapes_and_ranges():
    (x, t), (x_test, t_test) = load_mnist(path=f"{DATA}/mnist")
    assert (x.shape, t.shape) == ((60000, 784), (60000,))
    assert (x_test.shape, t_test.shape) == ((10000, 784), (10000,))
    assert x.dtype == x_test.dtype == np.float32
    assert x.min() == 0.0
    assert x.max() == 1.0
    assert set(t.tolist()) == set(t_test.tolist()) == set(range(10))
    assert t[0] == 5, "the first training image is a five"
    assert x[0].shape == (784,)
    assert x[0].reshape(28, 28).shape == (28, 28)


@real
def test_real_without_normalising_one_hot_as_images():
    (x, t), _ = load_mnist(False, False, True, path=f"{DATA}/mnist")
    assert x.shape == (60000, 1, 28, 28)
    assert x.dtype == np.uint8
    assert x.min() == 0
    assert x.max() == 255
    assert t.shape == (60000, 10)
    assert t[0].argmax() == 5


@real
def test_real_files_have_the_official_hashes():
    for name, (size, sha256) in mnist.OFFICIAL.items():
        unpacked = gzip.decompress((Path(DATA) / "mnist" / f"{name}.gz").read_bytes())
        assert (len(unpacked), hashlib.sha256(unpacked).hexdigest()) == (size, sha256)


@real
def test_real_files_pass_the_download(home, monkeypatch):
    web = Web()
    for name in NAMES:
        page = (Path(DATA) / "mnist" / f"{name}.gz").read_bytes()
        web.pages[f"{mnist.MIRRORS[1]}{name}.gz"] = page
    monkeypatch.setattr(download, "open_url", web)
    (x, _), _ = load_mnist()
    assert len(x) == 60000
    assert len(contents(home)) == 4


@real
@pytest.mark.parametrize(("normalize", "right"), [(True, 9352), (False, 9207)])
@pytest.mark.parametrize("batch", [1, 100])
def test_the_books_network_is_right_as_often_as_the_notes_say(normalize, right, batch):
    """Three layers by hand, with the weights of the book, read without unpickling."""
    w = load_pickled_arrays(f"{DATA}/sample_weight.pkl")

    def sigmoid(a):
        return 1 / (1 + np.exp(-a))

    def softmax(a):
        e = np.exp(a - a.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    def predict(x):
        z1 = sigmoid(x @ w["W1"] + w["b1"])
        z2 = sigmoid(z1 @ w["W2"] + w["b2"])
        return softmax(z2 @ w["W3"] + w["b3"])

    _, (x, t) = load_mnist(normalize=normalize, path=f"{DATA}/mnist")
    correct = 0
    with np.errstate(over="ignore"):  # unscaled pixels: exp(-a) -> inf, sigmoid -> 0, as meant
        for i in range(0, len(x), batch):
            correct += int((predict(x[i : i + batch]).argmax(axis=1) == t[i : i + batch]).sum())
    assert correct == right
