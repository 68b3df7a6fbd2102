"""The HSM as a host sees it: a real process, real sockets, real TLS."""

import json
import socket
import ssl
import time
from contextlib import suppress

import pytest

from hsm_sim.server import tls_context
from hsm_sim.settings import CONNECTIONS, LONGEST_MESSAGE
from terminals.pki import Authority, client_context
from tests.support.hsm import Line, hsm_sim_process, running_hsm


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority.create(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def hsm(tmp_path_factory, authority):
    identity = authority.server(["localhost", "127.0.0.1"])
    with running_hsm(tmp_path_factory.mktemp("hsm") / "data", "--variant-lmk", "01", "--tls-cert",
                     identity.certificate, "--tls-key", identity.key, "--tls-ca",
                     authority.certificate_path) as running:
        yield running


def tls_line(hsm, context):
    plain = socket.create_connection(("127.0.0.1", hsm.ports["tls"]), timeout=20)
    return Line(context.wrap_socket(plain, server_hostname="localhost"))


def test_a_pin_is_born_and_verified(hsm):
    with hsm.line() as line:
        zpk = line.ask("A00FFFS#P0T2B00E00")[4:-6]
        pvk = line.ask("A00FFFS#V2T2C00N00")[4:-6]
        pin = line.ask("JA123456789012")[4:]
        pvv = line.ask(b"DG" + pvk + pin + b"1234567890121")[4:]
        block = line.ask(b"JG" + zpk + b"01123456789012" + pin)[4:]
        good = b"EC" + zpk + pvk + block + b"011234567890121"
        assert line.ask(good + pvv) == b"ED00"
        wrong = b"%04d" % ((int(pvv) + 1) % 10_000)
        assert line.ask(good + wrong) == b"ED01"


@pytest.mark.invariant(14)
def test_byte_by_byte_is_the_same_as_at_once(hsm):
    messages = [b"HEADNC", b"HEADB20003a\x19\x00", b"HEADQQ\x19t"]
    stream = b"".join(len(one).to_bytes(2, "big") + one for one in messages)
    with hsm.line() as line:
        line.socket.sendall(stream)
        at_once = [line.receive() for _ in messages]
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in stream:
            line.socket.sendall(bytes([byte]))
        assert [line.receive() for _ in messages] == at_once


def test_pipelined_commands_are_answered_in_order(hsm):
    with hsm.line() as line:
        line.socket.sendall(b"".join(b"\x00\x0e%04dB20004%04d" % (number, number)
                                     for number in range(2_000)))
        for number in range(2_000):
            assert line.receive() == b"%04dB300%04d" % (number, number)


@pytest.mark.invariant(14)
def test_a_length_that_cannot_be_believed_closes_that_connection_alone(hsm):
    with hsm.line() as other, hsm.line() as line:
        line.send(b"HEADNC")
        line.socket.sendall((LONGEST_MESSAGE + 1).to_bytes(2, "big") + b"x" * 100)
        assert line.receive()[:8] == b"HEADND00", "what came before is answered"
        assert line.receive() == b""
        assert other.ask("NC")[:4] == b"ND00"


@pytest.mark.invariant(16)
def test_a_host_that_does_not_read_is_not_read_from(hsm):
    echo = b"HEADB27530" + b"x" * 30_000
    frame = len(echo).to_bytes(2, "big") + echo
    with hsm.line() as deaf, hsm.line() as other:
        deaf.socket.settimeout(0.5)
        sent = 0
        with suppress(TimeoutError):
            while sent < 1_000:
                deaf.socket.sendall(frame)
                sent += 1
        assert sent < 1_000, "30 MB that nobody reads"
        assert other.ask("NC")[:4] == b"ND00"
        deaf.socket.settimeout(20)
        for _ in range(sent):
            assert len(deaf.receive()) == 8 + 30_000


@pytest.mark.invariant(16)
def test_connections_have_a_cap(hsm):
    with hsm.line() as first:
        lines = [socket.create_connection(("127.0.0.1", hsm.ports["tcp"]), timeout=20)
                 for _ in range(CONNECTIONS)]
        try:
            with pytest.raises(OSError), hsm.line() as late:  # noqa: PT011, PT012
                late.send(b"HEADNC")
                if late.receive() == b"":
                    raise OSError("closed")
            assert first.ask("NC")[:4] == b"ND00"
        finally:
            for line in lines:
                line.close()
    until = time.monotonic() + 10
    while time.monotonic() < until:
        with hsm.line() as line:
            line.send(b"HEADNC")
            try:
                if line.receive():
                    return
            except OSError:
                pass
    pytest.fail("no place became free")


def test_mutual_tls(hsm, authority):
    identity = authority.client("host-1")
    line = tls_line(hsm, client_context(authority.certificate_path, identity))
    assert line.ask("NC")[:4] == b"ND00"
    assert line.socket.version() in {"TLSv1.2", "TLSv1.3"}
    line.close()


@pytest.mark.parametrize("who", ["nobody", "a stranger"])
def test_tls_without_a_certificate_of_the_authority_is_refused(hsm, authority, tmp_path, who):
    identity = None if who == "nobody" else Authority.create(tmp_path / "other").client("host-1")
    plain = socket.create_connection(("127.0.0.1", hsm.ports["tls"]), timeout=20)
    answer = b""
    with plain, suppress(OSError):  # TLS 1.3 tells a client after its handshake is done
        context = client_context(authority.certificate_path, identity)
        with context.wrap_socket(plain, server_hostname="localhost") as wrapped:
            line = Line(wrapped)
            line.send(b"HEADNC")
            answer = line.receive()
    assert answer == b""
    with hsm.line() as plain:
        assert plain.ask("NC")[:4] == b"ND00"


def test_tls_is_1_2_or_later(authority):
    identity = authority.server()
    context = tls_context(identity.certificate, identity.key, authority.certificate_path)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.verify_mode == ssl.CERT_REQUIRED


def test_it_drains_when_it_is_told_to_end(tmp_path):
    with running_hsm(tmp_path / "data") as hsm, hsm.line() as line:
        line.socket.sendall(b"\x00\x06HEADNC" * 500)
        assert line.receive()[:8] == b"HEADND00"
        hsm.process.terminate()
        answers = 1
        while line.receive():
            answers += 1
        assert 1 <= answers <= 500, "whole answers, then the end"
        assert hsm.process.wait(timeout=20) == 0
    events = [json.loads(record)["event"]
              for record in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert events == ["master keys made", "started", "stopped"]
    assert not (tmp_path / "data" / "console.sock").exists()


def test_keys_outlive_the_process(tmp_path):
    with running_hsm(tmp_path / "data") as hsm, hsm.line() as line:
        answer = line.ask("A00FFFS#P0T2B00E00")
    with running_hsm(tmp_path / "data") as hsm, hsm.line() as line:
        assert line.ask(b"BUFF1" + answer[4:-6] + b";FFF") == b"BV00" + answer[-6:]


def test_settings_of_a_process(tmp_path):
    with running_hsm(tmp_path / "data", "--header-length", "0", "--disable", "BA") as hsm, \
            hsm.line() as line:
        line.send(b"B20002ab")
        assert line.receive() == b"B300ab"
        line.send(b"BA1234FFFFFFFFF123456789012")
        assert line.receive() == b"BB68"


@pytest.mark.parametrize(("arguments", "why"), [
    (["--tls-cert", "missing.pem"], "go together"), (["--port", "http"], "a number, or off"),
    (["--port", "off", "--tls-cert", "missing.pem", "--tls-key", "missing.pem"], "TLS"),
    (["--decimalization-table", "0123456700000000"], "none more than four times"),
    (["--mailer-spool", "spool"], "go together"), (["--variant-lmk", "00"], "identifier")])
def test_arguments_that_cannot_be(tmp_path, arguments, why):
    done = hsm_sim_process("serve", "--data-dir", tmp_path / "data", "--port", "0", *arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_process_does_not_share_a_data_folder(hsm):
    done = hsm_sim_process("serve", "--data-dir", hsm.folder, "--port", "0")
    assert done.returncode == 1
    assert "another HSM process" in done.stderr


def test_keys_that_others_can_read_are_refused(tmp_path):
    with running_hsm(tmp_path / "data"):
        pass
    (tmp_path / "data" / "master-keys.json").chmod(0o644)
    done = hsm_sim_process("serve", "--data-dir", tmp_path / "data", "--port", "0")
    assert done.returncode == 1
    assert "can be read by others" in done.stderr
