"""What the agent costs a Flask application: CPU time per request with and without it, in turns, in one process.

Use `node bench/overhead.mjs`. Process CPU time, not wall time: it holds the agent's own threads, and bears a machine
that is busy with other things. The difference of each pair is taken, and the mean with a 95 % confidence interval.
"""

import argparse
import json
import logging
import math
import os
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "agents" / "python" / "tests"))


def application(depth):
    from flask import Flask, jsonify

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=2, help="of each half of a pair")
    parser.add_argument("--depth", type=int, default=20, help="frames below Flask's own, of which there are some 12")
    parser.add_argument("--memory", action="store_true", help="with the heap, too")
    parser.add_argument("--wall", action="store_true", help="with wall time, too")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    import everflame
    from everflame import native
    from support.server import Server

    logging.disable(logging.CRITICAL)
    server = Server() if not os.environ.get("EVERFLAME_SERVER") else None
    client = application(options.depth).test_client()
    block(client, 1)
    ratios = []
    for _ in range(options.pairs):
        halves = {}
        for on in random.sample([False, True], 2):
            if on:
                everflame.start(
                    service_name="overhead", server=server and server.url, memory=options.memory,
                    wall_rate=None if options.wall else 0, window=max(0.2, options.seconds),
                )  # fmt: skip
            halves[on] = block(client, options.seconds)
            if on:
                everflame.stop()
        ratios.append(halves[True] / halves[False] - 1)
    mean = statistics.mean(ratios)
    half = 1.96 * statistics.stdev(ratios) / math.sqrt(len(ratios))
    result = {
        "python": sys.version.split()[0], "native": native.module is not None, "memory": options.memory, "wall": options.wall,
        "pairs": options.pairs, "mean_percent": round(100 * mean, 2), "ci95_percent": round(100 * half, 2),
        "median_percent": round(100 * statistics.median(ratios), 2),
    }  # fmt: skip
    if options.json:
        print(json.dumps(result))
    else:
        print("Python {python}, native {native}, heap {memory}, wall {wall}: +{mean_percent} % ± {ci95_percent} (95 %), median +{median_percent} %, {pairs} pairs".format(**result))


if __name__ == "__main__":
    main()
