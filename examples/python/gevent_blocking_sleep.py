"""A gevent service with a mistake: its main loop calls the blocking `time.sleep`, and no greenlet ever runs.

Run it, profiled, with

    everflame-run --service-name gevent-blocking-sleep python gevent_blocking_sleep.py

Its profile of blocked loops shows the mistake: all the time, in `wait_without_yielding`. So does its wall time, in
which gevent's hub is nowhere. A profiler that answers from a greenlet would never be heard of here.
"""

import signal
import sys
import time

import gevent


def serve_requests() -> None:
    while True:
        print("this is never printed", flush=True)
        gevent.sleep(1)


def wait_without_yielding() -> None:
    time.sleep(1)  # gevent.sleep(1) would let the greenlets run


def main() -> None:
    gevent.spawn(serve_requests)
    count = 0
    while True:
        count += 1
        print("round {}".format(count), flush=True)
        wait_without_yielding()


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    main()
