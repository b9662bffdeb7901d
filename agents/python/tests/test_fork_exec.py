"""Children: each is counted as a process of its own, and none dies of the profiler's timer."""

import sys

import pytest

from support.shares import cpu_seconds, near

START = '''
import ctypes, everflame, json, os, subprocess, sys, time

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end: sum(range(300))

def spin(process, seconds=0.3):
    """A child that burns CPU time without an agent."""
    return [sys.executable, "-S", "-E", "-c", "import time\\nwhile time.process_time() < %s: pass" % seconds]

def exec_in_c(arguments):
    """As libraries do that fork by Python's hooks and exec behind its back."""
    texts = [text.encode() for text in arguments] + [None]
    ctypes.CDLL(None).execv(texts[0], (ctypes.c_char_p * len(texts))(*texts))

everflame.start(service_name="family")
burn(0.1)
'''


def test_fork(server, run):
    finished = run(
        START
        + '''
def in_child(): burn(0.6)
def in_parent(): burn(0.6)
pid = os.fork()
if pid == 0:
    in_child()
    sys.exit(0)
in_parent()
_, status = os.waitpid(pid, 0)
print(json.dumps(dict(pid=os.getpid(), child=pid, status=status)))
'''
    )
    said = finished.said()
    assert said["status"] == 0
    processes = {pushes[0].labels["instance"].split(":")[1]: pushes for pushes in server.instances().values()}
    assert set(processes) == {str(said["pid"]), str(said["child"])}
    parent, child = processes[str(said["pid"])], processes[str(said["child"])]
    assert parent[0].instance != child[0].instance
    assert child[0].sequence == 0

    def samples(pushes):
        return [s for p in pushes for s in p.profile.samples]

    assert near(cpu_seconds(samples(parent), "in_parent"), 0.6)
    assert near(cpu_seconds(samples(child), "in_child"), 0.6)
    assert cpu_seconds(samples(parent), "in_child") == cpu_seconds(samples(child), "in_parent") == 0


def test_fork_of_a_fork_and_a_fork_in_a_thread(server, run):
    run(
        START
        + '''
import threading
def grandchild(): burn(0.5)
def in_thread():
    if os.fork() == 0:
        if os.fork() == 0:
            grandchild()
            everflame.stop()
            os._exit(0)
        os.wait()
        os._exit(0)
    os.wait()
thread = threading.Thread(target=in_thread); thread.start(); thread.join()
'''
    )
    assert near(cpu_seconds(server.samples(), "grandchild"), 0.5, least=0.1)


@pytest.mark.parametrize(
    "bootstrap, method",
    [("start", "fork"), ("everflame-run", "fork"), ("everflame-run", "spawn"), ("everflame-run", "forkserver")],
)
def test_multiprocessing(server, run, everflame_run, bootstrap, method):
    """Its children end with os._exit, and are shorter than a window here."""
    finished = run(
        '''
import json, multiprocessing, sys, time

def work():
    end = time.thread_time() + 0.4
    while time.thread_time() < end: sum(range(300))

if __name__ == "__main__":
    if sys.argv[2] == "start":
        import everflame
        everflame.start(service_name="pool")
    context = multiprocessing.get_context(sys.argv[1])
    children = [context.Process(target=work) for _ in range(3)]
    for child in children: child.start()
    for child in children: child.join()
    print(json.dumps([child.exitcode for child in children]))
''',
        method,
        bootstrap,
        by=everflame_run if bootstrap == "everflame-run" else None,
        EVERFLAME_WINDOW="30",
    )
    assert finished.said() == [0, 0, 0]
    # A child's first 100 ms may end before it has a timer, and its last sample is still to come when it ends.
    assert near(cpu_seconds(server.samples(), "work"), 1.2, share=0.15)


CHILDREN = {
    "subprocess.run": "subprocess.run(spin(1)).returncode",
    "subprocess.run with preexec_fn": "subprocess.run(spin(1), preexec_fn=lambda: burn(0.2)).returncode",
    "os.system": "os.system(' '.join(map(__import__('shlex').quote, spin(1))))",
    "os.spawnv": "os.spawnv(os.P_WAIT, sys.executable, spin(1))",
    "os.spawnvpe": "os.spawnvpe(os.P_WAIT, sys.executable, spin(1), os.environ)",
    "os.posix_spawn": "os.waitpid(os.posix_spawn(sys.executable, spin(1), os.environ), 0)[1]",
    "os.popen": "os.popen(' '.join(map(__import__('shlex').quote, spin(1)))).close() or 0",
    "gevent.subprocess": "__import__('gevent.subprocess').subprocess.run(spin(1)).returncode",
    "fork and exec": "os.waitpid(os.fork() or os.execv(sys.executable, spin(1)), 0)[1]",
    "fork and exec in C": "os.waitpid(os.fork() or exec_in_c(spin(1)), 0)[1]",
    "fork, work and exec": "os.waitpid(os.fork() or burn(0.5) or os.execv(sys.executable, spin(1)), 0)[1]",
}


@pytest.mark.parametrize("how", sorted(CHILDREN))
def test_a_child_that_execs_lives(server, run, how):
    finished = run(START + "status = " + CHILDREN[how] + "\nburn(0.1)\nprint(json.dumps(status))")
    assert finished.said() == 0
    assert cpu_seconds(server.samples(), "burn") > 0.1  # and the parent is still profiled


@pytest.mark.parametrize("call", ["os.execv(sys.executable, spin(1))", "os.execvpe(sys.executable, spin(1), os.environ)", "os.execl(sys.executable, *spin(1))"])
def test_exec_of_the_program_itself(run, server, call):
    run(START + call, expect=0)


def test_an_exec_that_fails_changes_nothing(server, run):
    run(
        START
        + '''
try:
    os.execv("/nowhere/program", ["program"])
except FileNotFoundError:
    pass
def afterwards(): burn(0.4)
afterwards()
'''
    )
    assert near(cpu_seconds(server.samples(), "afterwards"), 0.4)


def test_os_module_looks_as_before(run):
    run(START + "assert os.execve in os.supports_fd and os.execv.__name__ == 'execv'")
