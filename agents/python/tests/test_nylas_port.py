"""The old port, for old collectors: what is answered, what reset does, and which of several processes gets which port."""

import http.client
import re
import socket
import subprocess
import sys
import time

import pytest

from everflame.nylas_counts import MAX_LINES, NylasCounts
from everflame.port_range import PortRange
from everflame.window import CPU, WALL, Frame, Window
from support.environment import clean_environment
from support.shares import near


def free_ports(count):
    """So many in a row, of which none is in use right now."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for n in range(1, count):
                    with socket.socket() as other:
                        other.bind(("127.0.0.1", port + n))
            except (OSError, OverflowError):
                continue
        return port


def poll(port, target="/", method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read().decode(), answer.headers["Content-Type"]
    finally:
        connection.close()


def poll_until(port, within=15):
    deadline = time.monotonic() + within
    while True:
        try:
            return poll(port)
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def as_old_collector(text):
    """As stackcollector reads it: two lines of head, then lines of exactly two words."""
    counts = {}
    for line in text.splitlines()[2:]:
        stack, value = line.split()
        counts[stack] = counts.get(stack, 0) + int(value)
    return counts


PROGRAM = '''
import everflame, sys, time
def work(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: sum(range(300))
class Jobs:
    def run(self): work(0.3)
everflame.start(service_name="old")
for line in sys.stdin:
    Jobs().run()
    print("done", flush=True)
'''


@pytest.fixture
def start(server, program):
    running = []

    def start_it(code, *args, **variables):
        environment = clean_environment(EVERFLAME_SERVER=server.url, **variables)
        process = subprocess.Popen(
            [sys.executable, program(code), *args], env=environment, universal_newlines=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        running.append(process)
        return process

    yield start_it
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


def work(process):
    process.stdin.write("go\n")
    assert process.stdout.readline() == "done\n"


def test_polls_and_resets(server, start):
    """With windows of an hour: a poll sees what was measured up to then."""
    port = free_ports(1)
    process = start(PROGRAM, EVERFLAME_NYLAS_PORT=str(port), EVERFLAME_WINDOW="600")
    poll_until(port)
    began = time.monotonic()
    work(process)
    status, text, kind = poll(port)
    assert status == 200 and kind.startswith("text/plain")
    elapsed, granularity, *stacks = text.splitlines()
    assert re.fullmatch(r"elapsed \d+\.\d+", elapsed) and granularity == "granularity 0.005"
    seconds = {stack: count * 0.005 for stack, count in as_old_collector(text).items()}
    worked = sum(value for stack, value in seconds.items() if stack.startswith("<module>(__main__);run(__main__);work(__main__)"))
    assert near(worked, 0.3, share=0.25)
    counts = [int(line.rpartition(" ")[2]) for line in stacks]
    assert counts == sorted(counts, reverse=True) and min(counts) > 0

    # Without reset it adds up; with it, it begins anew, and nothing is lost or counted twice.
    work(process)
    total = sum(as_old_collector(poll(port, "/?reset=true")[1]).values()) * 0.005
    assert near(total, 0.6, share=0.3)
    status, text, _ = poll(port, "/?reset=1")
    assert sum(as_old_collector(text).values()) * 0.005 < 0.15
    assert float(text.split()[1]) < time.monotonic() - began
    work(process)
    assert near(sum(as_old_collector(poll(port)[1]).values()) * 0.005, 0.3, share=0.4)

    # It is pushed all the same.
    process.stdin.close()
    assert process.wait(20) == 0
    assert sum(s.cpu for s in server.samples()) / 1e9 > 0.8
    with pytest.raises(OSError):
        poll(port)


def test_what_is_no_poll(start):
    port = free_ports(1)
    process = start(PROGRAM, EVERFLAME_NYLAS_PORT=str(port))
    poll_until(port)
    assert poll(port, method="POST")[0] == 405
    assert poll(port, method="HEAD")[:2] == (200, "")
    for garbage in (b"", b"\0\1\2\n\n", b"GET /" + b"x" * 20000, b"\n\n"):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
            try:
                sock.sendall(garbage)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(65536):
                    pass
            except OSError:
                pass
    silent = socket.create_connection(("127.0.0.1", port))  # one that says nothing holds the others up for 5 s
    began = time.monotonic()
    assert poll(port)[0] == 200 and time.monotonic() - began < 9
    silent.close()
    work(process)


FORKING = '''
import everflame, os, sys, time
everflame.start(service_name="old")
time.sleep(0.3)
children = []
for n in range(2):
    pid = os.fork()
    if pid == 0:
        time.sleep(0.5 + n)
        end = time.time() + 30
        def child_work():
            while time.time() < end and os.getppid() != 1: sum(range(30000))
        child_work()
        os._exit(0)
    children.append(pid)
    time.sleep(0.6)
sys.stdin.readline()
import signal
for pid in children: os.kill(pid, signal.SIGKILL)
'''


def test_each_process_takes_the_next_free_port(start):
    port = free_ports(4)
    with socket.socket() as taken:  # by somebody else
        taken.bind(("127.0.0.1", port))
        taken.listen(1)
        process = start(FORKING, EVERFLAME_NYLAS_PORT="{}..{}".format(port, port + 3), EVERFLAME_WINDOW="0.5")
        texts = []
        for n in (1, 2, 3):
            poll_until(port + n)
        time.sleep(1.5)
        texts = [poll(port + n)[1] for n in (1, 2, 3)]
    assert sorted("child_work" in text for text in texts) == [False, True, True]
    process.communicate("\n", timeout=20)
    assert process.returncode == 0


def test_a_port_that_is_taken_is_said_and_survived(server, run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = str(taken.getsockname()[1])
        finished = run("import everflame, time; everflame.start(); time.sleep(1)", EVERFLAME_NYLAS_PORT=port)
    assert "no port for nylas' collectors" in finished.err and port in finished.err
    assert server.pushes


def test_under_gevent_that_never_yields(start):
    port = free_ports(1)
    process = start(
        "from gevent import monkey; monkey.patch_all()\nimport gevent\n"
        + PROGRAM.replace("for line in sys.stdin:", "import os\nwhile os.read(0, 100):"), EVERFLAME_NYLAS_PORT=str(port), EVERFLAME_WINDOW="600",
    )  # fmt: skip
    poll_until(port)
    work(process)
    assert "work(__main__)" in poll(port)[1]


def test_stopping_closes_it_and_starting_again_opens_it(run):
    port = free_ports(1)
    run(
        '''
import everflame, socket, sys, time
def opens():
    deadline = time.time() + 10
    while time.time() < deadline:
        try: socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close(); return True
        except OSError: time.sleep(0.05)
for _ in range(2):
    everflame.start(nylas_port=int(sys.argv[1]))
    assert opens()
    everflame.stop()
    try: socket.create_connection(("127.0.0.1", int(sys.argv[1]))).close()
    except OSError: pass
    else: raise SystemExit("still open")
''',
        str(port),
    )


@pytest.mark.parametrize(
    "text, parts",
    [("16384", ("127.0.0.1", 16384, 16384)), ("16384..16399", ("127.0.0.1", 16384, 16399)), ("0.0.0.0:80", ("0.0.0.0", 80, 80)),
     ("[::1]:5..6", ("::1", 5, 6)), ("0", None)],
)  # fmt: skip
def test_ports(text, parts):
    found = PortRange.parse(text)
    assert (None if found is None else tuple(found)) == parts


@pytest.mark.parametrize("text", ["", "x", "70000", "-1", "5..4", "1..60000", "80,81", "0..5"])
def test_wrong_ports(text):
    with pytest.raises(ValueError, match="must "):
        PortRange.parse(text)


class TestCounts:
    def window(self, nanos, *functions):
        window = Window(0, 1, 100)
        window.add(tuple(Frame(f, "f.py", 1, "a b", 1) for f in reversed(functions)), {CPU: nanos, WALL: 10**9}, (("x", "y"),))
        return window

    def test_lines_are_as_the_old_sampler_wrote_them(self):
        counts = NylasCounts()
        counts.add(self.window(12_000_000, "main", "Shop.<locals>.work;er"))
        counts.add(self.window(30_000_000, "main"))
        counts.add(self.window(4_000_000, "short"))
        text, _ = counts.text()
        assert text.decode().splitlines()[1:] == ["granularity 0.005", "main(a_b) 6", "main(a_b);work_er(a_b) 2"]

    def test_what_makes_no_whole_count_is_kept(self):
        counts, total = NylasCounts(), 0
        for _ in range(100):
            counts.add(self.window(3_000_000, "main"))
            _, taken = counts.text()
            total += sum(taken.values())
            counts.forget(taken)
        assert total == 60

    def test_lines_are_bounded(self):
        counts = NylasCounts()
        for n in range(MAX_LINES + 10):
            counts.add(self.window(5_000_000, "f{}".format(n)))
        text, taken = counts.text()
        assert len(taken) == MAX_LINES + 1 and taken["[truncated]"] == 10
