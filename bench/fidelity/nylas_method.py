"""nylas-perftools' method, for comparison: `nylas_method.py OUT PROGRAM ARG…` runs a program under a one-shot ITIMER_VIRTUAL
of 5 ms that the handler sets again, and counts stacks of the main thread; a count is 5 ms. Written from its
description; serving the counts by HTTP is left out.
"""

import json
import runpy
import signal
import sys

out, program = sys.argv[1], sys.argv[2]
sys.argv = sys.argv[2:]
INTERVAL = 0.005
counts = {}


def sample(signum, frame):
    names = []
    while frame is not None:
        names.append(frame.f_code.co_name)
        frame = frame.f_back
    key = ";".join(reversed(names))
    counts[key] = counts.get(key, 0) + 1
    signal.setitimer(signal.ITIMER_VIRTUAL, INTERVAL)


signal.signal(signal.SIGVTALRM, sample)
signal.setitimer(signal.ITIMER_VIRTUAL, INTERVAL)
try:
    runpy.run_path(program, run_name="__main__")
finally:
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    with open(out, "w") as file:
        json.dump({stack: count * INTERVAL for stack, count in counts.items()}, file)
