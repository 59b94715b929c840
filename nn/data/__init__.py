"""Data for learning: loaders that trust no file, and mini-batches.

Training starts with two lines of it:

    from nn.data import load_mnist, batches

    (x_train, t_train), (x_test, t_test) = load_mnist()
    for x, t in batches(x_train, t_train, batch_size=100, rng=0):
        ...

One page on where the files come from, and why none is unpickled: README.md.
"""

from typing import TYPE_CHECKING

from autograd._lazy import lazy

from .batches import batches, to_categorical, train_test_split

if TYPE_CHECKING:
    from .digits import load_digits
    from .idx import read_idx, write_idx
    from .mnist import load_mnist
    from .pickled import load_pickled_arrays
    from .standardize import Standardize
    from .toy import circles, moons, spirals, xor

__all__ = [
    "Standardize",
    "batches",
    "circles",
    "load_digits",
    "load_mnist",
    "load_pickled_arrays",
    "moons",
    "read_idx",
    "spirals",
    "to_categorical",
    "train_test_split",
    "write_idx",
    "xor",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy(
        __name__,
        {
            "digits": "load_digits",
            "idx": "read_idx write_idx",
            "mnist": "load_mnist",
            "pickled": "load_pickled_arrays",
            "standardize": "Standardize",
            "toy": "circles moons spirals xor",
        },
    )
