"""Burns CPU for so many seconds, so many ms of each 80, under Everflame's Python agent, and says how much."""

import json
import sys
import time

import everflame


BUSY = float(sys.argv[2]) / 1000


def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(200))


def hot():
    burn(BUSY * 0.75)


def cool():
    burn(BUSY * 0.25)


if __name__ == "__main__":
    everflame.start()
    before = time.process_time()
    deadline = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < deadline:
        hot()
        cool()
        time.sleep(0.08 - BUSY)
    print(json.dumps({"cpu": time.process_time() - before}), flush=True)
