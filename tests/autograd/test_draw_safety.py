"""Names are users' text: shown as they are, never run, whoever draws."""

import importlib.util
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tensor
from autograd.pictures import draw
from autograd.pictures.dot import _card
from autograd.pictures.plain import columns, visible

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    "</text></svg><img src=x onerror=alert(1)>",
    '"]; evil [label="',
    '">\' onload="alert(1)',
    "a\\N\\G\\L\\n b",
    "a\\",
    "&amp; &#60; &lt;b&gt;",
    "<B>",
    "{a|<b>c}",
    "]]>",
    "<!-- -->",
    "{{7*7}} ${x} %s {0}",
    "line\nbreak\ttab",
    "\x00\x1b[31m\x7f\ud800",
    "\u202egnp.exe",
    "변수 가중치",
    "🧠 é ẍ",
    "",
    " ",
    "a" * 5000,
]
names = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=60))


def picture_with(name):
    x = Tensor(2.0, requires_grad=True, name=name)
    y = x * Tensor([1.0, 2.0], name=name)
    y.name = name
    y.sum().backward()
    return draw(y, title=name, engine="built-in")


@given(names)
def test_a_name_is_shown_in_the_svg_and_nothing_else_comes_of_it(name):
    root = ElementTree.fromstring(picture_with(name).svg())
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg", "g", "rect", "path", "text", "title",
    }  # fmt: skip
    attributes = {attribute for e in root.iter() for attribute in e.attrib}
    assert not [a for a in attributes if a.startswith("on") or "href" in a or a == "style"]
    texts = [e.text for e in root.iter(f"{SVG}text")]
    if visible(name).strip():
        assert visible(name) in texts


@given(names)
def test_a_name_is_shown_in_the_dot_source_as_text(name):
    picture = picture_with(name)
    for box in picture._view.boxes:
        label = _card(box)["label"]
        table = ElementTree.fromstring(label[1:-1])  # an HTML-like label is XML
        assert {e.tag for e in table.iter()} <= {"TABLE", "TR", "TD", "FONT", "B"}
    with open("/dev/null", "w", encoding="utf-8") as nowhere:
        nowhere.write(picture.source + picture.text() + picture.html())


@pytest.mark.skipif(
    importlib.util.find_spec("pygraphviz") is None, reason="pygraphviz is not installed"
)
@pytest.mark.parametrize("name", HOSTILE)
def test_graphviz_shows_the_name_too(name):
    x = Tensor(2.0, requires_grad=True, name=name)
    svg = draw(x, engine="pygraphviz").svg()
    root = ElementTree.fromstring(svg)
    assert not root.findall(f".//{SVG}script")
    texts = "".join(e.text or "" for e in root.iter(f"{SVG}text")).replace("\xa0", " ")
    assert visible(name).strip() in texts


@given(st.text())
def test_what_is_visible_can_be_written_anywhere(text):
    said = visible(text)
    assert said.isprintable()
    assert len(said) <= 40
    said.encode("utf-8")
    assert columns(said) <= 2 * len(said)


def test_an_error_s_text_is_users_text_too():
    def f(x):
        return Tensor([1.0, 2.0], True, name="</text><script>") @ x

    picture = draw(f, [[1.0, 2.0, 3.0]], engine="built-in")
    root = ElementTree.fromstring(picture.svg())
    assert "script" not in {e.tag.removeprefix(SVG) for e in root.iter()}
