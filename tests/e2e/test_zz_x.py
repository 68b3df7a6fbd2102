import asyncio, random
import pytest
from authhost.model import Kind, Original
from tests.e2e.fleet_bench import *
from tests.support.rig import running, ask
@pytest.fixture(scope="module")
def rig(servers):
    with running(servers) as made:
        furnish(made)
        yield made

LIMITS = [limit("day", "money", 40_000), limit("day", "count", 9), limit("day", "volume", 60_000, group="fuel"),
          limit("rolling", "money", 45_000, hours=24, group="shop"), limit("month", "count", 12, group="fuel"),
          limit("total", "volume", 90_000)]

@pytest.mark.parametrize("seed", range(100, 140))
def test_storm(rig, seed):
    rnd = random.Random(seed)
    card = card_with(rig, LIMITS, vehicle=[], driver=[])
    other = rig.card(account=card.account_id)
    set_on(rig, card, "account", limits=LIMITS, site_limits=LIMITS, credit_line=70_000)
    two = rig.start()
    hosts = [rig.host, two]
    done = []
    async def one():
        await asyncio.sleep(rnd.random() * 0.05)
        what = rnd.choice(["sale", "hold", "inc", "comp", "rev", "ret", "off", "wipe", "raise", "revret", "fund"])
        host = rnd.choice(hosts)
        items = [(p, rnd.randrange(1, 5000), rnd.randrange(1, 9000)) for p in rnd.sample([DIESEL, PETROL, SHOP], rnd.randrange(1, 4))]
        try:
            if what == "sale":
                r = sale(rig, card, *items, partial_ok=rnd.random() < .5, second=other.ref if rnd.random() < .2 else None)
            elif what == "off":
                r = sale(rig, card, *items, kind=Kind.OFFLINE_SALE)
            elif what == "hold":
                r = hold(rig, card, rnd.choice([0, 3000]), products=rnd.choice([(), (DIESEL,), (DIESEL, SHOP)]))
            elif what == "inc" and done:
                of = rnd.choice(done)
                r = rig.request(Kind.INCREMENT, card, 700, original=Original((of.key,)), partial_ok=True, expires_at_us=of.expires_at_us)
            elif what == "comp" and done:
                r = complete(rig, rnd.choice(done), card, *items)
            elif what == "rev" and done:
                r = rig.about(Kind.REVERSAL, rnd.choice(done), rnd.choice([0, 0, 500]))
            elif what == "revret" and any(d.kind is Kind.RETURN for d in done):
                r = rig.about(Kind.REVERSAL, rnd.choice([d for d in done if d.kind is Kind.RETURN]))
            elif what == "ret" and done:
                r = rig.request(Kind.RETURN, card, rnd.choice([0, 300, 900]), original=Original((rnd.choice(done).key,)))
            elif what == "fund":
                await host.funding.fund(card.account_id, 500, "EUR", str(rnd.random()), "x"); return
            elif what == "wipe":
                if rnd.random() < .3: await host.state.call("DEL", f"{{{card.account_id}}}")
                return
            elif what == "raise":
                if rnd.random() < .3: await host.sums.raise_fence(card.account_id)
                if rnd.random() < .3: await host.sums.roll_up(card.account_id)
                return
            else: return
            done.append(r)
            await ask(host, r)
        except Exception as e:
            print(what, repr(e)[:200])
    async def storm():
        for _ in range(14):
            await asyncio.gather(*(one() for _ in range(12)))
    rig.run(storm())
    try:
        fields = ["a", f"c{card.card_id}", f"c{other.card_id}", "sS1"]
        v = rig.sql("SELECT vehicle_id, driver_id FROM card WHERE card_id=$1", card.card_id)[0]
        fields += [f"v{v[0]}", f"d{v[1]}"]
        # make sure a state is there
        rig.ask(sale(rig, card, (DIESEL, 1, 1), second=other.ref))
        before = {f: rig.counted(card, f) for f in fields}
        clean = {f: {k: v for k, v in (before[f] or {}).items() if v} for f in fields}
        fresh = {f: counted(rig, card, f) for f in fields}
        for f in fields:
            if before[f] is not None:
                for k in set(clean[f]) | set(fresh[f]):
                    a, b = clean[f].get(k, 0), fresh[f].get(k, 0)
                    if a != b: print("DIFF", f, k, a, b, "state-less" if a < b else "")
                    assert a >= b, (f, k, a, b)
                    assert b >= 0 or "balance" in k, (f, k, b)
    finally:
        rig.run(two.stop())
