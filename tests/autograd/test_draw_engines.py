"""Who draws: each engine, none, one that breaks; and what is written to files."""

import importlib.util
import os
import shutil
import stat
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from autograd import Tensor
from autograd.pictures import draw

HAS_PYGRAPHVIZ = importlib.util.find_spec("pygraphviz") is not None


@pytest.fixture
def picture():
    x = Tensor([1.0, 2.0], True)
    w = Tensor([3.0, -4.0], True)
    loss = np.tanh(x * w).sum()
    loss.backward()
    return lambda **options: draw(loss, **options)


@pytest.fixture
def no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def no_pygraphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)  # `import pygraphviz` raises ImportError


@pytest.fixture
def program(monkeypatch, tmp_path):
    """A program `dot` of our own on the PATH."""

    def make(script):
        path = tmp_path / "dot"
        path.write_text(f"#!/bin/sh\ncat > /dev/null\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")

    return make


def fake_pygraphviz(monkeypatch, draw):
    class AGraph:
        def __init__(self, string):
            self.string = string

        def draw(self, format, prog):
            return draw(self.string, format)

    module = types.ModuleType("pygraphviz")
    module.AGraph = AGraph
    module.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "pygraphviz", module)


def test_without_any_engine_the_picture_is_drawn_all_the_same(no_dot, no_pygraphviz, picture):
    p = picture()
    root = ElementTree.fromstring(p.svg())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert p.engine.startswith("drawn by the built-in layout")
    assert 'the extra `pictures` (in a checkout: pip install -e ".[pictures]")' in p.engine
    assert "\n" not in p.engine
    assert p.engine not in p.svg().replace("&quot;", '"')
    shown = ElementTree.fromstring(p._repr_svg_())
    assert shown.itertext is not None
    assert p.engine in "".join(shown.itertext())  # in a notebook, a line beneath it
    assert 'the extra `pictures` (in a checkout: pip install -e ".[pictures]")' in repr(p)
    assert "tanh" in p.source


@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_without_any_engine_png_and_pdf_name_the_extra(
    no_dot, no_pygraphviz, picture, tmp_path, suffix
):
    path = tmp_path / f"x.{suffix}"
    words = r"dot is not on the PATH.*Install the extra `pictures`.*\.svg"
    with pytest.raises(ImportError, match=words):
        picture().save(path)
    assert not path.exists()


def test_the_program_dot_comes_first(program, monkeypatch, picture, tmp_path):
    fake_pygraphviz(monkeypatch, lambda source, format: b"<svg>by pygraphviz</svg>")
    program("echo '<?xml version=\"1.0\"?><svg>by dot</svg>'")
    p = picture()
    assert p.svg() == "<svg>by dot</svg>\n"
    assert p.engine == "drawn by Graphviz (the program dot)"
    assert p._repr_svg_() == p.svg()
    assert "by dot" in p.save(tmp_path / "x.png").read_text()


def test_pygraphviz_comes_second(no_dot, monkeypatch, picture, tmp_path):
    fake_pygraphviz(
        monkeypatch, lambda source, format: f"<?xml?><svg>{format} {source[:7]}</svg>".encode()
    )
    p = picture()
    assert p.svg() == "<svg>svg digraph</svg>"
    assert p.engine == "drawn by Graphviz (through pygraphviz)"
    assert "pdf digraph" in p.save(tmp_path / "x.pdf").read_text()


def test_an_engine_that_breaks_makes_way_for_the_next(program, monkeypatch, picture):
    def broken(source, format):
        raise OSError("no layout")

    program("exit 3")
    fake_pygraphviz(monkeypatch, broken)
    p = picture()
    assert ElementTree.fromstring(p._repr_svg_()) is not None
    assert "dot could not draw it" in p.engine
    assert "pygraphviz could not draw it" in p.engine


def test_the_engine_can_be_chosen(program, no_pygraphviz, picture):
    program("echo '<svg>by dot</svg>'")
    assert picture(engine="built-in").svg() != picture(engine="graphviz").svg()
    assert picture(engine="built-in")._repr_svg_() == picture(engine="built-in").svg()
    assert "pygraphviz is not installed" in picture(engine="pygraphviz").engine


def test_a_graph_that_graphviz_would_take_minutes_for_is_drawn_here(program, picture):
    program("echo '<svg>by dot</svg>'")
    x = Tensor(1.0, True)
    rng = np.random.default_rng(0)
    values = [x]
    for _ in range(600):
        a, b = rng.integers(0, len(values), 2)
        values.append(np.maximum(values[a], values[b]))
    p = draw(values, fold=False)
    assert "too long" in p.engine
    assert ElementTree.fromstring(p.svg()) is not None
    assert draw(values, fold=False, engine="graphviz").svg() == "<svg>by dot</svg>\n"


@pytest.mark.skipif(not shutil.which("dot"), reason="the program dot is not installed")
def test_the_real_dot(picture, tmp_path):
    p = picture()
    assert "∂ 1.0" in "".join(ElementTree.fromstring(p.svg()).itertext())
    assert p.save(tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.skipif(not HAS_PYGRAPHVIZ, reason="pygraphviz is not installed")
def test_the_real_pygraphviz(picture, tmp_path):
    p = picture(engine="pygraphviz")
    assert "∂ 1.0" in "".join(ElementTree.fromstring(p.svg()).itertext())
    assert p.save(tmp_path / "x.pdf").read_bytes().startswith(b"%PDF")


# -- files ----------------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.attributes += attributes


def test_every_format_that_needs_nothing(picture, tmp_path):
    p = picture(engine="built-in", title="the title & more")
    assert p.save(tmp_path / "x.svg").read_text(encoding="utf-8") == p.svg()
    assert p.save(str(tmp_path / "x.DOT")).read_text(encoding="utf-8") == p.source
    assert p.save(tmp_path / "x.txt").read_text(encoding="utf-8") == p.text() + "\n"
    page = p.save(tmp_path / "x.html").read_text(encoding="utf-8")
    assert "<title>the title &amp; more</title>" in page
    found = Tags(page)
    assert "svg" in found.tags
    assert not found.tags & {"script", "link", "img", "iframe", "foreignobject"}
    assert not [a for a, value in found.attributes if a.startswith("on") or a in ("src", "href")]
    assert "default-src 'none'" in dict(found.attributes)["content"] or "default-src" in page


def test_an_unknown_ending_says_which_there_are(picture, tmp_path):
    with pytest.raises(ValueError, match=r"'x\.jpg'.*\.svg, .*\.pdf"):
        picture().save(tmp_path / "x.jpg")
    with pytest.raises(ValueError, match="cannot be saved"):
        picture().save(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_the_picture_in_readme_is_of_today(monkeypatch):
    gallery = Path(__file__).parents[2] / "examples" / "gallery"
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", ["graphs.py"])
    spec = importlib.util.spec_from_file_location("graphs", gallery / "graphs.py")
    graphs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(graphs)
    kept = (gallery / "neuron.svg").read_text(encoding="utf-8")
    assert graphs.taste().svg() == kept  # else: python examples/gallery/graphs.py


def test_the_flow_can_go_down(picture):
    assert "rankdir=TB" in picture(rankdir="TB").source
    across = ElementTree.fromstring(picture(engine="built-in").svg())
    down = ElementTree.fromstring(picture(engine="built-in", rankdir="TB").svg())
    assert float(across.get("width")) > float(across.get("height"))
    assert float(down.get("width")) < float(down.get("height"))
