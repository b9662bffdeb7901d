"""Flask under gunicorn, started by everflame-run with no change to either: every worker, all of its CPU time."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.environment import clean_environment
from support.shares import cpu_seconds, near

APP = '''
import atexit, json, os, time
from flask import Flask

app = Flask(__name__)

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: sum(range(300))

def parse_order(): burn(0.006)
def render_invoice(): burn(0.012)

@app.route("/")
def order():
    parse_order()
    time.sleep(0.001)
    render_invoice()
    return "ok"

@atexit.register
def leave_the_truth():
    with open(os.path.join(os.environ["TRUTH"], str(os.getpid())), "w") as file:
        json.dump(time.process_time(), file)
'''


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def listening_ports(pid):
    """Ports that a process and its descendants listen on."""
    inodes = set()
    for process in [pid, *children(pid)]:
        for link in Path("/proc/{}/fd".format(process)).iterdir():
            try:
                inodes.add(os.readlink(str(link)))
            except OSError:
                pass
    ports = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and "socket:[{}]".format(fields[9]) in inodes:
            ports.add(int(fields[1].split(":")[1], 16))
    return ports


def children(pid):
    return [int(child) for child in Path("/proc/{0}/task/{0}/children".format(pid)).read_text().split()]


def request(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    body = connection.getresponse().read()
    connection.close()
    return body


def load(port, seconds, clients=8):
    deadline = time.monotonic() + seconds

    def client():
        while time.monotonic() < deadline:
            assert request(port) == b"ok"

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    "options",
    [["-k", "sync"], ["-k", "gevent"], ["-k", "gevent", "--preload"], ["-k", "gthread", "--threads", "4", "--preload"]],
    ids=" ".join,
)
def test_every_worker_is_counted(server, program, tmp_path, everflame_run, options):
    gunicorn = shutil.which("gunicorn", path=str(Path(sys.executable).parent))
    assert gunicorn, "pip install -r requirements-test.txt"
    program(APP, "shop.py")
    truth = tmp_path / "truth"
    truth.mkdir()
    port = free_port()
    environment = clean_environment(EVERFLAME_SERVER=server.url, EVERFLAME_WINDOW="1", TRUTH=str(truth))
    process = subprocess.Popen(
        [everflame_run[0], "--label", "env=test", gunicorn, "-w", "4", "-b", "127.0.0.1:{}".format(port), *options, "shop:app"],
        env=environment,
        cwd=str(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                if request(port) == b"ok":
                    break
            except OSError:
                assert time.monotonic() < deadline and process.poll() is None
                time.sleep(0.1)
        load(port, 4)
        assert listening_ports(process.pid) == {port}
    finally:
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err.decode()
    assert b"Profiling timer expired" not in err and b"WORKER TIMEOUT" not in err and b"SIGPROF" not in err, err.decode()

    used = {path.name: json.loads(path.read_text()) for path in truth.iterdir()}
    seen = {}
    for push in server.pushes:
        assert push.service == "gunicorn" and push.labels["env"] == "test"
        pid = push.labels["instance"].split(":")[1]
        seen[pid] = seen.get(pid, 0) + cpu_seconds(push.profile.samples)
    workers = set(used) - {str(process.pid)}
    assert len(workers) == 4 and workers <= set(seen)
    total = sum(used[pid] for pid in workers)
    assert near(sum(seen[pid] for pid in workers), total), (seen, used)
    if "gthread" in options:
        return  # its requests run in threads, whose stacks are not read yet
    samples = server.samples()
    parse, render = cpu_seconds(samples, "order", "parse_order", "burn"), cpu_seconds(samples, "order", "render_invoice", "burn")
    assert parse + render > total / 2
    assert 1.3 < render / parse < 3  # 2 is the truth
