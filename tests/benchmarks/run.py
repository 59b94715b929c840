"""All benchmarks, one table: `python tests/benchmarks/run.py`. See README.md."""

from importlib import import_module
from pathlib import Path

from harness import main

FIRST = (
    "training_step", "tiny_ops", "micrograd_demo", "elementwise_chain", "convnet", "transformer",
    "derivatives", "memory", "imports",
)  # fmt: skip
"""The order of the table; what is not named comes after."""

NOT_BENCHMARKS = {"harness", "profile_step", "run"}


def names() -> list[str]:
    """Every script here that measures something."""
    here = {path.stem for path in Path(__file__).parent.glob("*.py")} - NOT_BENCHMARKS
    return sorted(here, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name))


if __name__ == "__main__":
    main(*[import_module(name).rows for name in names()])
