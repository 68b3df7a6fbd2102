"""What a fleet's messages say beyond an amount, in both editions of ISO 8583.

PURE. Reads prompts and second cards from field 48; writes what may be sold (62), the prompts to be
asked again (48) and contract prices (63) into an answer. Types, digits and forms are the profile's.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from authhost.currencies import EXPONENT
from authhost.model import Allowed, Answer, ContractPrice
from authhost.translate.evidence import Fields, track_of
from authhost.translate.incoming import Refusal
from authhost.translate.prompted import NOTHING_TYPED, Typed, typed
from iso import DecodeError, EncodeError, Profile
from iso import elements as e
from iso.subfields import ControlValue, Left, Products, Prompt, Purchase, SaleItem
from iso.subfields.rest import ALL, write_rest
from iso.subfields.tables import ProductsLayout

_ANY_DEVICE: Final = "0"
_SELF_SERVICE: Final = "S"
_OTHER_UNIT: Final = "O"
_FINEST: Final = Decimal("0.0001")  # of a unit price in field 63


def control_of(profile: Profile, raw: str) -> dict[int, ControlValue]:
    """Field 48. Refusal names the part of it."""
    try:
        return profile.control(raw)
    except DecodeError as error:
        raise Refusal(f"field {error.field}", error.reason) from None


def typed_of(profile: Profile, raw: str) -> Typed:
    """The answers of 48-8 by the host's names; of two answers to one prompt the first counts."""
    form = profile.fleet
    given = control_of(profile, raw).get(form.customer_data)
    if not given:
        return NOTHING_TYPED
    names = form.prompts
    answers: dict[str, str] = {}
    for answer in given:
        if isinstance(answer, Prompt):
            name = names.get(answer.type)
            if name is not None and not answers.get(name):
                answers[name] = answer.value
    return typed(answers)


def second_number_of(profile: Profile, raw: str) -> tuple[str, str] | None:
    """(PAN, expiry YYMM) of the second card in field 48. Refusal where its track is none."""
    number = profile.fleet.second_card
    value = control_of(profile, raw).get(number)
    track = track_of(profile.security, value if isinstance(value, str) else "",
                     f"field {e.CONTROL}.{number}")
    return None if track is None else (track.pan, track.expiry)


def asked_again(profile: Profile, prompts: Iterable[str]) -> tuple[Prompt, ...]:
    """48-8 of an answer: a prompt's type without an answer says that it is wanted."""
    types = (profile.fleet.type_of(name) for name in prompts)
    return tuple(Prompt(kind, "") for kind in dict.fromkeys(types) if kind)


def write_allowed(profile: Profile, answer: Answer, currency: str) -> str:
    """Field 62: the codes that fit the profile's form, and what is left as text.

    What does not fit is left out, and so not allowed: the safe way to be short of room.
    """
    assert answer.allowed is not None, "somebody asked"
    exponent = EXPONENT[currency]
    layout = profile.products_layout
    codes: list[str] = []
    allowed, used = [], 0
    for one in answer.allowed:
        chars = len(one.product) + (len(layout.separator) if codes else 0)
        if _fits(layout, one.product) and used + chars <= layout.codes_max_chars:
            used += chars
            codes.append(one.product)
            allowed.append(one)
    lines = [Left(ALL, None, litres(answer.volume_ml))] if answer.volume_ml else []
    lines += [_left(one, exponent) for one in allowed]
    text = write_rest(tuple(lines), currency, layout)
    return profile.encode_products(Products(tuple(codes), _ANY_DEVICE, text))


def write_prices(profile: Profile, fields: Fields, prices: tuple[ContractPrice, ...],
                 currency: str) -> str:
    """Field 63 of an answer: the products sold at what the fleet pays for them.

    Unit and quantity are those of the request's own 63; a product that is not in there is told
    with unit O and no quantity. '' where the profile's form cannot carry it.
    """
    exponent = EXPONENT[currency]
    sold = Purchase(_SELF_SERVICE, (), "0" * dict(profile.purchase_layout.head).get("format_id", 0))
    raw = fields.get(e.PRODUCTS_SOLD)
    try:
        if isinstance(raw, str) and raw:
            sold = profile.purchase(raw, exponent)
        items = tuple(_at_price(profile, sold.items, price, exponent)
                      for price in prices[:profile.purchase_layout.max_items])
        return profile.encode_purchase(Purchase(sold.service_level, items, sold.format_id),
                                       exponent)
    except (DecodeError, EncodeError):
        return ""


def litres(volume_ml: int) -> Decimal:
    """Millilitres as litres with three decimals."""
    return Decimal(volume_ml).scaleb(-3)


def _fits(layout: ProductsLayout, code: str) -> bool:
    if layout.code_chars:
        return len(code) == layout.code_chars and code.isprintable()
    return bool(code) and code.isprintable() and layout.separator not in code


def _left(one: Allowed, exponent: int) -> Left:
    return Left(one.product,
                None if one.money_left is None else Decimal(one.money_left).scaleb(-exponent),
                None if one.volume_left_ml is None else litres(one.volume_left_ml))


def _at_price(profile: Profile, sold: tuple[SaleItem, ...], price: ContractPrice,
              exponent: int) -> SaleItem:
    """One line of the answer, in the form of the first line of its product."""
    lines = [item for item in sold if item.product == price.product]
    columns = {name for names in profile.purchase_layout.columns for name in names}
    first = lines[0] if lines else SaleItem(
        price.product, _OTHER_UNIT, Decimal(0), Decimal(0), Decimal(0),
        tax_code="1" if "tax_code" in columns else "",
        payment_type="1" if "payment_type" in columns else "")
    quantity = sum((item.quantity for item in lines if item.unit == first.unit), Decimal(0))
    unit_price = Decimal(price.unit_price)
    if unit_price.as_tuple().exponent not in {0, -1, -2, -3, -4}:
        unit_price = unit_price.quantize(_FINEST, ROUND_HALF_UP)
    return SaleItem(price.product, first.unit, quantity, unit_price,
                    Decimal(price.amount_minor).scaleb(-exponent), first.tax_code,
                    first.additional_code, first.payment_type)
