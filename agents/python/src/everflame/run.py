"""`everflame-run COMMAND …` and `python -m everflame …`: profile a program that knows nothing of it.

Both set the environment and exec: the program is the process that was started, with its own exit code,
signals and `__main__`, and with no frames of ours in its stacks.
"""

import os
import sys
from typing import Dict, List, NoReturn, Optional, Tuple

from ._version import __version__

_VARIABLES: Dict[str, Tuple[str, str]] = {
    "--service-name": ("EVERFLAME_SERVICE_NAME", "NAME  what the program is called; default: its own name"),
    "--server": ("EVERFLAME_SERVER", "URL   the Everflame server; default: http://127.0.0.1:5555"),
    "--label": ("EVERFLAME_LABELS", "K=V   a label, such as env=prod; repeatable"),
    "--token-file": ("EVERFLAME_TOKEN_FILE", "FILE  holds the token to push with (or set EVERFLAME_TOKEN)"),
    "--rate": ("EVERFLAME_RATE", "HZ    samples per second of CPU time; default 100, 0: off"),
    "--wall-rate": ("EVERFLAME_WALL_RATE", "HZ    samples per second of wall time; default 20, 0: off"),
    "--nylas-port": ("EVERFLAME_NYLAS_PORT", "PORT  answer nylas' collectors there; 16384..16399: the next one that is free"),
    "--window": ("EVERFLAME_WINDOW", "SEC   seconds per push; default 10"),
}

_RUN_EXAMPLES = """\
examples:
  everflame-run gunicorn --workers 4 app:app
  everflame-run --service-name checkout --label env=prod python worker.py
  everflame-run --server https://profiles.example.com --token-file /run/secrets/everflame -- uwsgi app.ini"""

_MODULE_EXAMPLES = """\
examples:
  python -m everflame worker.py --queue mail
  python -m everflame --service-name worker -m package.worker
  python -m everflame --server http://profiles:5555 -c 'import app; app.main()'"""


def main() -> NoReturn:
    """The console script: runs any command, and profiles the Pythons in it."""
    usage = "everflame-run [OPTIONS] [--] COMMAND [ARGUMENTS…]"
    settings, command = _parse(sys.argv[1:], usage, _RUN_EXAMPLES, python=False)
    _exec(command, settings, _service_name(command))


def main_of_module() -> NoReturn:
    """`python -m everflame`: runs a program with this very interpreter and its options."""
    import subprocess

    usage = "python -m everflame [OPTIONS] [SCRIPT | -m MODULE | -c CODE] [ARGUMENTS…]"
    settings, arguments = _parse(sys.argv[1:], usage, _MODULE_EXAMPLES, python=True)
    if sys.flags.ignore_environment:
        _fail("python -E and -I ignore PYTHONPATH, by which the profiler gets in; call everflame.start() instead", 2)
    options: List[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    _exec([sys.executable] + options + arguments, settings, _service_name(["python"] + arguments))


def _parse(arguments: List[str], usage: str, examples: str, python: bool) -> Tuple[Dict[str, str], List[str]]:
    """The settings that the options stand for, and what is to be run."""
    settings: Dict[str, str] = {}
    rest = list(arguments)
    while rest and rest[0].startswith("-"):
        option, equals, value = rest[0].partition("=")
        if option in ("-h", "--help"):
            print(_help(usage, examples))
            sys.exit(0)
        if option in ("-V", "--version"):
            print("everflame {}".format(__version__))
            sys.exit(0)
        if option == "--":
            rest.pop(0)
            break
        if option not in _VARIABLES:
            if python and not option.startswith("--"):
                break  # Python's own: -m, -c, -u, …
            _fail("unknown option {}\nusage: {}".format(option, usage), 2)
        rest.pop(0)
        if not equals:
            if not rest:
                _fail("{} needs a value".format(option), 2)
            value = rest.pop(0)
        variable = _VARIABLES[option][0]
        settings[variable] = "{},{}".format(settings[variable], value) if option == "--label" and variable in settings else value
    if not rest:
        _fail("what is to be run?\nusage: {}".format(usage), 2)
    return settings, rest


def _help(usage: str, examples: str) -> str:
    options = ["  {:<15}{}".format(option, text) for option, (_, text) in _VARIABLES.items()]
    lines = ["usage: " + usage, "", "Runs a program and profiles the Python processes in it.", "", "options:"]
    return "\n".join(lines + options + ["  --version", "  --help", "", examples])


def _service_name(command: List[str]) -> Optional[str]:
    """A name for a service that was given none: the script's or module's for Python, else the command's."""
    name = os.path.basename(command[0])
    if name.startswith("python"):
        arguments = iter(command[1:])
        for argument in arguments:
            if argument == "-m":
                return next(arguments, None)
            if argument == "-c":
                return None
            if argument in ("-W", "-X"):
                next(arguments, None)
            elif not argument.startswith("-"):
                name = os.path.basename(argument)
                break
    return name[:-3] if name.endswith(".py") else name


def _exec(command: List[str], settings: Dict[str, str], service_name: Optional[str]) -> NoReturn:
    environment = dict(os.environ)
    labels = [text for text in (environment.get("EVERFLAME_LABELS"), settings.get("EVERFLAME_LABELS")) if text]
    environment.update(settings)
    if labels:
        environment["EVERFLAME_LABELS"] = ",".join(labels)
    if service_name:
        environment.setdefault("EVERFLAME_SERVICE_NAME", service_name)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bootstrap")
    inherited = environment.get("PYTHONPATH")
    paths = [path for path in inherited.split(os.pathsep) if path != folder] if inherited else []
    environment["PYTHONPATH"] = os.pathsep.join([folder] + paths)
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError:
        _fail("{}: command not found".format(command[0]), 127)
    except OSError as error:
        _fail("{}: {}".format(command[0], error.strerror), 126)


def _fail(message: str, code: int) -> NoReturn:
    sys.stderr.write("everflame: {}\n".format(message))
    sys.exit(code)
