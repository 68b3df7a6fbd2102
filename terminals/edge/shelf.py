"""The catalogue as the terminal keeps it: one version, taken whole or not at all.

Knows the store's two tables of it; whether a catalogue may be believed is `catalogue.py`'s. Prices,
cards and blocklist are looked up one by one: they may be long.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from terminals.database import Database
from terminals.edge.catalogue import Content, Permission, Price, Product, ReceiptLines
from terminals.edge.offline import Floor, Good, Listed

_T = TypeVar("_T")


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """The catalogue in force."""

    version: int
    base: int
    site_id: str
    currency: str
    issued_at: datetime
    valid_until: datetime
    taken_at: datetime


class Shelf:
    """The catalogue of a store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self) -> Version | None:
        """The newest one that was taken."""
        found = self._database.connection.execute(
            "SELECT * FROM catalogue ORDER BY version DESC LIMIT 1").fetchone()
        return msgspec.convert(dict(found), Version) if found is not None else None

    def take(self, content: Content, at: datetime) -> None:
        """Apply it in one commit: a crash leaves the old one. The caller has proved it."""
        with self._database.transaction():
            have = self.version()
            assert have is None or content.version > have.version, "demanded before"
            if content.base == 0:
                self._database.connection.execute("DELETE FROM catalogue_entry")
            for section in content.sections.__struct_fields__:
                part = getattr(content.sections, section)
                self._drop(section, part.drop)
                self._put(section, part.put)
            self._database.rows(
                "catalogue_put", version=content.version, base=content.base,
                site_id=content.site_id, currency=content.currency,
                issued_at=content.issued_at.astimezone(UTC).isoformat(),
                valid_until=content.valid_until.astimezone(UTC).isoformat(),
                taken_at=at.astimezone(UTC).isoformat())
            self._database.set_meta("catalogue_refused", "")

    def refuse(self, reason: str) -> None:
        """Why the last one was not taken; the heartbeat tells it."""
        self._database.set_meta("catalogue_refused", reason)

    def refused(self) -> str:
        """Why the last one was not taken; '' where it was."""
        return self._database.meta("catalogue_refused")

    def listed(self, serial: str) -> Listed | None:
        """A chip that may buy off line."""
        return self._entry("cards", serial, Listed)

    def blocked(self, serial: str) -> str:
        """Why a chip is blocked; '' where it is not."""
        return self._entry("blocklist", serial, str) or ""

    def permitted(self) -> bool:
        """Whether the administrator lets this terminal sell off line."""
        permission = self._entry("rules", "offline", Permission)
        return permission is not None and permission.permitted

    def floor(self) -> Floor | None:
        """The terminal's limit."""
        return self._entry("rules", "floor", Floor)

    def receipt_lines(self) -> tuple[str, ...]:
        """What stands at a receipt's end."""
        lines = self._entry("rules", "receipt", ReceiptLines)
        return lines.lines if lines is not None else ()

    def products(self) -> dict[str, Product]:
        """All products, by the catalogue's codes."""
        rows = self._database.rows("catalogue_section", section="products")
        return {row["key"]: msgspec.json.decode(row["value"], type=Product) for row in rows}

    def goods(self, codes: tuple[str, ...]) -> tuple[Good, ...]:
        """Products as a sale names them: by this profile's codes or the catalogue's."""
        products = self.products()
        by_code = {product.code or key: key for key, product in products.items()}
        found = []
        for code in dict.fromkeys(codes):
            key = by_code.get(code, code)
            product = products.get(key)
            found.append(Good(code=code, product=key, known=product is not None,
                              groups=product.groups if product is not None else ()))
        return tuple(found)

    def prices(self, account: int, now: datetime) -> dict[str, Price]:
        """What a fleet pays here now, by the catalogue's codes."""
        rows = self._database.rows("catalogue_prices", account=str(account))
        found = {row["product"]: msgspec.json.decode(row["value"], type=Price) for row in rows}
        return {product: price for product, price in found.items() if price.at(now)}

    def sizes(self) -> dict[str, int]:
        """How many lines each section has."""
        return {row["section"]: row["lines"] for row in self._database.rows("catalogue_sizes")}

    def _entry(self, section: str, key: str, wanted: type[_T]) -> _T | None:
        found = self._database.connection.execute(
            "SELECT value FROM catalogue_entry WHERE section = ? AND key = ?",
            (section, _key(section, key)))
        row = found.fetchone()
        return msgspec.json.decode(row[0], type=wanted) if row is not None else None

    def _drop(self, section: str, keys: tuple[str, ...]) -> None:
        self._database.connection.executemany(
            "DELETE FROM catalogue_entry WHERE section = ? AND key = ?",
            [(section, _key(section, key)) for key in keys])

    def _put(self, section: str, entries: dict[str, object]) -> None:
        self._database.execute_many("catalogue_entry_put", [
            {"section": section, "key": _key(section, key),
             "value": msgspec.json.encode(value).decode()} for key, value in entries.items()])


def _key(section: str, key: str) -> str:
    """Serials of chips are hexadecimal, in either case."""
    return key.upper() if section in ("cards", "blocklist") else key
