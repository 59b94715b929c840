"""Names and labels are users' text: made visible, short, and measured here; escaped where drawn."""

from __future__ import annotations

import unicodedata

LONGEST = 40


def visible(text: object, longest: int = LONGEST) -> str:
    """One line of printable characters: a control character becomes its picture (␀, ␊), whatever
    else cannot be printed (half a surrogate pair, a change of writing direction) becomes �.

    >>> visible("w\\n\\x00")
    'w␊␀'
    >>> visible("a" * 100, longest=5)
    'aaaa…'
    """
    text = str(text)
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    return "".join(c if c.isprintable() else _picture_of(c) for c in text)


def _picture_of(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 32 else "␡" if code == 127 else "�"


def columns(text: str) -> int:
    """How many columns a terminal or a monospaced font gives it: 가 takes two.

    >>> columns("abc"), columns("가")
    (3, 2)
    """
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    above = sum(unicodedata.combining(c) != 0 for c in text)
    return len(text) + wide - above


def padded(text: str, width: int) -> str:
    return text + " " * (width - columns(text))
