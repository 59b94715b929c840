"""Train the notes' network on real handwritten digits.

By default: 1,797 digits of 8×8 pixels that ship with the package, a fifth of them held out, and the
network 64-256-256-256-10. With `--data mnist --path DIR`: the 70,000 digits of MNIST from the four
IDX files in DIR (without --path they are downloaded once), and the network 784-256-256-256-10.

    python examples/train_digits.py
    python examples/train_digits.py --data mnist --path ~/mnist --epochs 5

Ctrl-C ends the training and keeps what was learned; a second Ctrl-C ends the program.
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # runs from a checkout, too

import nn
import optim
from nn.curves import plot_curves, text_curves

OUT = Path("runs/train_digits")


def main(arguments: list[str] | None = None) -> float:
    args = parse(arguments)
    (x_train, t_train), (x_test, t_test) = load(args)
    nn.seed(args.seed)
    model = nn.Sequential(
        nn.Dense(256, activation="relu"),
        nn.Dense(256, activation="relu"),
        nn.Dense(256, activation="relu"),
        nn.Dense(10),
    )
    steps = args.epochs * math.ceil(len(x_train) / args.batch_size)
    falling = optim.schedule.Cosine(args.lr, steps)  # large steps first, small ones to settle
    model.compile(optimizer=optim.Adam(lr=falling), loss="cross_entropy", metrics=["accuracy"])
    print(f"{args.data}: {len(x_train):,} digits to learn from, {len(x_test):,} held out")
    history = model.fit(x_train, t_train, epochs=args.epochs, batch_size=args.batch_size)
    if history.interrupted:
        print("interrupted: going on with what was learned so far")
    model.summary()
    show(history.history, args.out)
    model.save(args.out / "model.npz")
    print(f"saved: {args.out / 'model.npz'}")
    _, accuracy = model.evaluate(x_test, t_test, verbose=0)
    print(f"test accuracy {accuracy:.4f}")
    return accuracy


def load(args: argparse.Namespace):
    """Pixels scaled to 0..1, labels as integers."""
    try:
        if args.data == "digits":
            return nn.data.load_digits(seed=args.seed)
        return nn.data.load_mnist(path=args.path)
    except (OSError, ValueError) as error:
        raise SystemExit(f"train_digits.py: error: {error}") from None


def show(curves: dict[str, list[float]], out: Path) -> None:
    """The curves of loss and accuracy: as text, and as a picture where matplotlib is installed."""
    if not curves:
        return
    print(text_curves(curves))
    try:
        print(f"saved: {plot_curves(curves, out / 'curves.png')}")
    except ImportError as error:
        print(f"({error})")


class OneLineParser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(2, f"{self.prog}: error: {message}\n")


def parse(arguments: list[str] | None) -> argparse.Namespace:
    def positive(kind):
        def read(text: str):
            value = kind(text)
            if not 0 < value < float("inf"):
                raise argparse.ArgumentTypeError(f"must be positive, not {text}")
            return value

        read.__name__ = kind.__name__
        return read

    parser = OneLineParser(description=__doc__.splitlines()[0])
    sets = ("digits", "mnist")
    parser.add_argument("--data", choices=sets, default="digits", help="default: digits")
    parser.add_argument("--path", type=Path, help="the folder of MNIST's four IDX files")
    parser.add_argument("--epochs", type=positive(int), help="default: 30, mnist 5")
    parser.add_argument("--batch-size", type=positive(int), help="default: 32, mnist 128")
    parser.add_argument("--lr", type=positive(float), default=1e-3, help="at first; default: 0.001")
    parser.add_argument("--seed", type=int, default=0, help="of all chance; default: 0")
    parser.add_argument("--out", type=Path, default=OUT, help=f"a folder; default: {OUT}")
    args = parser.parse_args(arguments)
    if args.path is not None and args.data == "digits":
        parser.error("--path goes with --data mnist: the small digits ship with the package")
    if args.seed < 0:
        parser.error(f"--seed must not be negative, not {args.seed}")
    args.epochs = args.epochs or {"digits": 30, "mnist": 5}[args.data]
    args.batch_size = args.batch_size or {"digits": 32, "mnist": 128}[args.data]
    return args


if __name__ == "__main__":
    main()
