"""What the payment HSM does in a second, through its socket: `python -m loadtest.hsm [--json]`.

The HSM is a process of its own on one core, the generator is on the other; keys are set up over
the wire. Each job runs for --seconds: connections that always have commands under way (their number
and depth are in the settings), then PIN checks at 1,000 a second. `cpu_us` is the HSM's processor
time for one command.

    pin    EC: a PIN of an ISO 0 block against its PVV
    cvv    CY
    mac    M6: the retail MAC of 256 bytes, binary
    arqc   KW: a cryptogram over 64 bytes, EMV common session key. The benchmark has no chip, so the
           cryptogram is a wrong one (01), which is found out by the same steps
    tr31   A0: a session key is made, sealed under the LMK, wrapped under a terminal's key (TR-31
           version D) and written to the audit log
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from loadtest.hsm_generator import Seen, flat_out, framed, paced
from loadtest.hsm_jobs import JOBS, Caller
from loadtest.throughput import cpu_seconds

CONNECTIONS = 4
DEPTH = 8
PACE_PER_SECOND = 1000


def main() -> int:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    hsm_core, own_core = _two_cores()
    os.sched_setaffinity(0, {own_core})
    with _hsm(hsm_core) as (process, port):
        figures = measure(process.pid, port, arguments.seconds)
    figures["settings"] = {"connections": CONNECTIONS, "depth": DEPTH, "tls": False,
                           "hsm_core": hsm_core, "generator_core": own_core,
                           "seconds": arguments.seconds}
    if arguments.json:
        print(json.dumps(figures))
    else:
        _print_table(figures)
    return 0


def measure(pid: int, port: int, seconds: float) -> dict[str, object]:
    """All jobs, one after the other."""
    figures: dict[str, object] = {}
    with Caller(port) as caller:
        jobs = [(name, [framed(command) for command in make(caller)], code)
                for name, make, code in JOBS]
    for name, commands, code in jobs:
        _flat_out(port, commands, code, seconds / 10)  # the caches are warm on any busy day
        cpu = cpu_seconds(pid)
        seen = _flat_out(port, commands, code, seconds)
        cpu = cpu_seconds(pid) - cpu
        rate = "pin_verifications_per_second" if name == "pin" else f"{name}_per_second"
        prefix = "" if name == "pin" else f"{name}_"
        figures |= {rate: seen.per_second, f"{prefix}p50_us": seen.percentile_us(50),
                    f"{prefix}p99_us": seen.percentile_us(99),
                    f"{prefix}cpu_us": round(cpu / len(seen.latencies_s) * 1e6, 1)}
    seen = paced(port, jobs[0][1], per_second=PACE_PER_SECOND, seconds=seconds)
    seen.require(b"00")
    return figures | {"at_1000_per_second_p50_us": seen.percentile_us(50),
                      "at_1000_per_second_p99_us": seen.percentile_us(99)}


def _flat_out(port: int, commands: list[bytes], code: bytes, seconds: float) -> Seen:
    seen = uvloop.run(flat_out(port, commands, connections=CONNECTIONS, depth=DEPTH,
                               seconds=seconds))
    seen.require(code)
    return seen


@contextmanager
def _hsm(core: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """An HSM of our own, with fresh master keys, on one core; its port."""
    with tempfile.TemporaryDirectory(prefix="hsm-load-") as directory:
        process = subprocess.Popen(
            [sys.executable, "-m", "hsm_sim", "serve", "--data-dir", str(Path(directory) / "data"),
             "--port", "0"], stdout=subprocess.PIPE, text=True)
        try:
            os.sched_setaffinity(process.pid, {core})
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())["ports"]["tcp"]
        finally:
            process.terminate()
            process.wait(20)


def _two_cores() -> tuple[int, int]:
    """A core for the HSM and one for the generator; the same one where there is no other."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _print_table(figures: dict[str, object]) -> None:
    print(f"{'':<6}{'a second':>12}{'p50 us':>10}{'p99 us':>10}{'cpu us':>9}")
    for name, _, _ in JOBS:
        rate = "pin_verifications_per_second" if name == "pin" else f"{name}_per_second"
        prefix = "" if name == "pin" else f"{name}_"
        print(f"{name:<6}{figures[rate]:>12,}" + "".join(
            f"{figures[f'{prefix}{what}']:>{width},}"
            for what, width in (("p50_us", 10), ("p99_us", 10), ("cpu_us", 9))))
    print(f"PIN checks at {PACE_PER_SECOND:,} a second: p50 "
          f"{figures['at_1000_per_second_p50_us']} us, p99 "
          f"{figures['at_1000_per_second_p99_us']} us")
    print(f"settings: {json.dumps(figures['settings'])}")


if __name__ == "__main__":
    raise SystemExit(main())
