"""Programs that serve, under load, and what their processes say of themselves."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Set

from .environment import clean_environment
from .pprof_reader import Sample
from .server import Push, Server
from .shares import cpu_seconds, near

BIN = Path(sys.executable).parent
_TRUTH = Path(__file__).parent / "known_truth.py"


class Truth(NamedTuple):
    process: float  # CPU seconds of the process when it last said so
    spent: Dict[str, float]  # CPU seconds by what it was doing


def installed(command: str) -> str:
    found = shutil.which(command, path=str(BIN))
    assert found, "{} is not installed: pip install -r requirements-test.txt".format(command)
    return found


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Serving:
    """A command that everflame-run starts in `folder`, where its program is; `port` is where it is to answer."""

    def __init__(self, server: Server, folder: Path, command: Sequence[str], port: int = 0, **variables: str) -> None:
        self.port = port
        self.folder = folder
        self.truth = folder / "truth"
        self.truth.mkdir(exist_ok=True)
        shutil.copy(str(_TRUTH), str(folder))
        self._log = open(str(folder / "log"), "wb")
        environment = clean_environment(EVERFLAME_SERVER=server.url, EVERFLAME_WINDOW="1", TRUTH=str(self.truth))
        environment["PATH"] = "{}{}{}".format(BIN, os.pathsep, environment["PATH"])
        environment.update(variables)
        self.process = subprocess.Popen(
            [installed("everflame-run"), "--service-name", "served", "--", *command],
            env=environment, cwd=str(folder), stdout=self._log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: Any) -> None:
        """Nothing of it is left, whatever the test came to."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._log.close()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def get(self, path: str = "/", method: str = "GET", timeout: float = 15) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, headers={"Content-Length": "0"})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()

    def wait_until_it_answers(self, path: str = "/ready", within: float = 40) -> None:
        deadline = time.monotonic() + within
        while True:
            try:
                if self.get(path, timeout=5) == 200:
                    return
            except OSError:
                pass
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def load(self, paths: Sequence[str], seconds: float, clients: int = 4) -> int:
        """Requests, one after the other by each client; answers how many did not get 200."""
        deadline = time.monotonic() + seconds
        refused: List[Any] = []

        def client(first: int) -> None:
            turn = first
            while time.monotonic() < deadline:
                method, _, path = paths[turn % len(paths)].rpartition(" ")
                turn += 1
                try:
                    status: Any = self.get(path, method or "GET")
                except OSError as error:
                    status = error
                if status != 200:
                    refused.append(status)

        threads = [threading.Thread(target=client, args=(first,)) for first in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return len(refused)

    def family(self) -> List[int]:
        """The process and its descendants."""
        found = [self.process.pid]
        for pid in found:
            for task in Path("/proc/{}/task".format(pid)).glob("*/children"):
                found.extend(int(child) for child in task.read_text().split())
        return found

    def ports(self) -> Set[int]:
        """The TCP ports that the family listens on."""
        inodes = set()
        for pid in self.family():
            for link in Path("/proc/{}/fd".format(pid)).iterdir():
                try:
                    inodes.add(os.readlink(str(link)))
                except OSError:
                    pass
        lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
        return {int(line[1].rpartition(":")[2], 16) for line in lines if line[3] == "0A" and "socket:[{}]".format(line[9]) in inodes}

    def end(self, by: int = signal.SIGTERM, within: float = 8, code: Optional[int] = 0) -> None:
        """Ends it as people do, and holds it to its time: the agent may take 2 seconds, a busy machine some more."""
        self.process.send_signal(by)
        began = time.monotonic()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            raise AssertionError("it hangs at its end:\n" + self.log) from None
        took = time.monotonic() - began
        assert code is None or self.process.returncode == code, (self.process.returncode, self.log)
        assert took < within, (took, self.log)
        assert "Profiling timer expired" not in self.log, self.log

    def told(self) -> Dict[int, Truth]:
        """What the processes said, by pid."""
        return {int(path.name): Truth(**json.loads(path.read_text())) for path in self.truth.iterdir() if path.stat().st_size}


def by_pid(server: Server) -> Dict[int, List[Push]]:
    found: Dict[int, List[Push]] = {}
    for push in server.pushes:
        found.setdefault(int(push.labels["instance"].rpartition(":")[2]), []).append(push)
    return found


def samples_of(pushes: Sequence[Push]) -> List[Sample]:
    return [sample for push in pushes for sample in push.profile.samples]


def assert_told_the_truth(
    server: Server, told: Dict[int, Truth], share: float = 0.1, least: float = 0.1
) -> None:
    """Each process' total and all processes' functions, against what they measured; `told` is not empty by accident."""
    pushed = by_pid(server)
    assert told and set(told) <= set(pushed), (sorted(told), sorted(pushed))
    seen = {pid: cpu_seconds(samples_of(pushed[pid])) for pid in told}
    for pid, truth in told.items():
        assert near(seen[pid], truth.process, share, least), (pid, seen, told)
    total, truth_total = sum(seen.values()), sum(truth.process for truth in told.values())
    assert near(total, truth_total, share, least), (total, truth_total, seen, told)
    samples = [sample for pid in told for sample in samples_of(pushed[pid])]
    for key in {key for truth in told.values() for key in truth.spent}:
        name = key.partition(" ")[0]
        found = cpu_seconds(samples, name, "burn") / total
        truth_share = sum(t.spent.get(k, 0) for t in told.values() for k in t.spent if k == key or k.startswith(name + " ")) / truth_total
        # Four standard deviations of what 100 samples for each second of CPU time leave to chance.
        chance = 4 * (truth_share * (1 - truth_share) / (100 * truth_total)) ** 0.5
        assert abs(found - truth_share) < chance + 0.03, (name, found, truth_share, truth_total)


def assert_labels(samples: Sequence[Sample], told: Dict[int, Truth]) -> None:
    """Where programs count by ``function METHOD /route``: CPU time by those labels, and never a path."""
    routes: Dict[Any, float] = {}
    for truth in told.values():
        for key, seconds in truth.spent.items():
            if " " in key:
                _, method, route = key.split(" ", 2)
                routes[(method, route)] = routes.get((method, route), 0) + seconds
    assert routes
    found: Dict[Any, float] = {}
    for sample in samples:
        if cpu_seconds([sample], "burn"):
            label = sample.labels.get("method"), sample.labels.get("endpoint")
            found[label] = found.get(label, 0) + sample.cpu / 1e9
    for label, seconds in routes.items():
        chance = 4 * (seconds / 100) ** 0.5
        assert abs(found.get(label, 0) - seconds) < chance + 0.05, (label, found, routes)
    assert {sample.labels["endpoint"] for sample in samples if "endpoint" in sample.labels} <= {"/ready", *(route for _, route in routes)}
