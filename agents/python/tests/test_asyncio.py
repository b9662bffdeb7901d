"""asyncio hears of signals by a file descriptor, which the profiler's signals must not fill."""

import pytest

from support.shares import cpu_seconds, near


@pytest.mark.parametrize("order", ["profiler first", "loop first"])
def test_a_loop_that_is_kept_busy_still_hears_of_sigterm(server, run, order):
    finished = run(
        '''
import asyncio, everflame, json, os, signal, sys, time

def start():
    everflame.start(service_name="loop")

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: sum(range(300))

async def main():
    loop, heard = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, heard.set)
    if sys.argv[1] == "loop first": start()
    compute(3.5)    # more samples than the loop's socket holds bytes
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(heard.wait(), 5)
    compute(0.6)
    everflame.stop()

if sys.argv[1] == "profiler first": start()
asyncio.run(main())
''',
        order,
    )
    assert finished.err == ""
    assert near(cpu_seconds(server.samples(), "compute"), 4.1)
