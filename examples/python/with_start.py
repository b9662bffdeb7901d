"""A program that starts its own profiler.

    EVERFLAME_SERVER=http://127.0.0.1:5555 python with_start.py

What `everflame.start` is not told, it takes from the environment.
"""

import signal
import sys
import time

import everflame


def count_primes(limit: int) -> int:
    sieve = bytearray([1]) * limit
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(sieve) - 2


def sum_of_squares(limit: int) -> int:
    return sum(number * number for number in range(limit))


def main() -> None:
    while True:
        count_primes(300_000)
        sum_of_squares(100_000)
        time.sleep(0.1)


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    everflame.start(service_name="with-start", labels={"env": "demo", "version": "1.0"})
    main()
