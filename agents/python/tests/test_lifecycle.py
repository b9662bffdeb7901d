"""Starting: once, with what there is, and never at the program's expense."""

import pytest

from support.shares import cpu_seconds, near, wall_seconds

WORK = '''
import everflame, json, os, signal, sys, threading, time
def work():
    """Answers the seconds that passed: on a busy machine more than it computes."""
    began = time.monotonic()
    end = time.thread_time() + 0.5
    while time.thread_time() < end: sum(range(300))
    return time.monotonic() - began
'''


def test_starting_twice_is_starting_once(server, run):
    finished = run(WORK + "everflame.start(service_name='one'); everflame.start(service_name='one'); work()")
    assert len(server.instances()) == 1
    assert near(cpu_seconds(server.samples(), "work"), 0.5)
    assert finished.err == ""


def test_starting_again_with_other_settings_is_said(server, run):
    finished = run(WORK + "everflame.start(service_name='one'); everflame.start(service_name='two'); work()")
    assert {push.service for push in server.pushes} == {"one"}
    assert "profiled as one already" in finished.err


@pytest.mark.parametrize(
    "owner",
    [
        "signal.signal(signal.SIGPROF, lambda *_: None)",
        "signal.setitimer(signal.ITIMER_PROF, 1000)",
    ],
)
def test_who_owns_sigprof_keeps_it(server, run, owner):
    finished = run(
        WORK
        + owner
        + '''
before = signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)[1]
everflame.start(service_name="second")
began = time.monotonic()
worked = work(); time.sleep(0.3)
assert before == (signal.getsignal(signal.SIGPROF), signal.getitimer(signal.ITIMER_PROF)[1])
print(json.dumps(dict(wall=time.monotonic() - began, worked=worked)))
'''
    )
    assert "CPU time is not sampled" in finished.err and "only one sampler can have it" in finished.err
    samples = server.samples()
    assert cpu_seconds(samples) == 0
    assert near(wall_seconds(samples), finished.said()["wall"], least=0.2)
    assert near(wall_seconds(samples, "work"), finished.said()["worked"], share=0.4)
    assert server.pushes[0].headers["everflame-rate"] == "0"


def test_who_takes_sigprof_later_gets_it(server, run):
    finished = run(
        WORK
        + '''
everflame.start(service_name="first")
work()
ticks = []
signal.signal(signal.SIGPROF, lambda *_: ticks.append(1))
signal.setitimer(signal.ITIMER_PROF, 0.02, 0.02)
work(); time.sleep(0.6); before = len(ticks); work()
everflame.stop()
assert len(ticks) > before > 5
assert signal.getitimer(signal.ITIMER_PROF)[1] != 0
signal.setitimer(signal.ITIMER_PROF, 0)
'''
    )
    assert "taken over by somebody else" in finished.err


def test_start_in_another_thread(server, run):
    finished = run(
        WORK
        + '''
thread = threading.Thread(target=lambda: everflame.start(service_name="elsewhere")); thread.start(); thread.join()
print(json.dumps(work()))
''',
        EVERFLAME_NATIVE="0",
    )
    assert "main thread" in finished.err
    samples = server.samples()
    assert cpu_seconds(samples) == 0
    assert near(wall_seconds(samples, "work"), finished.said(), share=0.4)  # the main thread's, all the same


def test_start_in_another_thread_under_gevent(server, run):
    finished = run(
        '''
from gevent import monkey; monkey.patch_all()
import gevent
'''
        + WORK
        + '''
gevent.get_hub().threadpool.spawn(lambda: everflame.start(service_name="elsewhere")).get()
print(json.dumps(work()))
''',
        EVERFLAME_NATIVE="0",
    )
    assert "main thread" in finished.err
    assert near(wall_seconds(server.samples(), "work"), finished.said(), share=0.4)


def test_disabled(server, run, everflame_run):
    finished = run("import everflame; everflame.start(); import _thread; print(_thread._count())", by=everflame_run, EVERFLAME_ENABLED="0")
    assert finished.out == "0\n" and not server.attempts


@pytest.mark.parametrize(
    "variable, value",
    [
        ("EVERFLAME_RATE", "fast"),
        ("EVERFLAME_RATE", "-1"),
        ("EVERFLAME_WALL_RATE", "1e9"),
        ("EVERFLAME_WINDOW", "0"),
        ("EVERFLAME_WINDOW", "nan"),
        ("EVERFLAME_LABELS", "novalue"),
        ("EVERFLAME_ENABLED", "perhaps"),
    ],
)
def test_a_wrong_variable_is_said_and_survived(server, run, variable, value):
    variables = {variable: value}
    if variable != "EVERFLAME_WINDOW":
        variables["EVERFLAME_WINDOW"] = "0.4"
    finished = run(WORK + "everflame.start(service_name='x'); work()", **variables)
    assert variable in finished.err and value in finished.err
    assert cpu_seconds(server.samples(), "work") > 0.3


def test_a_wrong_server_is_said_and_survived(run):
    finished = run(WORK + "everflame.start(service_name='x'); work()", url="profiles.example.com")
    assert "EVERFLAME_SERVER=profiles.example.com is ignored" in finished.err and "must look like" in finished.err


def test_the_hosts_log_gets_what_is_said(server, run):
    """Also from the agent's own threads."""
    finished = run(
        '''
import logging, sys
logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(name)s|%(levelname)s|%(message)s")
'''
        + WORK
        + "everflame.start(service_name='x', server='http://127.0.0.1:9'); time.sleep(1.5)"
    )
    assert "everflame|INFO|profiling x, sending to http://127.0.0.1:9" in finished.out
    assert "everflame|WARNING|http://127.0.0.1:9 cannot be reached" in finished.out
    assert finished.err == ""


def test_under_gevent_the_threads_keep_off_loggings_locks(run):
    """A greenlet that holds the log's lock and never lets go stops neither sampling nor pushing."""
    finished = run(
        '''
from gevent import monkey; monkey.patch_all()
import logging
'''
        + WORK
        + '''
logging.basicConfig()
everflame.start(service_name="x", server="http://127.0.0.1:9")
logging.getLogger().handlers[0].acquire()
time.sleep(1.5)
os.write(1, b"{}")
'''
    )
    assert "everflame: warning: http://127.0.0.1:9 cannot be reached" in finished.err
