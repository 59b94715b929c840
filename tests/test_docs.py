"""The code on every page runs and gives what the page says, and its links lead somewhere; every
public name says what it is."""

import ast
import contextlib
import doctest
import importlib
import importlib.util
import inspect
import io
import linecache
import re
import traceback
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


# A comment that is nothing but a value, `# [-0.09…, 1]` or `# → 2.0`, states what its line gives.
STATED = re.compile(r"#\s*(?:→\s*)?((?:Tensor|array)\(.*\)|[\[(].*[\])]|-?\d[\d.…]*)\s*$")


def said_and_given(code, name, names):
    """Runs the code, and finds what its lines say that they give: pairs (said, given)."""
    lines = code.splitlines()
    for statement in ast.parse(code, name).body:
        stated = STATED.search(lines[statement.end_lineno - 1])
        if stated is None or not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), name, "exec"), names)
            continue
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            value = eval(compile(ast.Expression(statement.value), name, "eval"), names)
        yield stated[1], printed.getvalue() or repr(value)


def agree(said, given):
    """As in a doctest: `…` stands for anything, and any white space for any other."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    want, got = [re.sub(r"\s*([\[\](),])\s*", r"\1", text.strip()) for text in (said, given)]
    return doctest.OutputChecker().check_output(want.replace("…", "..."), got, flags)


@every_page
def test_the_code_on_the_page_runs_as_pasted_and_gives_what_it_says(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = (ROOT / page).parent
    if not (folder / "__init__.py").exists():  # not a package: a script beside the page
        monkeypatch.syspath_prepend(folder)
    names = {"__name__": "page"}  # blocks go on where the one before ended; nothing else is there
    text = PAGES[page]
    for block in re.finditer(r"^```python\n(.*?)^```", text, re.M | re.S):
        line = text[: block.start(1)].count("\n")
        for said, given in said_and_given("\n" * line + block[1], page, names):
            assert agree(said, given), f"{page} says {said}, it is {given}"


def test_the_error_that_readme_shows_is_what_one_sees():
    (shown,) = re.findall(r"^```text\n(ValueError: .*?)^```", PAGES["README.md"], re.M | re.S)
    line = next(line for line in shown.splitlines() if line.startswith("y = "))
    x, w, b = (autograd.Tensor(np.ones(shape), True) for shape in [(2, 3), (2, 3), 3])
    linecache.cache["<readme>"] = len(line), None, [line], "<readme>"
    with pytest.raises(ValueError, match="matmul") as caught:
        exec(compile(line, "<readme>", "exec"), {"np": np, "x": x, "w": w, "b": b})
    assert shown == "".join(traceback.format_exception_only(caught.value))


def test_a_wrong_number_on_a_page_is_noticed():
    code = "x = [0.25, -1.0]\nx  # [0.2…, -1.0]\nprint(x)   # → [0.26…, -1.0]\nx[0]  # a half\n"
    assert [agree(*pair) for pair in said_and_given(code, "page", {})] == [True, False]
    (line,) = re.findall(r"^print\(x\.grad\).*$", PAGES["README.md"], re.M)
    assert STATED.search(line)


@every_page
def test_relative_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", PAGES[page])
    here = (ROOT / page).parent
    assert [l for l in links if "://" not in l and not (here / l).exists()] == []


def test_each_picture_of_the_gallery_is_shown_on_a_page():
    shown = {
        (ROOT / page).parent.joinpath(picture).resolve()
        for page, text in PAGES.items()
        for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    }
    gallery = ROOT / "examples" / "gallery"
    assert {*gallery.glob("*.png"), *gallery.glob("*.svg")} - shown == set()


def test_pages_were_found():
    assert "```python" in PAGES["README.md"]
    assert "```python" in PAGES["autograd/README.md"]


def test_no_text_installs_by_name_what_is_in_no_index_yet():
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    ours = [ROOT / folder for folder in ("autograd", "nn", "optim", "tests", "examples")]
    texts = {str(path): path.read_text(encoding="utf-8") for f in ours for path in f.rglob("*.py")}
    told = re.compile("pip install[^\\n]*glass" + "grad")
    by_name = [page for page, text in (PAGES | texts).items() if told.search(text)]
    assert "not yet released" not in log or by_name == []


# -- tables of files ------------------------------------------------------------------------------


def modules(folder):
    found = {path.name for path in (ROOT / folder).glob("*.py*")} - {"__init__.py", "py.typed"}
    assert found
    return found


@pytest.mark.parametrize(
    ("page", "folders"),
    [
        ("autograd/README.md", ["autograd"]),
        ("autograd/pictures/README.md", ["autograd/pictures", "autograd/pictures/walking"]),
        ("nn/README.md", ["nn", "nn/functional"]),
        ("optim/README.md", ["optim"]),
    ],
)
def test_no_file_is_left_out(page, folders):
    files = set().union(*map(modules, folders))
    assert {file for file in files if not re.search(rf"(?<!\w){file}", PAGES[page])} == set()


def test_the_engines_rooms_import_only_from_those_above():
    table = PAGES["autograd/README.md"].partition("## The rooms")[2].partition("\n\nThe core")[0]
    rooms = [link.strip("/") for link in re.findall(r"\]\(([^)]+)\)", table)]
    order = {room.removesuffix("/README.md").removesuffix(".py"): i for i, room in enumerate(rooms)}
    for room, place in order.items():
        path = ROOT / "autograd" / room
        for file in path.rglob("*.py") if path.is_dir() else path.parent.glob(path.name + ".py"):
            package = ".".join(file.relative_to(ROOT).parent.parts)
            for name in imported(ast.parse(file.read_text(encoding="utf-8")), package):
                if name.startswith("autograd.") and (other := name.split(".")[1]) != room:
                    assert order[other] < place, f"{file.name} imports {name}"


def imported(tree, package):
    """What a module imports when it is loaded; not what is for type checkers only."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from [base] if node.module else (f"{base}.{alias.name}" for alias in node.names)


def test_the_core_is_as_long_as_the_page_says():
    (core,) = re.findall(r"^The core: (.*?)\.$", PAGES["autograd/README.md"], re.M | re.S)
    about, all_of_it = (int(n.replace(",", "")) for n in re.findall(r"[\d,]+(?= lines)", core))
    lines = lambda path: len(path.read_text(encoding="utf-8").splitlines())
    names = re.findall(r"(\w+\.py)\)", core)
    assert len(names) == 10
    assert sum(lines(ROOT / "autograd" / name) for name in names) == pytest.approx(about, rel=0.1)
    everything = (ROOT / "autograd").rglob("*.py")
    assert sum(map(lines, everything)) == pytest.approx(all_of_it, rel=0.1)


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
