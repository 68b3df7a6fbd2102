"""HSMs for the client: real processes to be killed, and one in this process whose keys are known.

Knows how an HSM is started and how its store is copied; knows nothing of what is asked.
"""

import asyncio
import os
import shutil
import time
from contextlib import asynccontextmanager

import pytest

from authhost.embedded import HsmSim
from authhost.hsm.address import HsmAddress
from authhost.hsm.pool import HsmPool
from hsm_sim.authority import Authority
from hsm_sim.dispatch import Dispatcher
from hsm_sim.lmk import KeyBlockLmk
from hsm_sim.server import HostServer
from hsm_sim.settings import Settings
from hsm_sim.store import FILE as MASTER_KEYS
from hsm_sim.unit import Unit
from hsm_sim.variant_lmk import VariantLmk
from tests.support.hsm_desk import Desk


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Two HSM processes with one local master key; a test leaves both running."""
    places = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
    first, second = map(HsmSim, places)
    try:
        first.run()
        (places[1] / "hsm").mkdir(mode=0o700)
        shutil.copy2(places[0] / "hsm" / MASTER_KEYS, places[1] / "hsm")
        second.run()
        yield first, second
    finally:
        first.stop()
        second.stop()


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """An HSM process with another master key."""
    hsm = HsmSim(tmp_path_factory.mktemp("stranger"))
    hsm.run()
    yield hsm
    hsm.stop()


@asynccontextmanager
async def pool_of(*hsms, tls=None):
    """A pool on these HSMs (or addresses), started, and closed at the end."""
    addresses = tuple(hsm if isinstance(hsm, HsmAddress) else HsmAddress.parse(hsm.url)
                      for hsm in hsms)
    pool = HsmPool(addresses, lambda: 0.0, tls)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


async def until(there, seconds=5):
    """Look again and again."""
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "it does not come"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def known_hsm():
    """A pool to an HSM on a socket of this process, a desk of known keys, its authority."""
    blocks = KeyBlockLmk("00", os.urandom(32))
    authority = Authority(time.monotonic)
    unit = Unit(key_block_lmk=blocks, variant_lmk=None, settings=Settings(), authority=authority,
                audit=lambda event, **facts: None, random=os.urandom)
    server = HostServer(Dispatcher(unit))
    desk = Desk(lambda command: command, blocks, VariantLmk("01", [bytes(16)] * 20))
    port = await server.listen("127.0.0.1", 0)
    try:
        async with pool_of(HsmAddress("127.0.0.1", port)) as pool:
            yield pool, desk, authority
    finally:
        await server.close()
