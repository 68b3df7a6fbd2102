"""Delivery to a bank by EBICS: the place where it would be, and what a route says of it.

An EBICS client is a program of its own, with keys that the bank is sent letters about before it
accepts them: this host has none. A route to EBICS is kept and checked, its files wait, and
this says where the client takes them from.
"""

from __future__ import annotations

from clearing.release.ports import Undeliverable
from clearing.release.targets import EbicsTarget


def refuse_ebics(target: EbicsTarget) -> Undeliverable:
    """Why nothing goes this way, and which order the client has to make."""
    format_ = "/".join(part for part in (target.service, target.scope, target.option,
                                         target.container, target.message) if part)
    return Undeliverable(
        f"EBICS is not in this program: let an EBICS client send {target.order_type} {format_} to "
        f"{target.host_id} at {target.url}, and give the route the folder that it takes files from")
