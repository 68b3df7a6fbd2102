"""The pool on real HSM processes: one dies, all die, one is silent, one is a stranger, TLS."""

import asyncio
import os
import signal
import time

import pytest

from authhost import limits
from authhost.embedded import HsmSim
from authhost.hsm.address import HsmAddress
from authhost.hsm.errors import HsmRefused, HsmUnavailable
from authhost.hsm.pool import HsmPool
from authhost.hsm.verbs import Hsm
from authhost.settings import TlsFiles
from terminals.pki import Authority
from tests.unit.hsm_client.conftest import pool_of, until


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def echo(number):
    return b"B20008%08d" % number


@pytest.mark.invariant(13)
def test_one_of_two_dies_in_the_middle_and_every_call_is_answered(two):
    async def go():
        async with pool_of(*two) as pool:
            await until(lambda: pool.healthy == 2)
            answers = []

            async def work(worker):
                for number in range(100):
                    answers.append(await pool.call(echo(worker * 1000 + number)))
                    await asyncio.sleep(0.002)
            tasks = [asyncio.create_task(work(worker)) for worker in range(20)]
            await asyncio.sleep(0.1)
            os.kill(two[0].pid, signal.SIGSTOP)  # so that calls are on their way when it dies
            await asyncio.sleep(0.02)
            two[0].kill()
            await asyncio.gather(*tasks)
            healthy = pool.healthy
            two[0].run()
            await until(lambda: pool.healthy == 2)
            return answers, healthy, pool
    answers, healthy, pool = run(go())
    assert sorted(answers) == sorted(b"00%08d" % (worker * 1000 + number)
                                     for worker in range(20) for number in range(100))
    assert healthy == 1
    assert pool.failovers > 0
    assert pool.calls == {("B2", "00"): 2_000}
    assert pool.pending == 0


@pytest.mark.invariant(13)
def test_with_all_away_the_answer_is_quick_and_they_are_found_again(two):
    async def go():
        async with pool_of(*two) as pool:
            for hsm in two:
                hsm.kill()
            await until(lambda: pool.healthy == 0)
            began = time.monotonic()
            with pytest.raises(HsmUnavailable):
                await pool.call(b"NC")
            took = time.monotonic() - began
            for hsm in two:
                hsm.run()
            await until(lambda: pool.healthy == 2)
            return took, await pool.call(echo(1))
    took, answer = run(go())
    assert took < 0.1
    assert answer == b"0000000001"


@pytest.mark.invariant(13)
@pytest.mark.invariant(16)
def test_a_silent_one_is_left_out_until_it_answers(two):
    async def go():
        async with pool_of(*two) as pool:
            await until(lambda: pool.healthy == 2)
            os.kill(two[0].pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                answers = await asyncio.gather(*(pool.call(echo(at)) for at in range(10)))
                took = time.monotonic() - began
                assert pool.healthy == 1
                began = time.monotonic()
                await pool.call(echo(1))
                after = time.monotonic() - began
            finally:
                os.kill(two[0].pid, signal.SIGCONT)
            await until(lambda: pool.healthy == 2)
            return answers, took, after, pool.failovers
    answers, took, after, failovers = run(go())
    assert answers == [b"00%08d" % at for at in range(10)]
    assert took < limits.HSM_TIMEOUT_MS / 1000
    assert after < 0.1
    assert failovers == 5


@pytest.mark.invariant(13)
def test_a_call_ends_in_its_time_when_all_are_silent(two):
    async def go():
        async with pool_of(*two) as pool:
            await until(lambda: pool.healthy == 2)
            for hsm in two:
                os.kill(hsm.pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                with pytest.raises(HsmUnavailable, match="silent"):
                    await pool.call(b"NC")
                return time.monotonic() - began
            finally:
                for hsm in two:
                    os.kill(hsm.pid, signal.SIGCONT)
    assert run(go()) < limits.HSM_TIMEOUT_MS / 1000 + 0.1


def test_one_that_accepts_and_never_answers_is_not_admitted(two):
    async def go():
        server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
        async with server:
            address = HsmAddress("127.0.0.1", server.sockets[0].getsockname()[1])
            async with pool_of(address, two[1]) as pool:
                await asyncio.gather(*(pool.call(b"NC") for _ in range(20)))
                return pool.healthy, pool.failovers
    assert run(go()) == (1, 0)


def test_one_with_another_master_key_is_refused_aloud(two, stranger, capfd):
    async def go():
        async with pool_of(two[0]) as pool:
            known = pool.lmk_kcv
        addresses = tuple(HsmAddress.parse(hsm.url) for hsm in (two[0], stranger))
        pool = HsmPool(addresses, lambda: 0.0)
        pool.lmk_kcv = known  # the first that answers decides, and here it is the first
        await pool.start()
        try:
            await asyncio.sleep(0.3)
            return pool.healthy, pool.whys()
        finally:
            await pool.close()
    healthy, whys = run(go())
    assert healthy == 1
    assert "another local master key" in whys
    said = capfd.readouterr()
    assert (said.out + said.err).count("another local master key") == 1


def test_no_hsm_at_the_start_is_said_in_words(monkeypatch):
    monkeypatch.setattr(limits, "HSM_START_TIMEOUT_S", 0.2)

    async def go():
        async with pool_of(HsmAddress("127.0.0.1", 1)):
            pass
    with pytest.raises(HsmUnavailable, match=r"hsm://127\.0\.0\.1:1: .*Connect call failed"):
        run(go())


@pytest.mark.invariant(16)
def test_beyond_the_bound_the_answer_is_quick(two, monkeypatch):
    monkeypatch.setattr(limits, "HSM_PENDING", 8)

    async def go():
        async with pool_of(two[0]) as pool:
            results = await asyncio.gather(*(pool.call(b"NC") for _ in range(20)),
                                           return_exceptions=True)
            return results, pool.calls
    results, calls = run(go())
    assert sum(isinstance(result, HsmUnavailable) for result in results) == 12
    assert calls == {("NC", "00"): 8, ("NC", "full"): 12}


def test_tls_is_mutual(tmp_path):
    authority = Authority.create(tmp_path / "pki")
    server, client = authority.server(), authority.client("host")
    other = Authority.create(tmp_path / "other").client("host")
    hsm = HsmSim(tmp_path, (
        "--tls-port", "0", "--tls-cert", str(server.certificate), "--tls-key", str(server.key),
        "--tls-ca", str(authority.certificate_path)))
    hsm.run()

    async def ask(identity):
        files = TlsFiles(authority.certificate_path, identity.certificate, identity.key)
        async with pool_of(HsmAddress("127.0.0.1", hsm.ports["tls"], True),
                           tls=files.client_context()) as pool:
            return await Hsm(pool).diagnose()
    try:
        kcv, firmware = run(ask(client))
        assert (len(kcv), len(firmware)) == (16, 9)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "HSM_START_TIMEOUT_S", 1)
            with pytest.raises(HsmUnavailable):
                run(ask(other))
    finally:
        hsm.stop()


def test_a_refusal_is_told_with_its_code_and_nothing_else(two):
    async def go():
        async with pool_of(two[0]) as pool:
            with pytest.raises(HsmRefused) as caught:
                await Hsm(pool).ask(b"DC4012345678909")
            return caught.value
    error = run(go())
    assert (error.command, error.code) == ("DC", "15")
    assert "4012345678909" not in repr(error)


def test_a_fault_of_one_hsm_is_asked_another(two):
    """One that answers 41 to everything is quick, and so it is asked first, again and again."""
    async def go():
        async with pool_of(two[0]) as known:
            ready = await known.call(b"NC")

        async def broken(reader, writer):
            try:
                while True:
                    length = int.from_bytes(await reader.readexactly(2), "big")
                    asked = await reader.readexactly(length)
                    said = b"ND" + ready if asked[4:6] == b"NC" else b"B341"
                    writer.write((4 + len(said)).to_bytes(2, "big") + asked[:4] + said)
            except asyncio.IncompleteReadError:
                writer.close()
        server = await asyncio.start_server(broken, "127.0.0.1", 0)
        sick = HsmAddress("127.0.0.1", server.sockets[0].getsockname()[1])
        async with pool_of(sick, two[0]) as pool:
            await until(lambda: pool.healthy == 2)
            answers = [await pool.call(echo(number)) for number in range(4)]
            failovers = pool.failovers
        async with pool_of(sick) as pool:
            alone = await pool.call(echo(1))
        server.close()
        return answers, failovers, alone
    answers, failovers, alone = run(go())
    assert answers == [b"00%08d" % number for number in range(4)]
    assert failovers == 4
    assert alone == b"41"
