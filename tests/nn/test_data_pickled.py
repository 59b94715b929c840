"""load_pickled_arrays: what NumPy pickles comes back; all else is refused, and nothing runs."""

import builtins
import collections
import itertools
import os
import pickle
import pickletools
import re
import struct
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nn.data import load_pickled_arrays, pickled

PROTOCOLS = range(6)
GOOD = {
    "W1": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b1": np.array([0.5, -1.0]),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "turned": np.arange(24).reshape(2, 3, 4).transpose(1, 0, 2),
    "big-endian": np.array([1, 256], dtype=">i2"),
    "number": np.array(3),
    "none": np.zeros((0, 3), dtype=np.int8),
    "mask": np.array([True, False]),
    "complex": np.array([1 + 2j]),
    "가중치": np.array([1], dtype=np.uint8),
}


def load(tmp_path, data):
    path = tmp_path / "weights.pkl"
    path.write_bytes(data)
    return load_pickled_arrays(path)


def assert_right(arrays, expected):
    assert list(arrays) == list(expected), "the same names in the same order"
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected[name])
        assert array.shape == expected[name].shape
        assert array.dtype == expected[name].dtype.newbyteorder("=")
        assert array.dtype.isnative
        assert array.flags.c_contiguous
        assert array.flags.writeable
        assert array.flags.owndata


def refused(tmp_path, data):
    path = tmp_path / "weights.pkl"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: ')}") as caught:
        load_pickled_arrays(path)
    return str(caught.value)


# ---------------------------------------------------------------- what NumPy pickles comes back


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("dumps", [pickle.dumps, pickle._dumps], ids=["C", "Python"])
def test_every_protocol(tmp_path, dumps, protocol):
    assert_right(load(tmp_path, dumps(GOOD, protocol)), GOOD)
    assert_right(load(tmp_path, pickletools.optimize(dumps(GOOD, protocol))), GOOD)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("core", ["numpy.core.", "numpy._core."])
def test_names_of_numpy_1_and_2(tmp_path, core, protocol):
    data = pickle.dumps({"a": np.arange(3)}, protocol)
    for module in "multiarray", "numeric":
        here = f"{np._core.__name__}.{module}".encode()
        there = f"{core}{module}".encode()
        if protocol >= 4:  # names come after their lengths
            here, there = bytes([len(here)]) + here, bytes([len(there)]) + there
        data = data.replace(here, there)
    assert core.encode() in data
    assert_right(load(tmp_path, data), {"a": np.arange(3)})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_array_one_pair_and_none(tmp_path, protocol):
    for expected in {}, {"a": np.ones(1)}, {str(n): np.array([n]) for n in range(2500)}:
        assert_right(load(tmp_path, pickle.dumps(expected, protocol)), expected)


def test_a_shared_array_stays_shared(tmp_path):
    a = np.arange(3)
    arrays = load(tmp_path, pickle.dumps({"a": a, "b": a}))
    assert arrays["a"] is arrays["b"]


def test_a_read_only_array(tmp_path):
    a = np.arange(3)
    a.flags.writeable = False
    for protocol in PROTOCOLS:
        assert_right(load(tmp_path, pickle.dumps({"a": a}, protocol)), {"a": a})


@given(
    arrays=st.dictionaries(
        st.text(max_size=5),
        hnp.arrays(
            st.sampled_from(sorted(pickled.DTYPES)).flatmap(
                lambda code: st.sampled_from([np.dtype(order + code) for order in "<>"])
            ),
            hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3),
        ),
        max_size=4,
    ),
    protocol=st.sampled_from(PROTOCOLS),
    turn=st.booleans(),
)
def test_any_dict_of_arrays(tmp_path_factory, arrays, protocol, turn):
    arrays = {name: array.T if turn else array for name, array in arrays.items()}
    data = pickle.dumps(arrays, protocol)
    assert_right(load(tmp_path_factory.mktemp("pkl"), data), arrays)


@pytest.mark.skipif(
    not os.environ.get("GLASSGRAD_DATA"),
    reason="needs the book's weights: set GLASSGRAD_DATA to a folder with sample_weight.pkl",
)
def test_the_weights_of_the_book():
    arrays = load_pickled_arrays(Path(os.environ["GLASSGRAD_DATA"]) / "sample_weight.pkl")
    assert {name: a.shape for name, a in arrays.items()} == {
        "W1": (784, 50), "W2": (50, 100), "W3": (100, 10),
        "b1": (50,), "b2": (100,), "b3": (10,),
    }  # fmt: skip
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays.values())


# ---------------------------------------------------------------- other things are refused


class Call:
    def __init__(self, function, *args):
        self.reduction = (function, args)

    def __reduce__(self):
        return self.reduction


Point = collections.namedtuple("Point", "x y")

OTHER = {
    "a list": [np.ones(2)],
    "an array": np.ones(2),
    "a tuple of dicts": ({},),
    "numbers": {"a": 1},
    "floats": {"a": 1.5},
    "NumPy scalars": {"a": np.float64(1.5)},
    "text": {"a": "b"},
    "nested dicts": {"a": {"b": np.ones(2)}},
    "keys that are not text": {1: np.ones(2)},
    "tuples as keys": {("a",): np.ones(2)},
    "objects": {"a": np.array([None, "x"], dtype=object)},
    "text arrays": {"a": np.array(["x"])},
    "dates": {"a": np.array(["2026-11-01"], dtype="M8[D]")},
    "records": {"a": np.zeros(2, dtype=[("x", "f4")])},
    "raw bytes": {"a": np.zeros(2, dtype="V4")},
    "subclasses": {"a": np.ma.masked_array([1.0], [True])},
    "ordered dicts": collections.OrderedDict(a=np.ones(2)),
    "default dicts": collections.defaultdict(list, a=np.ones(2)),
    "named tuples": {"a": Point(1, 2)},
    "sets": {"a": {1}},
    "big integers": {"a": 2**80},
    "functions": {"a": len},
    "os.system": Call(os.system, "false"),
    "os.system in a dict": {"a": Call(os.system, "false")},
    "eval": {"a": Call(eval, "1 + 1")},
    "exec as a key": {Call(exec, "pass"): np.ones(2)},
    "nested calls": {"a": Call(getattr, Call(__import__, "os"), "system")},
    "numpy.load": {"a": Call(np.load, "x.npy")},
    "numpy.frombuffer": {"a": Call(np.frombuffer, b"1234")},
    "open": {"a": Call(open, "x", "w")},
    "encode with another codec": {"a": Call(__import__("_codecs").encode, "x", "rot13")},
    "bytes of a size": {"a": Call(bytes, 10**9)},
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("case", OTHER)
def test_anything_else_is_refused_by_instruction_and_position(tmp_path, case, protocol):
    message = refused(tmp_path, pickle.dumps(OTHER[case], protocol))
    assert re.search(r"weights\.pkl: [A-Z0-9_]+ at byte \d+: ", message)
    assert "runs nothing" in message
    assert ".npz" in message


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_name_is_told_and_its_place(tmp_path, protocol):
    data = pickle.dumps({"a": Call(os.system, "false")}, protocol)
    message = refused(tmp_path, data)
    opcode = "STACK_GLOBAL" if protocol >= 4 else "GLOBAL"
    places = [pos for op, _, pos in pickletools.genops(data) if op.name == opcode]
    assert f"{opcode} at byte {places[0]}: it names '{os.name}.system'" in message


def test_nothing_is_imported_or_called(tmp_path):
    """In a fresh interpreter, with an audit hook that hears of every import, exec and open."""
    trap = tmp_path / "trap.py"
    trap.write_text(f"open({str(tmp_path / 'sprung')!r}, 'w').close()\ndef f(*a): pass\n")
    hostile = [
        b"ctrap\nf\n(tR.",
        b"\x80\x04\x8c\x04trap\x8c\x01f\x93)R.",
        b"itrap\nf\n.",
        b"(itrap\nf\n.",
        b"\x80\x02ctrap\nf\n)\x81.",
        pickle.dumps({"a": Call(os.system, f"touch {tmp_path / 'sprung'}")}),
    ]
    for n, data in enumerate(hostile):
        (tmp_path / f"{n}.pkl").write_bytes(data)
    script = f"""
import sys
from nn.data import load_pickled_arrays
import numpy as np
np.dtype("f4").newbyteorder("=")
heard = []
sys.path.insert(0, {str(tmp_path)!r})
sys.addaudithook(lambda event, args: heard.append((event, args)) if event in
    ("import", "exec", "compile", "os.system", "subprocess.Popen", "pickle.find_class") else None)
for n in range({len(hostile)}):
    try:
        load_pickled_arrays(f"{tmp_path}/{{n}}.pkl")
    except ValueError as error:
        pass
    else:
        heard.append(n)
print(heard, "trap" in sys.modules)
"""
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[] False"
    assert not (tmp_path / "sprung").exists()


def test_the_unpickler_is_never_asked(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("called")

    data = pickle.dumps(GOOD)
    for name in "load", "loads", "Unpickler", "_Unpickler":
        monkeypatch.setattr(pickle, name, refuse)
    monkeypatch.setattr(builtins, "__import__", refuse)
    arrays = load(tmp_path, data)
    monkeypatch.undo()
    assert_right(arrays, GOOD)


# ---------------------------------------------------------------- by hand


def u(text):
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def b(data):
    return b"B" + struct.pack("<I", len(data)) + data


RECONSTRUCT = b"cnumpy.core.multiarray\n_reconstruct\n"
BLANK = RECONSTRUCT + b"cnumpy\nndarray\nK\0\x85C\1b\x87R"
BARE = b"cnumpy\ndtype\n" + u("f4") + b"\x89\x88\x87R"
ORDER = b"(K\3" + u("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb"
F4 = BARE + ORDER


def array(shape=b"K\1K\2\x86", dtype=F4, fortran=b"\x89", data=None):
    return BLANK + b"(K\1" + shape + dtype + fortran + b(bytes(8) if data is None else data) + b"tb"


def dict_of(value):
    return b"\x80\3}" + u("a") + value + b"s."


FROMBUFFER = b"cnumpy.core.numeric\n_frombuffer\n("
EIGHT = b"\x96" + struct.pack("<Q", 8) + bytes(8)


def test_the_hand_made_pickles_are_good_before_they_are_spoilt(tmp_path):
    for data, shape in (
        (dict_of(array()), (1, 2)),
        (dict_of(FROMBUFFER + EIGHT + F4 + b"K\2K\1\x86" + u("C") + b"tR"), (2, 1)),
        (dict_of(FROMBUFFER + EIGHT + F4 + b"K\2K\1\x86" + u("K") + b"K\1K\0\x86tR"), (1, 2)),
    ):
        assert_right(load(tmp_path, data), {"a": np.zeros(shape, np.float32)})


SPOILT = {
    "empty": (b"", "the end at byte 0: the file stops before STOP"),
    "only STOP": (b".", "not one dict"),
    "two results": (b"}}.", "not one dict"),
    "an open MARK": (b"}(.", "not one dict"),
    "a MARK below": (b"(}.", "not one dict"),
    "no instruction": (b"\xff.", "instruction b'\\xff' at byte 0"),
    "two pickles": (b"}.}.", "several pickles"),
    "TUPLE1 of nothing": (b"\x85.", "TUPLE1 at byte 0: it takes 1 from a stack of 0"),
    "TUPLE3 of two": (b"NN\x87.", "it takes 3 from a stack of 2"),
    "REDUCE of nothing": (b"R.", "REDUCE at byte 0: it takes 2"),
    "BUILD of one": (b"}b.", "it takes 2 from a stack of 1"),
    "SETITEM of one": (b"}s.", "it takes 2"),
    "SETITEM without a dict": (u("a") + array() + b"s.", "it takes 1 from a stack of 0"),
    "SETITEM on a tuple": (b")" + u("a") + array() + b"s.", "other than a dict"),
    "SETITEMS without MARK": (b"}u.", "there is none"),
    "SETITEMS of an odd number": (b"}(" + u("a") + b"u.", "with pairs"),
    "SETITEMS through the MARK": (b"(" + u("a") + array() + b"u.", "it takes 1"),
    "DICT of an odd number": (b"(" + u("a") + b"d.", "with pairs"),
    "TUPLE without MARK": (b"t.", "there is none"),
    "below the MARK": (b"}(\x85.", "TUPLE1 at byte 2: it takes 1 from a stack of 0"),
    "STACK_GLOBAL of nothing": (b"\x93.", "it takes 2"),
    "STACK_GLOBAL of a dict": (b"}}\x93.", "a name must be text"),
    "a name in NumPy": (b"cnumpy\nload\n.", "it names 'numpy.load'"),
    "a part of a name": (b"cnumpy\ndtype.type\n.", "it names 'numpy.dtype.type'"),
    "a long name": (b"c" + b"x" * 10000 + b"\ny\n.", "it names 'xxx"),
    "GET of nothing": (b"h\5.", "BINGET at byte 0: memo 5 was never stored"),
    "GET of a negative number": (b"g-1\n.", "memo -1"),
    "PUT of nothing": (b"q\0.", "BINPUT at byte 0: it takes 1"),
    "PUT of nothing after a MARK": (b"}(q\0.", "it takes 1"),
    "MEMOIZE of nothing": (b"\x94.", "MEMOIZE at byte 0"),
    "a dict in itself": (b"}q\0" + u("a") + b"h\0s.", "arrays under names"),
    "a name as a value": (dict_of(RECONSTRUCT), "arrays under names"),
    "a dtype as a value": (dict_of(F4), "arrays under names"),
    "an array never filled": (dict_of(BLANK), "arrays under names"),
    "an array as its name": (b"}" + array() + array() + b"s.", "arrays under names"),
    "an array filled twice": (
        b"}" + u("a") + BLANK + (b"(K\1K\2\x85" + F4 + b"\x89" + b(bytes(8)) + b"tb") * 2 + b"s.",
        "other than a new array"),
    "a dtype filled twice": (dict_of(array(dtype=F4 + ORDER)), "other than a new array"),
    "a dtype without order": (dict_of(array(dtype=BARE)), "no byte order"),
    "a dtype of a strange order": (
        dict_of(array(dtype=BARE + ORDER.replace(b"<", b"!"))), "none of < > |"),
    "a dtype whose order is a dict": (
        dict_of(array(dtype=BARE + ORDER.replace(u("<"), b"}"))), "none of < > |"),
    "a dtype with fields": (
        dict_of(array(dtype=BARE + ORDER.replace(b"NNN", b"N" + u("x") + b"}"))), "other than"),
    "an object dtype": (dict_of(array(dtype=F4.replace(u("f4"), u("O8")))), "'O8' is not a plain"),
    "a dtype that is a dict": (dict_of(array(dtype=F4.replace(u("f4"), b"}"))), "makes no array"),
    "aligned, copied": (dict_of(array(dtype=BARE.replace(b"\x89\x88", b"\x88\x88") + ORDER)),
                        "makes no array"),
    "too few bytes": (dict_of(array(data=bytes(7))), "takes 8 bytes; 7 are given"),
    "too many bytes": (dict_of(array(data=bytes(9))), "takes 8 bytes; 9 are given"),
    "text for bytes": (dict_of(array().replace(b(bytes(8)), u("\0" * 8))), "not bytes"),
    "a negative size": (dict_of(array(shape=b"J\xff\xff\xff\xffJ\xfe\xff\xff\xff\x86")), "sizes"),
    "a huge size": (dict_of(array(shape=b"I" + b"9" * 30 + b"\nK\0\x86", data=b"")), "sizes"),
    "beyond the digits Python reads": (dict_of(array(shape=b"I" + b"9" * 5000 + b"\n\x85")), "INT"),
    "huge sizes and a zero": (
        dict_of(array(shape=b"(K\0" + b"J\0\0\0\x10" * 8 + b"t", data=b"")), "BUILD"),
    "a size that is True": (dict_of(array(shape=b"\x88K\2\x86")), "sizes"),
    "a size that is text": (dict_of(array(shape=u("2") + b"\x85")), "sizes"),
    "a size that is a dict": (dict_of(array(shape=b"}\x85")), "sizes"),
    "33 dimensions": (dict_of(array(shape=b"(" + b"K\1" * 33 + b"t", data=bytes(4))), "up to 32"),
    "a shape that is no tuple": (dict_of(array(shape=b"K\2")), "sizes"),
    "claims 4 GiB": (dict_of(array(shape=b"J\0\0\0\x40\x85")), "sizes"),
    "claims a gibibyte": (dict_of(array(shape=b"J\0\0\0\x10\x85")), "takes 1,073,741,824 bytes"),
    "order for fortran": (dict_of(array(fortran=u("F"))), "other than a new array"),
    "fortran 2": (dict_of(array(fortran=b"K\2")), "other than a new array"),
    "another version": (dict_of(array().replace(b"(K\1", b"(K\2", 1)), "other than a new array"),
    "reconstruct another class": (
        dict_of(array().replace(b"cnumpy\nndarray\n", RECONSTRUCT)), "makes no array"),
    "reconstruct in another shape": (
        dict_of(array().replace(b"K\0\x85C\1b", b"K\1\x85C\1b")), "makes no array"),
    "a call of a dict": (b"})R.", "makes no array"),
    "a call of an array": (dict_of(array() + array() + b"R"), "makes no array"),
    "a call with an array": (b"cnumpy\ndtype\n" + array() + b"R.", "makes no array"),
    "fill in an array with an array": (array() + array() + b"b.", "other than a new array"),
    "frombuffer of text": (
        dict_of(FROMBUFFER + u("\0" * 8) + F4 + b"K\2\x85" + u("C") + b"tR"), "not bytes"),
    "frombuffer in a strange order": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2\x85" + u("A") + b"tR"), "makes no array"),
    "frombuffer in an order that is a dict": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2\x85}tR"), "makes no array"),
    "axes twice": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2K\1\x86" + u("K") + b"K\0K\0\x86tR"), "its axes"),
    "axes too many": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2\x85" + u("K") + b"K\0K\1\x86tR"), "its axes"),
    "axes that are text": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2\x85" + u("K") + u("0") + b"\x85tR"), "its axes"),
    "axes beyond 64 bits": (
        dict_of(FROMBUFFER + EIGHT + F4 + b"K\2\x85" + u("K") + b"I" + b"9" * 30 + b"\n\x85tR"),
        "its axes"),
    "text beyond Latin-1": (
        b"c_codecs\nencode\n" + u("가") + u("latin1") + b"\x86R.", "REDUCE at byte"),
    "text in another encoding": (
        dict_of(array().replace(
            b(bytes(8)), b"c_codecs\nencode\n" + u("\0" * 8) + u("utf-8") + b"\x86R")),
        "makes no array"),
    "text that is no UTF-8": (b"X\1\0\0\0\xff.", "BINUNICODE at byte 0"),
    "text cut off": (b"X\xff\0\0\0abc", "BINUNICODE at byte 0"),
    "bytes cut off": (b"B\xff\xff\xff\x7fabc", "BINBYTES at byte 0"),
    "bytearray cut off": (b"\x96" + b"\xff" * 7 + b"\x7fabc", "BYTEARRAY8 at byte 0"),
    "bytearray longer than memory": (b"\x96" + b"\xff" * 8, "BYTEARRAY8 at byte 0"),
    "an argument cut off": (b"\x80", "PROTO at byte 0"),
    "a number that is none": (b"Ix\n.", "INT at byte 0"),
    "a line without end": (b"cnumpy\ndty", "GLOBAL at byte 0"),
    "a name that is no ASCII": (b"c\xff\n\xff\n.", "GLOBAL at byte 0"),
    "old text with a strange escape": (b"S'\\d'\n.", "STRING at byte 0: no dict of arrays needs"),
    "persistent": (b"Pid\n.", "PERSID at byte 0"),
    "a name with a strange escape": (b"c\\d\nx\n.", "GLOBAL at byte 0"),
    "an extension": (b"\x82\1.", "EXT1 at byte 0"),
    "a buffer outside": (b"\x97.", "NEXT_BUFFER at byte 0"),
    "POP": (b"}0.", "POP at byte 1"),
    "DUP": (b"}2.", "DUP at byte 1"),
    "INST": (b"(ios\nsystem\n.", "INST at byte 1"),
    "OBJ": (b"(o.", "OBJ at byte 1"),
    "NEWOBJ": (b"\x81.", "NEWOBJ at byte 0"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILT)
def test_spoilt(tmp_path, case):
    data, message = SPOILT[case]
    assert message in refused(tmp_path, data)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_prefix_is_refused(tmp_path, protocol):
    data = pickle.dumps({"a": np.arange(3), "b": np.ones((2, 2))}, protocol)
    for length in range(len(data)):
        refused(tmp_path, data[:length])


def test_the_allow_list_is_exactly_what_python_writes(tmp_path):
    """Every allowed instruction occurs in some pickle of arrays; so none is there for nothing."""
    many = {str(n): np.array([n]) for n in range(300)} | GOOD
    many |= {"long": np.ones(300), "x" * 300: np.ones(2), "wide": np.ones((300, 70000), bool)}
    readonly = np.ones(100)
    readonly.flags.writeable = False
    many["readonly"] = readonly
    written = {
        op.name
        for protocol in PROTOCOLS
        for arrays in (many, {"a": np.ones((2, 2)), "b": np.ones(2)}, {"a": np.ones(1)})
        for op, _, _ in pickletools.genops(pickle.dumps(arrays, protocol))
    }
    assert written == set(pickled.STEPS)


# ---------------------------------------------------------------- memory and time


def peak_of_refusal(tmp_path, data):
    tracemalloc.start()
    try:
        message = refused(tmp_path, data)
        return tracemalloc.get_traced_memory()[1], message
    finally:
        tracemalloc.stop()


MIB = 1 << 20


def test_one_block_of_bytes_cannot_become_many_arrays(tmp_path):
    """1 MB of bytes, stored once, asked for 500 times: half a gigabyte if it were believed."""
    shared = b(bytes(MIB)) + b"q\1" + F4 + b"q\2"
    fill = b"(K\1J\0\0\4\0\x85h\2\x89h\1tb"
    again = u("a") + BLANK + fill + b"s"
    data = b"(" + shared + b"t}" + again * 500 + b"."
    peak, message = peak_of_refusal(tmp_path, data)
    assert "larger than the file" in message
    assert peak < 8 * MIB


@pytest.mark.parametrize("byte", [b"(", b"}", b")", b"N", b"\x88"])
def test_millions_of_instructions_end_early(tmp_path, byte):
    peak, message = peak_of_refusal(tmp_path, byte * 5_000_000)
    assert "no STOP within 200,000 instructions" in message
    assert peak < 64 * MIB


def test_tuples_in_tuples_are_no_recursion(tmp_path):
    assert "makes no array" in refused(tmp_path, b"})" + b"\x85" * 150_000 + b"R.")


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    path = tmp_path / "huge.pkl"
    with path.open("wb") as file:
        file.truncate(pickled.MAX_BYTES + 1)  # a hole: takes no room on the disk
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"huge.pkl: 268,435,457 bytes"):
            load_pickled_arrays(path)
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


def test_no_file_is_the_systems_own_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load_pickled_arrays(tmp_path / "nowhere.pkl")


# ---------------------------------------------------------------- fuzz

SMALL = {"W": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.asfortranarray(np.eye(2))}
SEEDS = [pickle.dumps(SMALL, protocol) for protocol in PROTOCOLS]


def assert_refused_or_right(folder, data):
    path = folder / "weights.pkl"
    path.write_bytes(data)
    arrays, refusal = {}, None
    tracemalloc.start()
    try:
        arrays = load_pickled_arrays(path)
    except ValueError as error:
        refusal = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert refusal is None or str(path) in refusal
    assert peak < MIB
    assert type(arrays) is dict
    for name, array in arrays.items():
        assert type(name) is str
        assert type(array) is np.ndarray
        assert array.dtype.kind in "biufc"
        assert array.flags.c_contiguous
    distinct = {id(array): array.nbytes for array in arrays.values()}
    assert sum(distinct.values()) <= len(data)


@st.composite
def mutated(draw):
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.integers(0, 12)))
        match draw(st.sampled_from(["set", "insert", "delete", "repeat", "move"])):
            case "set":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "insert":
                data[at:at] = draw(st.binary(max_size=5))
            case "delete":
                del data[at:until]
            case "repeat":
                data[at:at] = data[at:until]
            case "move":
                piece = data[at:until]
                del data[at:until]
                to = draw(st.integers(0, len(data)))
                data[to:to] = piece
    return bytes(data)


@given(data=mutated())
def test_mutated_pickles(tmp_path_factory, data):
    assert_refused_or_right(tmp_path_factory.getbasetemp(), data)


def pieces():
    """The instructions of good pickles with their arguments, as one would cut them apart."""
    found = set()
    for data in SEEDS:
        places = [pos for _, _, pos in pickletools.genops(data)] + [len(data)]
        found |= {data[a:z] for a, z in itertools.pairwise(places)}
    return sorted(found - {b"."})


@given(st.lists(st.sampled_from([*pieces(), BLANK, F4, array(), u("a"), EIGHT]), max_size=30))
def test_good_instructions_in_any_order(tmp_path_factory, program):
    assert_refused_or_right(tmp_path_factory.getbasetemp(), b"}" + b"".join(program) + b".")


@given(st.binary(max_size=60))
def test_noise(tmp_path_factory, data):
    assert_refused_or_right(tmp_path_factory.getbasetemp(), data)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_flipped(tmp_path, seed):
    for at in range(len(seed)):
        for bit in range(8):
            data = bytearray(seed)
            data[at] ^= 1 << bit
            assert_refused_or_right(tmp_path, bytes(data))


def test_the_seeds_are_good(tmp_path):
    for data in SEEDS:
        assert_right(load(tmp_path, data), SMALL)
