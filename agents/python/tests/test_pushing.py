"""What becomes of a push when servers and networks are what they are."""

import json
import ssl
import subprocess
import sys
import threading
import time

import pytest

from everflame.http_post import post
from everflame.server_url import ServerUrl
from support.environment import clean_environment, need_tool
from support.server import Server, black_hole
from support.shares import cpu_seconds, near

# Works, and for as long as the test wants: the test ends it by creating a file.
BUSY = '''
import everflame, json, os, sys, time
everflame.start(service_name="busy", **json.loads(os.environ.get("START", "{}")))
before = time.process_time()
deadline = time.monotonic() + float(sys.argv[1])
while time.monotonic() < deadline:
    sum(range(20000)); time.sleep(0.002)
print(json.dumps(dict(cpu=time.process_time() - before)), flush=True)
'''


def identities(server):
    return [(p.instance, p.sequence) for p in server.attempts]


def assert_retries_are_exact(server):
    seen = {}
    for push in server.attempts:
        key = (push.instance, push.sequence)
        assert seen.setdefault(key, (push.body, push.target)) == (push.body, push.target)


@pytest.mark.parametrize("status", [429, 503])
def test_what_may_pass_is_tried_again_unchanged(server, run, status):
    failures = []

    def fail_twice(request):
        failures.append(1)
        request.answer(status if len(failures) <= 2 else 200)

    server.behaviour = fail_twice
    finished = run(BUSY, "4")
    assert_retries_are_exact(server)
    assert identities(server)[:3] == [identities(server)[0]] * 3
    # All that was measured has arrived, once.
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])
    assert server.pushes[-1].headers["everflame-dropped"] == "0"
    assert finished.err.count("is not taking profiles") == 1


def test_retry_after_is_honoured(server, run):
    times = []

    def busy_once(request):
        times.append(time.monotonic())
        request.answer(429, Retry_After="2") if len(times) == 1 else request.answer(200)

    server.behaviour = busy_once
    run(BUSY, "3.5")
    assert times[1] - times[0] >= 1.9


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_what_will_not_pass_is_not_tried_again(server, run, status):
    server.behaviour = lambda request: request.answer(status, {"error": {"code": "no", "message": "not like this"}})
    finished = run(BUSY, "2")
    assert len(identities(server)) == len(set(identities(server))) > 1
    assert finished.err.count("refuses this program's profiles") == 1
    assert "HTTP {}".format(status) in finished.err and "not like this" in finished.err
    # What was refused is counted as dropped, with the pushes that follow.
    assert int(server.attempts[-1].headers["everflame-dropped"]) > 0


def test_an_outage_is_merged_and_loses_nothing(server, run):
    began = time.monotonic()
    server.behaviour = lambda r: r.reset() if time.monotonic() - began < 3 else r.answer(200)
    finished = run(BUSY, "6", EVERFLAME_WINDOW="0.2")
    assert_retries_are_exact(server)
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])
    # In three seconds some fifteen windows passed: one was sent again and again, the others became few.
    first, second = server.pushes[:2]
    assert len([p for p in server.attempts if p.sequence == first.sequence]) > 1
    assert second.profile.duration_nanos > 1e9
    assert first.sequence == 0 and [p.sequence for p in server.pushes] == list(range(len(server.pushes)))


def test_a_push_whose_answer_is_lost_counts_once(server, run):
    lost = []

    def lose_the_first_answer(request):
        if not lost:
            lost.append(1)
            request.answered = 200  # the server has stored it
            request.reset()
        else:
            request.answer(200)

    server.behaviour = lose_the_first_answer
    finished = run(BUSY, "3")
    assert identities(server)[0] == identities(server)[1]
    assert_retries_are_exact(server)
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])


def test_a_server_that_vanishes_and_comes_back(server, run, program):
    environment = clean_environment(EVERFLAME_SERVER=server.url, EVERFLAME_WINDOW="0.3")
    process = subprocess.Popen([sys.executable, program(BUSY), "6"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    server.wait(lambda s: s.pushes)
    server.close()
    time.sleep(1.5)  # and what was being answered is recorded
    first = server.pushes
    again = Server(server.port)
    try:
        again.wait(lambda s: s.pushes, within=30)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 0
        assert again.pushes[0].instance == first[0].instance
        assert again.pushes[0].sequence <= first[-1].sequence + 1
        truth = json.loads(out)["cpu"]
        assert near(cpu_seconds(server.samples() + again.samples()), truth)
        assert err.count(b"cannot be reached") == 1
    finally:
        again.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\n\n{}",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
    ],
)
def test_answers_that_are_fine(answer):
    assert post_to(answer).status // 100 == 2


@pytest.mark.parametrize("answer", [b"", b"\x00\x01\x02\r\n\r\n", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 9999])
def test_answers_that_are_not_http(answer):
    with pytest.raises(OSError):
        post_to(answer)


def post_to(answer):
    listener = black_hole()

    def serve():
        connection, _ = listener.accept()
        connection.recv(65536)
        connection.sendall(answer)
        connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        return post(
            ServerUrl.parse("http://127.0.0.1:{}".format(listener.getsockname()[1])), "/ingest", {}, b"x", 5, lambda _: None
        )
    finally:
        listener.close()


def test_the_timeout_is_for_all_of_it():
    """A server that sends a byte now and then does not hold a push for ever."""
    listener = black_hole()

    def drip():
        connection, _ = listener.accept()
        try:
            while True:
                connection.sendall(b"H")
                time.sleep(0.05)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    began = time.monotonic()
    with pytest.raises(OSError):
        post(ServerUrl.parse("http://127.0.0.1:{}".format(listener.getsockname()[1])), "/", {}, b"", 0.5, lambda _: None)
    assert time.monotonic() - began < 5
    listener.close()


def test_token_from_the_environment(server, run):
    run(BUSY, "0.5", EVERFLAME_TOKEN="secret")
    assert server.attempts[0].headers["authorization"] == "Bearer secret"


def test_token_from_a_file_that_is_rotated(server, run, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    server.behaviour = lambda request: (token.write_text("second\n"), request.answer(200))
    run(BUSY, "2", EVERFLAME_TOKEN_FILE=str(token))
    assert server.attempts[0].headers["authorization"] == "Bearer first"
    assert server.attempts[-1].headers["authorization"] == "Bearer second"


def test_a_path_in_front(server, run):
    run(BUSY, "0.5", url=server.url + "/profiles/")
    assert server.attempts[0].target.startswith("/profiles/ingest?")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for localhost that nobody trusts, in one file."""
    need_tool("openssl")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "certificate.pem"],
        cwd=str(folder), check=True, stderr=subprocess.DEVNULL,
    )
    both = folder / "both.pem"
    both.write_text((folder / "key.pem").read_text() + (folder / "certificate.pem").read_text())
    return str(both)


@pytest.mark.parametrize("patch", ["never", "before", "after"])
def test_https(run, certificate, patch):
    server = Server()
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
        code = '''
import sys, time
if sys.argv[1] == "before":
    from gevent import monkey; monkey.patch_all()
import everflame
everflame.start(service_name="tls")
if sys.argv[1] == "after":
    time.sleep(0.5)
    from gevent import monkey; monkey.patch_all()
time.sleep(1)
'''
        url = "https://localhost:{}".format(server.port)
        if patch == "before":
            refused = run(code, patch, url=url)
            assert "certificate" in refused.err.lower() and not server.attempts
        run(code, patch, url=url, SSL_CERT_FILE=certificate)
        assert len(server.pushes) >= 2
    finally:
        server.close()
