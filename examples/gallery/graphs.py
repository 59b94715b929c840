"""Draws the graphs of this folder, and the walk: `python examples/gallery/graphs.py`.

Another folder may be named. The walk is a photograph of its page, by Chromium through Selenium;
where one of them is missing, it is left out.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # runs from a checkout, too

import autograd as ag
import nn
import optim
from autograd import Tensor

OUT = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent
STEP = 12  # of the walk


def said(path):
    print(f"{path.name:20} {path.stat().st_size:,} bytes")


def taste():
    """The loss of README's first example."""
    x = Tensor([0.5, -1.0], requires_grad=True, name="x")
    w = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True, name="w")
    loss = (np.tanh(x @ w) ** 2).sum()
    loss.backward()
    return ag.draw(loss, engine="built-in")


def network():
    """A convolutional network after a step back: modules are frames, large arrays are summed up."""
    nn.seed(0)
    model = nn.Sequential(
        nn.Conv2d(4, 3, activation="relu"), nn.MaxPool2d(2), nn.Flatten(), nn.Dense(10)
    )
    x, t = nn.load_digits()[0]
    images, labels = Tensor(x[:32].reshape(32, 1, 8, 8)), Tensor(t[:32])
    loss = nn.cross_entropy(model(images), labels)
    loss.backward()
    return ag.draw(loss, engine="built-in", rankdir="TB")


def neuron():
    """Karpathy's neuron with two inputs, and a target."""
    x1, x2, y = Tensor(2.0, name="x1"), Tensor(0.0, name="x2"), Tensor(1.0, name="y")
    w1, w2, b = (Tensor(value, requires_grad=True) for value in (-3.0, 1.0, 6.88))
    n = x1 * w1 + x2 * w2 + b
    o = np.tanh(n)
    loss = (o - y) ** 2
    return ag.walk(loss, optim.SGD([w1, w2, b], lr=0.1))


def photograph(walk, path):
    """The page at one of its steps, in 64 colours, as many as it needs."""
    from PIL import Image
    from selenium import webdriver
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        screen = dict(width=1280, height=800, deviceScaleFactor=1, mobile=False)
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        with tempfile.TemporaryDirectory() as folder:
            driver.get(walk.save(Path(folder) / "walk.html").as_uri())
            driver.find_element(By.TAG_NAME, "body").send_keys(Keys.ARROW_RIGHT * (STEP - 1))
            driver.save_screenshot(str(path))
    finally:
        driver.quit()
    Image.open(path).convert("RGB").quantize(64, dither=Image.Dither.NONE).save(path, optimize=True)


def main():
    said(taste().save(OUT / "neuron.svg"))
    said(network().save(OUT / "network.svg"))
    if not shutil.which("chromedriver"):
        print("walk.png is left out: the program chromedriver is not on the PATH")
        return
    try:
        photograph(neuron(), OUT / "walk.png")
    except ImportError as missing:
        print(f"walk.png is left out: {missing}")
    else:
        said(OUT / "walk.png")


if __name__ == "__main__":
    main()
