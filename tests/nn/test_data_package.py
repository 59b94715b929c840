"""nn.data as a whole: what it exports, what it imports, and that its examples run."""

import ast
import doctest
import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

from nn import data

FOLDER = Path(data.__file__).parent
MODULES = sorted(path.stem for path in FOLDER.glob("*.py"))


def test_exports():
    wanted = {
        "load_digits", "load_mnist", "load_pickled_arrays", "batches", "to_categorical",
        "train_test_split", "read_idx", "write_idx", "Standardize", "moons", "circles", "spirals",
        "xor",
    }  # fmt: skip
    assert set(data.__all__) == wanted
    assert all(callable(getattr(data, name)) for name in wanted)


@pytest.mark.parametrize("name", data.__all__)
def test_public_docstrings_have_errors_an_example_and_a_source(name):
    text = inspect.getdoc(getattr(data, name))
    assert ">>> " in text
    assert "Raises " in text
    assert "Source: " in text
    assert text.splitlines()[0].endswith(".")
    assert len(text.splitlines()[0]) <= 100


@pytest.mark.parametrize("module", MODULES)
def test_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing of the user's
    name = "nn.data" if module == "__init__" else f"nn.data.{module}"
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module
        elif isinstance(node, ast.ImportFrom):
            above = node.level > 1 and node.module != "random"  # where chance comes from
            assert not above, f"{path.name} imports {node.module} from above its folder"


@pytest.mark.parametrize("module", MODULES)
def test_imports_only_numpy_and_the_standard_library(module):
    allowed = sys.stdlib_module_names | {"numpy", "tqdm"}
    for name in imports(FOLDER / f"{module}.py"):
        assert name.partition(".")[0] in allowed or name == "autograd._lazy"
        assert name != "pickle", "not even by mistake"


def test_what_only_a_download_needs_is_not_loaded_before():
    script = (
        "import sys, nn.data; nn.data.load_digits\n"
        "print([name for name in ('tqdm', 'urllib.request', 'ssl') if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    root = FOLDER.parents[1]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout.strip() == "[]"
