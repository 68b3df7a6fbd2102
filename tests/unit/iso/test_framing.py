"""Frames: the same ones however the stream is cut, and a bounded buffer."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iso.errors import FramingError
from iso.framing import FRAMINGS, MAX_FRAME_BYTES, Framer, Framing

ALL = sorted(FRAMINGS)
TPDU = bytes.fromhex("6000010002")


def fed(framing: Framing, chunks: list[bytes]) -> tuple[list[tuple[bytes, bytes]], str]:
    """All frames of the chunks, and the reason of the fault that ended them."""
    framer = Framer(framing)
    frames = []
    try:
        for chunk in chunks:
            frames += framer.feed(chunk)
            assert framer.buffered_bytes <= framing.length_bytes + framing.max_frame_bytes
        framer.feed(b"")
    except FramingError as fault:
        assert framer.fault is not None
        return [(one.header, one.body) for one in frames], fault.reason
    return [(one.header, one.body) for one in frames], ""


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@pytest.mark.invariant(14)
@given(
    name=st.sampled_from(ALL),
    bodies=st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    places=st.lists(st.integers(0, 400), max_size=8),
)
def test_frames_come_out_as_they_were_wrapped(name, bodies, places):
    framing = FRAMINGS[name]
    header = TPDU[: framing.header_bytes]
    stream = b"".join(framing.wrap(body, header) for body in bodies)
    expected = ([(header, body) for body in bodies], "")
    assert fed(framing, [stream]) == expected
    assert fed(framing, cut(stream, places)) == expected
    assert fed(framing, [stream[at : at + 1] for at in range(len(stream))]) == expected


@pytest.mark.invariant(14)
@given(
    name=st.sampled_from(ALL),
    stream=st.binary(max_size=60) | st.text("0123456789", max_size=60).map(str.encode),
    places=st.lists(st.integers(0, 60), max_size=8),
)
def test_any_bytes_give_the_same_frames_and_the_same_fault_however_they_come(name, stream, places):
    framing = Framing(name, *(getattr(FRAMINGS[name], part) for part in Framing.__slots__[1:5]), 16)
    whole = fed(framing, [stream])
    assert fed(framing, cut(stream, places)) == whole
    assert fed(framing, [stream[at : at + 1] for at in range(len(stream))]) == whole


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("binary2", b"\x00\x00", FramingError.ZERO),
        ("binary2", b"\x20\x01", FramingError.OVERSIZE),
        ("binary2_inclusive", b"\x00\x02", FramingError.TOO_SHORT),
        ("binary2_tpdu", b"\x00\x05", FramingError.TOO_SHORT),
        ("ascii4", b"0000", FramingError.ZERO),
        ("ascii4", b"9999", FramingError.OVERSIZE),
        ("ascii4", b"+012", FramingError.NOT_DIGITS),
        ("ascii4", "012²".encode("latin-1"), FramingError.NOT_DIGITS),
    ],
)
def test_a_length_that_cannot_be_believed_is_named(name, data, reason):
    with pytest.raises(FramingError) as caught:
        Framer(FRAMINGS[name]).feed(data)
    assert caught.value.reason == reason


def test_what_came_before_a_fault_is_handed_over_first():
    framer = Framer(FRAMINGS["ascii4"])
    assert [frame.body for frame in framer.feed(b"0003abc0000")] == [b"abc"]
    assert framer.fault is not None
    with pytest.raises(FramingError):
        framer.feed(b"")


@pytest.mark.parametrize(("name", "digits"), [("binary2", b"\x20\x00"), ("ascii4", b"8192")])
def test_the_largest_frame_is_taken_and_one_more_byte_is_not(name, digits):
    framing = FRAMINGS[name]
    body = bytes(MAX_FRAME_BYTES)
    assert framing.wrap(body) == digits + body
    assert Framer(framing).feed(digits + body)[0].body == body
    with pytest.raises(FramingError):
        framing.wrap(body + b"x")


def test_an_empty_body_is_not_sent():
    with pytest.raises(FramingError):
        FRAMINGS["binary2"].wrap(b"")


def test_the_length_counts_what_the_framing_says():
    assert FRAMINGS["binary2"].wrap(b"abc") == b"\x00\x03abc"
    assert FRAMINGS["binary2_inclusive"].wrap(b"abc") == b"\x00\x05abc"
    assert FRAMINGS["ascii4"].wrap(b"abc") == b"0003abc"
    assert FRAMINGS["binary2_tpdu"].wrap(b"abc", TPDU) == b"\x00\x08" + TPDU + b"abc"


def test_the_answer_goes_back_to_where_the_request_came_from():
    framing = FRAMINGS["binary2_tpdu"]
    assert framing.reply_header(TPDU) == bytes.fromhex("6000020001")
    assert FRAMINGS["binary2"].reply_header(b"") == b""


def test_a_frame_does_not_show_its_body():
    frame = Framer(FRAMINGS["binary2"]).feed(b"\x00\x03pan")[0]
    assert "pan" not in repr(frame)
    assert "pan" not in str(frame.__rich_repr__())
