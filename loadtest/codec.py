"""How long the codec takes, beside pyiso8583 in the same run: `python -m loadtest.codec [--json]`.

Knows: one message of 20 elements as a fuel terminal sends it. Must not know: sockets or hosts.
All figures are microseconds a message on one core, the best of several repeats, because whatever
disturbs a measurement only ever makes it slower. `typed` adds elements 48, 62 and 63 as values.
"""

import argparse
import json
import timeit
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import iso8583

import iso
from iso.subfields import ControlValue, Products, Prompt, Purchase, SaleItem, VatRate

FAST_LOOPS = 20_000
SLOW_LOOPS = 2_000
REPEATS = 7
# Past the uses after which the codec compiles a message's functions.
WARM_UP = 10

CONTROL: dict[int, ControlValue] = {
    3: "EN",
    4: "0000123456",
    8: (Prompt("3", "4711"), Prompt("4", "123456")),
    14: "13",
    32: (VatRate("1", Decimal("20.00")),),
}
PRODUCTS = Products(("001", "002", "411"), "1", "THANK YOU")
PURCHASE = Purchase(
    "S",
    (
        SaleItem("001", "L", Decimal("20.125"), Decimal("1.559"), Decimal("31.37"), "1", "DIESEL"),
        SaleItem("411", "U", Decimal("1"), Decimal("9.98"), Decimal("9.98"), "1"),
    ),
)


def sample_message(profile: iso.Profile) -> iso.Message:
    """A sale of two items with card, track, PIN block and all three private elements: 20 in all."""
    return iso.Message(
        "1200",
        {
            2: "7801310000009999490",
            3: "000000",
            4: "000000004135",
            7: "0723221300",
            11: "000022",
            12: "250723221300",
            14: "2812",
            22: "B0010160014C",
            24: "200",
            26: "5541",
            32: "280131",
            35: "7801310000009999490=2812",
            37: "000001580093",
            41: "24001   ",
            42: "MERCHANT0000001",
            48: profile.encode_control(CONTROL),
            49: "978",
            52: bytes.fromhex("753c77c4893c2378"),
            62: profile.encode_products(PRODUCTS),
            63: profile.encode_purchase(PURCHASE),
        },
    )


def measure() -> dict[str, float]:
    """All figures: microseconds, and how many times faster than pyiso8583."""
    profile = iso.get("ifsf")
    codec, spec = profile.codec, profile.specification.pyiso8583
    message = sample_message(profile)
    for _ in range(WARM_UP):
        data = codec.encode(message)
        assert codec.decode(data) == message
    document: dict[str, Any] = iso8583.decode(data, spec)[0]

    def typed_decode() -> None:
        fields = codec.decode(data).fields
        profile.control(str(fields[48]))
        profile.products(str(fields[62]))
        profile.purchase(str(fields[63]))

    def typed_encode() -> None:
        fields = dict(message.fields)
        fields[48] = profile.encode_control(CONTROL)
        fields[62] = profile.encode_products(PRODUCTS)
        fields[63] = profile.encode_purchase(PURCHASE)
        codec.encode(iso.Message("1200", fields))

    figures = {
        "decode_us": _best_us(lambda: codec.decode(data), FAST_LOOPS),
        "encode_us": _best_us(lambda: codec.encode(message), FAST_LOOPS),
        "typed_decode_us": _best_us(typed_decode, FAST_LOOPS // 4),
        "typed_encode_us": _best_us(typed_encode, FAST_LOOPS // 4),
        "pyiso8583_decode_us": _best_us(lambda: iso8583.decode(data, spec), SLOW_LOOPS),
        "pyiso8583_encode_us": _best_us(lambda: iso8583.encode(document, spec), SLOW_LOOPS),
    }
    figures["decode_ratio"] = round(figures["pyiso8583_decode_us"] / figures["decode_us"], 1)
    figures["encode_ratio"] = round(figures["pyiso8583_encode_us"] / figures["encode_us"], 1)
    return figures


def _best_us(once: Callable[[], object], loops: int) -> float:
    seconds = min(timeit.repeat(once, number=loops, repeat=REPEATS)) / loops
    return round(seconds * 1e6, 2)


def main() -> None:
    """Print the figures, a line each or as one JSON object."""
    parser = argparse.ArgumentParser(description="Measure the codec beside pyiso8583.")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    as_json = parser.parse_args().json
    figures = measure()
    if as_json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<22} {value:>8.2f}")


if __name__ == "__main__":
    main()
