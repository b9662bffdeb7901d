"""gunicorn's workers come and go: recycled, reloaded, killed. What each used is pushed, and under which label."""

import signal
import time

import pytest

from support.serving import Serving, assert_labels, assert_told_the_truth, by_pid, free_port, installed, samples_of
from support.shares import cpu_seconds, wall_seconds
from support.shops import DJANGO, FLASK, PATHS

long = pytest.mark.long


def gunicorn(server, program, tmp_path, options, code=FLASK, **variables):
    program(code, "shop.py")
    port = free_port()
    command = [installed("gunicorn"), "-w", "2", "-b", "127.0.0.1:{}".format(port), *options, "shop:app"]
    return Serving(server, tmp_path, command, port, **variables)


def check(server, serving, labels=True, **tolerance):
    told = serving.told()
    assert_told_the_truth(server, told, **tolerance)
    if labels:
        assert_labels(server.samples(), told)
    return told


GATE = ["sync", "gthread --threads 3 --preload"]
LONG = ["sync --preload", "gthread --threads 3", "gevent", "gevent --preload"]
MATRIX = [*GATE, *(pytest.param(options, marks=long) for options in LONG)]


@pytest.mark.parametrize("options", MATRIX)
def test_workers_that_are_recycled_by_max_requests(server, program, tmp_path, options):
    """Each lives for some seconds, and its last window is a large part of it."""
    options = ["-k", *options.split(), "--max-requests", "40", "--max-requests-jitter", "10"]
    with gunicorn(server, program, tmp_path, options) as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 3)
        deadline = time.monotonic() + 20
        while len(serving.told()) < 4:
            serving.load(PATHS, 0.5)
            assert time.monotonic() < deadline, serving.log
        assert serving.ports() == {serving.port}
        serving.end()
    told = check(server, serving, least=0.15)
    assert len(told) >= 4, told


@pytest.mark.parametrize("options", MATRIX)
def test_a_graceful_reload(server, program, tmp_path, options):
    with gunicorn(server, program, tmp_path, ["-k", *options.split()]) as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 2)
        old = set(serving.told())
        serving.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while not set(serving.told()) - old:
            serving.load(PATHS, 0.5)
            assert time.monotonic() < deadline, serving.log
        serving.load(PATHS, 2)
        serving.end()
    told = check(server, serving, least=0.15)
    assert len(set(told) - old) >= 1 and old <= set(told)


HANGS = (
    FLASK
    + '''
def endless(seconds=60):
    for _ in range(int(seconds / 0.01)): burn(0.01, "endless")

@app.route("/hangs")
def hangs(): endless(); return "never"

@app.route("/deaf")
def deaf():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGABRT})
    endless(); return "never"

def wait_for_nobody(): time.sleep(60)

@app.route("/waits")
def waits(): wait_for_nobody(); return "never"
'''
)


def hang(server, program, tmp_path, path, timeout=2, **variables):
    """A request that does not end, until gunicorn kills its worker; answers what the worker said, and its samples."""
    with gunicorn(server, program, tmp_path, ["-k", "sync", "--timeout", str(timeout)], HANGS, **variables) as serving:
        serving.wait_until_it_answers()
        workers = set(serving.family()) - {serving.process.pid}
        try:
            assert serving.get(path) == 500  # older versions close the connection
        except OSError:
            pass
        deadline = time.monotonic() + 20
        while workers <= set(serving.family()):
            assert time.monotonic() < deadline, serving.log
            time.sleep(0.05)
        (killed,) = workers - set(serving.family())
        serving.wait_until_it_answers()  # another worker took its place
        serving.end()
    assert "WORKER TIMEOUT (pid:{})".format(killed) in serving.log
    return serving.told().get(killed), samples_of(by_pid(server).get(killed, []))


def test_a_worker_that_is_aborted_by_timeout_says_where_it_hung(server, program, tmp_path):
    """gunicorn's handler of SIGABRT exits, and so the last window is sent: all there was, since it would be minutes long."""
    truth, samples = hang(server, program, tmp_path, "/hangs", EVERFLAME_WINDOW="300")
    assert truth.spent["endless"] > 0.4
    assert abs(cpu_seconds(samples, "hangs", "endless") - truth.spent["endless"]) < 0.3
    assert {s.labels.get("endpoint") for s in samples if cpu_seconds([s], "endless")} == {"/hangs"}


@long
def test_a_worker_that_waits_is_aborted_and_says_for_what(server, program, tmp_path):
    _, samples = hang(server, program, tmp_path, "/waits", EVERFLAME_WINDOW="300")
    assert wall_seconds(samples, "waits", "wait_for_nobody") > 1


def test_a_worker_that_is_killed_loses_one_window_at_most(server, program, tmp_path):
    """It does not hear SIGABRT, and SIGKILL leaves nobody a word."""
    truth, samples = hang(server, program, tmp_path, "/deaf", timeout=4, EVERFLAME_WINDOW="1")
    used, seen = truth.spent["endless"], cpu_seconds(samples, "deaf", "endless")
    # A window is 1.2 s at most, and what a busy machine makes of its push comes on top; it lived for five.
    assert max(used * 0.3, used - 1.2 - 0.8) < seen < used + 0.2, (used, seen)


@pytest.mark.parametrize("options", [pytest.param("sync", marks=long), "gthread --threads 3", pytest.param("gevent --preload", marks=long)])
def test_django(server, program, tmp_path, options):
    with gunicorn(server, program, tmp_path, ["-k", *options.split()], DJANGO) as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 3)
        serving.end()
    check(server, serving)
