"""nn.diagnose: right numbers, right words, and nothing touched."""

from __future__ import annotations

import copy
import re
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

import nn
import optim
from autograd import Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 20))
LABELS = RNG.integers(3, size=64)


def problems(report):
    return [advice.problem for advice in report.advice]


# -- the notes' cases -----------------------------------------------------------------------------


def test_B8_ten_sigmoids_vanish():
    model = nn.Sequential(*[nn.Sigmoid() for _ in range(10)])
    report = nn.diagnose(model, [[0.0]], [[0.0]], loss=lambda y, t: y.sum())
    assert report.layers[0].gradient == pytest.approx(3.8752202320832585e-07, rel=1e-12)
    assert report.flow[0] == report.layers[0].gradient
    assert problems(report) == ["vanishing gradient"]
    (advice,) = report.advice
    assert advice.where == "input"
    assert "10 sigmoids and tanhs" in advice.text
    assert "relu" in advice.text
    bars = [len(re.findall("█", line)) for line in str(report).splitlines()[3:14]]
    assert bars == sorted(bars)
    assert bars[0] < bars[-1] == 12


def test_B9_dead_relus():
    model = nn.Sequential(nn.Dense(8, "relu", in_features=20, rng=0), nn.Dense(3, rng=1))
    model.layers[0].bias.data = np.full(8, -100.0)
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    assert report.layers[1].sick == 1.0
    assert "100%" in str(report)
    assert ("dead ReLUs", "layers.0 (Dense relu)") in [a[:2] for a in report.advice]
    half = copy.deepcopy(model)
    half.layers[0].bias.data[:5] = 0
    report = nn.diagnose(half, X, LABELS, loss="cross_entropy")
    assert report.layers[1].sick == 3 / 8
    assert problems(report) == []


def test_G7_standard_normal_weights_explode():
    layers = [nn.Dense(256, "relu", init=1.0, bias_init=1.0, rng=i) for i in range(3)]
    model = nn.Sequential(*layers, nn.Dense(10, init=1.0, bias_init=1.0, rng=3))
    x = RNG.random((128, 784)) * (RNG.random((128, 784)) > 0.8)
    report = nn.diagnose(model, x, RNG.integers(10, size=128), loss="cross_entropy")
    assert problems(report) == ["exploding"]
    assert "he_normal" in report.advice[0].text
    assert report.loss > 1000


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "leaky_relu", None])
@pytest.mark.parametrize("ending", [None, "softmax"])
def test_a_healthy_network_gets_no_advice(activation, ending):
    model = nn.Sequential(
        *[nn.Dense(32, activation, rng=i) for i in range(2)], nn.Dense(3, ending, rng=5)
    )
    loss = "categorical_crossentropy" if ending else "cross_entropy"
    report = nn.diagnose(model, X, LABELS, loss=loss)
    assert problems(report) == []
    assert "healthy" in str(report)
    assert repr(report) == "<Diagnosis of Sequential: healthy>"
    assert len(report.layers) == 4


# -- the numbers ----------------------------------------------------------------------------------


def test_numbers_are_those_of_a_step_written_out():
    model = nn.Sequential(nn.Dense(6, "tanh", rng=0, dtype=float), nn.Dense(3, rng=1, dtype=float))
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    hidden = model.layers[0](X)
    hidden.retain_grad()
    y = model.layers[1](hidden)
    y.retain_grad()
    loss = nn.cross_entropy(y, LABELS)
    loss.backward()
    inputs, first, second = report.layers
    assert report.loss == loss.item()
    assert (inputs.mean, inputs.std) == pytest.approx((X.mean(), X.std()))
    for layer, output, module in ((first, hidden, 0), (second, y, 1)):
        a = output.data
        assert (layer.mean, layer.std) == pytest.approx((a.mean(), a.std()))
        assert layer.size == pytest.approx(np.sqrt(np.mean(a**2)))
        assert layer.gradient == pytest.approx(np.linalg.norm(output.grad.data))
        weight, bias = model.layers[module].weight, model.layers[module].bias
        expected = np.hypot(np.linalg.norm(weight.grad.data), np.linalg.norm(bias.grad.data))
        assert layer.weight_gradient == pytest.approx(expected)
        assert layer.ratio == pytest.approx(expected / np.linalg.norm(weight.data))
    assert first.sick == np.mean(1 - hidden.data**2 < 0.05)


def test_functions_called_in_forward_are_seen():
    """PyTorch's habit: relu is no Module, and is as dead."""

    class Net(nn.Module):
        def __init__(self):
            self.first, self.second = nn.Linear(20, 8, rng=0), nn.Linear(8, 3, rng=1)
            self.first.bias.data = np.full(8, -100.0)

        def forward(self, x):
            return self.second(np.tanh(nn.relu(self.first(x))))

    report = nn.diagnose(Net(), X, LABELS, loss="cross_entropy")
    kinds = [layer.kind for layer in report.layers]
    assert kinds == ["input", "Linear", "relu", "tanh", "Linear"]
    assert report.layers[2].sick == 1.0
    assert ("dead ReLUs", "relu") in [a[:2] for a in report.advice]


def test_a_network_of_bare_parameters():
    """The notes' own: W1, b1, W2, b2, and functions."""

    class TwoLayerNet(nn.Module):
        def __init__(self):
            self.W1, self.b1 = nn.Parameter(RNG.normal(size=(20, 9))), nn.Parameter(np.zeros(9))
            self.W2, self.b2 = nn.Parameter(RNG.normal(size=(9, 3))), nn.Parameter(np.zeros(3))

        def forward(self, x):
            return nn.softmax(nn.sigmoid(x @ self.W1 + self.b1) @ self.W2 + self.b2)

    model = TwoLayerNet()
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy_error")
    assert [layer.kind for layer in report.layers] == ["input", "sigmoid", "TwoLayerNet"]
    hidden = nn.sigmoid(X @ model.W1.data)
    assert report.layers[1].mean == pytest.approx(hidden.mean())
    assert report.layers[1].sick == np.mean(hidden * (1 - hidden) < 0.05 / 4)
    assert report.layers[2].weight == pytest.approx(
        np.hypot(np.linalg.norm(model.W1.data), np.linalg.norm(model.W2.data))
    )


def test_recurrent_layers_are_one_row_and_so_is_a_loop_over_time():
    tokens = RNG.integers(9, size=(16, 12))

    class Own(nn.Module):
        def __init__(self):
            self.w = nn.Linear(4, 4, rng=0)

        def forward(self, x):
            state = x[:, 0]
            for i in range(12):
                state = np.tanh(self.w(state) + x[:, i])
            return state

    class Net(nn.Module):
        def __init__(self, last):
            self.embed, self.recur = nn.Embedding(9, 4, rng=0), nn.LSTM(4, rng=1)
            self.own, self.out = Own(), last

        def forward(self, x):
            return self.out(self.own(self.recur(self.embed(x))[0]))

    model = Net(nn.Dense(3, rng=2))
    report = nn.diagnose(model, tokens, LABELS[:16], loss="cross_entropy")
    kinds = [layer.kind for layer in report.layers]
    assert [kind for kind in kinds if kind != "Linear"] == [
        "input", "Embedding", "LSTM", "tanh ×12", "Dense"
    ]  # fmt: skip
    assert kinds.count("Linear") == 12
    lstm = report.layers[kinds.index("LSTM")]
    model(tokens)
    norms = [np.linalg.norm(p.data) for p in model.recur.parameters()]
    assert lstm.weight == pytest.approx(np.linalg.norm(norms), rel=1e-6)


def test_saturated_sigmoids_and_large_inputs():
    model = nn.Sequential(nn.Dense(8, "sigmoid", init=5.0, rng=0), nn.Dense(3, rng=1))
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    assert report.layers[1].sick > 0.7
    assert "saturated" in problems(report)
    healthy = nn.Sequential(nn.Dense(3, rng=1))
    assert problems(nn.diagnose(healthy, 100 * X, LABELS, loss="cross_entropy")) == ["large inputs"]


def test_small_weights_and_parts_that_take_no_part():
    model = nn.Sequential(*[nn.Dense(20, init=1e-4, rng=i) for i in range(6)])
    (advice,) = nn.diagnose(model, X, X, loss="mse").advice
    assert advice.problem == "vanishing gradient"
    assert "weights are too small" in advice.text

    class Cut(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Linear(20, 20, rng=0), nn.Linear(20, 3, rng=1)

        def forward(self, x):
            return self.b(self.a(x).detach())

    (advice,) = nn.diagnose(Cut(), X, LABELS, loss="cross_entropy").advice
    assert (advice.problem, advice.where) == ("no gradient", "a (Linear)")


def test_what_is_not_finite_is_named_first_and_alone():
    model = nn.Sequential(nn.Dense(8, "tanh", rng=0), nn.Dense(4, rng=1), nn.Dense(3, rng=2))
    broken = X.copy()
    broken[0, 0] = np.nan
    (advice,) = nn.diagnose(model, broken, LABELS, loss="cross_entropy").advice
    assert (advice.problem, advice.where) == ("not finite", "input")
    nn.diagnose(model, X, LABELS, loss="cross_entropy")
    model(X)
    model.layers[1].weight.data[0, 0] = np.inf
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    assert [a[:2] for a in report.advice] == [("not finite", "layers.1 (Dense)")]
    assert "×" not in str(report) or "nan" in str(report)
    root = nn.Sequential(nn.Dense(3, in_features=20, init="zeros", rng=0), np.sqrt)
    (advice,) = nn.diagnose(root, X, np.eye(3)[LABELS], loss=lambda y, t: (y * t).sum()).advice
    assert advice.problem == "not finite"
    assert "the gradient that arrives" in advice.text


# -- nothing is touched ---------------------------------------------------------------------------


class Counting(nn.Module):
    """A buffer that changes in training, and a Generator of its own."""

    def __init__(self):
        self.seen = Tensor(np.zeros(1))
        self.rng = np.random.default_rng(3)

    def forward(self, x):
        self.seen.data += len(x)
        self.rng.random()
        nn.random.generator().random()
        return x


def everything(model):
    """All that a diagnosis could change."""
    return {
        "weights": model.state_dict(),
        "optimizer": model.optimizer.state_dict(),
        "gradients": [p.grad.data.copy() for p in model.parameters()],
        "modes": [m.training for _, m in model.modules()],
        "chance": nn.random.generator().bit_generator.state,
        "own chance": [model.layers[i].rng.bit_generator.state for i in (1, 3)],
        "shapes": [m._output_shape for _, m in model.modules()],
        "spans": [list(vars(m).get("call_spans", ())) for _, m in model.modules()],
        "attributes": [sorted(vars(m)) for _, m in model.modules()],
    }


def test_everything_is_as_it_was():
    class Odd(nn.Metric):
        name = "odd"

        def __init__(self):
            self.iterator = (i for i in range(3))  # no copy can be made of it

        def reset(self): ...

        def update(self, y, t): ...

        def result(self):
            return 0.0

    nn.seed(0)
    model = nn.Sequential(
        nn.Dense(8, "relu"), Counting(), nn.Dropout(0.5), nn.Dropout(0.5, rng=1), nn.Dense(3)
    )
    model.compile(optim.Adam(), "cross_entropy", [Odd()])
    model.fit(X, LABELS, verbose=0)
    model.layers[2].eval()
    before, gradients = everything(model), [p.grad for p in model.parameters()]
    assert nn.diagnose(model, X, LABELS).loss > 0
    np.testing.assert_equal(everything(model), before)
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients, strict=True))
    with pytest.raises(ValueError, match="takes 20 features"):
        nn.diagnose(model, X[:, :3], LABELS)
    np.testing.assert_equal(everything(model), before)


def test_an_unbuilt_model_stays_unbuilt_and_draws_the_same_weights_later():
    nn.seed(0)
    model = nn.Sequential(nn.Dense(8, "relu"), nn.Dense(3))
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    assert len(model.unbuilt()) == 2
    assert nn.cross_entropy(model(X), LABELS).item() == pytest.approx(report.loss)


def test_a_model_of_two_inputs():
    class Two(nn.Module):
        def __init__(self):
            self.a, self.b = nn.Dense(3, rng=0), nn.Dense(3, rng=1)

        def forward(self, x, z):
            return self.a(x) + self.b(z)

    report = nn.diagnose(Two(), (X[:, :5], X[:, 5:]), LABELS, loss="cross_entropy")
    assert [layer.path for layer in report.layers] == ["", "a", "b", ""]
    assert [layer.kind for layer in report.layers] == ["input", "Dense", "Dense", "output"]
    assert report.advice == []


def test_what_is_missing_is_told():
    model = nn.Sequential(nn.Dense(3))
    with pytest.raises(ValueError, match=r"does not know its loss.*compile the model"):
        nn.diagnose(model, X, LABELS)
    with pytest.raises(ValueError, match="diagnose: x has shape"):
        nn.diagnose(model, X, LABELS[:3], loss="cross_entropy")


# -- to look at -----------------------------------------------------------------------------------


def test_the_table_lines_up_and_a_notebook_gets_the_same():
    inner = nn.Sequential(nn.ReLU(), nn.Dense(3, rng=1))
    model = nn.Sequential(nn.Dense(8, "sigmoid", rng=0), inner)
    report = nn.diagnose(model, X, LABELS, loss="cross_entropy")
    lines = str(report).splitlines()
    rules = [i for i, line in enumerate(lines) if set(line) == {"-"}]
    head, rows = lines[rules[0] - 1], lines[rules[0] + 1 : rules[1]]
    assert [row.split()[0] for row in rows] == ["input", "Dense", "ReLU", "Dense"]
    at = head.index("path")
    assert [row[at:].split()[0] for row in rows[1:]] == [
        "layers.0", "layers.1.layers.0", "layers.1.layers.1"
    ]  # fmt: skip
    end = head.index("gradient") + len("gradient")
    assert all(row[end - 3 : end].strip("0123456789+-e.") == "" for row in rows[1:])
    assert max(map(len, lines)) <= 100
    root = ElementTree.fromstring(report._repr_html_())
    assert len(root.findall(".//tr")) == 5


def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib")
    report = nn.diagnose(nn.Sequential(nn.Dense(3)), X, LABELS, loss="cross_entropy")
    path = tmp_path / "a" / "health.png"
    figure = report.plot(path)
    assert path.read_bytes()[:4] == b"\x89PNG"
    outputs, gradients, _ = figure.axes
    assert outputs.lines[0].get_ydata().tolist() == [layer.size for layer in report.layers]
    assert gradients.lines[0].get_ydata()[1] == report.layers[1].gradient


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    report = nn.diagnose(nn.Sequential(nn.Dense(3)), X, LABELS, loss="cross_entropy")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"the extra `plots`"):
        report.plot()
