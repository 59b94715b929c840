"""Who we are, and whether somebody else has moved in.

Other projects publish packages named `autograd`, `nn` and `optim` too. pip installs them all into
the same folders, overwrites files without a word, and `pip check` is content. So each of our
packages carries `__distribution__`, which `nn` and `optim` look at before they build on it (their
`_guard.py`); and here, where everything of ours begins, we look for the others' files among ours.
"""

import os
import warnings

__version__ = "0.1.0"  # pyproject.toml reads it from here
__distribution__ = "glassgrad"

# Files that ours must never have -> the distribution that has them.
_FILES_OF_OTHERS = {
    "autograd/numpy/__init__.py": "autograd",  # HIPS autograd, any version
    "autograd/tracer.py": "autograd",
    "nn/ops.py": "nn",  # 0.1.1
    "optim/optim.py": "optim",  # 0.1.0
}


class NameClashWarning(UserWarning):
    """Another distribution has put its files among ours: imports may find either's."""


def _warn_of_clashes(root: str) -> None:
    for file, other in _FILES_OF_OTHERS.items():
        path = os.path.join(root, file)
        if os.path.exists(path):  # 2 µs; importing importlib.metadata to ask would cost 16 ms
            warnings.warn(
                f"{path} is not ours: another distribution, {other!r}, shares the folder with "
                "glassgrad, and the later of the two has overwritten files of the earlier. "
                "Keep them in separate virtual environments, or: "
                f"pip uninstall {other}; then install glassgrad again, --force-reinstall --no-deps",
                NameClashWarning,
                stacklevel=4,  # this function, this module, autograd/__init__.py, the user's import
            )
            return  # one is enough to say


_warn_of_clashes(os.path.dirname(os.path.dirname(__file__)))
