"""`ag.profile()`: what it counts is there, it adds up, and nothing of it stays behind."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

import autograd as ag
import nn
from autograd.graph import is_recording


def leaf(*shape):
    return ag.Tensor(np.linspace(0.1, 1, int(np.prod(shape))).reshape(shape), requires_grad=True)


def kept(profile):
    return {row.op: row.kept for row in profile.rows}


def test_every_recorded_call_is_counted_and_times_add_up():
    x = leaf(100)
    with ag.profile() as p:
        y = x
        for _ in range(5):
            y = np.tanh(y * 1.1 + 0.1)
        y.sum().backward()
    calls = {row.op: row.calls for row in p.rows}
    assert calls == {"multiply": 5, "add": 5, "tanh": 5, "sum": 1}
    assert all(row.forward > 0 and row.backward > 0 for row in p.rows)
    assert sum(row.time for row in p.rows) == pytest.approx(p.measured)
    assert p.measured <= p.seconds
    times = [row.time for row in p.rows]
    assert times == sorted(times, reverse=True)


def test_bytes_are_those_that_live_because_a_rule_asked():
    x, w = leaf(1000), leaf(1000)
    with ag.profile() as p:
        y = np.tanh(x * w)  # multiply asks for x and w, which live anyway; tanh for its output
        z = y * y  # y is kept already
    assert z.requires_grad
    assert kept(p) == {"multiply": 0, "tanh": 8000}
    with ag.profile() as p:
        _ = np.sin(x * 2.0) + np.sin(w[::-1])  # sin asks for its input: x * 2.0, and a view of w
    assert kept(p)["sin"] == 8000


def test_what_a_recorded_backward_calls_is_counted_as_calls_and_only_once():
    x = leaf(10)
    with ag.profile() as p:
        np.tanh(x).sum().backward(create_graph=True)
    assert {"tanh", "sum", "multiply", "subtract"} <= {row.op for row in p.rows}
    assert p.measured <= p.seconds


def test_outside_the_block_nothing_is_measured_and_values_are_the_same():
    x = leaf(3)
    with ag.profile() as p:
        inside = np.exp(x * 2)
        with ag.no_grad():
            np.sin(x)
    outside = np.exp(x * 2)
    assert is_recording() is True
    assert outside.node.origin is None
    np.testing.assert_array_equal(inside.data, outside.data)
    count = len(p.calls)
    outside.sum().backward()
    assert len(p.calls) == count
    assert "sin" not in kept(p)
    with pytest.raises(KeyError), ag.profile():
        raise KeyError
    assert is_recording() is True


def test_a_used_up_graph_says_no_more_than_it_knows():
    x = leaf(3)
    with ag.profile():
        y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=r"second time through sum: the arrays"):
        y.backward()


def test_the_table_lines_up():
    x = leaf(50, 50)
    with ag.profile() as p:
        (np.exp(x) @ x).sum().backward()
    *table, blank, summary = p.text().split("\n")
    assert len({len(line) for line in table}) == 1
    assert table[0].split() == ["op", "calls", "forward", "backward", "share", "kept"]
    assert table[-1].startswith("all ops")
    assert blank == ""
    assert "between the ops" in summary
    assert repr(p) == p.text()


def boxes(profile):
    """Title → (x, width) of the flame's boxes, and every box's row."""
    root = ET.fromstring(profile.svg())
    ns = "{http://www.w3.org/2000/svg}"
    found = {}
    for group in root.iter(f"{ns}g"):
        rect = group.find(f"{ns}rect")
        path = re.sub(r": [^:]*$", "", group.find(f"{ns}title").text)
        found[path] = float(rect.get("x")), float(rect.get("width"))
    return found


def test_the_flame_shows_modules_and_ops_and_each_box_holds_what_is_inside_it():
    nn.seed(0)
    model = nn.Sequential(nn.Linear(300, 300), nn.ReLU(), nn.Linear(300, 300))
    data = np.ones((100, 300), np.float32)
    model(data)
    with ag.profile() as p:
        model(data).sum().backward()
    found = boxes(p)
    inner = [path for path in found if "›" in path]
    assert any(re.search(r"forward › model › layers\[0\] › ", path) for path in inner)
    assert any(re.search(r"backward › model › layers\[2\] › ", path) for path in inner)
    for path in inner:
        outer = path.rpartition(" › ")[0]
        x, width = found[path]
        outer_x, outer_width = found[outer]
        assert outer_x - 0.02 <= x
        assert x + width <= outer_x + outer_width + 0.02
    top = [found[name] for name in ("forward", "backward", "between the ops") if name in found]
    assert sum(width for _, width in top) == pytest.approx(960, abs=1)


def test_an_empty_block_has_a_table_and_a_flame():
    with ag.profile() as p:
        pass
    assert "all ops" in p.text()
    assert ET.fromstring(p.svg()) is not None


def test_saving(tmp_path):
    odd = ag.elementwise(lambda x: x * 1.0, lambda g: g, name="<&>")
    with ag.profile() as p:
        odd(leaf(3)).sum().backward()
    assert p.save(tmp_path / "a.svg").read_text(encoding="utf-8") == p.svg()
    assert p.save(tmp_path / "a.txt").read_text(encoding="utf-8") == p.text() + "\n"
    page = p.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "&lt;&amp;&gt;" in page
    assert "<&>" not in page
    assert "<svg" in p._repr_html_()
    with pytest.raises(ValueError, match=r"'a\.png'.*\.svg, \.html or \.txt"):
        p.save(tmp_path / "a.png")
