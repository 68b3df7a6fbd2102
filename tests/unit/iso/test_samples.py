"""Messages that another implementation wrote: read to the value, written back to the byte."""

from decimal import Decimal

import pytest

import iso
from iso.subfields import Purchase, SaleItem, VatRate

LENGTH_DIGITS = 4

REQUEST = {
    2: "7801310000009999490",
    3: "000000",
    4: "000000041357",
    7: "0723221300",
    11: "000022",
    12: "250723221300",
    22: "B0010160014C",
    24: "200",
    26: "5541",
    32: "280131",
    41: "24001   ",
    49: "643",
    52: bytes.fromhex("753c77c4893c2378"),
    53: b"\x01",
    63: "F0105L012\\20.125\\20.55\\413.57",
}
RESPONSE = {
    3: "000000",
    4: "000000041357",
    7: "0723221300",
    11: "000022",
    12: "250723221300",
    32: "280131",
    37: "000001580093",
    38: "580093",
    39: "000",
    41: "24001   ",
    49: "643",
}
NETWORK_RESPONSE = {7: "0609194505", 11: "000001", 32: "280131", 39: "800"}


@pytest.mark.parametrize(
    ("name", "header", "mti", "values"),
    [
        ("ifsf-1200-request.hex", LENGTH_DIGITS, "1200", REQUEST),
        ("ifsf-1210-response.hex", LENGTH_DIGITS, "1210", RESPONSE),
        ("ifsf-1810-response.hex", 0, "1810", NETWORK_RESPONSE),
    ],
)
def test_a_sample_is_read_to_the_value_and_written_to_the_byte(sample, name, header, mti, values):
    codec = iso.get("ops").codec
    body = sample(name)[header:]
    # More often than it takes to compile, so that both paths have read and written it.
    for _ in range(10):
        message = codec.decode(body)
        assert message.mti == mti
        assert {k: v for k, v in message.fields.items() if k != 48} == values
        assert codec.encode(message) == body


def test_the_private_elements_of_the_request(sample):
    profile = iso.get("ops")
    fields = profile.codec.decode(sample("ifsf-1200-request.hex")[LENGTH_DIGITS:]).fields
    control = profile.control(fields[48])
    assert control == {
        3: "RU",
        4: "0000123456",
        14: "13",
        32: (VatRate("0", Decimal("0.00")),),
    }
    assert profile.encode_control(control) == fields[48]
    purchase = profile.purchase(fields[63])
    assert purchase == Purchase(
        "F",
        (
            SaleItem(
                product="12",
                unit="L",
                quantity=Decimal("20.125"),
                unit_price=Decimal("20.55"),
                amount=Decimal("413.57"),
                tax_code="0",
                payment_type="5",
            ),
        ),
        format_id="0",
    )
    assert profile.encode_purchase(purchase) == fields[63]


def test_the_control_element_of_the_response(sample):
    profile = iso.get("ops")
    fields = profile.codec.decode(sample("ifsf-1210-response.hex")[LENGTH_DIGITS:]).fields
    assert profile.control(fields[48]) == {4: "0000123456"}


def test_the_framer_takes_the_samples_from_a_stream(sample):
    stream = sample("ifsf-1200-request.hex") + sample("ifsf-1210-response.hex")
    frames = iso.Framer(iso.get("ops").framing).feed(stream)
    assert [frame.body[:4] for frame in frames] == [b"1200", b"1210"]
