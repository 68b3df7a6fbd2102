"""Key blocks: the examples of TR-31:2018 and ISO 20038, an HSM's, the oracle's, and every fault."""

from pathlib import Path

import pytest
from crypto_oracles import asked, counting, h, psec, zeros
from hypothesis import given, settings
from hypothesis import strategies as st

from hsm_sim.crypto import tr31
from hsm_sim.crypto.tr31 import Header, KeyBlockError, unwrap, wrap

LINES = Path(__file__).with_name("key_blocks.txt").read_text().splitlines()
PUBLISHED = {name: rest for name, *rest in
             (line.split(" | ") for line in LINES if not line.startswith("#"))}
A_7_3_1 = PUBLISHED["TR-31:2018 A.7.3.1"]
A_7_4 = PUBLISHED["TR-31:2018 A.7.4"]


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_blocks_are_opened_and_made_again(name):
    """Made again character by character, with the padding that the published block has."""
    kbpk, block, key = h(PUBLISHED[name][0]), *PUBLISHED[name][1:]
    header, opened = unwrap(kbpk, block)
    assert opened == h(key)
    end, mac_length = len(header.text(0)), tr31._MAC[header.version]
    sealed = h(block[end:])
    clear, _ = tr31._open(
        kbpk, block[:end].encode(), sealed[:-mac_length], sealed[-mac_length:])
    padding = clear[2 + len(opened) :]
    assert wrap(kbpk, header, opened, lambda _: padding, masked_length=len(clear) - 2) == block


def test_fields_of_a_published_header():
    header, _ = unwrap(h(A_7_3_1[0]), A_7_3_1[1])
    assert header == Header(version="C", usage="B0", algorithm="T", mode="X", version_number="12",
                            exportability="S", blocks=(("KS", "00604B120F9292800000"),))
    assert Header.parse(A_7_3_1[1]) == header
    assert Header.parse(A_7_3_1[1][:40]) == header


usages = st.sampled_from(["B0", "C0", "D0", "E0", "K0", "K1", "M3", "M6", "P0", "V1", "V2", "72"])
names = st.text("ABCDEFGHJKLMNOQRSTUVWXYZ0123456789", min_size=2, max_size=2)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=300)
optional_blocks = st.lists(st.tuples(names, printable), max_size=4,
                           unique_by=lambda block: block[0]).map(tuple)


@st.composite
def wrappings(draw):
    """A protection key, a header, and a key that fits it."""
    version = draw(st.sampled_from("ABCD"))
    lengths = [16, 24, 32] if version == "D" else [16, 24]
    length = draw(st.sampled_from(lengths))
    kbpk = draw(st.binary(min_size=length, max_size=length))
    algorithm = draw(st.sampled_from("TAHD"))
    sizes = {"T": [8, 16, 24], "A": [16, 24, 32], "H": [1, 20, 32, 64, 100], "D": [8]}[algorithm]
    size = draw(st.sampled_from(sizes))
    header = Header(version=version, usage=draw(usages), algorithm=algorithm,
                    mode=draw(st.sampled_from("BCDEGNSTVXY")),
                    version_number=draw(st.sampled_from(["00", "01", "c1", "99"])),
                    exportability=draw(st.sampled_from("ENS")), blocks=draw(optional_blocks))
    return kbpk, header, draw(st.binary(min_size=size, max_size=size))


@settings(max_examples=150)
@given(wrapping=wrappings(), masked=st.sampled_from([None, 0, 16, 40]))
def test_a_block_comes_back_and_the_oracle_opens_it(wrapping, masked):
    kbpk, header, key = wrapping
    block = wrap(kbpk, header, key, counting, masked_length=masked)
    assert unwrap(kbpk, block) == (header, key)
    theirs, opened = asked(psec.tr31.unwrap, kbpk, block)
    assert opened == key
    assert (theirs.key_usage, theirs.algorithm, theirs.mode_of_use, theirs.version_num,
            theirs.exportability) == (header.usage, header.algorithm, header.mode,
                                      header.version_number, header.exportability)
    assert tuple(theirs.blocks.items()) == header.blocks


@settings(max_examples=150)
@given(wrapping=wrappings())
def test_a_block_of_the_oracle_is_opened(wrapping):
    kbpk, header, key = wrapping
    theirs = psec.tr31.Header(header.version, header.usage, header.algorithm, header.mode,
                              header.version_number, header.exportability)
    for name, data in header.blocks:
        theirs.blocks[name] = data
    assert unwrap(kbpk, asked(psec.tr31.wrap, kbpk, theirs, key)) == (header, key)


def test_the_padding_hides_how_long_a_key_is():
    def lengths(algorithm: str, sizes: tuple[int, ...], **named: int) -> set[int]:
        header = Header(version="D", usage="D0", algorithm=algorithm, mode="B")
        return {len(wrap(bytes(32), header, bytes(size), counting, **named)) for size in sizes}

    assert lengths("T", (8, 16, 24)) == {16 + 2 * (32 + 16)}
    assert lengths("A", (16, 24, 32)) == {16 + 2 * (48 + 16)}
    assert len(lengths("A", (16, 32), masked_length=0)) == 2
    assert lengths("H", (16, 20, 32, 64), masked_length=64) == {16 + 2 * (80 + 16)}


def test_the_padding_is_the_chance_that_was_given():
    header = Header(version="B", usage="P0", algorithm="T", mode="E")
    one = wrap(bytes(16), header, bytes(16), zeros)
    other = wrap(bytes(16), header, bytes(16), counting)
    assert one != other
    assert unwrap(bytes(16), one) == unwrap(bytes(16), other)


def test_a_header_is_filled_up_by_a_padding_block():
    """PB has an id and a length, so what is missing is at least four characters."""
    for length, expected in ((4, "PB08"), (8, "PB04"), (9, "PB13"), (12, "")):
        header = Header(version="D", usage="P0", algorithm="A", mode="E",
                        blocks=(("LB", "x" * length),))
        text = wrap(bytes(32), header, bytes(16), counting)[: len(header.text(0))]
        assert text[20 + length :][:4] == expected
        assert text[12:14] == ("02" if expected else "01")
        assert len(text) % 16 == 0


def fault(kbpk: bytes, block: str) -> str:
    """The reason that the block is refused for."""
    with pytest.raises(KeyBlockError) as caught:
        unwrap(kbpk, block)
    assert str(caught.value)
    return caught.value.reason


@pytest.mark.parametrize(("at", "text", "reason"), [
    (0, "E", "version"), (0, "0", "version"), (0, "a", "version"),
    (1, "0096", "length"), (1, "01I2", "length"), (1, "  96", "length"),
    (5, "p0", "usage"), (5, "ZZ", "usage"), (5, "P9", "usage"), (5, "1a", "usage"),
    (7, "X", "algorithm"), (7, "t", "algorithm"), (8, "A", "mode"), (8, "-", "mode"),
    (9, "0-", "version_number"), (11, "X", "exportability"),
    (12, "0x", "optional"), (12, "01", "optional"), (14, "01", "reserved"), (14, "XX", "reserved"),
    (16, "b", "character"), (111, "G", "character"), (20, " ", "character"),
    (30, "\u0660", "character"), (30, "\n", "character"),
])
def test_each_field_of_a_header_is_checked(at, text, reason):
    kbpk, block, _ = A_7_4
    assert fault(h(kbpk), block[:at] + text + block[at + len(text) :]) == reason


@pytest.mark.parametrize("name", [name for name in PUBLISHED if name.startswith("TR-31")])
def test_whatever_is_altered_is_seen(name):
    """Each character after the length by another one that is allowed there."""
    kbpk, block, _ = PUBLISHED[name]
    for at in range(5, len(block)):
        other = "0" if block[at] != "0" else "1"
        if fault(h(kbpk), block[:at] + other + block[at + 1 :]) == "mac":
            continue
        assert at < 41, "after the header nothing but the MAC can say it"
    assert fault(bytes(reversed(h(kbpk))), block) == "mac"


@pytest.mark.parametrize(("at", "text"), [(5, "D0"), (7, "T"), (8, "D"), (9, "01"), (11, "N")])
def test_a_header_that_is_good_but_another_fails_by_its_mac(at, text):
    """The key block binds: that is what it is for."""
    kbpk, block, _ = A_7_4
    assert fault(h(kbpk), block[:at] + text + block[at + len(text) :]) == "mac"


@pytest.mark.parametrize("length", [0, 1, 5, 15, 16, 47, 48, 49, 80, 110, 111])
def test_a_block_that_is_cut_off_is_refused(length):
    kbpk, block, _ = A_7_4
    cut = block[:length]
    expected = "version" if not cut else "length"
    assert fault(h(kbpk), cut) == expected
    if length >= 16:
        assert fault(h(kbpk), f"D{length:04}{cut[5:]}") in {"length", "mac"}
    assert fault(h(kbpk), block + "00") == "length"


@pytest.mark.parametrize(("name", "missing"), [
    ("TR-31:2018 A.7.4", 16), ("TR-31:2018 A.7.4", 1), ("TR-31:2018 A.7.2.2", 8)])
def test_a_key_that_is_not_in_whole_blocks_is_refused(name, missing):
    kbpk, block, _ = PUBLISHED[name]
    short = block[: len(block) - missing]
    assert fault(h(kbpk), f"{block[0]}{len(short):04}{short[5:]}") == "length"


@pytest.mark.parametrize(("blocks", "text"), [
    ("01KS", "hexadecimal|length of an optional"), ("01KS03", "does not fit"),
    ("01KS1", "length of an optional"), ("01KSFF0000000000", "does not fit"),
    ("01KS00", "length of an optional"), ("01KS0000", "length is 00"),
    ("01KS0002000", "length of an optional"), ("01KS00020005", "does not fit"),
    ("01KS0cAAAAAAAA", "length of an optional"), ("02PB10000000000000KS10000000000000", "last"),
    ("01KS05A", "whole blocks"), ("01KS08AAAA", "whole blocks"),
    ("02KS08AAAAKS08BBBB", "twice"), ("01k!10AAAAAAAAAAAA", "no id"),
    ("99KS10AAAAAAAAAAAA", "length of an optional"),
])
def test_optional_blocks_are_checked(blocks, text):
    head = f"D0112P0AE00E{blocks[:2]}00{blocks[2:]}"
    with pytest.raises(KeyBlockError, match=text) as caught:
        Header.parse(head)
    assert caught.value.reason == "optional"


def test_long_optional_blocks_have_long_lengths():
    for length in (251, 252, 300, 3000):
        header = Header(version="B", usage="P0", algorithm="T", mode="E",
                        blocks=(("CT", "c" * length), ("KV", "0001")))
        block = wrap(bytes(24), header, bytes(24), counting)
        assert unwrap(bytes(24), block) == (header, bytes(24))
        assert ("CT0002" in block) == (length > 251)
    too_long = Header(version="B", usage="P0", algorithm="T", mode="E",
                      blocks=(("CT", "c" * 9960),))
    with pytest.raises(KeyBlockError, match="at most 9999"):
        wrap(bytes(24), too_long, bytes(24), counting)


@pytest.mark.parametrize(("change", "reason"), [
    ({"version": "E"}, "version"), ({"version": ""}, "version"), ({"usage": "P"}, "usage"),
    ({"algorithm": ""}, "algorithm"), ({"mode": "EE"}, "mode"),
    ({"version_number": "0"}, "version_number"), ({"version_number": "\xe9\xe9"}, "version_number"),
    ({"exportability": ""}, "exportability"), ({"blocks": (("PB", "0000"),)}, "optional"),
    ({"blocks": (("K", "0"),)}, "optional"), ({"blocks": (("KS", "\xe9"),)}, "character"),
    ({"blocks": (("KS", "1"), ("KS", "2"))}, "optional"),
    ({"blocks": (("KS", "x" * 9990),)}, "optional"),
    ({"blocks": tuple((f"A{n:X}"[-2:], "") for n in range(99))}, "optional"),
])
def test_a_header_that_could_not_be_read_cannot_be_made(change, reason):
    good = {"version": "D", "usage": "P0", "algorithm": "A", "mode": "E"}
    assert Header(**good).block_size == 16
    with pytest.raises(KeyBlockError) as caught:
        Header(**good | change)
    assert caught.value.reason == reason


@pytest.mark.parametrize(("version", "algorithm", "kbpk", "key", "reason"), [
    ("A", "T", 8, 16, "protection_key"), ("B", "T", 32, 16, "protection_key"),
    ("C", "T", 0, 16, "protection_key"), ("D", "T", 8, 16, "protection_key"),
    ("B", "T", 16, 15, "key_length"), ("B", "T", 16, 32, "key_length"),
    ("D", "A", 32, 20, "key_length"), ("D", "A", 32, 8, "key_length"),
    ("D", "D", 32, 16, "key_length"), ("D", "H", 32, 0, "key_length"),
])
def test_keys_of_wrong_lengths_are_not_wrapped(version, algorithm, kbpk, key, reason):
    header = Header(version=version, usage="D0", algorithm=algorithm, mode="B")
    with pytest.raises(KeyBlockError) as caught:
        wrap(bytes(kbpk), header, bytes(key), counting)
    assert caught.value.reason == reason


@pytest.mark.parametrize("version", "ABCD")
def test_a_good_mac_over_a_length_that_lies_is_refused(version):
    """Only who has the protection key can make one; `random` puts the length of another key."""
    kbpk = bytes(32 if version == "D" else 16)
    size = 48 if version == "D" else 24
    header = Header(version=version, usage="D0", algorithm="R", mode="B")
    for bits in (8 * size, 127, 0xFFFF):
        mac_length = tr31._MAC[version]
        text = header.text(16 + 2 * (size + mac_length))
        enciphered, mac = tr31._seal(
            kbpk, text.encode(), bits.to_bytes(2, "big") + bytes(size - 2))
        assert fault(kbpk, text + (enciphered + mac).hex().upper()) == "key_length"


def test_errors_do_not_show_a_key():
    header = Header(version="D", usage="D0", algorithm="A", mode="B")
    with pytest.raises(KeyBlockError) as caught:
        wrap(bytes(32), header, b"\xab" * 17, counting)
    assert "ab" * 4 not in str(caught.value).lower()
