"""Whose the cards of a batch are: accounts, vehicles and drivers as the database has them.

PURE. What a batch says of them is checked here, before the first card is touched.
"""

from __future__ import annotations

import msgspec

from authhost.currencies import NUMERIC
from chip.records import Contents, Holder, Identity, RecordError, Rules
from issuing.batch import Batch, Fault, Line

_ANY_PAN = "0" * 19  # the longest; the number itself is not born yet


class Portfolio(msgspec.Struct, frozen=True):
    """accounts: (kind, status, currency); vehicles and drivers: (account, name); all by id."""

    accounts: dict[int, tuple[str, str, str]]
    vehicles: dict[int, tuple[int, str]]
    drivers: dict[int, tuple[int, str]]

    def faults(self, batch: Batch) -> list[Fault]:
        """What a batch says that is not so."""
        return [fault for line in batch.lines for fault in self._faults(line)]

    def contents(self, line: Line, pan: str, service_code: str, key_version: int) -> Contents:
        """The chip's three records. RecordError: a name is too long, a value does not fit."""
        vehicle = self.vehicles.get(line.vehicle or 0)
        driver = self.drivers.get(line.driver or 0)
        return Contents(
            Identity(pan=pan, expiry=Identity.until(line.expiry), service_code=service_code,
                     key_version=key_version),
            Holder(name=line.holder, vehicle_number=str(line.vehicle or ""),
                   vehicle_name=vehicle[1] if vehicle else "",
                   driver_number=str(line.driver or ""), driver_name=driver[1] if driver else ""),
            Rules(offline_limit_minor=line.offline_limit_minor,
                  currency=NUMERIC[self.accounts[line.account][2]], products=line.products,
                  prompts=line.prompts, pin_required=line.pin_required,
                  offline_in_a_row=line.offline_in_a_row))

    def _faults(self, line: Line) -> list[Fault]:
        account = self.accounts.get(line.account)
        if account is None:
            return [Fault(line.line, "account", "there is none")]
        kind, status, currency = account
        faults = []
        if kind != "fleet":
            faults.append(Fault(line.line, "account", f"is a {kind}'s, no fleet's"))
        if status != "active":
            faults.append(Fault(line.line, "account", f"is {status}"))
        if currency not in NUMERIC:
            faults.append(Fault(line.line, "account", f"its currency {currency} has no number"))
            return faults
        for column, number, known in (("vehicle", line.vehicle, self.vehicles),
                                      ("driver", line.driver, self.drivers)):
            if number is not None and known.get(number, (None, ""))[0] != line.account:
                faults.append(Fault(line.line, column, "is not of this account"))
        if not faults:
            try:
                self.contents(line, _ANY_PAN, "000", 1).encode()
            except RecordError as error:
                faults.append(Fault(line.line, "", str(error)))
        return faults
