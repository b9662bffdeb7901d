"""What it costs to be looked at while waiting: CPU time of a program that does nothing, in per cent of a core.

    python tests/support/waiting_cost.py          a table: without the agent, with wall time, with blocked loops, with both

Each figure is of a process of its own, for 8 seconds, by its CPU time; without the CPU sampler, without pushes.
"""

import asyncio
import os
import subprocess
import sys
import threading
import time
from typing import Callable

import everflame

SECONDS = 8.0
MODES = {"off": None, "wall": (20, 0), "loops": (0, 100), "both": (20, 100)}
KINDS = ["threads 1", "threads 40", "threads 400", "greenlets 10", "greenlets 10000", "tasks 10", "tasks 10000"]


def begin() -> Callable[[], None]:
    """Called in the middle of the waiting; what it answers, at the end. It leaves without exit handlers, which would wait."""
    before, began = time.process_time(), time.monotonic()

    def end() -> None:
        print("{:.2f}".format((time.process_time() - before) / (time.monotonic() - began) * 100), flush=True)
        os._exit(0)

    return end


def start(mode: str) -> None:
    rates = MODES[mode]
    if rates is not None:
        everflame.start(service_name="cost", server="http://127.0.0.1:9", rate=0, window=600, wall_rate=rates[0], loop_block=rates[1])


def down(depth, wait):
    if depth:
        return down(depth - 1, wait)
    return wait()


async def await_down(depth):
    if depth:
        return await await_down(depth - 1)
    await asyncio.sleep(1000)


def threads(count):
    for _ in range(count - 1):
        threading.Thread(target=down, args=(20, lambda: time.sleep(1000)), daemon=True).start()
    time.sleep(1)
    end = begin()
    down(20, lambda: time.sleep(SECONDS))
    end()


def greenlets(count):
    import gevent

    kept = [gevent.spawn(down, 15, lambda: gevent.sleep(1000)) for _ in range(count)]
    gevent.sleep(1 if kept else 0)
    end = begin()
    gevent.sleep(SECONDS)
    end()


def tasks(count):
    async def main():
        kept = [asyncio.ensure_future(await_down(8)) for _ in range(count)]
        await asyncio.sleep(1 if kept else 0)
        end = begin()
        await asyncio.sleep(SECONDS)
        end()

    asyncio.run(main())


if len(sys.argv) == 4:
    kind, count, mode = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    start(mode)
    {"threads": threads, "greenlets": greenlets, "tasks": tasks}[kind](count)
print("{:18}".format("") + "".join("{:>8}".format(mode) for mode in MODES))
for kind in KINDS:
    row = [subprocess.check_output([sys.executable, __file__] + kind.split() + [mode], stderr=subprocess.DEVNULL) for mode in MODES]
    print("{:18}".format(kind) + "".join("{:>8}".format(cell.decode().strip()) for cell in row), flush=True)
