"""Puts an HSM together from its data folder: master keys, LMKs, audit log, custodians, unit.

Clock and randomness come from the machine here, and are handed on. Knows no socket.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hsm_sim import store
from hsm_sim.audit import FILE as AUDIT_FILE
from hsm_sim.audit import AuditLog
from hsm_sim.authority import Authority
from hsm_sim.custodians import Custodians
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.private_files import StoreError, locked, make_private_folder
from hsm_sim.settings import Settings
from hsm_sim.unit import Printer, Unit
from hsm_sim.variant_lmk import VariantLmk


class Hsm:
    """An HSM that is not on any line yet."""

    def __init__(self, unit: Unit, audit: AuditLog, custodians: Custodians) -> None:
        self.unit = unit
        self.audit = audit
        self.custodians = custodians


@contextmanager
def opened(folder: Path, settings: Settings, *, variant_lmk_id: str = "",
           may_create: bool = False, lmk: bytes = b"",
           printer: Printer | None = None) -> Iterator[Hsm]:
    """The HSM of a data folder, which no other process has meanwhile.

    StoreError: the folder is in use, has no master keys, or others can read it. `may_create`:
    random master keys are made where there are none. `lmk`: the new HSM's LMK, that custodians
    formed; it is written down when all that is done with this HSM went well.
    """
    make_private_folder(folder)
    with locked(folder):
        created = bool(lmk) or (may_create and not store.exists(folder))
        if lmk and store.exists(folder):
            raise StoreError(f"{folder} has master keys already")
        keys = store.fresh(os.urandom, lmk) if created else store.load(folder)
        wanted = store.with_variant(keys, variant_lmk_id, os.urandom) if variant_lmk_id else keys
        if not lmk and (created or wanted is not keys):
            store.save(folder, wanted)
        is_first = not (folder / AUDIT_FILE).exists()
        audit = AuditLog(folder, wanted.audit_key, _now, time.monotonic)
        if created and not lmk:
            audit("master keys made", lmk=wanted.lmk_id)
        try:
            yield _assemble(folder, wanted, settings, audit, printer,
                            with_variant=bool(variant_lmk_id))
            if lmk:
                store.save(folder, wanted)
        finally:
            audit.close()
            if is_first and not store.exists(folder):
                (folder / AUDIT_FILE).unlink()  # a ceremony that failed: its key is gone as well


def _assemble(folder: Path, keys: store.MasterKeys, settings: Settings, audit: AuditLog,
              printer: Printer | None, *, with_variant: bool) -> Hsm:
    unit = Unit(
        key_block_lmk=KeyBlockLmk(keys.lmk_id, keys.lmk),
        variant_lmk=VariantLmk(keys.variant_lmk_id, keys.variant_pairs) if with_variant else None,
        settings=settings, authority=Authority(time.monotonic), audit=audit, random=os.urandom,
        printer=printer)
    return Hsm(unit, audit, Custodians(folder, time.monotonic))


def _now() -> datetime:
    return datetime.now(UTC)
