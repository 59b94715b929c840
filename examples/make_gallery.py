"""Builds the lessons, with pictures and notebooks, and the API reference as web pages.

    pip install -e ".[docs]"
    python examples/make_gallery.py           # → runs/site/html/index.html
    python examples/make_gallery.py --quick   # smaller numbers: a first look

The pages load nothing from the network.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import pkgutil
import shutil
import sys
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).resolve().parent
ROOT = EXAMPLES.parent
sys.path.insert(0, str(ROOT))

PACKAGES = "autograd", "nn", "optim"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="lessons with smaller numbers")
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "site", help="a folder")
    args = parser.parse_args()
    try:
        from sphinx.cmd.build import build_main
    except ImportError:
        parser.exit(2, f'{parser.prog}: error: it needs Sphinx: pip install -e ".[docs]"\n')
    source, html = args.out / "source", args.out / "html"
    for made in source / "api", source / "lessons":  # a lesson is run again though its text is old
        shutil.rmtree(made, ignore_errors=True)
    (source / "api").mkdir(parents=True)
    for file in EXAMPLES / "site" / "index.rst", EXAMPLES / "gallery" / "neuron.svg":
        shutil.copy(file, source)
    for name, page in reference().items():
        (source / "api" / f"{name}.rst").write_text(page, encoding="utf-8")
    os.environ["GLASSGRAD_OUT"] = str(args.out / "pictures")
    os.environ["MPLBACKEND"] = "Agg"
    if args.quick:
        os.environ["QUICK"] = "1"
    config = str(EXAMPLES / "site")
    failed = build_main(
        ["-b", "html", "-c", config, "-q", "-W", "--keep-going", str(source), str(html)]
    )
    print(f"{'with warnings' if failed else 'done'}: {html / 'index.html'}")
    return failed


# -- the reference: a page for each public module, a section for each room ------------------------


def reference() -> dict[str, str]:
    """Pages by name, as reStructuredText."""
    pages: dict[str, str] = {}
    for package in PACKAGES:
        _write(importlib.import_module(package), pages)
    listed = "".join(f"\n    {name}" for name in pages)
    lines = "".join(
        f"\n:doc:`{name}`\n    {page.splitlines()[3]}\n" for name, page in pages.items()
    )
    index = f"Reference\n=========\n{lines}\n.. toctree::\n    :hidden:\n{listed}\n"
    return pages | {"index": index}


def _write(module: ModuleType, pages: dict[str, str], said: frozenset[str] = frozenset()) -> None:
    """A page for a module's own names, and one for each package of rooms that they come from.

    What stands in `said`, on a page before, is left out.
    """
    rooms: dict[str, dict[str, list[str]]] = {module.__name__: {}}
    homes = _homes(module)
    inside = []
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.ismodule(value):
            inside.append(value)
        elif callable(value) and not name.startswith("_") and name not in said:
            room = homes.get(name) or value.__module__
            parts = room.split(".")
            page = ".".join(parts[:2]) if len(parts) > 2 else module.__name__
            rooms.setdefault(page, {}).setdefault(room, []).append(name)
    for page, of_page in rooms.items():
        if page not in pages:
            first = _first_sentence(sys.modules[page])
            pages[page] = f"{page}\n{'=' * len(page)}\n\n{first}.\n"
        text = ["", f".. currentmodule:: {module.__name__}", ""]
        for room, names in of_page.items():
            heading = _first_sentence(sys.modules[room]).split(": ")[0]
            text += _section(module, heading, names)
        pages[page] += "\n".join(text)
    for other in inside:
        if other.__name__.startswith(PACKAGES) and hasattr(other, "__all__"):
            _write(other, pages, frozenset(module.__all__))


def _section(module: ModuleType, heading: str, names: list[str]) -> list[str]:
    text = [heading, "-" * 2 * len(heading), ""]
    text += [".. autosummary::", "    :nosignatures:", "", *(f"    {n}" for n in names), ""]
    for name in names:
        is_class = inspect.isclass(getattr(module, name))
        text += [f".. {'autoclass' if is_class else 'autofunction'}:: {name}"]
        text += ["    :members:", "    :exclude-members: describe", ""] if is_class else [""]
    return text


def _homes(package: ModuleType) -> dict[str, str]:
    """The module that lists a name in its `__all__` and lies deepest: where it is at home."""
    homes: dict[str, str] = {}
    if not hasattr(package, "__path__"):
        return homes
    for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if found.name == "autograd.numpy":  # it exists to refuse its import
            continue
        module = importlib.import_module(found.name)
        if found.ispkg:
            continue
        for name in getattr(module, "__all__", ()):
            if getattr(package, name, None) is getattr(module, name):
                homes[name] = module.__name__
    return homes


def _first_sentence(module: ModuleType) -> str:
    """What a module is for, as its docstring begins."""
    paragraph = " ".join((module.__doc__ or module.__name__).split("\n\n")[0].split())
    return paragraph.split(". ")[0].rstrip(".").replace("*", r"\*").replace("`", "")


if __name__ == "__main__":
    sys.exit(main())
