"""From the rows of a card, its fleet, vehicle and driver to the rules that decide, under one fence.

Knows columns and the rules of putting them together: the strictest of two always holds. Knows no
connection and no cache.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import asyncpg
import msgspec

from authhost.counters import Groups, decode_limits
from authhost.packing import PIN_FIELD, SITE_FIELD, Holder, Tank, View, expiry_month, hours_of
from authhost.prompts import Prompt, decode_prompts

Row = Mapping[str, Any] | asyncpg.Record
GROUP_MARK: Final = "@"
_NO_GROUPS: Final[Groups] = {}
_NO_METER: Final = Prompt(prompt="odometer")


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a fleet wants to hear of: purchases outside these hours or regions."""

    hours: tuple[int, ...] | None = None  # seven masks of 24 bits, Monday first
    regions: tuple[str, ...] | None = None


@lru_cache(maxsize=64)
def groups_of(text: str | None) -> Groups:
    """The product groups of a snapshot; one value for all the views that saw the same ones."""
    if not text:
        return _NO_GROUPS
    found: dict[str, tuple[int, tuple[str, ...]]] = msgspec.json.decode(
        text, type=dict[str, tuple[int, tuple[str, ...]]])
    return {name: (number, frozenset(products)) for name, (number, products) in found.items()}


@lru_cache(maxsize=10_000)
def watch_of(text: str) -> Watch:
    """What a fleet watches."""
    return msgspec.json.decode(text, type=Watch)


def products_of(listed: Sequence[str] | None, groups: Groups) -> frozenset[str] | None:
    """A list of codes and '@groups' as codes; None where there is no list: any."""
    if listed is None:
        return None
    codes: set[str] = set()
    for code in listed:
        if code.startswith(GROUP_MARK):
            codes |= groups.get(code[1:], (0, frozenset()))[1]
        else:
            codes.add(code)
    return frozenset(codes)


def both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """What two lists allow; None is any."""
    if one is None:
        return other
    return one if other is None else one & other


def prompts_of(row: Row) -> tuple[Prompt, ...]:
    """The card's own prompts, else its fleet's."""
    return decode_prompts(row["card_prompts"] or row["account_prompts"])


def card_view(row: Row, offsets: Sequence[int], counts_pin: bool) -> View:
    """The rules of a card alone, as its row says them."""
    groups = groups_of(row["groups"])
    account, card = products_of(row["account_products"], groups), row["products"]
    sites = [frozenset(listed) if listed is not None else None
             for listed in (row["account_sites"], row["sites"])]
    watch = watch_of(row["watch"])
    holders = [Holder("account", "a", decode_limits(row["account_limits"]))]
    if row["subaccount_id"]:
        holders.append(Holder("subaccount", f"b{row['subaccount_id']}",
                              decode_limits(row["subaccount_limits"])))
    holders.append(Holder("card", f"c{row['card_id']}", decode_limits(row["card_limits"])))
    if row["vehicle_id"]:
        holders.append(vehicle_holder(row["vehicle_id"], row["vehicle_limits"]))
    if row["driver_id"]:
        holders.append(driver_holder(row["driver_id"], row["driver_limits"]))
    if row["site_limits"] != "[]":
        holders.append(Holder("site", SITE_FIELD, decode_limits(row["site_limits"])))
    refused = [f"{scope}_{row[f'{scope}_status']}" for scope in ("subaccount", "vehicle", "driver")
               if row[f"{scope}_id"] and row[f"{scope}_status"] != "active"]
    return View(
        fence=row["fence"], account_status=row["account_status"], card_status=row["status"],
        expiry_month=expiry_month(row["expiry"]),
        products=both(account, products_of(card, groups)), sites=both(*sites),
        hours=hours_of(row["account_hours"], row["hours"]), holders=tuple(holders), groups=groups,
        offsets=offsets, pin_field=f"{PIN_FIELD}{row['card_id']}" if counts_pin else "",
        pin_tries=row["pin_tries"] or 0, credit_line=row["credit_line"], tank=tank_of(row),
        refused=tuple(refused),
        meter_field=f"v{row['vehicle_id']}" if row["vehicle_id"] else f"c{row['card_id']}",
        steps=_steps(prompts_of(row)), watch_hours=watch.hours)


def account_view(row: Row, offsets: Sequence[int]) -> View:
    """The rules of an account alone."""
    holders = [Holder("account", "a", decode_limits(row["account_limits"]))]
    if row["site_limits"] != "[]":
        holders.append(Holder("site", SITE_FIELD, decode_limits(row["site_limits"])))
    return View(fence=row["fence"], account_status=row["account_status"], holders=tuple(holders),
                groups=groups_of(row["groups"]), offsets=offsets, credit_line=row["credit_line"],
                watch_hours=watch_of(row["watch"]).hours)


def tank_of(row: Row) -> Tank | None:
    """What fits into the row's vehicle; of fuels, where it is known which products are."""
    if row["tank_ml"] is None:
        return None
    return Tank(row["tank_ml"], frozenset(row["fuels"]) if row["fuels"] else None)


def vehicle_holder(vehicle_id: int, limits: str) -> Holder:
    """A vehicle's limits, and where they are counted."""
    return Holder("vehicle", f"v{vehicle_id}", decode_limits(limits))


def driver_holder(driver_id: int, limits: str) -> Holder:
    """A driver's limits, and where they are counted."""
    return Holder("driver", f"d{driver_id}", decode_limits(limits))


def beside(view: View, other: View, row: Row) -> View:
    """The rules of a card that is charged, with those of the one that is shown beside it.

    The other one's own limits hold too, and those of its vehicle or driver where the first names
    none: a purchase is one vehicle's and one driver's. Its sub-account's do not, for nothing is
    charged there.
    """
    known = {holder.scope for holder in view.holders} - {"card"} | {"subaccount", "site"}
    more = tuple(holder for holder in other.holders if holder.scope not in known)
    names = {"card": "second_card"}
    holders = tuple(msgspec.structs.replace(holder, scope=names.get(holder.scope, holder.scope))
                    for holder in more)
    return msgspec.structs.replace(
        view, products=both(view.products, other.products), sites=both(view.sites, other.sites),
        hours=hours_of(view.hours, other.hours), holders=view.holders + holders,
        tank=view.tank or other.tank, second=(row["status"], expiry_month(row["expiry"])),
        refused=view.refused + tuple(reason for reason in other.refused
                                     if not reason.startswith("subaccount")),
        meter_field=other.meter_field if view.meter_field[0] != "v" and other.meter_field[0] == "v"
        else view.meter_field,
        steps=view.steps if any(step >= 0 for step in view.steps) else other.steps)


def _steps(prompts: tuple[Prompt, ...]) -> tuple[int, int, int, int]:
    steps = {prompt.prompt: prompt for prompt in prompts}
    meters = [steps.get(name, _NO_METER) for name in ("odometer", "engine_hours")]
    least, most = ([-1 if step is None else step for step in each] for each in (
        [meter.min_step for meter in meters], [meter.max_step for meter in meters]))
    return least[0], most[0], least[1], most[1]
