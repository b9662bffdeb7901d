"""A program that does everything at once that could pull a stack from under a sampler: `stress.py SECONDS [gevent]`.

Threads that begin and end, deep recursion, generators left half-way, asyncio tasks, code objects that die as
soon as they have run, contexts that change all the time, forks, collections, subinterpreters and greenlets; sampled at 1 kHz.
"""

import asyncio
import contextvars
import gc
import json
import os
import sys
import threading
import time

import everflame
from everflame import native
from everflame.tag import Tag

if "gevent" in sys.argv:
    # Before there are threads: on 3.8 zope.interface, which it imports, crashes when a collection comes in between.
    import gevent

seconds = float(sys.argv[1])
everflame.start(service_name="stress", rate=1000, window=0.5)
assert native.in_use(), native.missing
end = time.monotonic() + seconds
rounds = {}
labels = contextvars.ContextVar("labels", default=None)
native.module.cpu_watch_labels(labels)


def again(name):
    rounds[name] = rounds.get(name, 0) + 1
    return time.monotonic() < end


def short_threads():
    while again("threads"):
        threads = [threading.Thread(target=sum, args=(range(20000),)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def recursion():
    def down(n):
        return down(n - 1) + 1 if n else 0

    while again("recursion"):
        down(600)


def generators():
    def inner(n):
        try:
            yield from range(n)
        finally:
            sum(range(50))

    def outer(n):
        yield from inner(n)

    while again("generators"):
        started = [outer(n) for n in range(3, 40)]
        for generator in started:
            next(generator)
        del started[::2]
        for generator in started:
            list(generator)


def dying_code():
    n = 0
    while again("code"):
        n += 1
        scope = {"__name__": "gone"}
        exec(compile("def f%d(x):\n    return sum(range(x))\nclass C:\n    def __del__(self): f%d(300)\nf%d(400); C()" % (n, n, n), "<gone>", "exec"), scope)


def contexts():
    def set_and_work(n):
        token = labels.set(Tag((("n", str(n % 5)),)))
        for i in range(40):  # enough variables for a trie of several levels
            contextvars.ContextVar("v%d" % i).set(i)
        sum(range(300))
        labels.reset(token)

    n = 0
    while again("contexts"):
        n += 1
        contextvars.copy_context().run(set_and_work, n)


def tasks():
    async def leaf(n):
        labels.set(Tag((("task", str(n % 5)),)))
        await asyncio.sleep(0)
        return sum(range(200))

    async def main():
        while again("tasks"):
            await asyncio.gather(*[leaf(n) for n in range(50)])

    asyncio.run(main())


def collections():
    while again("collections"):
        cycle = [[] for _ in range(100)]
        for one in cycle:
            one.append(cycle)
        del cycle
        gc.collect()


def forks():
    while again("forks"):
        child = os.fork()
        if child == 0:
            sum(range(20000))
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        time.sleep(0.05)


def subinterpreters():
    try:
        import _interpreters as interpreters
    except ImportError:
        try:
            import _xxsubinterpreters as interpreters
        except ImportError:
            return
    while again("subinterpreters"):
        other = interpreters.create()
        interpreters.run_string(other, "sum(range(50000))")
        interpreters.destroy(other)
        time.sleep(0.1)


def greenlets():
    def down(n):
        if n == 0:
            gevent.sleep(0)
            return sum(range(200))
        return sorted([1, 2], key=lambda _: down(n - 1))[0]  # through C, so that there are frames on its stack

    while again("greenlets"):
        gevent.joinall([gevent.spawn(down, n % 12) for n in range(60)])


work = [short_threads, recursion, generators, dying_code, contexts, tasks, collections]
if "gevent" in sys.argv:
    work = [greenlets, dying_code]  # few threads, so that greenlets are switched often
elif "subinterpreters" in sys.argv:
    work.append(subinterpreters)
else:
    work.append(forks)
threads = [threading.Thread(target=function) for function in work]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
everflame.stop()
print(json.dumps(rounds))
