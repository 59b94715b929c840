"""The code on every page runs, and its links lead somewhere; every public name says what it is."""

import importlib
import inspect
import re
import typing
from pathlib import Path

import numpy as np
import pytest

import autograd
import nn
import optim

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    str(page.relative_to(ROOT)): page.read_text(encoding="utf-8")
    for page in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") for part in page.relative_to(ROOT).parts)
}
every_page = pytest.mark.parametrize("page", PAGES)


@every_page
def test_the_code_on_the_page_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = {"np": np, "ag": autograd, "__name__": "page"}
    for name in ("op", "elementwise", "A", "Sample", "Tensor"):
        code[name] = getattr(autograd, name)
    text = PAGES[page]
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        line = text[: block.start(1)].count("\n")
        exec(compile("\n" * line + block[1], page, "exec"), code)


@every_page
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", PAGES[page])
    here = (ROOT / page).parent
    assert [l for l in links if "://" not in l and not (here / l).exists()] == []


def test_pages_were_found():
    assert "```python" in PAGES["README.md"]
    assert "```python" in PAGES["autograd/README.md"]


# -- docstrings -----------------------------------------------------------------------------------

NAMESPACES = (
    "autograd", "autograd.plot", "autograd.testing",
    "nn", "nn.augment", "nn.data", "nn.functional", "nn.init", "nn.plot",
    "optim", "optim.schedule",
)  # fmt: skip
CLASSES = (autograd.Tensor, autograd.Picture, autograd.Walk, nn.Module, optim.Optimizer)

SENTENCE = re.compile(r"\s*\S.*?[.?](\s|$)", re.S)


def _needs_an_example(value):
    """Whether there is anything to show: not of type aliases, errors and warnings."""
    if isinstance(value, type):
        return not issubclass(value, BaseException)
    return callable(value) and typing.get_origin(value) is None


def _begins_with_a_sentence(text):
    return SENTENCE.match((text or "").split("\n\n")[0]) is not None


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_public_name_says_in_a_sentence_what_it_is(name):
    namespace = importlib.import_module(name)
    public = {n: getattr(namespace, n) for n in namespace.__all__}
    assert [
        n
        for n, value in public.items()
        if callable(value)
        and typing.get_origin(value) is None
        and not _begins_with_a_sentence(value.__doc__)
    ] == []


@pytest.mark.parametrize("name", NAMESPACES)
def test_every_public_callable_has_an_example(name):
    namespace = importlib.import_module(name)
    public = {n: getattr(namespace, n) for n in namespace.__all__}
    assert [
        n for n, v in public.items() if _needs_an_example(v) and ">>> " not in (v.__doc__ or "")
    ] == []


@pytest.mark.parametrize("of", CLASSES)
def test_every_public_method_says_in_a_sentence_what_it_does(of):
    methods = {n: inspect.getattr_static(of, n) for n in dir(of) if not n.startswith("_")}
    assert [
        n
        for n, method in methods.items()
        if (inspect.isroutine(method) or inspect.isdatadescriptor(method))
        and not inspect.ismemberdescriptor(method)
        and not _begins_with_a_sentence(inspect.getdoc(getattr(of, n)))
    ] == []


# The ops that are NumPy's functions go by NumPy's module, where doctest would not look for ours.
# Here it does: `__test__` is its name for more docstrings to run.
__test__ = {
    name: op.__doc__
    for name, op in vars(autograd).items()
    if inspect.isfunction(op) and op.__module__.startswith("numpy")
}
