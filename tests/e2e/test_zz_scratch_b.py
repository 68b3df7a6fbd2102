"""scratch"""

from tests.e2e.clearing_day import *
from tests.e2e.test_clearing import clear
import cProfile, pstats
from time import perf_counter

def test_it(database_url, tmp_path):
    wait(make_day(database_url, []))
    sql(database_url, "INSERT INTO account (account_id, kind, name, currency, address, time_zone) SELECT n, 'fleet', 'Fleet ' || n, 'EUR', (SELECT address FROM account WHERE account_id=1), 'Europe/Paris' FROM generate_series(1000,1199) n")
    async def go():
        c = await asyncpg.connect(database_url)
        rows=[fuel(f"7/T{i%300}/sale/{i:08d}", 4137 + i % 700, account_id=1000 + i % 200) for i in range(60000)]
        await insert(c, rows); await c.close()
    wait(go())
    pr=cProfile.Profile()
    import os
    if os.environ.get("PROF"): pr.enable()
    a=perf_counter()
    s = wait(clear(database_url, DAY, tmp_path, streams=["fuel"]))
    pr.disable()
    print(perf_counter()-a, s.run("fuel").seconds, len(s.files))
    if os.environ.get("PROF"): pstats.Stats(pr).sort_stats("tottime").print_stats(28)
    import subprocess; print(subprocess.run(["du","-sh",str(tmp_path)],capture_output=True,text=True).stdout)
