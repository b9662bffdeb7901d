"""`everflame-run` and `python -m everflame`: any program, unchanged."""

import subprocess
import sys
import venv

import pytest

import everflame
from support.environment import clean_environment
from support.shares import cpu_seconds

WORK = '''
import sys, time
def work():
    end = time.thread_time() + 0.3
    while time.thread_time() < end: sum(range(300))
if __name__ == "__main__":
    work()
    print(sys.argv[1:])
    sys.exit(7)
'''

MODULE = [sys.executable, "-m", "everflame"]


def test_everflame_run(server, run, everflame_run):
    by = [everflame_run[0], "--service-name=shop", "--label", "env=prod", "--label", "version=1.2", "--", sys.executable]
    finished = run(WORK, "--server", "x", by=by, expect=7)
    assert finished.out == "['--server', 'x']\n"
    push = server.pushes[0]
    assert push.service == "shop" and push.labels["env"] == "prod" and push.labels["version"] == "1.2"
    (root,) = {s.stack[0] for s in server.samples() if s.stack[-1].function == "work"}
    assert (root.function, root.module) == ("<module>", "__main__")


def test_python_m_everflame(server, run):
    finished = run(WORK, "-x", by=MODULE, expect=7)
    assert finished.out == "['-x']\n"
    assert server.pushes[0].service == "program"
    assert cpu_seconds(server.samples(), "<module>", "work") > 0.2


@pytest.mark.parametrize("arguments", [["-m", "program"], ["-c", "import program; program.work(); import sys; sys.exit(7)"]])
def test_python_m_everflame_with_options_of_python(server, run, program, tmp_path, arguments):
    program(WORK)
    environment = clean_environment(EVERFLAME_SERVER=server.url)
    finished = subprocess.run(MODULE + ["--server=" + server.url] + arguments, env=environment, cwd=str(tmp_path))
    assert finished.returncode == 7
    assert cpu_seconds(server.samples(), "<module>", "work") > 0.2


def test_options_of_the_interpreter_are_kept(run):
    by = [sys.executable, "-O", "-X", "utf8", "-W", "error::UserWarning", "-m", "everflame"]
    run("import sys; assert sys.flags.optimize == 1 and sys.flags.utf8_mode == 1 and 'error::UserWarning' in sys.warnoptions", by=by)


def test_an_existing_sitecustomize_still_runs(server, run, everflame_run, tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("import sys; sys.customized = __name__\n")
    finished = run(
        "import sys, sitecustomize; print(sys.customized, sitecustomize.__file__, any('everflame/bootstrap' in p for p in sys.path))",
        by=everflame_run,
        PYTHONPATH=str(folder),
    )
    assert finished.out.split() == ["sitecustomize", str(folder / "sitecustomize.py"), "False"]
    assert server.pushes


def test_a_python_that_has_no_everflame(server, run, everflame_run, tmp_path):
    """The profiler comes with the environment; what is installed beside it does not."""
    venv.create(str(tmp_path / "bare"), with_pip=False)
    finished = run(
        """
import everflame, time
try:
    import pytest
except ImportError:
    time.sleep(0.5)
    print("alone")
""",
        by=[everflame_run[0], str(tmp_path / "bare" / "bin" / "python")],
    )
    assert finished.out == "alone\n" and server.pushes


def test_exit_codes_and_signals_are_the_programs(run, everflame_run):
    run("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", by=everflame_run, expect=-9)
    tool = everflame_run[0]
    assert subprocess.run([tool, "no-such-command"], stderr=subprocess.PIPE).returncode == 127
    assert subprocess.run([tool, "/etc/passwd"], stderr=subprocess.PIPE).returncode == 126
    assert subprocess.run([tool, "sh", "-c", "exit 5"]).returncode == 5


@pytest.mark.parametrize("by", [["everflame-run"], MODULE])
def test_help_version_and_mistakes(everflame_run, by):
    command = by if by is MODULE else everflame_run[:1]

    def call(*arguments):
        return subprocess.run(command + list(arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)

    assert call("--version").stdout == "everflame {}\n".format(everflame.__version__)
    shown = call("--help")
    assert shown.returncode == 0 and "examples:" in shown.stdout and "--service-name" in shown.stdout
    for mistake in ([], ["--label"], ["--no-such-option", "x"]):
        finished = call(*mistake)
        assert finished.returncode == 2 and finished.stderr.startswith("everflame: ")
        assert "Traceback" not in finished.stderr
