"""Frames: whole, in pieces, many at once, and lengths that cannot be believed."""

import pytest

from hsm_sim.frame import Framer, framed
from hsm_sim.settings import LONGEST_MESSAGE

MESSAGES = [b"HEADNC", b"", b"x" * 300, b"\x00\x01\x19"]
STREAM = b"".join(map(framed, MESSAGES))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, len(STREAM)])
def test_pieces_make_the_same_messages(size):
    framer = Framer()
    found = []
    for at in range(0, len(STREAM), size):
        found += framer.feed(STREAM[at:at + size])
    assert found == MESSAGES
    assert not framer.half


def test_a_message_that_is_not_whole_is_waited_for():
    framer = Framer()
    assert framer.feed(STREAM[:5]) == []
    assert framer.half
    assert framer.feed(STREAM[5:8]) == [b"HEADNC"]


def test_a_length_that_cannot_be_believed_ends_it_after_what_came_before():
    framer = Framer()
    bad = (LONGEST_MESSAGE + 1).to_bytes(2, "big")
    assert framer.feed(framed(b"one") + bad + framed(b"two")) == [b"one"]
    assert framer.broken
    assert framer.feed(framed(b"three")) == []


def test_the_longest_message():
    framer = Framer()
    assert framer.feed(framed(b"x" * LONGEST_MESSAGE)) == [b"x" * LONGEST_MESSAGE]
