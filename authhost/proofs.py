"""Does the evidence prove card and holder? Asks the HSM, decides nothing about limits or tries.

Knows a program's rules and which key a check takes; never sees a PIN. An HSM that is away is an
exception, never a proof (invariant 13); "wrong" and "could not be checked" stay two things.
"""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec

from authhost import keys
from authhost.cryptogram import ChipDataError, Cryptogram, read_cryptogram
from authhost.hsm.errors import HsmRefused
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys, bdk_name
from authhost.journal.views import AccountView, Means, TerminalView
from authhost.key_change import proved
from authhost.model import NOTHING_TO_PROVE, Check, Evidence, Kind, PinBlock, Proof, Request
from authhost.set_aside import UNCHECKED

_PROVED_KINDS: Final = frozenset({Kind.SALE, Kind.PREAUTHORIZATION})
_PIN_REASONS: Final = {Check.MALFORMED: "pin_block", Check.OUT_OF_STEP: "key_out_of_step"}
_RIGHT, _WRONG = 1, 2
_APPROVED_ARC: Final = b"00"  # authorization response code (tag 8A) that an ARPC is made for


class Proofs:
    """Step 2 of the story: from evidence to a Proof."""

    def __init__(self, hsm: Hsm, keys: HsmKeys) -> None:
        self._hsm = hsm
        self._keys = keys

    async def of(self, request: Request, terminal: TerminalView, view: AccountView) -> Proof:
        """What the HSM says of a request. Raises HsmUnavailable or HsmRefused.

        A card without a program has nothing to be proved by. Of what has happened only an off-line
        sale brings a proof: a completion's was its hold's.
        """
        means = view.means
        if means is not None and request.kind is Kind.OFFLINE_SALE:
            return await self._offline(request, view, means)
        if means is None or request.advice or request.kind not in _PROVED_KINDS:
            return NOTHING_TO_PROVE
        evidence = request.evidence
        if evidence is None:
            return Proof(_missing(means, chip=False, pin=False))
        try:
            cryptogram = _cryptogram(request, evidence, means)
        except ChipDataError:
            return Proof("chip_data")
        if cryptogram is not None and not _is_for(cryptogram, request):
            return Proof("cryptogram")
        has_pin = evidence.pin is not None and means.pin_method != "none"
        chip_pin = cryptogram is not None and cryptogram.pin_verified
        reason = _missing(means, chip=cryptogram is not None, pin=has_pin or chip_pin)
        if reason:
            return Proof(reason)
        # All questions leave in one write; each is answered as the HSM comes to it.
        pin, value, chip = await asyncio.gather(
            self._pin(evidence, means, terminal) if has_pin else _absent(),
            self._value(evidence, means) if _is_track(evidence, means) else _absent(),
            self._chip(cryptogram, evidence, means))
        proof = _weigh(pin, value, chip)
        if cryptogram is None or proof.reason:
            return proof
        return msgspec.structs.replace(proof, once=keys.cryptogram_key(
            view.card_id, evidence.psn, cryptogram.atc))

    async def _offline(self, request: Request, view: AccountView, means: Means) -> Proof:
        """What the card's word for a sale without the host is worth. HsmUnavailable: the advice
        comes again. An HSM that refuses may do so for ever: then nobody can say, and that is said.
        """
        evidence = request.evidence
        if evidence is None or not evidence.chip or not means.scheme:
            missing = means.chip_required and UNCHECKED not in request.flags
            return Proof("chip_missing") if missing else NOTHING_TO_PROVE
        try:
            cryptogram = read_cryptogram(evidence.chip, means.scheme)
        except ChipDataError:
            return Proof("chip_data")
        if not (cryptogram.approves and _is_about(cryptogram, request)):
            return Proof("cryptogram")
        try:
            chip = await self._chip(cryptogram, evidence, means)
        except HsmRefused:
            return Proof(UNCHECKED)
        proof = _weigh(Check.ABSENT, Check.ABSENT, chip)
        if proof.reason:
            return proof
        reason = _missing(means, chip=True, pin=cryptogram.pin_verified)
        return Proof(reason, once=keys.cryptogram_key(view.card_id, evidence.psn, cryptogram.atc,
                                                      approves=True))

    async def _pin(self, evidence: Evidence, means: Means, terminal: TerminalView) -> Check:
        block = evidence.pin
        assert block is not None, "asked for a PIN that is there"
        standing = await self._keys.standing(_pin_key(block, terminal), block.generation)
        check_key = await self._keys.at(f"program/{means.program_id}/pvk")
        if not standing or check_key is None:
            return Check.OUT_OF_STEP
        check = Check.MALFORMED
        for key in standing:
            check = await self._hsm.verify_pin(
                key.block, block, evidence.pan[-13:-1], method=means.pin_method,
                pvk=check_key.block, pvki=means.pvki, value=means.pin_value,
                decimalization=means.decimalization, pan=evidence.pan)
            if check is Check.GOOD and block.scheme == "terminal" and not key.used:
                await proved(self._keys, terminal.terminal_id, key.version)
            # Under another generation it is no PIN block: nothing was compared, no try was made.
            if check is not Check.MALFORMED:
                break
        return check

    async def _value(self, evidence: Evidence, means: Means) -> Check:
        """Track 2's card verification value; a track without one is no track of ours."""
        key = await self._keys.at(f"program/{means.program_id}/cvk")
        if key is None:
            return Check.OUT_OF_STEP
        if not evidence.cvv:
            return Check.WRONG
        return await self._hsm.verify_cvv(key.block, evidence.pan, evidence.expiry,
                                          evidence.service_code, evidence.cvv)

    async def _chip(self, cryptogram: Cryptogram | None, evidence: Evidence,
                    means: Means) -> tuple[Check, bytes]:
        """The check, and tag 91: what proves the issuer to the card."""
        if cryptogram is None:
            return Check.ABSENT, b""
        key = await self._keys.at(f"program/{means.program_id}/mk_ac")
        if key is None:
            return Check.OUT_OF_STEP, b""
        return await self._hsm.verify_arqc(
            key.block, cryptogram.scheme, evidence.pan, evidence.psn, cryptogram.atc,
            cryptogram.unpredictable, cryptogram.data, cryptogram.arqc, _APPROVED_ARC)


def _cryptogram(request: Request, evidence: Evidence, means: Means) -> Cryptogram | None:
    if not evidence.chip or not means.scheme:
        return None
    return read_cryptogram(evidence.chip, means.scheme)


def _is_for(cryptogram: Cryptogram, request: Request) -> bool:
    """The card asks the issuer, about the amount that the message asks for. What it approved off
    line comes as an advice and is no request too; what it declined is nobody's to approve."""
    return cryptogram.asks_issuer and _is_about(cryptogram, request)


def _is_about(cryptogram: Cryptogram, request: Request) -> bool:
    return (cryptogram.amount_minor == request.amount_minor
            and cryptogram.currency == request.currency)


def _is_track(evidence: Evidence, means: Means) -> bool:
    return means.cvv and bool(evidence.service_code) and not evidence.chip


def _missing(means: Means, *, chip: bool, pin: bool) -> str:
    """What the program wants and the message does not bring."""
    if means.chip_required and not chip:
        return "chip_missing"
    return "pin_missing" if means.pin_required and not pin else ""


def _pin_key(block: PinBlock, terminal: TerminalView) -> str:
    match block.scheme:
        case "terminal":
            return f"terminal/{terminal.terminal_id}/tpk"
        case "zone":
            return f"acquirer/{terminal.acquirer_id}/zpk"
        case _:
            return bdk_name(block.ksn)


def _weigh(pin: Check, value: Check, chip: tuple[Check, bytes]) -> Proof:
    """The card first: on a counterfeit no PIN is counted against the real one's holder."""
    if chip[0] is Check.OUT_OF_STEP or value is Check.OUT_OF_STEP:
        return Proof("key_out_of_step")
    if chip[0] not in {Check.GOOD, Check.ABSENT}:
        return Proof("cryptogram")
    if value not in {Check.GOOD, Check.ABSENT}:
        return Proof("cvv")
    said = {Check.GOOD: _RIGHT, Check.WRONG: _WRONG}.get(pin, 0)
    return Proof(_PIN_REASONS.get(pin, ""), said, chip[1])


async def _absent() -> Check:
    return Check.ABSENT
