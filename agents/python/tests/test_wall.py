"""Wall time: where threads, greenlets and tasks wait, held against waits of known length."""

import pytest

from support.environment import native_is_expected
from support.shares import cpu_seconds, near, off_cpu_seconds, wall_seconds

START = '''
import everflame, json, time
began = time.monotonic()
everflame.start(service_name="waits")

def done(**more):
    print(json.dumps(dict(wall=time.monotonic() - began, **more)), flush=True)
'''


def roots(samples, function):
    return {s.stack[0].function for s in samples if function in [f.function for f in s.stack] and s.wall}


def test_threads_wait_on_a_lock_a_queue_a_socket_and_sleep(server, run):
    finished = run(
        START
        + '''
import queue, socket, threading
lock, inbox, (near_end, far_end) = threading.Lock(), queue.Queue(), socket.socketpair()
lock.acquire()

def on_lock(): lock.acquire()
def on_queue(): inbox.get()
def on_socket(): far_end.recv(1)
def on_sleep(): time.sleep(2)

threads = [threading.Thread(target=f, name="waiter-%d" % n) for n, f in enumerate((on_lock, on_queue, on_socket, on_sleep))]
for thread in threads: thread.start()
time.sleep(2)
lock.release(); inbox.put(1); near_end.send(b"x")
for thread in threads: thread.join()
done()
'''
    )
    said, samples = finished.said(), server.samples()
    for function in ("on_lock", "on_queue", "on_socket", "on_sleep"):
        assert near(wall_seconds(samples, function), 2), function
        assert near(off_cpu_seconds(samples, function), 2), function
        assert roots(samples, function) == {"[thread waiter-*]"}
    assert near(wall_seconds(samples, "on_queue", "get", "wait"), 2)
    assert near(wall_seconds(samples), said["wall"] + 4 * 2)
    assert near(wall_seconds(samples, "<module>"), said["wall"])


def test_a_pool_of_threads_that_works_and_waits(server, run):
    """Running and waiting are told apart, in short turns of 3 and 12 ms, which a look that needs the GIL cannot see."""
    finished = run(
        START
        + '''
from concurrent.futures import ThreadPoolExecutor
import threading
spent, asleep = [], []

def compute():
    before = time.thread_time()
    while time.thread_time() - before < 0.003: sum(range(200))
    spent.append(time.thread_time() - before)

def pause():
    before = time.monotonic()
    time.sleep(0.012)
    asleep.append(time.monotonic() - before)

def work():
    began = time.monotonic()
    while time.monotonic() < began + 2:
        compute()
        pause()
    there.append(time.monotonic() - began)

there = []
with ThreadPoolExecutor(3, thread_name_prefix="pool") as pool:
    for future in [pool.submit(work) for _ in range(3)]: future.result()
done(spent=sum(spent), asleep=sum(asleep), there=sum(there))
''',
    )
    said, samples = finished.said(), server.samples()
    waited = said["there"] - said["spent"]
    assert near(off_cpu_seconds(samples, "work"), waited, share=0.15)
    # What is not asleep waits for a core or for the GIL, while it computes: little, but on a machine that is busy.
    assert 0.8 * said["asleep"] < off_cpu_seconds(samples, "pause") < 1.15 * waited
    assert near(wall_seconds(samples, "work"), said["there"], share=0.15)
    if native_is_expected():
        assert near(cpu_seconds(samples, "work"), said["spent"], share=0.15)
    waits = [s for s in samples if s.values["off_cpu"] and s.stack[-1].function == "pause"]
    assert {s.stack[0].function for s in waits} == {"[thread pool_*]"}


@pytest.mark.parametrize("loaded", ["before", "after", "spawned before"])
def test_waiting_greenlets(server, run, loaded):
    finished = run(
        '''
import sys
def deep(n, wait):
    if n: return deep(n - 1, wait)
    wait()

def on_event(): event.wait()
def on_queue(): inbox.get()
def on_sleep():
    began = time.monotonic()
    gevent.sleep(2)
    asleep.append(time.monotonic() - max(began, since))

def spawn():
    global gevent, event, inbox, greenlets
    import gevent, gevent.event, gevent.queue
    event, inbox = gevent.event.Event(), gevent.queue.Queue()
    greenlets = [gevent.spawn(deep, 5, f) for f in [on_event] * 120 + [on_queue] * 60 + [on_sleep] * 20]
    gevent.sleep(0)

import time
since, asleep = 0, []
if sys.argv[1] == "before": import gevent
if sys.argv[1] == "spawned before": spawn()
'''
        + START
        + '''
since = time.monotonic()
if sys.argv[1] != "spawned before": spawn()
gevent.sleep(2.2)
event.set()
for _ in range(60): inbox.put(1)
gevent.joinall(greenlets)
done(waited=time.monotonic() - since, asleep=sum(asleep))
''',
        loaded,
    )
    said, samples = finished.said(), server.samples()
    waited = said["waited"]
    assert near(wall_seconds(samples, "deep"), 180 * waited + said["asleep"])
    # 32 of 200 are looked at, some 40 times: three standard deviations.
    assert near(wall_seconds(samples, "deep", "on_event"), 120 * waited, share=0.1)
    assert near(wall_seconds(samples, "deep", "on_queue"), 60 * waited, share=0.15)
    assert near(wall_seconds(samples, "deep", "on_sleep"), said["asleep"], share=0.3)
    # The main greenlet is its thread, and counts once.
    assert near(wall_seconds(samples, "<module>"), said["wall"], least=0.2)
    assert near(wall_seconds(samples, "<module>", "sleep", "run"), 2.2, least=0.3)
    assert near(off_cpu_seconds(samples, "on_event"), wall_seconds(samples, "on_event"))


def test_what_a_greenlet_computes_is_not_its_waiting(server, run):
    finished = run(
        START
        + '''
import gevent
spent = 0

def burn():
    global spent
    before = time.thread_time()
    while time.thread_time() - before < 0.01: sum(range(300))
    spent += time.thread_time() - before

def worker():
    for _ in range(50):
        burn()
        gevent.sleep(0.03)

since = time.monotonic()
gevent.spawn(worker).join()
done(spent=spent, there=time.monotonic() - since)
'''
    )
    said, samples = finished.said(), server.samples()
    # One greenlet besides the main one: it runs, or it waits.
    assert near(wall_seconds(samples, "worker"), said["there"], share=0.2)
    assert near(off_cpu_seconds(samples, "worker"), said["there"] - said["spent"], share=0.25)
    assert near(cpu_seconds(samples, "worker", "burn"), said["spent"], share=0.25)


TASKS = '''
import asyncio
async def leaf(seconds): await asyncio.sleep(seconds)
async def middle(seconds): await leaf(seconds)
async def outer(seconds): await middle(seconds)

async def numbers():
    yield 1
    await asyncio.sleep(1.5)
    yield 2

async def over_numbers():
    async for _ in numbers(): pass

class Awaitable:
    def __await__(self): return (yield from leaf(1.5).__await__())

async def on_awaitable(): await Awaitable()
async def on_future(): await future
async def on_lock():
    async with lock: pass

async def main():
    global future, lock
    future, lock = asyncio.get_running_loop().create_future(), asyncio.Lock()
    await lock.acquire()
    waiting = asyncio.gather(*[outer(2) for _ in range(40)], *[on_future() for _ in range(30)], on_lock(), over_numbers(), on_awaitable())
    await asyncio.sleep(2)
    future.set_result(1); lock.release()
    await waiting

def run():
    asyncio.run(main())
'''


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_tasks_by_their_chain_of_awaits(server, run, loop):
    finished = run(
        START
        + TASKS
        + '''
import sys
if sys.argv[1] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
since = time.monotonic()
run()
done(waited=time.monotonic() - since)
''',
        need_loop(loop),
    )
    said, samples = finished.said(), server.samples()
    waited = said["waited"]
    tasks = [s for s in samples if s.stack[0].function in ("outer", "on_future", "on_lock", "over_numbers", "on_awaitable", "main")]
    assert near(wall_seconds(tasks, "outer", "middle", "leaf", "sleep"), 40 * waited, share=0.15)
    assert near(wall_seconds(tasks, "on_future"), 30 * waited, share=0.15)
    assert near(wall_seconds(tasks, "on_lock", "__aenter__", "acquire"), waited, share=0.6)  # one of 74
    assert wall_seconds(tasks, "over_numbers", "numbers", "sleep") > 0.5
    assert wall_seconds(tasks, "on_awaitable", "__await__", "leaf", "sleep") > 0.5
    assert near(wall_seconds(tasks, "main"), waited, share=0.6)
    (line,) = {s.stack[0].line for s in tasks if s.stack[0].function == "outer"}
    assert line > 0
    # The thread that runs the loop counts once, and has no trace of what watches it.
    assert near(wall_seconds(samples, "<module>", "run"), said["wall"], least=0.3)
    assert not [f for s in samples if s.values["off_cpu"] > 1e6 for f in s.stack if f.module.startswith("everflame.loop")]


def need_loop(name):
    if name == "uvloop":
        pytest.importorskip("uvloop")
    return name


@pytest.mark.parametrize("kind", ["greenlets", "tasks"])
def test_ten_thousand_are_looked_at_by_some_of_them(server, run, kind):
    finished = run(
        '''
import asyncio, sys, time
count = 10000
async def task(n):
    await (few if n % 10 == 0 else many)()
async def few(): await asyncio.sleep(3)
async def many(): await asyncio.sleep(3)

async def main():
    tasks = [asyncio.ensure_future(task(n)) for n in range(count)]
    await asyncio.sleep(0.1)
    begin()
    await asyncio.sleep(2)
    everflame.stop(); end()
    for task_ in tasks: task_.cancel()

def green_few(): gevent.sleep(3)
def green_many(): gevent.sleep(3)

def green_main():
    import gevent
    globals().update(gevent=gevent)
    greenlets = [gevent.spawn(green_few if n % 10 == 0 else green_many) for n in range(count)]
    gevent.sleep(0.1)
    begin()
    gevent.sleep(2)
    everflame.stop(); end()

import everflame, json, os

def begin():
    global since, before
    everflame.start(service_name="many", rate=0)
    since, before = time.monotonic(), time.process_time()

def end():
    print(json.dumps(dict(waited=time.monotonic() - since, used=time.process_time() - before)), flush=True)
    os._exit(0)

if sys.argv[1] == "tasks": asyncio.run(main())
else: green_main()
''',
        kind,
    )
    said, samples = finished.said(), server.samples()
    few, many = ("few", "many") if kind == "tasks" else ("green_few", "green_many")
    both = wall_seconds(samples, few) + wall_seconds(samples, many)
    assert near(both, 10000 * said["waited"], share=0.25)  # but for what came after the last look
    # 40 looks at 32 of them: a tenth is met some 128 times, give or take three standard deviations.
    assert near(wall_seconds(samples, few) / both, 0.1, least=0.035)
    assert said["used"] < 0.3 * said["waited"]  # a great deal more than it should be, on a machine that is busy


def test_threads_beyond_those_of_one_look_count_in_full(server, run):
    finished = run(
        START
        + '''
import threading
def wait(): time.sleep(2)
threads = [threading.Thread(target=wait) for _ in range(150)]
for thread in threads: thread.start()
for thread in threads: thread.join()
done()
'''
    )
    assert finished.code == 0
    assert near(wall_seconds(server.samples(), "wait"), 300, share=0.15)


def test_a_program_that_uses_neither_gevent_nor_asyncio_does_not_get_them(run):
    run(
        START
        + '''
import sys
time.sleep(0.5)
assert not {"gevent", "asyncio", "uvloop", "greenlet"} & set(sys.modules), sys.modules
everflame.stop()
'''
    )


def test_forked_children_go_on_with_their_greenlets(server, run):
    run(
        START
        + '''
import gevent, os
def wait(): gevent.sleep(1.5)
parents = [gevent.spawn(wait) for _ in range(20)]
gevent.sleep(0.2)
if gevent.fork() == 0:
    def in_child(): gevent.sleep(1.2)
    gevent.joinall([gevent.spawn(in_child) for _ in range(20)])
    everflame.stop()
    os._exit(0)
gevent.joinall(parents)
gevent.sleep(0.5)
''',
    )
    samples = server.samples()
    assert near(wall_seconds(samples, "in_child"), 20 * 1.2, share=0.15)


def test_labels_of_what_waits(server, run):
    run(
        START
        + TASKS
        + '''
import threading
async def handle(name):
    with everflame.labels(endpoint=name):
        await outer(1.5)

async def serve():
    await asyncio.gather(*[handle("/a") for _ in range(6)], *[handle("/b") for _ in range(3)])

def in_thread():
    with everflame.labels(endpoint="/t"):
        time.sleep(1.5)

thread = threading.Thread(target=in_thread); thread.start()
asyncio.run(serve())
thread.join()

import gevent
def green(name):
    with everflame.labels(endpoint=name):
        gevent.sleep(1.5)
gevent.joinall([gevent.spawn(green, "/g") for _ in range(5)])
'''
    )
    samples = server.samples()
    by = {}
    for sample in samples:
        label = sample.labels.get("endpoint")
        by[label] = by.get(label, 0) + sample.wall / 1e9
    assert near(by["/a"], 6 * 1.5, share=0.15)
    assert near(by["/b"], 3 * 1.5, share=0.15)
    assert near(by["/t"], 1.5, share=0.15)
    assert near(by["/g"], 5 * 1.5, share=0.15)
