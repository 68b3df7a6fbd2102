"""Stored keys and the PAN index, on a real HSM and a real database."""

import asyncio

import pytest

from authhost.hsm.address import HsmAddress
from authhost.hsm.errors import HsmRefused
from authhost.hsm.verbs import Hsm
from authhost.hsm_keys import HsmKeys, KeyEntry, bdk_name
from authhost.hsm_session import hsm_session
from authhost.pan_index import PanIndex
from tests.unit.hsm_client.conftest import known_hsm

PAN = "7801310000009999490"


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 20))


def session(database_url, hsm_url):
    return hsm_session(database_url, [HsmAddress.parse(hsm_url)])


def test_hosts_that_start_at_once_have_the_same_keys(database_url, hsm_url):
    async def go():
        async with session(database_url, hsm_url) as one, session(database_url, hsm_url) as other:
            first, second, third = await asyncio.gather(
                one.pan_index(), other.pan_index(), other.pan_index())
            hashes = {await index.of(PAN) for index in (first, second, third)}
            keys = {index.fingerprint_key for index in (first, second, third)}
            return hashes, keys, await one.keys.all()
    hashes, keys, stored = run(go())
    assert (len(hashes), len(keys)) == (1, 1)
    assert {len(one) for one in hashes | keys} == {32}
    assert [(row["name"], row["version"], row["usage"], row["algorithm"]) for row in stored] == [
        ("fingerprint", 1, "M7", "H"), ("pan_index", 1, "M7", "H")]


def test_a_number_is_at_hand_after_one_call_and_the_object_shows_nothing(database_url, hsm_url):
    async def go():
        async with session(database_url, hsm_url) as made:
            index = await made.pan_index()
            before = index.at_hand(PAN)
            asked = await index.of(PAN)
            again = await index.of(PAN)
            calls = made.hsm.pool.calls[("LQ", "00")]
            all_of = await index.of_all([PAN, PAN[:-1] + "1", PAN])
            return before, asked, again, index.at_hand(PAN), calls, all_of, repr(index)
    before, asked, again, at_hand, calls, all_of, shown = run(go())
    assert before is None
    assert asked == again == at_hand == all_of[PAN]
    assert len(all_of) == 2
    assert calls == 2  # the fingerprint key, and this number once
    assert shown == "PanIndex(hidden)"


@pytest.mark.invariant(15)
def test_no_key_and_no_number_is_stored_in_clear(database_url, hsm_url):
    async def go():
        async with session(database_url, hsm_url) as made:
            index = await made.pan_index()
            entry = await made.keys.at("fingerprint")
            return index.fingerprint_key, entry
    fingerprint_key, entry = run(go())
    assert entry.block.startswith("S1")
    assert fingerprint_key.hex() not in entry.block.lower()
    assert entry.block not in repr(entry)


def test_keys_under_another_master_key_are_refused_at_the_start(database_url, hsm_url):
    async def go():
        async with session(database_url, hsm_url) as made:
            await made.pan_index()
            async with known_hsm() as (pool, _, _):
                with pytest.raises(HsmRefused) as caught:
                    await PanIndex.make(Hsm(pool), made.keys)
                return caught.value
    error = run(go())
    assert error.command == "LQ"
    assert error.code in {"A3", "A4"}


def test_versions_of_a_key(database_url, hsm_url):
    now = [0.0]

    def entry(version, block="S1"):
        return KeyEntry("terminal/T1/tpk", version, "P0", "T", f"{block}{version}", "ABCDEF")

    async def go():
        async with session(database_url, hsm_url) as made:
            keys = HsmKeys(made.keys._pool, lambda: now[0])
            name = entry(1).name
            seen = [await keys.at(name)]
            await made.keys.put(entry(1))  # by another host
            seen.append(await keys.at(name))  # it was absent a moment ago
            now[0] += 2
            seen.append(await keys.at(name))
            stands = await keys.put(entry(1, "other"))
            await keys.at(name)
            await made.keys.put(entry(2))
            seen += [await keys.at(name), await keys.at(name, 2)]
            now[0] += 601
            seen.append(await keys.at(name))
            await keys.mark_used(entry(2))
            seen.append(await keys.at(name))
            await keys.put(entry(3))
            await keys.prune(name, 3)
            left = [row["version"] for row in await keys.all()]
            at_once = await asyncio.gather(*(keys.at(name, 3) for _ in range(50)))
            return seen, stands, left, set(at_once), await keys.at(name, 1)
    seen, stands, left, at_once, gone = run(go())
    assert [one and (one.version, one.used) for one in seen] == [
        None, None, (1, False), (1, False), (2, False), (2, False), (2, True)]
    assert stands == entry(1)
    assert left == [2, 3]
    assert at_once == {entry(3)}
    assert gone is None


@pytest.mark.parametrize(("ksn", "name"), [
    ("FFFF9876543210E00001", "bdk/FFFF987654"), ("123456789012345600000001", "bdk/12345678")])
def test_the_base_key_of_a_serial_number(ksn, name):
    assert bdk_name(bytes.fromhex(ksn)) == name


