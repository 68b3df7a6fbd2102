"""A malformed message is refused with the exact field and position, by either path."""

import pytest

import iso

IFSF = iso.get("ifsf").codec
ISO87 = iso.get("iso87").codec
MESSAGE = iso.Message(
    "1200",
    {
        2: "7801310000009999490",
        4: "000000041357",
        11: "000022",
        37: "000001580093",
        52: b"12345678",
        63: "S00",
        100: "280131",
    },
)
WIRE = IFSF.encode(MESSAGE)
# Where things are: MTI 0, bitmaps 4 and 12, DE2 20, DE4 41, DE11 53, DE37 59, DE52 71, DE63 79,
# DE100 85, the end 93.


def replaced(at: int, text: bytes) -> bytes:
    return WIRE[:at] + text + WIRE[at + len(text) :]


@pytest.fixture(params=["careful", "compiled"])
def codec(request):
    codec = iso.Codec(IFSF.specification)
    for _ in range(10 if request.param == "compiled" else 0):
        assert codec.encode(codec.decode(WIRE)) == WIRE
    return codec


@pytest.mark.parametrize(
    ("data", "field", "position"),
    [
        (b"", "MTI", 0),
        (b"120", "MTI", 0),
        (b"12x0" + WIRE[4:], "MTI", 0),
        (WIRE[:9], "bitmap", 4),
        (WIRE[:15], "1", 12),
        (replaced(20, b"20"), "2", 20),
        (replaced(20, b"1x"), "2", 20),
        (replaced(20, b"+9"), "2", 20),
        (replaced(20, b"-1"), "2", 20),
        (replaced(22, b"78O1"), "2", 22),
        (replaced(41, b"00000004135x"), "4", 41),
        (replaced(53, "00002²".encode("latin-1")), "11", 53),
        (replaced(59, b"00000158\x0093"), "37", 59),
        (WIRE[:75], "52", 71),
        (replaced(79, b"0 3"), "63", 79),
        (replaced(79, b"999"), "63", 82),
        (replaced(85, b"12"), "100", 85),
        (replaced(85, b"07"), "100", 87),
        (replaced(85, b"05"), "100", 92),
        (WIRE + b"0", "100", 93),
        (replaced(12, b"\x80"), "65", 12),
    ],
)
def test_the_fault_is_named(codec, data, field, position):
    with pytest.raises(iso.DecodeError) as caught:
        codec.decode(data)
    assert (caught.value.field, caught.value.position) == (field, position)
    # A value never travels in an error, nor in what hangs on it (invariant 15).
    assert caught.value.__context__ is None
    assert "7801310000009999490" not in str(caught.value)


@pytest.mark.parametrize(
    ("bitmap", "field"),
    [(b"40 00000000000 0", "bitmap"), (b"4000_00000000000", "bitmap"), (b"400000000000000", "2")],
)
def test_a_hexadecimal_bitmap_has_hexadecimal_digits_and_nothing_else(bitmap, field):
    with pytest.raises(iso.DecodeError) as caught:
        ISO87.decode(b"0200" + bitmap + b"0512345"[: 7 if len(bitmap) == 16 else 0])
    assert caught.value.field == ("bitmap" if field == "2" else field)


def test_a_hexadecimal_bitmap_may_be_in_small_letters():
    data = ISO87.encode(iso.Message("0800", {7: "0723221300", 11: "000001", 13: "0723"}))
    small = data[:4] + data[4:20].lower() + data[20:]
    for _ in range(10):
        assert ISO87.decode(small) == ISO87.decode(data)


@pytest.mark.parametrize(
    ("mti", "change", "field"),
    [
        ("120", {}, "MTI"),
        ("12x0", {}, "MTI"),
        ("1200", {1: b"12345678"}, "1"),
        ("1200", {65: b"12345678"}, "65"),
        ("1200", {129: "1"}, "129"),
        ("1200", {"4": "000000000001"}, "4"),
        ("1200", {4: "1"}, "4"),
        ("1200", {4: "00000004135x"}, "4"),
        ("1200", {4: "00000004135\u0663"}, "4"),
        ("1200", {4: 41357}, "4"),
        ("1200", {4: b"000000041357"}, "4"),
        ("1200", {52: "12345678"}, "52"),
        ("1200", {52: b"1234567"}, "52"),
        ("1200", {63: b"S00"}, "63"),
        ("1200", {63: "x" * 1000}, "63"),
        ("1200", {63: "\u20ac"}, "63"),
        ("1200", {37: "00000158009\n"}, "37"),
    ],
)
def test_what_cannot_be_sent_is_named(codec, mti, change, field):
    with pytest.raises(iso.EncodeError) as caught:
        codec.encode(iso.Message(mti, MESSAGE.fields | change))
    assert caught.value.field == field
    assert caught.value.__context__ is None


def test_an_unknown_profile_names_those_there_are():
    with pytest.raises(iso.UnknownProfile, match="iso87, ifsf, ops, x9tg23"):
        iso.get("acme")
