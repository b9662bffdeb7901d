"""Burns CPU for so many seconds under Everflame's Python agent, and says how much."""

import json
import sys
import time

import everflame


def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(200))


def hot():
    burn(0.015)


def cool():
    burn(0.005)


if __name__ == "__main__":
    everflame.start()
    before = time.process_time()
    deadline = time.monotonic() + float(sys.argv[1])
    while time.monotonic() < deadline:
        hot()
        cool()
        time.sleep(0.06)
    print(json.dumps({"cpu": time.process_time() - before}), flush=True)
