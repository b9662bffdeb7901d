"""The smallest gevent service: it prints, sleeps, and uses hardly any CPU time.

Run it, profiled, with

    everflame-run --service-name gevent-sleep python gevent_sleep.py

There is next to nothing to see in its CPU time. Look at its wall time: it shows the line that waits.
"""

import signal
import sys

import gevent


def say_hello(count: int) -> None:
    print("hello, number {}".format(count), flush=True)


def wait_a_second() -> None:
    gevent.sleep(1)


def main() -> None:
    count = 0
    while True:
        count += 1
        say_hello(count)
        wait_a_second()


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    main()
