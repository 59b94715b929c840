"""What happened in training, to look at: as text, in a notebook, as a picture."""

from __future__ import annotations

import math
import re
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import nn
from nn.history import History


def history(**values):
    made = History()
    made.history = {name: list(v) for name, v in values.items()}
    return made


def test_text_says_which_way_is_better():
    text = str(history(loss=[2.0, 1.0, 1.5], val_accuracy=[0.1, 0.9, 0.5], rmse=[3.0, 1.0, 2.0]))
    lines = text.splitlines()
    assert lines[0] == "loss          2.0000 █▁▅ 1.5000   lowest  1.0000 at epoch 2"
    assert lines[1] == "val_accuracy  0.1000 ▁█▅ 0.5000   highest 0.9000 at epoch 2"
    assert lines[2].endswith("lowest  1.0000 at epoch 2")


def test_what_is_no_curve_is_left_out():
    made = history(loss=[1.0, math.nan], matrix=[np.eye(2), np.eye(2)], never=[math.nan, math.inf])
    assert str(made).splitlines() == ["loss  1.0000 ▁× nan   lowest  1.0000 at epoch 1"]
    assert made.to_csv() == "epoch,loss\n1,1.0\n2,nan\n"
    assert repr(made) == "<History of 2 epochs; loss: nan>"
    assert str(History()) == repr(History()) == "<History of 0 epochs>"
    assert history(a=[0.1, 1 / 3]).to_csv() == f"epoch,a\n1,0.1\n2,{1 / 3!r}\n"


def test_a_notebook_sees_well_formed_html():
    made = history(**{"<loss>": [1.0, math.nan, 0.5, 0.25], "accuracy": [0.5]})
    root = ElementTree.fromstring(made._repr_html_())
    rows = root.findall("tr")
    assert [row.find("td").text for row in rows[1:]] == ["<loss>", "accuracy"]
    pieces = rows[1].findall(".//polyline")
    assert [len(piece.get("points").split()) for piece in pieces] == [2]  # a gap, then two
    heights = [float(p.split(",")[1]) for p in pieces[0].get("points").split()]
    assert heights[0] < heights[1] <= 36  # smaller is lower down
    ElementTree.fromstring(History()._repr_html_())


def test_the_figure_has_every_curve_and_pyplot_knows_nothing_of_it():
    plt = pytest.importorskip("matplotlib.pyplot")
    before = plt.get_fignums()
    figure = history(loss=[2.0, 1.0], val_loss=[2.0, 1.5], accuracy=[0.1, 0.9]).plot()
    left, right = figure.axes
    assert [line.get_ydata().tolist() for line in left.lines] == [[2.0, 1.0], [2.0, 1.5]]
    assert [line.get_ydata().tolist() for line in right.lines] == [[0.1, 0.9]]
    assert plt.get_fignums() == before
    assert History().plot().axes == []


def test_without_matplotlib_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = re.escape('the extra `plots` (in a checkout: pip install -e ".[plots]")')
    for draw in (history(loss=[1.0]).plot, lambda: nn.PlotHistory(tmp_path / "a.png")):
        with pytest.raises(ImportError, match=words):
            draw()
