"""What the marks in event loops cost the program: for each spawn of gevent, each turn of asyncio's loop, and idle in uvloop.

    python tests/support/turning_cost.py

Medians of alternating rounds without and with, by CPU time.
"""

import asyncio
import statistics
import time
import weakref

import gevent

from everflame import greenlets
from everflame.loop_turns import Beats, Turns, unwatch_selector, watch_selector
from everflame.loops import _begin_beats

ROUNDS = 8
COUNT = 20000


def spawns() -> float:
    before = time.thread_time()
    spawned = [gevent.spawn(int) for _ in range(COUNT)]
    used = time.thread_time() - before
    gevent.joinall(spawned)
    return used / COUNT * 1e6


async def turns() -> float:
    before = time.thread_time()
    for _ in range(COUNT):
        await asyncio.sleep(0)
    return (time.thread_time() - before) / COUNT * 1e6


def measure_spawns() -> None:
    listener = greenlets.Greenlets()
    listener.find()
    without, told = [], []
    for _ in range(ROUNDS):
        greenlets._listener = None
        without.append(spawns())
        greenlets._listener = listener
        told.append(spawns())
        listener._known.clear()
    print("gevent, a spawn: {:.2f} us, {:.2f} with".format(statistics.median(without), statistics.median(told)))


async def measure_turns() -> None:
    selector = asyncio.get_running_loop()._selector
    without, marked = [], []
    for _ in range(ROUNDS):
        without.append(await turns())
        watch_selector(selector, Turns(10**9))
        marked.append(await turns())
        unwatch_selector(selector)
    print("asyncio, a turn: {:.2f} us, {:.2f} with".format(statistics.median(without), statistics.median(marked)))


async def measure_beats() -> None:
    loop = asyncio.get_running_loop()
    shares = []
    for beats in (False, True):
        if beats:
            loop.call_soon(_begin_beats, weakref.ref(loop), Beats(100_000_000))
        before = time.process_time()
        await asyncio.sleep(5)
        shares.append((time.process_time() - before) / 5 * 100)
    print("uvloop, idle: {:.2f} % of a core, {:.2f} with".format(*shares))


measure_spawns()
asyncio.run(measure_turns())
try:
    import uvloop
except ImportError:
    print("uvloop is not installed")
else:
    loop = uvloop.new_event_loop()
    loop.run_until_complete(measure_beats())
    loop.close()
