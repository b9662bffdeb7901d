"""All of the tests on every interpreter of the machine; minutes, and so only with `-m long`."""

import os
import subprocess
from pathlib import Path

import pytest

from support.environment import clean_environment

AGENT = Path(__file__).parent.parent


def interpreters():
    """EVERFLAME_TEST_PYTHONS (paths, joined like PATH), or what pyenv has."""
    listed = os.environ.get("EVERFLAME_TEST_PYTHONS")
    found = (
        [Path(path) for path in listed.split(os.pathsep)]
        if listed
        else sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
    )
    probe = "import sys; sys.exit(not (3, 8) <= sys.version_info < (4,))"
    return [path for path in found if subprocess.run([str(path), "-c", probe]).returncode == 0]


def pytest_generate_tests(metafunc):
    if "python" in metafunc.fixturenames:  # looking for them takes seconds
        wanted = metafunc.config.getoption("markexpr") != "not long"
        metafunc.parametrize("python", interpreters() if wanted else [], ids=str)


@pytest.mark.long
@pytest.mark.xdist_group("matrix")  # one after the other
def test_everything(python, tmp_path):
    environment = clean_environment()
    subprocess.run([str(python), "-m", "venv", str(tmp_path / "venv")], check=True, env=environment)
    inside = str(tmp_path / "venv" / "bin" / "python")
    install = [inside, "-m", "pip", "install", "--quiet", "-r", "requirements-test.txt", "-e", "."]
    subprocess.run(install, check=True, cwd=str(AGENT), env=environment)
    finished = subprocess.run(
        [inside, "-m", "pytest", "-q", "-n", "3", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "tests")],
        cwd=str(AGENT), env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout[-8000:]
