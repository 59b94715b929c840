"""The page of a walk as text: whole, safe, small, alone. test_walk_browser.py opens it."""

import html
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from autograd import Tensor
from autograd.pictures.plain import visible
from autograd.pictures.walking.arrays import LEVELS, MOST_SQUARES, SIDE, Shelf

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>",
    "</title></style></textarea><img src=x onerror=alert(1)>",
    "\"' onload=alert(1) x='",
    "&lt;b&gt; &amp;",
    "{{data}} {{script}}",
    "\u2028\u2029\u202e\ue000\ue001\ue002",
    "\x00\x1b[31m\ud800",
    "변수 가중치",
    "🧠",
    "",
    "a" * 5000,
]


class Reader(HTMLParser):
    """The elements of a page, and the text in each kind of them."""

    def __init__(self, document):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts, self._open = [], [], {}, []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        self._open.append(tag)

    def handle_endtag(self, tag):
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data):
        if self._open:
            self.texts[self._open[-1]] = self.texts.get(self._open[-1], "") + data


def walk_with(name):
    a, b = Tensor(2.0, True, name=name), Tensor([1.0, 2.0], True, name=name)
    c = a * b
    c.name = name
    return ag.walk((c * c).sum(), title=name)


USUAL = Reader(walk_with("x").html())


@given(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=50)))
def test_a_name_is_shown_and_nothing_else_comes_of_it(name):
    document = walk_with(name).html()
    document.encode()
    page = Reader(document)
    assert page.tags == USUAL.tags
    assert [key for key, _ in page.attributes] == [key for key, _ in USUAL.attributes]
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', document)
    assert not set("<>&\u2028\u2029") & set(data)
    names = {box["name"] for box in json.loads(data)["boxes"]}
    assert visible(name) in names or not name
    assert USUAL.texts["script"].split("\n", 1)[1] in document  # the program is always the same


def test_the_page_loads_nothing():
    document = walk_with("x").html()
    assert "default-src 'none'" in document
    assert not re.findall(r"https?:(?!//www\.w3\.org/)", document)
    assert not {"link", "img", "iframe", "object"} & set(USUAL.tags)
    attributes = {key for key, _ in USUAL.attributes}
    assert not {key for key in attributes if key.startswith("on")} | {"src", "href"} & attributes


def test_a_notebook_shows_the_page_in_a_frame_of_its_own():
    walk = walk_with("x")
    frame = walk._repr_html_()
    (source,) = re.findall(r'srcdoc="([^"]*)"', frame)
    assert html.unescape(source) == walk.html()
    assert 'sandbox="allow-scripts"' in frame


def test_without_scripts_the_steps_are_there_as_text():
    walk = walk_with("x")
    assert html.escape(walk.text()) in walk.html()


def test_it_is_saved_by_the_name_of_the_file(tmp_path):
    walk = walk_with("x")
    assert walk.save(tmp_path / "a.html").read_text(encoding="utf-8") == walk.html()
    assert walk.save(str(tmp_path / "a.txt")).read_text(encoding="utf-8") == walk.text() + "\n"
    assert repr(walk).startswith("1. Predict")


def chain(length):
    x = w = Tensor(0.5, True)
    for _ in range(length):
        x = x * w + 0.1
    return x


def test_a_small_graph_is_a_small_page_and_a_large_one_is_bounded():
    assert len(walk_with("x").html()) < 60_000
    assert len(ag.walk(chain(5)).html()) < 100_000
    large = ag.walk(chain(1_000))
    assert "1850 earlier ops are not shown" in large.html()
    assert len(large.html()) < 1_000_000
    assert len(large.steps) < 1_000


def test_large_arrays_become_squares_and_many_of_them_words():
    shelf = Shelf()
    assert shelf.put(np.eye(3)) == shelf.put(np.eye(3)) == 0
    assert shelf.shown[0]["numbers"][0] == ["1.0", "0.0", "0.0"]
    squares = shelf.shown[shelf.put(np.linspace(-1, 1, 28 * 28).reshape(28, 28))]["squares"]
    assert (squares[0][0], squares[-1][-1]) == ("a", "y")
    pooled = shelf.shown[shelf.put(np.arange(15_000).reshape(300, 50))]
    assert (len(pooled["squares"]), len(pooled["squares"][0])) == (28, 25)
    assert pooled["said"] == "each square is the mean of 11 × 2 elements"
    tiled = shelf.shown[shelf.put(-np.eye(6) * np.ones((4, 4, 1, 1)))]
    assert tiled["squares"][1] == "mammmm" + 3 * "mmammmm"
    assert (len(tiled["squares"]), "said" in tiled) == (27, False)
    assert shelf.shown[shelf.put(np.eye(28) * np.ones((16, 1, 1)))]["said"] == "the first 1 of 16"
    wide = shelf.put(np.arange(16 * 2 * 56).reshape(16, 2, 56))
    assert shelf.shown[wide]["said"].startswith("the first of 16; each square is the mean of")
    for i in range(MOST_SQUARES // SIDE**2):
        shelf.put(np.eye(28) * i + 1)
    assert shelf.in_words_only > 0


@pytest.mark.parametrize(
    "array",
    [
        np.array([]), np.zeros((0, 3)), np.array(np.nan), np.array([1.0, np.nan, np.inf]),
        np.full((20, 20), np.nan), np.ones((9, 9), complex), np.eye(9, dtype=bool),
        np.arange(100).reshape(2, 5, 10), np.array([1e300, -1e300] * 50), np.zeros((9, 9)),
    ],
    ids=str,
)  # fmt: skip
def test_arrays_of_every_kind_can_be_shown(array):
    shown = Shelf()
    shown.put(array)
    json.dumps(shown.shown, allow_nan=False)


def test_modules_can_be_closed():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(nn.Dense(3, activation="relu"), nn.Dense(2))
    loss = model(np.ones((4, 2))).sum()
    opened, closed = ag.walk(loss), ag.walk(loss, depth=0)
    assert [s.numbers for s in opened.steps] == [s.numbers for s in closed.steps]
    assert closed.html().count('class="box') < opened.html().count('class="box')


def test_a_deep_model_is_walked_from_where_it_can_be_shown():
    nn = pytest.importorskip("nn")
    model = nn.Sequential(*[nn.Dense(4, activation="tanh", dtype=float) for _ in range(150)])
    data = np.ones((2, 4), np.float32)
    loss = ((model(data) + np.zeros(4)) * data).sum()
    walk = ag.walk(loss)
    assert "earlier ops are not shown" in walk.html()
    assert len(walk.html()) < 1_500_000


def test_every_text_has_contrast_by_day_and_by_night():
    style = (files("autograd.pictures.walking") / "page.css").read_text(encoding="utf-8")
    colours = {
        name: pair
        for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", style)
    }
    for time in (0, 1):
        now = {name: rgb(pair[time]) for name, pair in colours.items()}
        strongest = 0.024 * LEVELS  # behind a number in a table
        cell = [strongest * a + (1 - strongest) * p for a, p in zip(now["accent"], now["paper"])]
        for ground in ("paper", "surface", "head", "glow"):
            assert contrast(now["ink"], now[ground]) > 7
            assert contrast(now["muted"], now[ground]) >= 4.5
            assert contrast(now["accent"], now[ground]) >= 4.5
        assert contrast(now["on-accent"], now["accent"]) >= 4.5
        assert contrast(now["ink"], cell) >= 4.5


def rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


def contrast(a, b):
    """WCAG 2.2's contrast ratio."""
    def linear(c):
        return c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4

    def luminance(colour):
        return np.dot([0.2126, 0.7152, 0.0722], [linear(c / 255) for c in colour])

    low, high = sorted(map(luminance, (a, b)))
    return (high + 0.05) / (low + 0.05)
