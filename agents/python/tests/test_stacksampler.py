"""The drop-in for nylas' sampler: the same two lines, with what used to go wrong with them."""

import pytest

from support.shares import cpu_seconds, near, wall_seconds


@pytest.mark.parametrize(
    "patch, arguments",
    [
        ("", ""),
        ("from gevent import monkey; monkey.patch_all()", ", '0.0.0.0', 16384"),
        ("", ", port=16385"),
    ],
)
def test_a_program_that_blocks_and_never_yields(server, run, patch, arguments):
    """The greenlet that was spawned never runs, and the program is profiled from the line that spawned it."""
    finished = run(
        '''
import time
blocking_sleep = time.sleep
{}
import gevent
from everflame import stacksampler
gevent.spawn(stacksampler.run_profiler{})

def work():
    end = time.thread_time() + 0.4
    while time.thread_time() < end: sum(range(300))

def wait():
    blocking_sleep(0.6)

work(); wait()
'''.format(patch, arguments)
    )
    assert near(cpu_seconds(server.samples(), "work"), 0.4)
    assert near(wall_seconds(server.samples(), "wait"), 0.6, least=0.2)
    assert finished.err.count("opens no port") == 1
    assert server.pushes[0].service == "program"


def test_a_program_that_yields(server, run):
    run(
        '''
import gevent, time
from everflame import stacksampler
profiler = gevent.spawn(stacksampler.run_profiler)
other = gevent.spawn(lambda: None)
def wait(): gevent.sleep(0.6)
wait()
assert profiler.successful()
''',
        EVERFLAME_SERVICE_NAME="mine",
    )
    assert server.pushes[0].service == "mine"
    assert near(wall_seconds(server.samples(), "wait"), 0.6, least=0.2)


def test_importing_alone_profiles_nothing(server, run):
    run("import gevent; from everflame import stacksampler; gevent.spawn(lambda: None); gevent.sleep(0.5)")
    assert not server.attempts


def test_sampler_class(server, run):
    run(
        '''
import time
from everflame.stacksampler import Sampler
sampler = Sampler(0.02)
sampler.start(); sampler.start()
end = time.thread_time() + 0.4
while time.thread_time() < end: sum(range(300))
sampler.reset(); sampler.stop()
'''
    )
    assert {push.headers["everflame-rate"] for push in server.pushes} == {"50"}
    assert near(cpu_seconds(server.samples()), 0.4)


def test_without_gevent(server, run, tmp_path):
    (tmp_path / "gevent.py").write_text("raise ImportError('not installed')")
    run("import time; from everflame import stacksampler; stacksampler.run_profiler(); time.sleep(0.5)")
    assert server.pushes
