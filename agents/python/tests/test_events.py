"""Performance events: files of the process, which the program must never notice."""

import os
import resource

import pytest

from support.environment import native_is_expected
from support.shares import cpu_seconds, near
from test_sampling import BURN

pytestmark = pytest.mark.skipif(not native_is_expected(), reason="without the native part, by EVERFLAME_TEST_NATIVE=0 or the platform")

FILES = '''
import everflame, os, threading

def events():
    """Descriptors of performance events."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            if "perf_event" in os.readlink("/proc/self/fd/" + name): found.append(int(name))
        except OSError:
            pass
    return found

def lowest_free():
    """The least of some tries: a push may have a socket open."""
    found = []
    for _ in range(20):
        fd = os.open(os.devnull, os.O_RDONLY); os.close(fd); found.append(fd); time.sleep(0.02)
    return min(found)

def together(*works):
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
'''


def events_are_allowed():
    """As events.c asks."""
    with open("/proc/self/status") as status, open("/proc/sys/kernel/perf_event_paranoid") as paranoid:
        return "Seccomp:\t0" in status.read() and (os.geteuid() == 0 or int(paranoid.read()) <= 1)


needs_events = pytest.mark.skipif(not events_are_allowed(), reason="the machine allows no performance events")


@needs_events
def test_low_descriptors_stay_free_and_none_is_left(server, run):
    finished = run(
        BURN
        + FILES
        + '''
before = lowest_free()
everflame.start(service_name="low", wall_rate=0)
def work(): burn(0.3, "work")
together(work, work, work)
high, low = events(), lowest_free()
time.sleep(1.5)
after_threads = events()
def child():
    fresh = events()
    burn(0.2, "child")
    return [fresh, events()]
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, json.dumps(child()).encode()); everflame.stop(); os._exit(0)
of_child = json.loads(os.read(read, 1000)); os.wait()
everflame.stop()
done(before=before, low=low, high=high, after_threads=len(after_threads), of_child=of_child, left=events())
'''
    )
    said = finished.said()
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert len(said["high"]) >= 1 and min(said["high"]) >= min(1024, soft // 2)
    assert said["low"] == said["before"]
    assert said["after_threads"] == 1  # of the main thread; those of threads that are gone are closed
    assert len(said["of_child"][1]) == 1 and said["left"] == []
    assert near(cpu_seconds(server.samples(), "work"), said["spent"]["work"], share=0.25)


@needs_events
def test_a_program_that_closes_everything(server, run):
    """Daemons do: sampling goes on by timers, and what is opened at those numbers afterwards is left alone."""
    finished = run(
        BURN
        + FILES
        + '''
everflame.start(service_name="daemon", wall_rate=0)
burn(0.2, "work")
taken = events()
os.closerange(3, 5000)
own = [os.dup2(1, fd) for fd in taken]
burn(1.0, "work")
everflame.stop()
for fd in own: os.fstat(fd)
done(taken=taken)
'''
    )
    said = finished.said()
    assert said["taken"]
    assert near(cpu_seconds(server.samples(), "burn"), said["spent"]["work"], share=0.1)


def test_without_events(server, run):
    finished = run(
        BURN
        + FILES
        + '''
everflame.start(service_name="timers")
burn(0.5, "work")
done(events=events())
''',
        EVERFLAME_PERF_EVENTS="0",
    )
    said = finished.said()
    assert said["events"] == []
    assert near(cpu_seconds(server.samples(), "burn"), said["spent"]["work"], share=0.1)
