"""The paths of messages through a host that card and PIN can take, good and bad.

Knows doors and messages; asserts of each path that it was walked. What is sent is told to the vault
before.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import httpx
import msgspec

import iso
from hsm_sim.crypto import pin_blocks
from hsm_sim.crypto.cvv import cvv as cvv_of
from hsm_sim.crypto.pvv import pvv as pvv_of
from iso import Message
from iso.subfields import Prompt
from terminals import layout
from terminals.pin_pad import Dukpt, EncipheredPin, PinPad, ZoneKey
from terminals.session_keys import SessionKeys
from tests.e2e.canary_bench import PROFILES, Bench
from tests.e2e.canary_search import Vault
from tests.e2e.test_proofs import ChipCard
from tests.e2e.test_seals import AES_BDK, BDK, DEVICES
from tests.e2e.workshop import SERVICE_CODE, Workshop, message_of
from tests.support import web
from tests.support.cards import Issuer
from tests.support.portfolio import ACQUIRER, Card
from tests.support.wire import LOCAL_TIME, Wire, fields_of, stan

PLAIN = "CANARY01"
SEALED = {"T": "CANARY02", "A": "CANARY03"}
# Who speaks is kept as it came, in keys and answers, and so is a product's code (14 characters, and
# an EAN has 13): none of them has room for a number of 16 digits.
_IDENTITIES = {32, 41, 42}
_TEXTS = {"an", "ans", "z", "t", "n"}
_AT_ONCE = 16
_SILENCE_S = 1.5
_keys = itertools.count(1)
Fields = dict[int, str | bytes]


class Canary:
    """A card's secrets, terminals that carry them, and a count of what was sent."""

    def __init__(self, bench: Bench, vault: Vault, seed: int) -> None:
        self.bench, self.vault = bench, vault
        self.messages: Counter[str] = Counter()  # by door
        self.heard: Counter[str] = Counter()  # by action code or HTTP status
        self.random = random.Random(seed)
        self.pads: dict[str, PinPad] = {}
        self.shop = Workshop(bench)  # type: ignore[arg-type]  # what it wants of a rig is here
        self._prepare_keys()

    def hold(self, pans: Sequence[str], pin: str, wrong_pin: str) -> None:
        """Take other cards, whose secrets go into the vault.

        pans: of the card, of a blocked one, of a chip card, of one that nobody knows.
        """
        bench, self.pin, self.wrong_pin = self.bench, pin, wrong_pin
        bench.pans = iter(pans)
        self.card = bench.card()
        self.blocked = bench.card(status="blocked")
        self.chip = ChipCard(bench, self.shop)
        self.unknown = msgspec.structs.replace(self.card, pan=pans[3])
        value = pvv_of(self.shop.pvk, pin_blocks.account12(self.card.pan), 1, pin)
        bench.sql("UPDATE card SET program_id = 'FLEET', pin_value = $2 WHERE card_id = ANY ($1)",
                  [self.card.card_id, self.blocked.card_id], value)
        self.tracks = {card.pan: self._track(card, value) for card in
                       (self.card, self.blocked, self.unknown, self.chip.row)}
        self.noise = self.random.randbytes(8)  # in place of a PIN block
        self.vault.bytes("PIN block", self.noise)
        for pan in pans:
            self.vault.pan(pan)
        for each in (pin, wrong_pin):
            self.vault.pin(each, self.card.pan)

    def _prepare_keys(self) -> None:
        """Every key in clear is a secret too, wherever the HSM is not."""
        shop = self.shop
        shop.issuer = Issuer()  # type: ignore[attr-defined]
        mk_ac = shop.key("program/CHIP/mk_ac", "E0", "X", "A", value=shop.issuer.ac)  # type: ignore[attr-defined]
        self.bench.sql("INSERT INTO program (program_id, pin_required, scheme, chip_required)"
                       " VALUES ('CHIP', true, 'fleet', true)")
        self.zpk = shop.key(f"acquirer/{ACQUIRER}/zpk", "P0", "B", version=3)
        shop.key("bdk/FFFF987654", "B0", "X", value=BDK)
        shop.key("bdk/12345678", "B0", "X", "A", value=AES_BDK)
        shop.terminal(PLAIN)
        self.keys = {algorithm: shop.terminal(name, mac=True, algorithm=algorithm)
                     for algorithm, name in SEALED.items()}
        for key in (shop.pvk, shop.cvk, mk_ac, self.zpk, BDK, AES_BDK,
                    *(keys._tmk for keys in self.keys.values())):
            self.vault.bytes("key", key)

    def _track(self, card: Card, pvv: str) -> str:
        cvv = cvv_of(self.shop.cvk, card.pan, card.expiry, SERVICE_CODE)
        track = f"{card.pan}={card.expiry}{SERVICE_CODE}1{pvv}{cvv}"
        self.vault.track(track, cvv)
        return track

    # -- what is sent

    def sale(self, card: Card | None = None, amount: int = 100, mti: str = "1200", *,
             pin: EncipheredPin | None = None, terminal: str = PLAIN, **more: Any) -> Message:
        """A message with all that a terminal could put into it."""
        card = card or self.card
        secret: Fields = {35: self.tracks[card.pan],
                          45: f"B{card.pan}^CANARY/A^{card.expiry}{SERVICE_CODE}"}
        proof = layout.pin_fields(pin) if pin is not None else {}
        return message_of(mti, {**fields_of(card, amount, terminal=terminal), **secret, **proof,
                                **more.pop("fields", {})})

    def block(self, device: str, pin: str = "", card: Card | None = None) -> EncipheredPin:
        """An enciphered PIN; its bytes are a secret from now on."""
        made = self.pads[device].encipher(pin or self.pin, (card or self.card).pan)
        self.vault.bytes("PIN block", made.block)
        return made

    def sealed(self, message: Message, keys: SessionKeys, profile: str = "ifsf") -> bytes:
        """With its MAC, which nobody keeps."""
        body = self.shop.sealed(profile, message, keys)
        self.vault.bytes("MAC", body[-8:])
        return body

    def ask(self, *messages: Message | bytes, profile: str = "ifsf",
            silence_s: float = _SILENCE_S) -> list[str]:
        """The action codes, '' for silence or a closed door; some are asked at once."""
        codec, framing = iso.get(profile).codec, iso.get(profile).framing
        bodies = [one if isinstance(one, bytes) else codec.encode(one) for one in messages]

        async def some(indices: Iterator[int], said: list[str]) -> None:
            """One connection's worth; a new one where the door closed it, or is silent on it."""
            wire: Wire | None = None
            for index in indices:
                wire = wire or await Wire.connect(self.bench.ports[f"{profile}:0"], profile,
                                                  framing.name)
                body = None
                with suppress(TimeoutError, ConnectionError):
                    await wire.send(framing.wrap(bodies[index]))
                    async with asyncio.timeout(silence_s):
                        body = await wire.body()
                if body:
                    said[index] = str(codec.decode(body).fields[39])
                else:
                    await wire.close()
                    wire = None
            if wire is not None:
                await wire.close()

        async def all_of_them() -> list[str]:
            said = [""] * len(bodies)
            indices = iter(range(len(bodies)))
            await asyncio.gather(*(some(indices, said) for _ in bodies[:_AT_ONCE]))
            return said

        said = self.bench.run(all_of_them())
        self.messages[profile] += len(bodies)
        self.heard.update(said)
        return said

    def post(self, path: str, *bodies: Any, method: str = "POST", **headers: str) -> list[int]:
        """The statuses; bytes go as they are."""
        async def send() -> list[int]:
            url = f"http://127.0.0.1:{self.bench.ports['http']}"
            async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20,
                                         verify=False) as client:  # no TLS, so nothing to load
                return [(await client.request(
                    method, path, content=body if isinstance(body, bytes) else json.dumps(body),
                    headers={"Idempotency-Key": f"canary{next(_keys)}", **headers})).status_code
                    for body in bodies]

        said = self.bench.run(send())
        self.messages["json"] += len(bodies)
        self.heard.update(map(str, said))
        return said


# -- the paths: each function is one, and asserts that it was walked


def key_change(canary: Canary) -> None:
    """Session keys, then a PIN pad for every kind of key."""
    for algorithm, keys in canary.keys.items():
        with canary.shop.pos(SEALED[algorithm], keys) as pos:
            canary.bench.run(pos.change_keys())
        canary.messages["ifsf"] += 1
        canary.pads[f"session {algorithm}"] = PinPad(keys)
        canary.vault.bytes("key", keys.pin_key())
        canary.vault.bytes("key", keys.sealing().key)
    canary.pads["zone"] = PinPad(ZoneKey(canary.zpk, generation=3))
    canary.pads |= {f"dukpt {name}": PinPad(Dukpt(*DEVICES[name])) for name in "TA"}


def approved(canary: Canary) -> None:
    """Right PINs under every kind of key, sealed or not, and their repeats."""
    for device in ("zone", "dukpt T", "dukpt A"):
        message = canary.sale(pin=canary.block(device))
        assert canary.ask(message, Message("1201", message.fields)) == ["000"] * 2
    for algorithm, terminal in SEALED.items():
        message = canary.sale(terminal=terminal, pin=canary.block(f"session {algorithm}"))
        body = canary.sealed(message, canary.keys[algorithm])
        assert canary.ask(body) == canary.ask(body) == ["000"]


def declined(canary: Canary) -> None:
    """Wrong PIN, blocked and unknown card, wrong CVV, no such key, PIN block of noise."""
    for device in ("zone", "dukpt A"):
        wrong = canary.sale(pin=canary.block(device, canary.wrong_pin))
        assert canary.ask(wrong, Message("1201", wrong.fields)) == ["117"] * 2
        assert canary.ask(canary.sale(pin=canary.block(device))) == ["000"]
    assert canary.ask(canary.sale(canary.blocked), canary.sale(canary.unknown)) == ["104", "111"]
    track = canary.tracks[canary.card.pan]
    last = f"{track[:-1]}{(int(track[-1]) + 1) % 10}"
    noise = canary.noise
    block = canary.block("zone")
    said = canary.ask(
        canary.sale(fields={35: last}), canary.sale(fields={35: track[:-2]}),
        canary.sale(pin=msgspec.structs.replace(block, block=noise)),
        canary.sale(pin=msgspec.structs.replace(block, generation=77)),
        canary.sale(fields={52: noise, 125: noise.hex()}), canary.sale(fields={125: "no block"}),
        canary.sale(fields={14: "2501", 35: track.replace("=3012", "=2501")}))
    assert {"129", "126", "128", "904"} <= set(said), said
    spent = [canary.sale(pin=canary.block("zone", canary.wrong_pin)) for _ in range(4)]
    assert [canary.ask(one)[0] for one in spent] == ["117", "117", "106", "106"]


def chip(canary: Canary) -> None:
    """Cryptograms: good, replayed, forged, cut, of another card, with the number in BCD."""
    row = canary.chip.row
    with canary.chip.reader.visit() as visit:
        visit.pin_at_pad("4711")
        signed = canary.chip.sign(visit).chip
    canary.vault.bytes("chip data", signed)
    cryptogram = iso.tlv.read(signed)["9F26"]
    canary.vault.bytes("cryptogram", cryptogram)
    forged = signed.replace(cryptogram, cryptogram[::-1])
    canary.vault.bytes("cryptogram", cryptogram[::-1])
    number, track = bytes.fromhex(row.pan), canary.tracks[row.pan].replace("=", "D")
    tracked = iso.tlv.write("57", bytes.fromhex(f"{track}F"[:len(track) + len(track) % 2]))
    same = {2: row.pan, 14: row.expiry, 23: "001"}

    def told(data: bytes, **more: Any) -> Message:
        fields = {**fields_of(row, 100, terminal=PLAIN), **same, 55: data, **more}
        return message_of("1200", fields)

    assert canary.ask(told(signed)) == ["000"]
    said = canary.ask(
        told(signed), told(forged), told(signed[:-3]), told(signed + b"\x9f"), told(tracked),
        told(signed + iso.tlv.write("5A", number)), told(iso.tlv.write("5A", number[::-1])),
        canary.sale(fields={55: signed}), message_of("1220", told(signed).fields))
    assert {"129", "904"} <= set(said), said


def unproved(canary: Canary) -> None:
    """MACs missing and wrong, under every dialect: refused, or set aside with all that came."""
    keys, terminal = canary.keys["T"], SEALED["T"]
    control = iso.get("ifsf").encode_control({8: (Prompt("4", canary.card.pan),)})
    for profile in PROFILES:
        version = iso.get(profile).version
        for mti in ("200", "220", "420"):
            fields = {48: control, 52: canary.noise}
            message = _in_edition(canary.sale(mti=f"{version}{mti}", terminal=terminal,
                                              fields=fields))
            body = canary.sealed(message, keys, profile)
            wrong = body[:-1] + bytes([body[-1] ^ 1])
            canary.ask(wrong, message, profile=profile, silence_s=0.4)
    kept = canary.bench.sql("SELECT count(*) FROM parked WHERE why = 'mac'")[0][0]
    assert kept >= 6, kept


def conflicts(canary: Canary) -> None:
    """The same number with another content: requests refused, advices parked."""
    for mti in ("1200", "1220"):
        message = canary.sale(mti=mti)
        assert canary.ask(message) == ["000"]
        canary.ask(Message(mti, message.fields | {4: f"{200:012d}"}))
    assert canary.bench.sql("SELECT count(*) FROM parked WHERE why <> 'mac'")[0][0] >= 1


def events(canary: Canary) -> None:
    """Holds, completions, reversals whole, in part, of nothing; off-line sales; reconciliation."""
    held, sold = canary.sale(mti="1100"), canary.sale()
    assert canary.ask(held, sold) == ["000", "000"]
    day = {11: stan(), 12: LOCAL_TIME, 32: ACQUIRER, 41: PLAIN}

    def about(mti: str, original: Message, amount: int = 100, **more: Any) -> Message:
        named = {56: layout.original_elements(original)}
        return canary.sale(mti=mti, amount=amount, fields=named | more.get("fields", {}))

    said = canary.ask(
        about("1220", held, 60, fields={24: "201"}), about("1420", sold, 40, fields={24: "401"}),
        about("1420", canary.sale(), fields={24: "400"}), canary.sale(mti="1220"),
        canary.sale(canary.blocked, mti="1220"), canary.sale(canary.unknown, mti="1220"),
        message_of("1520", {**day, 24: "500", 35: canary.tracks[canary.card.pan]}),
        message_of("1804", {**day, 24: "831", 2: canary.card.pan}),
        message_of("1804", {**day, 24: "811", 35: canary.tracks[canary.card.pan]}))
    assert {"000", "400", "501", "800"} <= set(said), said


def malformed(canary: Canary) -> None:
    """Cut anywhere, lengths that lie, noise on any byte: the number is in what was read."""
    codec = iso.get("ifsf").codec
    body = codec.encode(canary.sale(pin=canary.block("zone")))
    cut = [body[:length] for length in range(12, len(body), 3)]
    noisy = [body[:at] + canary.random.randbytes(1) + body[at + 1:]
             for at in range(4, len(body), 3)]
    lying = [body.replace(b"18" + canary.card.pan.encode(), length + canary.card.pan.encode())
             for length in (b"17", b"19", b"99", b"x8")]
    said = canary.ask(*cut, *noisy, *lying, body + b"0")
    assert said.count("904") > 100


def misplaced(canary: Canary) -> None:
    """The number, the track and the PIN block in every element that can carry them."""
    pan, track = canary.card.pan, canary.tracks[canary.card.pan]
    block = canary.block("zone").block.hex()
    for profile in PROFILES:
        version = iso.get(profile).version
        stuffed = [
            _in_edition(canary.sale(mti=f"{version}{mti}", fields={number: text}))
            for number, field in iso.get(profile).specification.fields.items()
            for text, mti in ((pan, "200"), (track, "220"), (block, "200"))
            if field.kind in _TEXTS and number not in {2, *_IDENTITIES}
            and (len(text) == field.size or (field.prefix and len(text) <= field.size))
            and (field.kind != "n" or text.isdigit())]
        assert len(stuffed) > 100
        canary.ask(*stuffed, profile=profile)


def misread(canary: Canary) -> None:
    """The number where a driver types another one, or a till prints a text: well-formed 48, 63."""
    pan, track = canary.card.pan, canary.tracks[canary.card.pan]
    profile = iso.get("ifsf")
    controls = [{8: (Prompt(kind, text),)} for kind in "0134U" for text in (pan, track)]
    controls += [{9: track}, {6: pan}, {39: track}, {5: pan, 1: pan}]
    fields: list[Fields] = [{48: profile.encode_control(each)} for each in controls]
    fields += [{63: pan}, {63: track}]
    said = canary.ask(*(canary.sale(mti=mti, fields=each) for each in fields
                        for mti in ("1200", "1220")))
    assert "000" in said


def json_door(canary: Canary) -> None:
    """Bodies good and bad: types, names, cut, too large, other paths and methods."""
    pan = canary.card.pan
    good = web.sale(canary.card, 100)
    held = web.sale(canary.card, 100)
    assert canary.post("/v1/sales", good, good, {**good, "amount_minor": 200},
                       web.sale(canary.blocked, 100), web.sale(canary.unknown, 100)) == [
        200, 200, 422, 200, 200]
    assert canary.post("/v1/preauthorizations", held) == [200]
    completion = {**web.sale(canary.card, 50), "original": {
        "kind": "preauthorization", "sequence": held["sequence"], "local_date": web.LOCAL[:10]}}
    assert canary.post("/v1/completions", completion, {**completion, "amount_minor": 7}) == [
        200, 200]
    assert canary.post("/v1/reversals", web.reversal(good), {**web.reversal(good), pan: pan}) == [
        200, 422]
    offline = web.sale(canary.card, 100)
    canary.post("/v1/offline-sales", offline, {**offline, "amount_minor": 300})
    whole = json.dumps(good).encode()
    bad: list[Any] = [
        {**good, "amount_minor": pan}, {**good, "card": pan}, {**good, pan: 1}, [pan], pan,
        {**good, "card": {"pan": int(pan), "expiry": "3012"}}, {**good, "terminal_id": [pan]},
        {**good, "card": {**good["card"], "cvv": canary.tracks[pan][-3:]}},
        {**good, "card": {"pan": canary.tracks[pan], "expiry": "3012"}},
        {**good, "currency": pan}, {**good, "sequence": pan}, {**good, "local_time": pan},
        {**good, "items": [{"product": pan, "quantity": pan, "unit_price": "1"}]},
        whole[:whole.index(pan.encode()) + 20], whole + pan.encode(), whole.replace(b'"', b"'"),
        b"\xff" + whole, whole.decode().encode("utf-16"), whole.ljust(70_000), b""]
    assert set(canary.post("/v1/sales", *bad)) <= {400, 413, 422}
    for path in (f"/v1/{pan}", f"/v1/sales?card={pan}", f"/v1/payments/{pan}",
                 f"/v1/phones/{pan}/payments", f"/{pan}/%ff%00"):
        canary.post(path, good)
        canary.post(path, b"", method="GET")
    canary.post("/v1/sales", good, method="PUT")
    canary.post("/v1/sales", good, **{"X-Card": pan, "User-Agent": pan, "Cookie": f"card={pan}"})


def _in_edition(message: Message) -> Message:
    """In 1987 the function code is none, and date and time are two fields."""
    if message.mti[0] != "0":
        return message
    fields = {number: value for number, value in message.fields.items() if number != 24}
    return message_of(message.mti, fields | {12: "101112", 13: "0723"})


PATHS: tuple[Callable[[Canary], None], ...] = (
    key_change, approved, declined, chip, unproved, conflicts, events, malformed, misplaced,
    misread, json_door)
