"""Programs whose truth is known: `modes.py MODE SECONDS` works for about so long, and prints as its last line what each
function used by the clock of its own thread, and what the process used, in CPU seconds.

Each mode has functions that are told apart by name, whatever runs in them; what burns CPU time is the same in all.
"""

import hashlib
import json
import sys
import threading
import time
import zlib

mode, seconds = sys.argv[1], float(sys.argv[2])
if mode.startswith("gevent"):
    from gevent import monkey

    monkey.patch_all()

spent = {}
lock = threading.Lock()
thread_time = time.thread_time
data = bytes(range(256)) * 2000


def burn(cpu):
    end = thread_time() + cpu
    while thread_time() < end:
        sum(range(200))


def timed(name, work, *args):
    began = thread_time()
    work(*args)
    used = thread_time() - began
    with lock:
        spent[name] = spent.get(name, 0) + used


def first(work, *args):
    timed("first", work, *args)


def second(work, *args):
    timed("second", work, *args)


def third(work, *args):
    timed("third", work, *args)


def until(end, body):
    while time.monotonic() < end:
        body()


def plain(end):
    def body():
        first(burn, 0.0061), second(burn, 0.0029), third(burn, 0.0013)

    until(end, body)


def waiting(end):
    def body():
        first(burn, 0.003), time.sleep(0.002), second(burn, 0.006), time.sleep(0.003)

    until(end, body)


def ten_ms(end):
    """Every 10 ms by the clock, first for 3 of them."""
    start, n = time.perf_counter(), 0

    def busy(when):
        while time.perf_counter() < when:
            pass

    while time.monotonic() < end:
        now = start + n * 0.01
        first(busy, now + 0.003), second(busy, now + 0.01)
        n += 1


def in_threads(end, *bodies):
    threads = [threading.Thread(target=until, args=(end, body)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def pool(end):
    """Four workers, an idle main thread, as gunicorn's gthread."""

    def worker():
        first(burn, 0.004), time.sleep(0.003), second(burn, 0.002), time.sleep(0.004), third(burn, 0.001)

    in_threads(end, worker, worker, worker, worker)


def many_threads(end):
    def worker():
        first(burn, 0.002), time.sleep(0.15), second(burn, 0.004), time.sleep(0.1)

    in_threads(end, *[worker] * 64)


def short_threads(end):
    """A thread for each request, of 3 and of 9 ms, as a development server has them."""

    def body():
        threads = [threading.Thread(target=first, args=(burn, 0.003)), threading.Thread(target=second, args=(burn, 0.009))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    until(end, body)


def c_without_gil(end):
    def body():
        first(zlib.compress, data, 6), second(hashlib.sha256, data * 4), third(burn, 0.003)

    in_threads(end, body, body)


def c_with_gil(end):
    numbers = list(range(30000, 0, -1))

    def body():
        first(lambda: sorted(numbers, key=str))
        second(lambda: [hashlib.sha256(b"x").digest() for _ in range(3000)]), third(burn, 0.002)

    in_threads(end, body, body)


def recursion(end):
    def down(n, work, cpu):
        return down(n - 1, work, cpu) if n else work(cpu)

    def body():
        first(down, 30, burn, 0.004), second(down, 90, burn, 0.002), third(down, 5, burn, 0.001)

    until(end, body)


def gevent_bursts(end, burst):
    import gevent

    def greenlet(name, pause):
        while time.monotonic() < end:
            name(burn, burst), gevent.sleep(pause)

    pauses = ((first, 2.3 * burst), (second, 5.7 * burst), (third, 9.1 * burst))
    gevent.joinall([gevent.spawn(greenlet, name, pause) for name, pause in pauses])


MODES = {
    "plain": plain,
    "waiting": waiting,
    "ten_ms": ten_ms,
    "recursion": recursion,
    "pool": pool,
    "many_threads": many_threads,
    "short_threads": short_threads,
    "c_with_gil": c_with_gil,
    "c_without_gil": c_without_gil,
    "gevent_1ms": lambda end: gevent_bursts(end, 0.001),
    "gevent_3ms": lambda end: gevent_bursts(end, 0.003),
    "gevent_30ms": lambda end: gevent_bursts(end, 0.03),
}

if __name__ == "__main__":
    before = time.process_time()
    MODES[mode](time.monotonic() + seconds)
    print(json.dumps({"spent": spent, "used": time.process_time() - before}), flush=True)
