import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from support.environment import clean_environment
from support.server import Server

BIN = Path(sys.executable).parent


# What samples and looks see is counted here: chance has its part, and a machine that is busy with other things delays
# looks. Two further tries for sums that are off; none for a program that ends otherwise than it should. uWSGI ends its
# workers when it likes: one that is busy may lose its last window (README).
COUNTING = {
    "test_events",
    "test_gunicorn",
    "test_labels",
    "test_loop_block",
    "test_native_cpu",
    "test_sampling",
    "test_stacksampler",
    "test_uwsgi",
    "test_wall",
}


def pytest_collection_modifyitems(items: List[pytest.Item]) -> None:
    for item in items:
        if item.module.__name__ in COUNTING:
            item.add_marker(pytest.mark.flaky(reruns=2, only_rerun=["AssertionError"]))


class WrongEnd(Exception):
    pass


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


class Finished:
    def __init__(self, process: "subprocess.CompletedProcess[str]") -> None:
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def said(self) -> Dict[str, Any]:
        """What the program printed as its last line, which is JSON."""
        found: Dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


@pytest.fixture
def program(tmp_path: Path) -> Callable[[str], str]:
    """Writes a program and answers its path."""

    def write(code: str, name: str = "program.py") -> str:
        path = tmp_path / name
        path.write_text(textwrap.dedent(code))
        return str(path)

    return write


@pytest.fixture
def run(server: Server, program: Callable[[str], str]) -> Callable[..., Finished]:
    """Runs a program's code, which pushes to `server` in short windows, and waits for its end.

    With `by=[...]`, the program is started by that command instead of plain Python.
    """

    def run_it(
        code: str,
        *args: str,
        by: Optional[List[str]] = None,
        timeout: float = 40,
        expect: Optional[int] = 0,
        url: Optional[str] = None,
        **variables: str,
    ) -> Finished:
        environment = clean_environment(EVERFLAME_SERVER=url or server.url, EVERFLAME_WINDOW="0.4")
        environment.update(variables)
        command = (by or [sys.executable]) + [program(code), *args]
        finished = Finished(
            subprocess.run(
                command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=timeout
            )
        )
        if expect is not None and finished.code != expect:
            raise WrongEnd(finished.code, finished.out, finished.err)
        return finished

    return run_it


@pytest.fixture
def everflame_run() -> List[str]:
    found = shutil.which("everflame-run", path=str(BIN)) or shutil.which("everflame-run")
    assert found, "everflame-run is not installed: pip install -e agents/python"
    return [found, sys.executable]
