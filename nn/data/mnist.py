"""MNIST: 70,000 handwritten digits, 28 by 28. Find the four files, or fetch and verify them."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .batches import Pair, to_categorical
from .files import read_at_most, write_atomically
from .idx import read_idx

# Size and sha256 of the unpacked bytes: gzip wrappers differ between mirrors.
OFFICIAL = {
    "train-images-idx3-ubyte": (
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    "train-labels-idx1-ubyte": (
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    "t10k-images-idx3-ubyte": (
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    "t10k-labels-idx1-ubyte": (
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
}
WRAPPER = 1024  # bytes that gzip may add to what cannot be packed
# yann.lecun.com, the first home, answers 403 (2026-11).
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)


def load_mnist(
    normalize: bool = True,
    flatten: bool = True,
    one_hot_label: bool = False,
    path: str | os.PathLike[str] | None = None,
) -> tuple[Pair, Pair]:
    """MNIST, as `(x_train, t_train), (x_test, t_test)`.

    The files are looked for in the folder `path`, and only there, if it is given; else in
    `$MNIST_DIR`; else in the user's cache, where they are downloaded to when they are nowhere.
    A folder of your own may hold any IDX files under MNIST's names, packed (.gz) or not.

    x: (N, 784), or (N, 1, 28, 28) unless flatten; float32 in 0..1, or uint8 in 0..255 unless
    normalize. t: (N,) int64 in 0..9, or (N, 10) float32 if one_hot_label. N: 60,000 and 10,000.

    Raises FileNotFoundError for files missing in `path`, ValueError naming the file that is
    damaged or does not fit its partner, OSError where the download fails.

    >>> import tempfile
    >>> from nn.data import write_idx
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for part, n in ("train", 6), ("t10k", 2):
    ...         images, labels = np.zeros((n, 28, 28), np.uint8), np.arange(n, dtype=np.uint8)
    ...         write_idx(f"{folder}/{part}-images-idx3-ubyte.gz", images)
    ...         write_idx(f"{folder}/{part}-labels-idx1-ubyte.gz", labels)
    ...     (x_train, t_train), (x_test, t_test) = load_mnist(path=folder)
    >>> x_train.shape, t_train.shape, x_test.shape, t_test.shape
    ((6, 784), (6,), (2, 784), (2,))

    Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits". The form
    of the call is that of *Deep Learning from Scratch* (K. Saitoh), dataset/mnist.py.
    """
    files = _locate(path)
    train, test = (
        _read_pair(files[f"{part}-images-idx3-ubyte"], files[f"{part}-labels-idx1-ubyte"])
        for part in ("train", "t10k")
    )

    def form(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Pair:
        count, height, width = images.shape
        x = images.reshape((count, height * width) if flatten else (count, 1, height, width))
        return (
            np.divide(x, 255, dtype=np.float32) if normalize else x,
            to_categorical(labels, 10) if one_hot_label else labels.astype(np.int64),
        )

    return form(*train), form(*test)


def _read_pair(images_path: Path, labels_path: Path) -> Pair:
    images, labels = read_idx(images_path), read_idx(labels_path)
    for path, array, dims in (images_path, images, 3), (labels_path, labels, 1):
        if array.ndim != dims or array.dtype != np.uint8:
            raise ValueError(
                f"{path}: it holds {array.dtype} of shape {array.shape}; MNIST's images are uint8 "
                "of shape (N, height, width), its labels uint8 of shape (N,)."
            )
    if len(images) != len(labels):
        raise ValueError(
            f"{images_path} holds {len(images):,} images, but {labels_path} {len(labels):,} "
            "labels. Are they from the same set?"
        )
    if labels.size and labels.max() > 9:
        where = int(labels.argmax())
        raise ValueError(
            f"{labels_path}: label {where} is {labels[where]}; MNIST's labels are 0..9. For "
            "another set of files use nn.data.read_idx."
        )
    return images, labels


def _locate(path: str | os.PathLike[str] | None) -> dict[str, Path]:
    """The four files: in `path`; else in $MNIST_DIR; else in the cache, downloaded if need be."""
    if path is not None:
        files, missing = _look_in(Path(path))
        if missing:
            raise FileNotFoundError(
                f"load_mnist: {path} lacks {', '.join(missing)} (each with or without .gz). "
                "Put them there, or leave path= out to have them downloaded."
            )
        return files
    if named := os.environ.get("MNIST_DIR"):
        files, missing = _look_in(Path(named))
        if not missing:
            return files
        warnings.warn(
            f"load_mnist: $MNIST_DIR is {named}, which lacks {', '.join(missing)}; "
            f"taking MNIST from {cache_folder()} instead.",
            stacklevel=3,
        )
    files, missing = _look_in(cache_folder())
    return files | _download(missing, cache_folder())


def _look_in(folder: Path) -> tuple[dict[str, Path], list[str]]:
    candidates = {name: (folder / f"{name}.gz", folder / name) for name in OFFICIAL}
    found = {name: next(filter(Path.is_file, paths), None) for name, paths in candidates.items()}
    present = {name: path for name, path in found.items() if path}
    return present, [name for name in OFFICIAL if name not in present]


def cache_folder() -> Path:
    """Where downloads are kept: `glassgrad/mnist` in the user's cache folder."""
    if named := os.environ.get("XDG_CACHE_HOME"):
        base = Path(named)
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        base = Path(local)
    else:
        base = Path.home() / ".cache"
    return base / "glassgrad" / "mnist"


def _download(names: list[str], folder: Path) -> dict[str, Path]:
    """Fetch and verify all of `names`, and only then store any: a failure changes nothing."""
    verified = {folder / f"{name}.gz": _fetch_verified(name) for name in names}
    for path, packed in verified.items():
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(path, packed)
    return dict(zip(names, verified, strict=True))


def _fetch_verified(name: str) -> bytes:
    from .download import fetch  # urllib and ssl: only for those who download

    size, sha256 = OFFICIAL[name]
    failures = []
    for mirror in MIRRORS:
        url = f"{mirror}{name}.gz"
        try:
            packed = fetch(url, limit=size + WRAPPER)
            with gzip.open(io.BytesIO(packed)) as file:
                found = hashlib.sha256(read_at_most(file, size + 1)).hexdigest()
            if found != sha256:
                raise ValueError(f"the sha256 of what came is {found}, not {sha256}")
            return packed
        except (OSError, EOFError, zlib.error, ValueError) as error:
            failures.append(f"  {url}: {error}")
    raise OSError(
        "\n".join(
            (
                "load_mnist: MNIST is not on this machine, and could not be downloaded:",
                *failures,
                f"Put {', '.join(OFFICIAL)} (each with or without .gz) into a folder and pass it "
                "as path=, or name it in $MNIST_DIR. load_digits() needs no download.",
            )
        )
    )
