"""A description shows a message and none of its secrets (invariant 15)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import iso
from iso.fields import Field
from iso.masking import mask_text
from iso.profiles import names

PAN = "7801310000009999490"
PIN_BLOCK = "753c77c4893c2378"
MASKED = "780131*********9490"


def test_the_request_is_described_without_pan_and_pin(sample):
    text = iso.describe_text(iso.get("ops"), sample("ifsf-1200-request.hex"))
    assert PAN not in text
    assert PAN[6:-4] not in text
    assert PIN_BLOCK not in text.lower()
    assert f"  2 Primary account number: {MASKED}" in text
    assert " 52 PIN block: ****" in text
    assert "    48-4 Batch and sequence number: 0000123456" in text
    assert "    48-32 VAT percentages: 0 = 0.00%" in text
    assert "    Item 1: product 12, 20.125 litre at 20.55, amount 413.57" in text


def test_a_message_without_its_length_is_described_as_well(sample):
    text = iso.describe_text(iso.get("ops"), sample("ifsf-1810-response.hex"))
    assert text.splitlines()[0] == "MTI 1810"
    assert " 39 Action code: 800" in text
    request = sample("ifsf-1200-request.hex")
    both = [iso.describe_text(iso.get("ops"), data) for data in (request, request[4:])]
    assert both[0] == both[1]


def test_input_is_hexadecimal_text_or_bytes(sample, sample_text):
    request = sample("ifsf-1200-request.hex")
    text = sample_text("ifsf-1200-request.hex")
    spaced = "\n".join(text[at : at + 32] for at in range(0, len(text), 32))
    assert iso.parse_input(text) == iso.parse_input(spaced) == request
    assert iso.parse_input(spaced.upper().encode()) == request
    assert iso.parse_input(request) == request
    # All digits, and yet no hexadecimal text of anything.
    echo = b"08008220000000000000040000000000000007232213000000013010"
    assert iso.parse_input(echo) == echo
    with pytest.raises(iso.DecodeError):
        iso.parse_input("not hexadecimal")


def with_secret(field: Field) -> str:
    return PAN if field.prefix else PAN.ljust(field.size, "0")[: field.size]


@pytest.mark.parametrize("name", names())
def test_a_pan_is_masked_wherever_it_is(name):
    profile = iso.get(name)
    for number, field in profile.specification.fields.items():
        if field.kind == "b" or field.size < len(PAN):
            continue
        for secret in (PAN, " ".join(PAN[at : at + 4] for at in range(0, len(PAN), 4))):
            value = with_secret(field).replace(PAN, secret)
            message = iso.Message("0200", {number: value})
            for shown in ("\n".join(iso.describe(profile, message)), repr(message)):
                assert secret not in shown
                assert PAN[6:-4] not in shown


def test_secrets_are_masked_whole():
    profile = iso.get("ifsf")
    track = f"{PAN}=28121010000015678"
    message = iso.Message(
        "1200",
        {
            35: track,
            45: f"B{PAN}^NAME",
            48: profile.encode_control({9: track}),
            52: bytes.fromhex(PIN_BLOCK),
            55: b"\x5a\x0a" + bytes.fromhex(f"{PAN}f"),
        },
    )
    described = "\n".join(iso.describe(profile, message))
    for shown in (described, repr(message), str(message.__rich_repr__())):
        for secret in (PAN, "2812", "NAME", PIN_BLOCK, "5678"):
            assert secret not in shown.lower().replace("\\x", "")
            assert secret not in shown
    assert "48-9 Track 2, second card: ****" in described
    assert track not in repr(profile.control(message.fields[48]))


def test_an_element_that_cannot_be_read_shows_only_its_fault():
    profile = iso.get("ifsf")
    lines = iso.describe(profile, iso.Message("1200", {48: "secret", 63: "S01x"}))
    assert "secret" not in "\n".join(lines)
    assert "field 63.item[1]" in lines[-1]


def test_products_and_prompts_are_described():
    profile = iso.get("ifsf")
    products = profile.encode_products(iso.subfields.Products(("001", "002"), "1", "BYE"))
    prompts = profile.encode_control({8: (iso.subfields.Prompt("4", "123456"),)})
    lines = iso.describe(profile, iso.Message("1210", {48: prompts, 62: products}))
    assert "    48-8 Customer data: odometer = 123456" in lines
    assert "    62-1 Allowed products: 001, 002" in lines
    assert "    62-3 Receipt text: BYE" in lines


@given(
    number=st.sampled_from([44, 48, 62, 63, 120]),
    text=st.text(st.characters(max_codepoint=255), max_size=80),
    name=st.sampled_from(names()),
)
def test_any_text_can_be_described_on_one_line_an_element(number, text, name):
    for line in iso.describe(iso.get(name), iso.Message("1200", {number: text})):
        assert line.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("123456789012", "123456789012"),
        ("1234567890123", "123456***0123"),
        ("a4111-1111 11111-1111b", "a4111-1**********1111b"),
        ("1" * 30, "111111" + "*" * 20 + "1111"),
    ],
)
def test_thirteen_digits_may_be_an_account_number(text, shown):
    assert mask_text(text) == shown
