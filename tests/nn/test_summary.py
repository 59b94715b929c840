"""The table lines up, whatever is in it."""

from __future__ import annotations

import numpy as np

import nn
from autograd import Tensor
from nn.summary import summarize


def test_the_notes_network():
    model = nn.Sequential(
        nn.Flatten(), nn.Dense(256, "relu"), nn.Dropout(0.2), nn.Dense(10, "softmax")
    )
    model(np.zeros((32, 28, 28)))
    assert summarize(model) == """\
Sequential
layer      path      output    weights  biases  parameters
----------------------------------------------------------
flatten_1  layers.0  (N, 784)        0       0           0
dense_1    layers.1  (N, 256)  200,704     256     200,960
dropout_1  layers.2  (N, 256)        0       0           0
dense_2    layers.3  (N, 10)     2,560      10       2,570
----------------------------------------------------------
203,530 parameters (795 KiB), all trained"""


def test_what_is_not_built_says_so():
    text = summarize(nn.Sequential(nn.Dense(9, in_features=8), nn.Dense(2)))
    row = next(line for line in text.splitlines() if line.startswith("dense_2"))
    assert row.split()[-3:] == ["?", "2", "unbuilt"]
    assert "at least 83 parameters" in text
    assert "unbuilt layers find their input size" in text


def test_parameters_of_ones_own_shared_and_frozen_ones():
    class Tied(nn.Module):
        def __init__(self):
            self.W1, self.b1 = nn.Parameter(np.zeros((3, 4))), nn.Parameter(np.zeros(4))
            self.running_mean = Tensor(np.zeros(4))
            self.층 = nn.Linear(4, 3)
            self.again = self.층

        def forward(self, x):
            return self.again(self.층(x))

    model = Tied()
    model.층.bias.requires_grad = False
    lines = summarize(model).splitlines()
    assert lines[3].split() == ["tied_1", "not", "seen", "16", "4", "20"]
    assert lines[4].split() == ["linear_1", "층", "not", "seen", "12", "3", "15"]
    assert lines[-1] == "35 parameters (220 B), 28 trained, 7 not"
    width = len(lines[2])
    assert [len(lines[3]), len(lines[4])] == [width, width - 1]  # 층 is two columns wide


def test_a_model_without_anything():
    assert "0 parameters (0 B), all trained" in summarize(nn.Sequential())


def table(model):
    """The rows, as lists of words, by path."""
    lines = summarize(model).splitlines()
    start, end = (i for i, line in enumerate(lines) if line.startswith("---"))
    return {line.split()[1]: line.split() for line in lines[start + 1 : end]}


def test_nested_and_shared_layers():
    shared = nn.Sequential(nn.Dense(4, "relu", in_features=4), nn.Dense(4, in_features=4))
    model = nn.Sequential(nn.Dense(4), shared, nn.Sequential(shared, nn.Flatten()), nn.Dense(2))
    model(np.zeros((3, 5)))
    rows = table(model)
    assert list(rows) == ["layers.0", "layers.1.layers.0", "layers.1.layers.1",
                          "layers.2.layers.1", "layers.3"]  # fmt: skip
    assert summarize(model).splitlines()[-1].startswith(f"{24 + 20 + 20 + 10} parameters")


def test_layers_that_hold_modules_without_calling_them_are_one_row():
    """An LSTM computes with its cells; its first output is its output."""
    model = nn.Sequential(nn.Embedding(9, 4), nn.LSTM(5, layers=2))
    assert list(table(model)) == ["layers.0", "layers.1.cells.0", "layers.1.cells.1"]
    model(np.zeros((3, 7), int))
    rows = table(model)
    assert list(rows) == ["layers.0", "layers.1"]
    counted = sum(p.size for p in model.layers[1].parameters())
    assert rows["layers.1"][0] == "lstm_1"
    assert " ".join(rows["layers.1"][2:5]) == "(N, 7, 5)"
    assert rows["layers.1"][-1] == str(counted)


def test_convolutions_and_their_buffers():
    layers = nn.Conv2d(8, 3), nn.BatchNorm(), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(2)
    model = nn.Sequential(*layers)
    counts = [row[-1] for row in table(model).values()]
    assert counts == ["unbuilt", "unbuilt", "0", "0", "unbuilt"]
    model(np.zeros((2, 1, 6, 6)))
    rows = table(model)
    assert [int(row[-1]) for row in rows.values()] == [80, 32, 0, 0, 66]
    assert "(N, 8, 4, 4)" in " ".join(rows["layers.0"])
    assert summarize(model).splitlines()[-1] == "178 parameters (712 B), 162 trained, 16 not"


def test_a_shape_is_written_as_python_writes_it():
    model = nn.Sequential(nn.Dense(3))
    model(np.zeros(4))
    assert " (3,) " in summarize(model)
