"""A real HSM process and a host's line to it, for every test that wants one."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO

from hsm_sim.cli import main

READY_S = 30


def hsm_sim_process(*arguments):
    """Run a command of `hsm-sim` to its end, in a process of its own."""
    return subprocess.run([sys.executable, "-m", "hsm_sim", *map(str, arguments)], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)


def hsm_sim(*arguments):
    """The same in this process, which is faster. Not for `serve`: it changes its process."""
    with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as errors:
        code = main([str(argument) for argument in arguments])
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), errors.getvalue())


class Line:
    """A host's connection, plain or already wrapped in TLS."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(20)

    def send(self, message):
        self.socket.sendall(len(message).to_bytes(2, "big") + message)

    def receive(self):
        """One answer, header and all; b"" when the HSM has closed."""
        length = self._exactly(2)
        return self._exactly(int.from_bytes(length, "big")) if length else b""

    def _exactly(self, length):
        taken = b""
        while len(taken) < length:
            piece = self.socket.recv(length - len(taken))
            if not piece:
                assert taken == b"", "cut in the middle"
                return b""
            taken += piece
        return taken

    def ask(self, command):
        """The answer's letters, code and data."""
        text = command if isinstance(command, bytes) else command.encode()
        self.send(b"HEAD" + text)
        answer = self.receive()
        assert answer[:4] == b"HEAD", answer
        return answer[4:]

    def close(self):
        self.socket.close()


class RunningHsm:
    """A process, where it listens, and its data folder."""

    def __init__(self, process, ready, folder):
        self.process = process
        self.ports = ready["ports"]
        self.pid = ready["pid"]
        self.folder = folder

    @contextmanager
    def line(self):
        line = Line(socket.create_connection(("127.0.0.1", self.ports["tcp"]), timeout=20))
        try:
            yield line
        finally:
            line.close()


@contextmanager
def running_hsm(folder, *arguments):
    """An HSM that serves on a free port until the end of the block; then it has ended well."""
    log = folder.parent / f"{folder.name}.log"
    command = [sys.executable, "-m", "hsm_sim", "serve", "--data-dir", str(folder), "--port", "0",
               "--tls-port", "0", *map(str, arguments)]
    with log.open("wb") as errors, subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process:
        try:
            lines: queue.Queue[bytes] = queue.Queue()
            threading.Thread(target=lambda: lines.put(process.stdout.readline())).start()
            line = lines.get(timeout=READY_S)
            assert line, log.read_text()
            ready = json.loads(line)
            assert ready["event"] == "ready"
            yield RunningHsm(process, ready, folder)
            process.terminate()
            assert process.wait(timeout=20) == 0
            assert log.read_text() == "", "nothing was told as a bug"
        finally:
            if process.poll() is None:
                process.kill()
