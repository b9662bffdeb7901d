"""How far samplers are from the truth: runs each program of modes.py under each sampler, and prints a table.

Use `node bench/fidelity.mjs`, which gives it a Python with the agent.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "agents" / "python" / "tests"))
from support.server import Server  # noqa: E402

MODES = str(HERE / "modes.py")
FUNCTIONS = ("first", "second", "third")


def environment(**more):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("EVERFLAME_") and k != "PYTHONPATH"}
    return {**clean, **more}


def run(command, **variables):
    finished = subprocess.run(command, env=environment(**variables), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if finished.returncode != 0:
        raise RuntimeError(finished.stderr[-1500:])
    return json.loads([line for line in finished.stdout.splitlines() if line.startswith("{")][-1])


def everflame(mode, seconds, native, events="1"):
    server = Server()
    try:
        truth = run(
            [sys.executable, "-m", "everflame", MODES, mode, str(seconds)],
            EVERFLAME_SERVER=server.url, EVERFLAME_NATIVE=native, EVERFLAME_PERF_EVENTS=events, EVERFLAME_WALL_RATE="0",
        )  # fmt: skip
        stacks = [([f.function.rpartition(".")[2] for f in s.stack], s.cpu / 1e9) for s in server.samples()]
        return truth, stacks, sum(p.profile and 1 for p in server.pushes)
    finally:
        server.close()


def nylas(mode, seconds):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "counts.json")
        truth = run([sys.executable, str(HERE / "nylas_method.py"), out, MODES, mode, str(seconds)])
        with open(out) as file:
            return truth, [(stack.split(";"), value) for stack, value in json.load(file).items()], 0


def py_spy(mode, seconds, tool):
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "stacks.txt")
        truth = run([tool, "record", "-r", "100", "-f", "raw", "--nonblocking", "-o", out, "--", sys.executable, MODES, mode, str(seconds)])
        stacks = []
        with open(out) as file:
            for line in file:
                stack, _, count = line.rstrip("\n").rpartition(" ")
                stacks.append(([f.split(" ")[0].rpartition(".")[2] for f in stack.split(";")], int(count) / 100))
        return truth, stacks, 0


def judge(truth, stacks):
    """(total over truth, the largest error of a share in points)"""
    seen = {name: sum(value for stack, value in stacks if name in stack) for name in FUNCTIONS}
    total_seen, total_true = sum(seen.values()), sum(truth["spent"].values())
    total = sum(value for _, value in stacks) / truth["used"]
    if not total_seen:
        return {"total": total, "functions": 0.0, "points": None}
    points = max(abs(seen[n] / total_seen - truth["spent"].get(n, 0) / total_true) * 100 for n in FUNCTIONS)
    return {"total": total, "functions": total_seen / total_true, "points": points}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20, help="of each program under each sampler")
    parser.add_argument("--modes", default="plain,waiting,ten_ms,recursion,pool,many_threads,short_threads,c_with_gil,c_without_gil,gevent_1ms,gevent_3ms,gevent_30ms")
    parser.add_argument("--samplers", default="everflame,everflame-timers,everflame-python,nylas,py-spy")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tool = shutil.which("py-spy", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    samplers = {
        "everflame": lambda mode: everflame(mode, options.seconds, "1"),
        "everflame-timers": lambda mode: everflame(mode, options.seconds, "1", "0"),
        "everflame-python": lambda mode: everflame(mode, options.seconds, "0"),
        "nylas": lambda mode: nylas(mode, options.seconds),
        "py-spy": (lambda mode: py_spy(mode, options.seconds, tool)) if tool else None,
    }
    wanted = [name for name in options.samplers.split(",") if samplers[name]]
    results = {}
    if not options.json:
        print("CPU seconds in the three functions ÷ truth, and the largest error of a share in points (± one standard")
        print("deviation of that many samples at 100 Hz); {:g} s each\n".format(options.seconds))
        print("| program | CPU | chance |" + "".join(" {} |".format(name) for name in wanted))
        print("|---|---|---|" + "---|" * len(wanted))
    for mode in options.modes.split(","):
        row, used = {}, 0.0
        for name in wanted:
            try:
                truth, stacks, _ = samplers[name](mode)
                row[name] = judge(truth, stacks)
                used = truth["used"]
            except (RuntimeError, OSError, IndexError) as error:
                row[name] = {"error": str(error)}
        results[mode] = row
        if not options.json:
            cells = []
            for name in wanted:
                r = row[name]
                cells.append("failed" if "error" in r else "{:.0f} %, {}".format(100 * r["functions"], "–" if r["points"] is None else "{:.1f}".format(r["points"])))
            chance = 100 * math.sqrt(0.25 / max(1.0, used * 100))
            print("| {} | {:.1f} s | {:.1f} | {} |".format(mode, used, chance, " | ".join(cells)), flush=True)
    if options.json:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
