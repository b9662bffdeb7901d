"""What the agent costs a Flask application: CPU time per request with it and without, two processes at the same time.

Use `node bench/overhead.mjs`. Each process has a core, and they change places after every turn, so that a machine that
is busy or slows down meets both. Process CPU time, not wall time: it holds the agent's own threads. The mean
of the ratios of each pair of turns has a 95 % confidence interval. Beside it stands what the agent's handler and threads used by
their own clocks, which is steadier and leaves out what they do to caches.
"""

import argparse
import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "agents" / "python" / "tests"))


def application(depth):
    import logging

    from flask import Flask, jsonify

    logging.disable(logging.CRITICAL)

    app = Flask(__name__)

    def deeper(n):
        return deeper(n - 1) if n else [{"id": i, "name": "item %d" % i, "price": i * 1.2} for i in range(40)]

    @app.route("/orders/<int:number>")
    def order(number):
        return jsonify(number=number, lines=sorted(deeper(depth), key=lambda line: -line["price"]))

    return app


def block(client, seconds):
    """CPU µs per request of the whole process."""
    requests, began, end = 0, time.process_time(), time.monotonic() + seconds
    while time.monotonic() < end:
        for _ in range(20):
            client.get("/orders/7")
        requests += 20
    return (time.process_time() - began) / requests * 1e6


def rss():
    """MB of memory that is the process' own."""
    with open("/proc/self/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("Private_")) / 1024


def own_threads():
    """CPU seconds of all threads but the main one: the agent's, here."""
    total, main = 0.0, os.getpid()
    for name in os.listdir("/proc/self/task"):
        if int(name) != main:
            total += time.clock_gettime(~int(name) << 3 | 6)
    return total


def worker(options):
    """Told a core, works for a turn and answers; until there is nothing more to be told."""
    client = application(options.depth).test_client()
    spent = [0]
    if options.server:
        import everflame
        from everflame import native_cpu

        take = native_cpu.NativeCpuSampler.take

        def counted(sampler):
            window = take(sampler)
            spent[0] += sampler._spent
            return window

        native_cpu.NativeCpuSampler.take = counted
        everflame.start(
            service_name="overhead", server=options.server, memory=options.memory, wall_rate=None if options.wall else 0,
            loop_block=None if options.wall else 0,
        )  # fmt: skip
    block(client, 1)
    threads, handler, began = own_threads(), spent[0], time.process_time()
    for line in sys.stdin:
        for name in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(name), {int(line)})
        print(json.dumps({"us": block(client, options.seconds)}), flush=True)
    used = time.process_time() - began
    print(json.dumps({"own": (own_threads() - threads + (spent[0] - handler) / 1e9) / used, "mb": rss()}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=240, help="of turns; four at least")
    parser.add_argument("--seconds", type=float, default=0.25, help="of a turn")
    parser.add_argument("--depth", type=int, default=20, help="frames below Flask's own, of which there are some 12")
    parser.add_argument("--memory", action="store_true", help="with the heap, too")
    parser.add_argument("--wall", action="store_true", help="with wall time and blocked loops, too")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--server", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(options)
    from everflame import native
    from support.server import Server

    server, cores = Server(), sorted(os.sched_getaffinity(0))[:2]
    if len(cores) < 2:
        sys.exit("this needs two cores")
    command = [sys.executable, __file__, "--worker", "--depth", str(options.depth), "--seconds", str(options.seconds)]
    command += ["--memory"] * options.memory + ["--wall"] * options.wall

    def start(*more):
        return subprocess.Popen(command + list(more), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    with_agent, without = start("--server", server.url), start()
    ratios = []
    for n in range(options.pairs):
        turn = [(with_agent, cores[n % 2]), (without, cores[1 - n % 2])]
        for process, core in random.sample(turn, 2):
            process.stdin.write("%d\n" % core)
            process.stdin.flush()
        on, off = (json.loads(process.stdout.readline())["us"] for process in (with_agent, without))
        ratios.append(math.log(on / off))  # of ratios themselves, noise makes the mean more than 1
    ends = []
    for process in (with_agent, without):
        process.stdin.close()
        ends.append(json.loads(process.stdout.readline()))
        process.wait()
    # A pair of turns has each of them on each core once.
    pairs = [(a + b) / 2 for a, b in zip(ratios[::2], ratios[1::2])]
    mean, half = math.expm1(statistics.mean(pairs)), 1.96 * statistics.stdev(pairs) / math.sqrt(len(pairs))
    result = {
        "python": sys.version.split()[0], "native": native.module is not None, "memory": options.memory, "wall": options.wall,
        "pairs": len(ratios), "mean_percent": round(100 * mean, 2), "ci95_percent": round(100 * half, 2),
        "median_percent": round(100 * math.expm1(statistics.median(pairs)), 2), "own_percent": round(100 * ends[0]["own"], 2),
        "mb": round(ends[0]["mb"] - ends[1]["mb"], 1),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
    else:
        print(
            "Python {python}, native {native}, heap {memory}, wall and loops {wall}: +{mean_percent} % ± {ci95_percent} (95 %), "
            "median +{median_percent} %, {pairs} turns; by the agent's own clocks {own_percent} %; {mb} MB".format(**result)
        )


if __name__ == "__main__":
    main()
