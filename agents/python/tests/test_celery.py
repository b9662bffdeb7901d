"""Celery's worker, with a broker of files: its pool of processes, of threads, of greenlets."""

import json
import signal
import subprocess
import sys
import time

import pytest

from support.serving import Serving, assert_told_the_truth, installed

long = pytest.mark.long

TASKS = '''
import os
from celery import Celery
import everflame
from known_truth import burn

folder = os.environ["QUEUE"]
app = Celery("tasks", broker="filesystem://")
app.conf.update(
    broker_transport_options=dict(data_folder_in=folder, data_folder_out=folder, control_folder=folder + "-control", polling_interval=0.1),
    worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True, task_ignore_result=True,
)

def parse_order(): burn(0.02, "parse_order")
def render_invoice(): burn(0.06, "render_invoice")

@app.task
@everflame.labels(task="order")
def order():
    parse_order()
    render_invoice()
    open(os.path.join(os.environ["DONE"], os.urandom(8).hex()), "w").close()
'''
ORDERS = 48


def worker(server, program, tmp_path, options, window="300"):
    program(TASKS, "tasks.py")
    for name in ("queue", "queue-control", "done"):
        (tmp_path / name).mkdir()
    variables = dict(QUEUE=str(tmp_path / "queue"), DONE=str(tmp_path / "done"), EVERFLAME_WINDOW=window)
    command = [installed("celery"), "-A", "tasks", "worker", "--loglevel", "WARNING", *options.split()]
    return Serving(server, tmp_path, command, **variables), variables


def send(serving, variables):
    """From a process of its own, which nobody profiles."""
    import os

    environment = dict(os.environ, TRUTH=str(serving.folder), EVERFLAME_ENABLED="0", **variables)
    code = "import tasks\nfor _ in range({}): tasks.order.delay()".format(ORDERS)
    subprocess.run([sys.executable, "-c", code], env=environment, cwd=str(serving.folder), check=True, timeout=60)


def wait_for_orders(serving, within=60):
    deadline = time.monotonic() + within
    while len(list((serving.folder / "done").iterdir())) < ORDERS:
        assert time.monotonic() < deadline and serving.process.poll() is None, serving.log
        time.sleep(0.1)


@pytest.mark.parametrize(
    "options, most",
    [
        ("-P prefork -c 2", 2),
        ("-P prefork -c 2 --max-tasks-per-child 8", 20),
        pytest.param("-P threads -c 3", 1, marks=long),
        pytest.param("-P gevent -c 3", 1, marks=long),
        pytest.param("-P solo", 1, marks=long),
    ],
)
def test_tasks(server, program, tmp_path, options, most):
    """Windows are longer than the test: all there is comes when processes end, by recycling or by the warm shutdown."""
    serving, variables = worker(server, program, tmp_path, options)
    with serving:
        send(serving, variables)
        wait_for_orders(serving)
        assert serving.ports() == set()
        serving.end(signal.SIGTERM, within=12)
    told = serving.told()
    assert 1 <= len(told) <= most, json.dumps(sorted(told))
    if "--max-tasks-per-child" in options:
        assert len(told) >= 4
    # What forks nothing starts Python itself, which uses CPU time before there is an agent.
    assert_told_the_truth(server, told, least=0.15 if "prefork" in options else 0.4)
    assert {s.labels.get("task") for s in server.samples() if any(f.function.endswith("render_invoice") for f in s.stack)} == {"order"}
