"""The cache of compiled functions is bounded, and cannot be made to compile without end."""

import itertools

import iso
from iso.compiled import CONTESTED_USES, FIRST_USES, MAX_COUNTED, Compiled

CAPACITY = 4


def test_a_shape_is_compiled_once_it_was_seen_often_enough():
    compiled: list[str] = []
    cache = Compiled(compiled.append, CAPACITY)
    for _ in range(FIRST_USES - 1):
        cache.accepted("a")
    assert compiled == []
    for _ in range(5):
        cache.accepted("a")
    assert compiled == ["a"]


def test_a_full_cache_lets_the_oldest_go_and_only_for_a_shape_in_use():
    compiled: list[int] = []
    cache = Compiled(compiled.append, CAPACITY)
    for shape in range(CAPACITY):
        for _ in range(FIRST_USES):
            cache.accepted(shape)
    for _ in range(CONTESTED_USES - 1):
        cache.accepted(99)
    assert list(cache.functions) == [0, 1, 2, 3]
    cache.accepted(99)
    assert list(cache.functions) == [1, 2, 3, 99]


def test_shapes_that_never_come_again_are_neither_compiled_nor_kept():
    compiled: list[int] = []
    cache = Compiled(compiled.append, CAPACITY)
    for shape in range(3 * MAX_COUNTED):
        cache.accepted(shape)
        assert len(cache._counts) <= MAX_COUNTED
    assert compiled == []


def test_the_codec_stays_within_its_bound_and_right_beyond_it():
    codec = iso.Codec(iso.get("ifsf").specification, max_compiled=CAPACITY)
    optional = {
        3: "000000",
        7: "0723221300",
        12: "250723221300",
        24: "200",
        52: b"12345678",
        70: "100",
    }
    for size in range(len(optional) + 1):
        for chosen in itertools.combinations(optional.items(), size):
            message = iso.Message("1200", {11: "000022", **dict(chosen)})
            for _ in range(FIRST_USES + 1):
                assert codec.decode(codec.encode(message)) == message
    assert codec.compiled_count == 2 * CAPACITY


def test_a_malformed_message_never_counts():
    codec = iso.Codec(iso.get("ifsf").specification)
    for _ in range(10):
        try:
            codec.decode(b"1200" + b"\x40" + bytes(7) + b"99")
        except iso.DecodeError:
            continue
    assert codec.compiled_count == 0
