"""uvicorn serves FastAPI: one process or several, asyncio's loop or uvloop, and SIGTERM as an orchestrator sends it."""

import signal

import pytest

from support.serving import Serving, assert_labels, assert_told_the_truth, free_port, installed
from support.shops import FASTAPI, PATHS

long = pytest.mark.long


@pytest.mark.parametrize(
    "options, workers",
    [
        ("--loop uvloop --workers 2", 2),
        ("--loop asyncio", 1),
        pytest.param("--loop asyncio --workers 2", 2, marks=long),
        pytest.param("--loop uvloop", 1, marks=long),
    ],
)
def test_fastapi(server, program, tmp_path, options, workers):
    """It ends gracefully and then dies by the signal that it was sent, which runs no exit handlers."""
    program(FASTAPI, "shop.py")
    port = free_port()
    command = [installed("uvicorn"), "--port", str(port), "--log-level", "warning", *options.split(), "shop:app"]
    with Serving(server, tmp_path, command, port, EVERFLAME_WINDOW="300") as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 3)
        assert serving.ports() == {port}
        serving.end(code=None)
        assert serving.process.returncode in (0, -signal.SIGTERM)  # several workers: 0
    told = serving.told()
    assert 1 <= len(told) <= workers
    # Each starts Python itself, which uses CPU time before there is an agent.
    assert_told_the_truth(server, told, least=0.4)
    assert_labels(server.samples(), told)
