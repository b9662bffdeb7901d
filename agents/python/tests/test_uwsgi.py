"""uWSGI forks, threads and ends in C: with and without the options by which Python's hooks run."""

import os
import time

import pytest

from support.serving import BIN, Serving, assert_labels, assert_told_the_truth, by_pid, free_port, installed
from support.shops import FLASK, PATHS

long = pytest.mark.long

DECORATED = FLASK + '''
from uwsgidecorators import postfork
@postfork
def in_worker(): pass
'''


def uwsgi(server, program, tmp_path, options, code=FLASK, command="pyuwsgi", **variables):
    program(code, "shop.py")
    port = free_port()
    return Serving(
        server,
        tmp_path,
        [
            installed(command), "--http-socket", "127.0.0.1:{}".format(port), "--wsgi-file", "shop.py", "--callable", "app",
            "--pythonpath", ".", "--virtualenv", str(BIN.parent), "--die-on-term", "--disable-logging", *options.split(),
        ],
        port,
        **variables,
    )  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        "--master --processes 2",
        "--master --processes 2 --threads 3 --enable-threads --py-call-osafterfork",
        *(
            pytest.param(options, marks=long)
            for options in (
                "--master --processes 2 --lazy-apps",
                "--master --processes 2 --lazy-apps --enable-threads --py-call-osafterfork",
                "--master --processes 2 --threads 2 --enable-threads --py-call-uwsgi-fork-hooks",
                "--master --threads 3 --enable-threads",
                "--enable-threads",
                "--enable-threads --py-call-osafterfork",
            )
        ),
    ],
)
@pytest.mark.parametrize("command", ["pyuwsgi", pytest.param("uwsgi", marks=long)])
def test_flask(server, program, tmp_path, options, command):
    """Windows are longer than the test: all there is comes at the end of the workers."""
    if command == "uwsgi" and not (BIN / "uwsgi").exists():
        pytest.skip("uwsgi, which has to be compiled, is not installed; pyuwsgi is tested")
    with uwsgi(server, program, tmp_path, options, command=command, EVERFLAME_WINDOW="300") as serving:
        serving.wait_until_it_answers()
        assert serving.load(PATHS, 2.5) == 0
        assert serving.ports() == {serving.port}
        serving.end(code=0 if "--master" in options else 30)  # uWSGI's own code for an end that was asked for
    told = serving.told()
    # The only process of all imports the application before it is a worker, and only then is profiled.
    assert_told_the_truth(server, told, least=0.15 if "processes" in options and "lazy" not in options else 0.7)
    assert_labels(server.samples(), told)


def test_workers_that_are_recycled_do_not_hang(server, program, tmp_path):
    """A thread of Python in the master would leave some of them waiting for the GIL; the master is not profiled."""
    with uwsgi(server, program, tmp_path, "--master --processes 2 --max-requests 5 --min-worker-lifetime 1") as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 4)
        assert len(serving.told()) > 4, serving.log
        assert len(os.listdir("/proc/{}/task".format(serving.process.pid))) == 1
        time.sleep(2.5)  # for as long as the master sleeps where workers come and go quickly
        serving.wait_until_it_answers(within=5)
        serving.end()
    told = serving.told()
    assert serving.process.pid not in by_pid(server)
    assert_told_the_truth(server, told, least=0.15)


@long
def test_a_program_that_has_a_post_fork_hook_of_its_own(server, program, tmp_path):
    """uwsgidecorators replaces the agent's; the first request brings it back."""
    with uwsgi(server, program, tmp_path, "--master --processes 2", DECORATED) as serving:
        serving.wait_until_it_answers()
        serving.load(PATHS, 2.5)
        serving.end()
    told = serving.told()
    assert_told_the_truth(server, told, share=0.2, least=0.3)
