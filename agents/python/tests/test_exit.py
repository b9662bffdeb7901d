"""The end of a program: the last window is sent, and nothing holds the program up or kills it."""

import signal
import subprocess
import sys
import time

import pytest

from support.environment import clean_environment
from support.server import black_hole
from support.shares import cpu_seconds, wall_seconds

SHORT = '''
import everflame, sys, time
everflame.start(service_name="short")
def work():
    end = time.thread_time() + 0.3
    while time.thread_time() < end: sum(range(300))
work()
'''


@pytest.mark.parametrize(
    "ending, code",
    [
        ("", 0),
        ("sys.exit(3)", 3),
        ("raise RuntimeError('the program itself')", 1),
        ("import os, signal; os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", -signal.SIGINT),
    ],
)
def test_the_last_window_is_sent(server, run, ending, code):
    run(SHORT + ending, expect=code, EVERFLAME_WINDOW="60")
    (push,) = server.pushes
    assert cpu_seconds(push.profile.samples, "work") > 0.2


def test_stop_sends_and_ends(server, run):
    finished = run(
        "import time; began = time.monotonic()"
        + SHORT
        + "everflame.stop(); print(time.monotonic() - began); everflame.stop(); time.sleep(0.6)"
    )
    assert len(server.attempts) == len(server.pushes)
    assert wall_seconds(server.samples()) < finished.said()
    assert finished.err == ""


def test_start_after_stop(server, run):
    run(SHORT + "everflame.stop(); everflame.start(service_name='again'); work()", EVERFLAME_WINDOW="60")
    first, second = server.pushes
    assert (first.service, second.service) == ("short", "again")
    assert first.instance != second.instance
    assert cpu_seconds(second.profile.samples, "work") > 0.2


def test_a_dead_server_holds_nothing_up(run):
    """Nobody listens: the attempt fails at once."""
    began = time.monotonic()
    finished = run(SHORT + "print('{}')", url="http://127.0.0.1:9")
    assert finished.err.count("\n") <= 1
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("window", ["0.3", "60"])
def test_a_black_hole_holds_up_for_two_seconds_at_most(run, window):
    """Connections are made, and nothing comes back; also when a push is under way already."""
    hole = black_hole()
    finished = run(
        SHORT + "time.sleep(0.5); import atexit; print(time.time(), flush=True)",
        url="http://127.0.0.1:{}".format(hole.getsockname()[1]),
        EVERFLAME_WINDOW=window,
    )
    held_up = time.time() - float(finished.out)
    assert held_up < 2 + 2  # two for a machine that is busy
    hole.close()


def test_cpu_time_after_the_end_does_not_kill(server, run):
    """Long finalization: with the timer still running, Python's default handler would let SIGPROF kill it."""
    finished = run(
        SHORT
        + '''
class Slow:
    def __del__(self, process_time=time.process_time, write=__import__("os").write):
        end = process_time() + 0.3
        while process_time() < end: pass
        write(1, b"finalized")
sys.slow = Slow()
'''
    )
    assert finished.out == "finalized"


def test_sigterm_is_left_to_the_program(server, program):
    code = SHORT + "print('ready', flush=True); time.sleep(30)"
    environment = clean_environment(EVERFLAME_SERVER=server.url)
    process = subprocess.Popen([sys.executable, program(code)], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline()
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    process.stdout.close()


def test_the_threads_do_not_keep_the_program_alive(run):
    began = time.monotonic()
    run(SHORT, url="http://127.0.0.1:9", EVERFLAME_WINDOW="500")
    assert time.monotonic() - began < 10
