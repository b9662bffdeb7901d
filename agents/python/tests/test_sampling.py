"""Whether what is pushed is the truth: shares, totals, names, lines, waiting."""

import sys

import pytest

from support.shares import cpu_seconds, near, wall_seconds

BURN = '''
import json, sys, time

spent = {}
kept_waiting = 0    # for a core, while there was work to do: much, on a busy machine

def burn(seconds, name):
    global kept_waiting
    before, began = time.thread_time(), time.monotonic()
    while time.thread_time() - before < seconds:
        sum(range(300))
    used = time.thread_time() - before
    spent[name] = spent.get(name, 0) + used
    kept_waiting += time.monotonic() - began - used

def done(**more):
    print(json.dumps(dict(spent=spent, kept_waiting=kept_waiting, **more)), flush=True)
'''


def test_plain_script(server, run):
    finished = run(
        BURN
        + '''
import everflame
began = time.monotonic()
before = time.process_time()
everflame.start(service_name="plain")

def large():
    burn(1.2, "large")

class Small:
    def method(self):
        burn(0.4, "small")

large(); Small().method(); time.sleep(0.8)
done(used=time.process_time() - before, wall=time.monotonic() - began)
'''
    )
    said, samples = finished.said(), server.samples()
    assert near(cpu_seconds(samples), said["used"])
    assert near(cpu_seconds(samples, "<module>", "large", "burn"), said["spent"]["large"])
    assert near(cpu_seconds(samples, "<module>", "method", "burn"), said["spent"]["small"], least=0.08)
    assert near(wall_seconds(samples), said["wall"], least=0.2)
    waiting = wall_seconds(samples) - cpu_seconds(samples, "<module>")
    assert near(waiting, said["wall"] - said["used"], least=0.2)


def test_frames_are_named_in_full(server, run):
    run(
        BURN
        + '''
import everflame, types
everflame.start(service_name="names")
module = sys.modules["shop.prices"] = types.ModuleType("shop.prices")
exec(compile("def outer(burn):\\n    x = 1\\n    burn(0.3, 'x')\\n", "/srv/shop/prices.py", "exec"), module.__dict__)
module.outer(burn)
'''
    )
    (frame,) = {f for s in server.samples() for f in s.stack if f.function == "outer"}
    assert frame == ("outer", "/srv/shop/prices.py", 1, "shop.prices", 3)
    (root,) = {s.stack[0].module for s in server.samples() if "outer" in [f.function for f in s.stack]}
    assert root == "__main__"


@pytest.mark.parametrize("patch", ["never", "before", "after"])
def test_greenlets(server, run, patch):
    finished = run(
        '''
import sys
if sys.argv[1] == "before":
    from gevent import monkey; monkey.patch_all()
'''
        + BURN
        + '''
import everflame, gevent
began = time.monotonic()
before = time.process_time()
everflame.start(service_name="greenlets")
if sys.argv[1] == "after":
    from gevent import monkey; monkey.patch_all()

def often():
    for _ in range(250):
        burn(0.005, "often"); gevent.sleep(0.004)

def seldom():
    for _ in range(10):
        burn(0.03, "seldom"); gevent.sleep(0.2)

def wait_for_all(greenlets):
    gevent.joinall(greenlets)

wait_for_all([gevent.spawn(often), gevent.spawn(seldom)])
done(used=time.process_time() - before, wall=time.monotonic() - began)
''',
        patch,
    )
    said, samples = finished.said(), server.samples()
    spent = said["spent"]
    assert near(cpu_seconds(samples), said["used"])
    # Which of two short bursts a tick hits is chance: some 150 samples, and three standard deviations of them.
    assert near(cpu_seconds(samples, "often", "burn"), spent["often"], share=0.2)
    assert near(cpu_seconds(samples, "seldom", "burn"), spent["seldom"], share=0.5)
    # The thread counts, and so does each greenlet while it waits (test_wall.py).
    assert near(wall_seconds(samples, "<module>") + wall_seconds(samples, "burn"), said["wall"], share=0.2, least=0.3)
    # While all greenlets wait, the line of the main program that waits is shown, and the hub on top of it.
    idle = wall_seconds(samples, "<module>", "wait_for_all", "joinall", "run") or wall_seconds(
        samples, "<module>", "wait_for_all", "run"
    )
    # Waiting for a core, in the middle of work, is taken for either.
    waited = said["wall"] - said["used"]
    assert (waited - said["kept_waiting"]) * 0.75 - 0.25 < idle < waited + 0.25


@pytest.mark.parametrize("gevent", ["without", "unpatched", "before", "after"])
def test_blocking_sleep_is_seen(server, run, gevent):
    finished = run(
        '''
import sys, time
blocking_sleep = time.sleep
if sys.argv[1] != "without":
    import gevent
if sys.argv[1] == "before":
    from gevent import monkey; monkey.patch_all()
import everflame, json
began = time.monotonic()
everflame.start(service_name="sleeper")
if sys.argv[1] == "after":
    from gevent import monkey; monkey.patch_all()

def greenlet_or_not():
    time.sleep(0.7)     # gevent's if it was patched

def block():
    blocking_sleep(0.7)

greenlet_or_not(); block()
if sys.argv[1] != "without":
    gevent.spawn(block).join()
print(json.dumps(dict(wall=time.monotonic() - began)))
''',
        gevent,
    )
    said, samples = finished.said(), server.samples()
    assert near(wall_seconds(samples), said["wall"], least=0.2)
    assert near(wall_seconds(samples, "<module>", "greenlet_or_not"), 0.7, least=0.25)
    assert near(wall_seconds(samples, "block"), 0.7 if gevent == "without" else 1.4, least=0.25)


def test_without_the_native_part_cpu_of_other_threads_is_counted_and_kept_apart(server, run):
    finished = run(
        BURN
        + '''
import everflame, threading
before = time.process_time()
everflame.start(service_name="threads")
threads = [threading.Thread(target=burn, args=(0.5, "thread%d" % i)) for i in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
done(used=time.process_time() - before)
''',
        EVERFLAME_NATIVE="0",
    )
    samples = server.samples()
    assert near(cpu_seconds(samples), finished.said()["used"])
    assert cpu_seconds(samples, "[other threads]") > 0.85
    assert wall_seconds(samples, "[other threads]") == 0


def test_a_long_call_into_c_counts_in_full(server, run):
    finished = run(
        '''
import everflame, json, time, zlib
everflame.start(service_name="c")
data = bytes(range(256)) * 40000
before = time.thread_time()

def compress():      # without the GIL
    while time.thread_time() - before < 0.8:
        zlib.compress(data, 9)

def sort():          # with the GIL, one call
    sorted(range(3_000_000, 0, -1), key=lambda n: n ^ 0x5555)

compress(); middle = time.thread_time(); sort()
print(json.dumps(dict(compress=middle - before, sort=time.thread_time() - middle)))
'''
    )
    said, samples = finished.said(), server.samples()
    assert near(cpu_seconds(samples, "compress"), said["compress"], least=0.1)
    assert near(cpu_seconds(samples, "sort"), said["sort"], least=0.1)


def test_deep_recursion_keeps_the_leaf(server, run):
    run(
        BURN
        + '''
import everflame
sys.setrecursionlimit(5000)
everflame.start(service_name="deep")
def down(n):
    return down(n - 1) if n else burn(0.4, "leaf")
down(1000)
'''
    )
    deep = [s for s in server.samples() if s.stack[-1].function == "burn"]
    assert deep
    for sample in deep:
        assert sample.stack[0].function == "[truncated]"
        assert len(sample.stack) == 193


def test_an_idle_program_pushes_empty_windows(server, run):
    run(
        '''
import everflame, time
everflame.start(service_name="idle", wall_rate=0)
time.sleep(1.5)
'''
    )
    assert len(server.pushes) >= 3
    for push in server.pushes:
        assert push.profile.sample_types == [("cpu", "nanoseconds"), ("wall", "nanoseconds")]
        assert cpu_seconds(push.profile.samples) < 0.1


def test_windows_touch_and_say_what_they_are(server, run):
    run("import everflame, time; everflame.start(service_name='shop', labels={'env': 'a, \"b\"', 'bad-name': 1}); time.sleep(1.5)")
    pushes = server.pushes
    for earlier, later in zip(pushes, pushes[1:]):
        assert abs(int(later.query["from"]) - int(earlier.query["until"])) < 50e6
    push = pushes[0]
    assert push.service == "shop"
    assert push.labels["language"] == "python"
    assert push.labels["env"] == 'a, "b"'
    assert push.labels["bad_name"] == "1"
    assert push.labels["instance"].startswith(push.labels["host"] + ":")
    assert push.query["format"] == "pprof" and push.query["spyName"] == "everflame-python"
    assert push.headers["everflame-protocol"] == "1"
    assert push.headers["everflame-rate"] == "100"
    assert push.headers["everflame-dropped"] == "0"
    assert push.headers["content-type"] == "application/octet-stream"
    assert len(push.instance) == 32 and int(push.instance, 16)
    assert [p.sequence for p in pushes] == list(range(len(pushes)))
    profile = push.profile
    assert profile.time_nanos == int(push.query["from"])
    assert profile.duration_nanos == int(push.query["until"]) - int(push.query["from"])
    assert profile.period_type == ("cpu", "nanoseconds") and profile.period == 10_000_000
