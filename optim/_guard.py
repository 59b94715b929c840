"""Are the packages we build on ours? Others publish an `autograd`, an `nn` and an `optim` too.

This file stands in `optim` and in `nn`, word for word (a test compares them): had they one between
them, the guard itself could come from a stranger.
"""

import os
from importlib import import_module
from importlib.util import find_spec

__distribution__ = "glassgrad"

LAYERS = ("autograd", "optim", "nn")  # each builds only on those before it


def _require_ours(name: str) -> None:
    beside_us = os.path.realpath(os.path.join(os.path.dirname(os.path.dirname(__file__)), name))
    spec = find_spec(name)  # looks and runs nothing: it may find the user's own script, optim.py
    found = spec and (spec.origin or list(spec.submodule_search_locations or []))
    if (
        isinstance(found, str)
        and os.path.realpath(os.path.dirname(found)) == beside_us
        # the right folder; but another distribution may have overwritten the file in it
        and getattr(import_module(name), "__distribution__", None) == __distribution__
    ):
        return
    raise ImportError(
        f"{__package__} builds on glassgrad's own {name}, but `import {name}` finds "
        f"{found or 'nothing'}. If another distribution put it there: pip uninstall {name}; "
        "then install glassgrad again, --force-reinstall --no-deps. If the file is yours: "
        "rename it.",
        name=name,
    )


for _name in LAYERS[: LAYERS.index(__package__)]:
    _require_ours(_name)
