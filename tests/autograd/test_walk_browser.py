"""The page of a walk, opened in a browser: Chromium, through Selenium, without a screen.

Wanted: the programs `chromium` and `chromedriver` on the PATH, the packages `selenium` and, for the
audit, `axe-core-python` (a dependency group of their own: `pip install --group browser`).
"""

import importlib.resources
import json
import shutil

import numpy as np
import pytest

import autograd as ag
from autograd import Tensor
from autograd.pictures.plain import visible
from autograd.pictures.walking.rules import plain

webdriver = pytest.importorskip("selenium.webdriver")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="the program chromium is not on the PATH"),
    pytest.mark.skipif(DRIVER is None, reason="the program chromedriver is not on the PATH"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a walk, on a screen of this size; afterwards: no complaint, and nothing was loaded."""

    def visit(walk, width=1280, height=800, dark=False, motion="no-preference"):
        screen = dict(width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        wish = [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": motion},
        ]
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": wish})
        chromium.get("about:blank")
        chromium.get_log("performance"), chromium.get_log("browser")
        chromium.get(walk.save(tmp_path / "walk.html").as_uri())
        return Page(chromium)

    yield visit
    assert chromium.get_log("browser") == []
    requests = [
        message["params"]["request"]["url"]
        for entry in chromium.get_log("performance")
        if (message := json.loads(entry["message"])["message"])["method"]
        == "Network.requestWillBeSent"
    ]
    pages = (tmp_path / "walk.html").as_uri(), (tmp_path / "notebook.html").as_uri()
    assert [url for url in requests if url not in pages and not url.startswith("about:")] == []


class Page:
    """What a reader sees and does."""

    def __init__(self, driver):
        self.driver = driver

    def run(self, script, *args):
        return self.driver.execute_script(script, *args)

    def text(self, place):
        return self.run("return document.querySelector(arguments[0]).textContent", place)

    def at(self):
        return tuple(map(int, self.text("#count").split(" / ")))

    def click(self, place):
        self.driver.find_element("css selector", place).click()

    def press(self, key, on="body"):
        self.driver.find_element("css selector", on).send_keys(key)

    def shown(self, box):
        """The lines of a box that are seen: value, and gradient."""
        return self.run(
            "return [...document.querySelectorAll(`#box${arguments[0]} :is(.value, .gradient).on`)]"
            ".map((part) => part.textContent)",
            box,
        )

    def boxes(self):
        return self.run("return data.boxes")


def neuron():
    x1, x2, w1, w2 = Tensor(2.0), Tensor(0.5), Tensor(-3.0, True), Tensor(1.0, True)
    b, target = Tensor(6.7, True), np.array(1.0)
    s = x1 * w1 + x2 * w2
    n = s + b
    o = np.tanh(n)
    loss = (o - target) ** 2
    return ag.walk(loss), dict(w1=w1, w2=w2, b=b, s=s, n=n, o=o, loss=loss)


def network():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(6, 30)), np.array([0, 1, 2, 0, 1, 2])
    w1, b1 = Tensor(rng.normal(size=(30, 12)), True), Tensor(np.zeros(12), True)
    w2, b2 = Tensor(rng.normal(size=(12, 3)), True), Tensor(np.zeros(3), True)
    h = np.maximum(x @ w1 + b1, 0.0)
    z = h @ w2 + b2
    log_p = z - ag.logsumexp(z, axis=1, keepdims=True)
    loss = -log_p[np.arange(6), labels].mean()
    return ag.walk(loss)


ARROWS = {"right": "\ue014", "left": "\ue012", "home": "\ue011", "end": "\ue010", "down": "\ue015"}


def test_forward_to_the_end_and_back_with_the_tensors_own_values(opened):
    walk, tensors = neuron()
    page = opened(walk)
    steps = walk.steps
    assert page.at() == (1, len(steps))
    names = [box["name"] for box in page.boxes()]
    for i, step in enumerate(steps[1:], 2):
        page.click("#forward")
        assert page.at()[0] == i
        said = page.text("#live")
        assert plain(step.formula) in said
        assert plain(step.numbers) in said
        assert step.note in said
    loss = tensors.pop("loss")
    loss.retain_grad()
    for tensor in tensors.values():
        tensor.retain_grad() if not tensor.is_leaf else None
    loss.backward()
    page.click("#back")
    page.run("go(chapter(3) - 1)")  # the end of the way back: all values are the old ones
    for name, tensor in tensors.items():
        value, gradient = page.shown(names.index(name))
        assert float(value) == pytest.approx(tensor.item(), rel=1e-3)
        assert float(gradient.removeprefix("∂ ")) == pytest.approx(tensor.grad.item(), rel=1e-3)
    for _ in range(page.at()[0] - 1):
        page.click("#back")
    assert page.at()[0] == 1
    assert page.shown(names.index("o")) == []
    assert page.shown(names.index("w1")) == ["-3.0"]


def test_what_is_used_twice_grows_before_ones_eyes(opened):
    a = Tensor(3.0, True)
    walk = ag.walk(a * a + a)
    page = opened(walk)
    box = [b["name"] for b in page.boxes()].index("a")
    seen = []
    for i, step in enumerate(walk.steps):
        page.run("go(arguments[0])", i)
        if step.kind == "back" and step.name == "a":
            seen.append(page.shown(box)[1])
    assert seen == ["∂ 1.0", "∂ 4.0", "∂ 7.0"]


def test_keys(opened):
    walk, _ = neuron()
    page = opened(walk)
    count = len(walk.steps)
    for key, place in [("right", 2), ("right", 3), ("left", 2), ("end", count), ("home", 1)]:
        page.press(ARROWS[key])
        assert page.at()[0] == place
    page.press("3")
    assert page.text("#where").startswith("Walk back")
    page.press(ARROWS["home"])
    label = "return document.getElementById('play').getAttribute('aria-label')"
    for stop in (" ", ARROWS["right"]):
        page.press(" ")
        assert page.run(label) == "Pause"
        page.press(stop)
        assert page.run(label) == "Play"


def test_the_slider_and_its_own_keys(opened):
    walk, _ = neuron()
    page = opened(walk)
    page.press(ARROWS["right"] * 3, on="#slider")
    assert page.at()[0] == 4  # once for each key, not twice
    page.press(ARROWS["end"], on="#slider")
    assert page.at()[0] == len(walk.steps)


def test_it_plays_to_the_end_and_stops(opened):
    walk = ag.walk(Tensor(2.0, True) * 3.0)
    page = opened(walk)
    page.run("document.getElementById('speed').options[0].value = 30; speed.selectedIndex = 0")
    page.click("#play")
    page.driver.implicitly_wait(0)
    wait = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
    wait(page.driver, 10, 0.05).until(lambda _: page.at()[0] == len(walk.steps))
    assert not page.run("return timer")


def test_where_there_is_no_history_no_heading_promises_one(opened):
    page = opened(neuron()[0])
    seen = "return document.querySelector('aside h2').checkVisibility()"
    assert not page.run(seen)  # the first step is about no box
    x1 = next(i for i, box in enumerate(page.boxes()) if box["name"] == "x1")
    page.run("boxes[arguments[0]].dispatchEvent(new Event('click'))", x1)
    assert "2" in page.text("#arrays")
    assert not page.run(seen)
    page.run(f"choose({x1}); go(1)")
    assert page.run(seen)


def test_arrows_begin_and_end_at_boxes(opened):
    page = opened(neuron()[0])
    page.press("3")  # backwards: heads at the other end
    apart = page.run(
        """return arrows.map((arrow) => {
          const [start, end] = arrow.id.match(/\\d+/g).map((i) => boxes[i].querySelector(".edge"));
          const [from, to] = [start.getBBox(), end.getBBox()];
          const lines = [...arrow.querySelectorAll(".line")].filter((l) => l.checkVisibility());
          const ends = lines.map((line) => line.getPointAtLength(line.getTotalLength()));
          const last = ends.reduce((a, b) => (a.x > b.x ? a : b));
          const first = lines[0].getPointAtLength(0);
          const inside = (y, box) => y > box.y + 4 && y < box.y + box.height - 4;
          return [first.x - from.x - from.width, to.x - last.x,
                  inside(first.y, from), inside(last.y, to)];
        })"""
    )
    assert len(apart) == 12
    for first, last, *inside in apart:
        assert abs(first) < 1
        assert abs(last) < 1
        assert inside == [True, True]


def test_a_box_tells_its_values_and_its_history(opened):
    walk, _ = neuron()
    page = opened(walk)
    page.run("go(steps.length - 1)")
    names = [box["name"] for box in page.boxes()]
    page.click(f"#box{names.index('n')}")
    history = page.run("return [...document.querySelectorAll('#history li')].map(e => e.innerText)")
    assert len(history) == 4  # it is made, is given its gradient, and hands it on to s and to b
    page.click("#history button")
    assert "n = s + b" in page.text("#live")
    page.press("\ue007", on=f"#box{names.index('w1')}")  # Enter
    assert "w1" in page.text("#arrays")
    page.press(ARROWS["down"], on=f"#box{names.index('w1')}")
    focused = page.run("return document.activeElement.id")
    assert focused == f"box{names.index('w1') + 1}"


def test_day_and_night(opened):
    walk, _ = neuron()

    def paper():
        colour = page.run("return getComputedStyle(document.body).backgroundColor")
        return sum(int(x) for x in colour.removeprefix("rgb(").rstrip(")").split(","))

    page = opened(walk)
    light = paper()
    page.click("#theme")
    assert paper() < 150 < 600 < light
    page = opened(walk, dark=True)
    assert paper() < 150
    page.click("#theme")
    assert paper() == light


def test_whoever_wants_no_motion_gets_none(opened):
    page = opened(neuron()[0], motion="reduce")
    page.run("go(4)")
    style = "return getComputedStyle(document.querySelector('.arrow.lit .line')).animationName"
    assert page.run(style) == "none"


@pytest.mark.parametrize("what", [lambda: neuron()[0], network], ids=["neuron", "network"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 800), (1920, 1080)], ids=str)
def test_it_fits_the_screen(opened, what, size):
    page = opened(what(), *size)
    for _ in range(2):
        assert page.run("return document.documentElement.scrollWidth") <= size[0]
        page.run("go(Math.floor(steps.length * 0.7))")
    if size[0] > 900:  # nothing to scroll but the graph
        assert page.run("return document.documentElement.scrollHeight <= innerHeight")


def test_it_works_in_the_frame_that_a_notebook_shows(opened, tmp_path):
    walk, _ = neuron()
    notebook = tmp_path / "notebook.html"
    notebook.write_text(f"<!doctype html><body>{walk._repr_html_()}", encoding="utf-8")
    page = opened(walk)
    page.driver.get(notebook.as_uri())
    page.driver.switch_to.frame(0)
    page.click("#forward")
    page.click("#theme")
    assert page.at() == (2, len(walk.steps))
    page.driver.switch_to.default_content()


def test_a_hostile_name_is_text(opened):
    x = Tensor(2.0, True, name="</script><img src=x onerror='window.hit=1'>")
    y = x * x
    y.name = "<!--<script>window.hit=1//"
    page = opened(ag.walk(y, title="</title><script>window.hit=1</script>"))
    page.run("go(steps.length - 1)")
    assert page.run("return window.hit") is None
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert visible(x.name) in page.text("#choice")


@pytest.mark.parametrize("dark", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("size", [(360, 740), (1280, 800)], ids=str)
def test_an_audit_of_accessibility_finds_nothing(opened, dark, size):
    axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")
    source = (importlib.resources.files(axe) / "axe.min.js").read_text(encoding="utf-8")
    page = opened(network(), *size, dark=dark)
    page.run(source)
    for place in ("0", "chapter(2) + 3", "steps.length - 2"):
        page.run(f"go({place})")
        found = page.driver.execute_async_script(
            "axe.run().then((r) => arguments[0](r.violations))"
        )
        assert [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found] == []
