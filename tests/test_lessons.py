"""Every lesson in examples/ runs, says what the study notes say, and stands on the shelf."""

import ast
import html
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from nn.random import Chance

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NUMBERED = "[0-9][0-9]_*.py"
LESSONS = sorted(
    [*EXAMPLES.glob(NUMBERED), *EXAMPLES.glob(f"more/{NUMBERED}")], key=lambda path: path.name
)
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)

# What a lesson must print, word for word: the numbers of the notes.
SAID = {
    "01": ["AND [0, 0, 0, 1]", "OR   [0, 1, 1, 1]", "NAND [1, 1, 1, 0]", "XOR  [0, 1, 1, 0]",
           "exactly at the threshold: 0", "XOR: None after 1000 rounds", "two layers: [0 1 1 0]"],
    "02": ["0.2689414213699951, 0.7310585786300049, 0.8807970779778823",
           "np.int still there? False", "1/1+exp(-0)   = 2.0", "overflow encountered in exp",
           "slope of sigmoid: 0.25",
           "slope [0. 0. 1.]", "[-0.01 -1.  ]", "two linear layers against one : 0.0"],
    "03": ["a1 = [0.3 0.7 1.1]", "z1 = [0.57444252 0.66818777 0.75026011]",
           "a2 = [0.51615984 1.21402696]", "y  = [0.31682708 0.69627909]", "72       9"],
    "04": ["[0.01821127 0.24519181 0.73659691] sum 1.0", "naive : [nan nan nan]",
           "4.539786860886666e-05, 2.061060046209062e-09]", "[0.119 0.881]", "[1. 1.]"],
    "05": ["pixels from 0.0 to 1.0  labels from 0 to 9", "refused:", "W1 (64, 50) float32"],
    "06": ["0.5975", "0.510825457099338 2.302584092994546 from the label 2", "0.9280682857864075",
           "0.9280685387482351", "[0.21924763, 0.14356247, -0.36281009]", "0 at 41 of 41 places",
           "accuracy cannot be the loss"],
    "07": ["0.1999999999990898 0.2999999999986347", "intercept -0.24999999999544897  at 5: 0.75",
           "6.00000000000378 7.999999999999119", "[0.0, 4.000000000004]", "6.000000000012662, 0.0]",
           "the notes' code: [25000 35000]", "TypeError: numerical_gradient", "IndexError",
           "x is [3.0, 4.0] after numerical_gradient", "on a copy: [0. 0.]"],
    "08": ["(2, 324)", "6.3e-10", "non-zero: 4 of 648", "by autograd 1"],
    "09": ["[-0.03458764513817675, 0.04611686018418694]", "(20, 2) first [-3.0, 4.0]",
           "last [-0.04323455642272084, 0.057646075230234", "[-0.39785867  0.53047822]",
           "[-6.11110793e-10  8.14814391e-10]", "[-2.58983747e+13 -1.29524862e+12]",
           "[-2.99999994  3.99999992]", "library leaves it at [-3.  4.]", "200 updates per epoch",
           "7 updates per epoch"],
    "10": ["db2 = [0.09362444, 0.10593192]", "dW2 = [[0.05378186, 0.0608518]",
           "db1 = [0.0126471, 0.01589478, 0.01717179]", "after a second backward: 14.0"],
    "11": ["39,760 parameters, 79,520 evaluations", "db2: largest difference"],
    "12": ["[-0.350393    0.08478232]", "[0.89641386 0.0880856 ]", "[0.13600685 0.31824538]",
           "-1.20162322e-01", "-6.960763593", "-6.943754307987", "-6.977167157890 1.977196515399",
           "-6.995709623345 1.995710801219", "-6.992623768861", "-6.997000023978 1.997000049696",
           "-6.993999198386 1.993997190684", "-6.994855810627 1.994857102342", "step of 0.6667"],
    "13": ["slope after 10 sigmoids: 3.8752202320832"],
    "14": ["(1438, 8, 8) (1438,)", "784 → 256: 200,960", "256 → 256: 65,792", "256 → 10: 2,570"],
    "16": ["the first step has the full rate: 0.1", "after three epochs: 0.025"],
    "17": ["the same seed, the same change: True"],
    "19": ["derivative 3: 6.0", "after one Newton step: [0. 0.]", "a maximum"],
    "20": ["order 1 (18 evaluations)", "sum the gradient over axes (0,)", "a factor 2 is missing",
           "gradient of the gradient of frozen_square", "KinkAt", "x = array(2.015625)"],
}  # fmt: skip


@pytest.fixture
def own_world(tmp_path, monkeypatch):
    """Pictures go to a folder of their own; chance and open figures are as before afterwards."""
    pyplot = pytest.importorskip("matplotlib.pyplot")
    monkeypatch.setenv("QUICK", "1")
    monkeypatch.setenv("GLASSGRAD_OUT", str(tmp_path))
    chance = Chance({})
    before = chance.state_dict()
    with pyplot.rc_context({"figure.max_open_warning": 0}):
        yield tmp_path
        pyplot.close("all")
    chance.load_state_dict(before)


@each_lesson
def test_a_lesson_runs_and_says_what_the_notes_say(lesson, own_world, capsys):
    runpy.run_path(str(lesson), run_name="__main__")
    said = capsys.readouterr().out
    missing = [words for words in SAID.get(lesson.name[:2], []) if words not in said]
    assert not missing, said
    pictures = [file for file in own_world.iterdir() if file.suffix in (".png", ".svg", ".html")]
    assert pictures
    assert all(file.stat().st_size > 1000 and file.name[:2] == lesson.name[:2] for file in pictures)


@pytest.mark.slow
@each_lesson
def test_a_lesson_runs_as_a_script_in_full(lesson, tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if name not in ("QUICK", "GLASSGRAD_DATA")
    }
    environment |= {"PYTHONPATH": str(EXAMPLES.parent), "MPLBACKEND": "Agg"}
    done = subprocess.run(
        [sys.executable, "-W", "error", str(lesson)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    missing = [words for words in SAID.get(lesson.name[:2], []) if words not in done.stdout]
    assert not missing, done.stdout
    assert any((tmp_path / "runs/lessons").iterdir())


@pytest.mark.slow
@pytest.mark.skipif("GLASSGRAD_DATA" not in os.environ, reason="needs MNIST in $GLASSGRAD_DATA")
def test_the_books_weights_read_mnist_as_the_notes_say(own_world, monkeypatch, capsys):
    monkeypatch.delenv("QUICK")
    runpy.run_path(str(EXAMPLES / "05_digits_inference.py"), run_name="__main__")
    said = capsys.readouterr().out
    assert said.count("accuracy 0.9352") == 2  # one by one, in batches
    assert "accuracy on unscaled pixels 0.9207" in said
    assert "label 5 shape (784,) → (28, 28)" in said


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    pytest.importorskip("sphinx_gallery")
    pytest.importorskip("furo")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "make_gallery.py"), "--quick", "--out", str(out)],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


@pytest.mark.slow
def test_the_gallery_has_every_lesson_and_all_links_lead_somewhere(site):
    pages = {page: page.read_text(encoding="utf-8") for page in site.rglob("*.html")}
    for lesson in LESSONS:
        assert site / "lessons" / lesson.relative_to(EXAMPLES).with_suffix(".html") in pages
    lost = []
    for page, text in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            path, _, place = html.unescape(link).partition("#")
            if re.match(r"https?:|mailto:|data:", path):
                continue
            target = (page.parent / path.split("?")[0]).resolve() if path else page
            found = target.exists()
            if found and place and target in pages:
                found = f'id="{place}"' in pages[target]
            if not found:
                lost.append((page.name, link))
        assert not re.findall(r'<(?:script|img|link rel="stylesheet")[^>]+"https?:', text), page
    assert not lost


@pytest.mark.slow
@pytest.mark.parametrize("name", ["03_three_layers_forward", "10_backpropagation", "more/21_moons"])
def test_a_downloaded_notebook_runs(name, site, tmp_path, monkeypatch):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    (file,) = site.glob(f"_downloads/*/{Path(name).name}.ipynb")
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))
    monkeypatch.setenv("QUICK", "1")
    notebook = nbformat.read(file, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    shown = {kind for output in outputs for kind in output.get("data", ())}
    assert shown & {"image/png", "image/svg+xml", "text/html"}


@each_lesson
def test_a_lesson_has_its_parts(lesson):
    """A title and a paragraph, a formula, code between texts, a picture, and something to try."""
    source = lesson.read_text(encoding="utf-8")
    title, underline, paragraph, *_ = parts = re.split(r"\n+", opening(source), maxsplit=3)
    assert re.fullmatch(rf"{lesson.name[:2]} · .+", title)
    assert underline == "=" * len(title)
    assert len(parts) == 4
    assert paragraph
    assert ".. math::" in opening(source)
    texts = re.findall(r"^# %%\n((?:#.*\n)+)", source, re.MULTILINE)
    assert len(texts) >= 3
    last = texts[-1]
    assert re.search(r"^# Try\n# ---\n", last, re.MULTILINE)
    assert 2 <= len(re.findall(r"^# \* ", last, re.MULTILINE)) <= 3
    assert source.endswith(last)
    assert ".savefig(OUT" in source or ".save(OUT" in source
    assert source.count(f'OUT / "{lesson.name[:2]}_') == source.count('OUT / "') - source.count(
        'OUT / "evil'
    ) - source.count('OUT / "sample_weight')


def opening(source):
    return ast.get_docstring(ast.parse(source))


def first_sentences(source):
    """The opening paragraph, on one line."""
    return " ".join(opening(source).split("\n\n")[1].split())


@each_lesson
def test_a_lesson_is_on_the_shelf(lesson):
    """README.md has a line with the lesson's own title, and some rows of the notes."""
    path = lesson.relative_to(EXAMPLES).as_posix()
    title = opening(lesson.read_text(encoding="utf-8")).splitlines()[0]
    number, name = title.split(" · ")
    assert re.search(
        rf"^\| {number} · \[{re.escape(name)}\]\({re.escape(path)}\) \| [^|]+ \| [^|]* \|$",
        README, re.MULTILINE,
    ), f"| {number} · [{name}]({path}) | … | … |"  # fmt: skip


def test_the_shelf_has_no_lesson_that_is_not_there():
    named = re.findall(r"^\| \d\d · \[.+\]\((.+)\) \|", README, re.MULTILINE)
    assert named == [lesson.relative_to(EXAMPLES).as_posix() for lesson in LESSONS]


ROWS = {"A": 7, "B": 10, "C": 9, "D": 10, "E": 9, "F": 17, "G": 20, "H": 7}


def test_every_row_of_the_notes_has_its_place():
    found = set()
    for column in re.findall(r"^\| \d\d · .+ \| ([^|]*) \|$", README, re.MULTILINE):
        for letter, first, last in re.findall(r"([A-H])(\d+)(?:–[A-H](\d+))?", column):
            found |= {f"{letter}{i}" for i in range(int(first), int(last or first) + 1)}
    assert found == {f"{letter}{i}" for letter, last in ROWS.items() for i in range(1, last + 1)}
