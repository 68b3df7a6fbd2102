"""The dialects this host can speak, each one a row: specification, sub-field forms, framing.

Knows: which table goes with which name. Must not know: who speaks what, or what messages mean.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from iso.codec import Codec
from iso.errors import UnknownProfile
from iso.fields import SENSITIVE_FIELDS, Specification
from iso.fleet import FLEET_87, FLEET_93, Fleet
from iso.framing import FRAMINGS, Framing
from iso.security import OWN, SHARED, SHARED_WIDE, Security
from iso.specs import FUEL93, ISO87
from iso.subfields import tables
from iso.subfields.control import ControlForm
from iso.subfields.products import ProductsForm
from iso.subfields.purchase import PurchaseForm
from iso.subfields.tables import ControlLayout, ProductsLayout, PurchaseLayout
from iso.subfields.values import ControlValue, Products, Purchase


@dataclass(frozen=True, slots=True)
class Profile:
    """One dialect of ISO 8583.

    version: the first digit of its MTIs, `0` for 1987 and `1` for 1993. The codec does not compare
    it: a message of the other version deserves an answer, not silence. framing: the usual one;
    a connection may be given another. echoes_batch: an answer repeats
    48-4 of its request. security: how PIN blocks, keys and MACs travel. fleet: how prompts, second
    cards and totals do. sensitive_fields: never shown in clear. codec: compiled functions of this
    dialect, one cache for the process.
    """

    name: str
    version: Literal["0", "1"]
    specification: Specification
    framing: Framing
    control_layout: ControlLayout
    products_layout: ProductsLayout
    purchase_layout: PurchaseLayout
    security: Security
    fleet: Fleet
    echoes_batch: bool = False
    sensitive_fields: frozenset[int] = SENSITIVE_FIELDS
    codec: Codec = field(init=False, compare=False)
    _control: ControlForm = field(init=False, repr=False, compare=False)
    _products: ProductsForm = field(init=False, repr=False, compare=False)
    _purchase: PurchaseForm = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "codec", Codec(self.specification))
        object.__setattr__(self, "_control", ControlForm(self.control_layout))
        object.__setattr__(self, "_products", ProductsForm(self.products_layout))
        object.__setattr__(self, "_purchase", PurchaseForm(self.purchase_layout))

    def control(self, raw: str) -> dict[int, ControlValue]:
        """Element 48: sub-elements by number. Raises DecodeError, as the other two readers do."""
        return self._control.decode(raw)

    def control_has(self, number: int) -> Callable[[str], bool]:
        """Whether the bitmap of an element 48 names this sub-element: asked of its text."""
        return self._control.has(number)

    def encode_control(self, values: Mapping[int, ControlValue]) -> str:
        """Element 48 of the sub-elements. Raises EncodeError, as the other two writers do."""
        return self._control.encode(values)

    def products(self, raw: str) -> Products:
        """Element 62: the products that the host allows."""
        return self._products.decode(raw)

    def encode_products(self, products: Products) -> str:
        """Element 62 of the products."""
        return self._products.encode(products)

    def purchase(self, raw: str, exponent: int = 2) -> Purchase:
        """Element 63: the products sold. exponent: decimals of the message's currency."""
        return self._purchase.decode(raw, exponent)

    def encode_purchase(self, purchase: Purchase, exponent: int = 2) -> str:
        """Element 63 of the products sold."""
        return self._purchase.encode(purchase, exponent)


def _fuel(
    name: str,
    framing: str,
    purchase: PurchaseLayout,
    security: Security,
    products: ProductsLayout = tables.PRODUCTS,
    *,
    echoes_batch: bool = False,
) -> Profile:
    return Profile(
        name,
        "1",
        FUEL93,
        FRAMINGS[framing],
        tables.CONTROL,
        products,
        purchase,
        security,
        FLEET_93,
        echoes_batch,
    )


# Chosen, all of them, but for the short forms of 53: see iso/security.py.
_SECURITY_IFSF = Security((OWN, SHARED, SHARED_WIDE), True, "916", ksn_field=53, key_field=96)
_SECURITY_OPS = Security((OWN, SHARED, SHARED_WIDE), True, "silence", ksn_field=53, key_field=96)
_SECURITY_X9TG23 = Security((OWN,), True, "accept", ksn_field=53, key_field=96)
_SECURITY_87 = Security((OWN,), False, "916", ksn_field=124, key_field=123)


_PROFILES: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            "iso87",
            "0",
            ISO87,
            FRAMINGS["binary2"],
            tables.CONTROL_HEX,
            tables.PRODUCTS,
            tables.PURCHASE,
            _SECURITY_87,
            FLEET_87,
        ),
        _fuel("ifsf", "binary2", tables.PURCHASE, _SECURITY_IFSF),
        _fuel(
            "ops",
            "ascii4",
            tables.PURCHASE_OPS,
            _SECURITY_OPS,
            tables.PRODUCTS_OPS,
            echoes_batch=True,
        ),
        _fuel("x9tg23", "binary2", tables.PURCHASE_X9TG23, _SECURITY_X9TG23),
    )
}


def names() -> tuple[str, ...]:
    """The names that `get` knows."""
    return tuple(_PROFILES)


def get(name: str) -> Profile:
    """The profile of that name. Raises UnknownProfile, which lists the names there are."""
    try:
        return _PROFILES[name]
    except KeyError:
        pass
    raise UnknownProfile(name, names())
