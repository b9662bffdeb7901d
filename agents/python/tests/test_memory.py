"""The heap: bytes that are known to be alive, by the functions that made them."""

import subprocess
import sys

import pytest

from support.environment import clean_environment, native_is_expected
from support.shares import near

ALLOCATE = '''
import everflame, itertools, json, sys, time

class Order:
    def __init__(self, n):
        self.lines = [n, n + 1]

def objects(n): return [Order(i) for i in range(n)]
def texts(n): return [b"x" * (100 + i % 400) for i in range(n)]
def buffers(n): return [bytearray(400_000) for _ in range(n)]
def passing(n):
    for _ in itertools.repeat(None, n): bytes(1000)

def size(things): return sum(map(sys.getsizeof, things))
'''


def total(profile, function, name):
    """A type's sum over the stacks that this function is in."""
    return sum(s.values[name] for s in profile.samples if any(f.function == function for f in s.stack))


needs_native = pytest.mark.skipif(not native_is_expected(), reason="without the native part")


@needs_native
def test_what_is_alive_and_what_was_allocated(server, run):
    finished = run(
        ALLOCATE
        + '''
everflame.start(service_name="heap", memory=True)
kept = texts(100_000), buffers(60), objects(100_000)
gone = texts(50_000)
passing(300_000)
truth = dict(texts=size(kept[0]), buffers=size(kept[1]))
del gone
everflame.stop()
print(json.dumps(truth))
''',
        EVERFLAME_WINDOW="30",
        EVERFLAME_MEMORY_INTERVAL="32768",
    )
    truth, (push,) = finished.said(), server.pushes
    profile = push.profile
    assert [t for t in profile.sample_types if "space" in t[0] or "objects" in t[0]] == [
        ("inuse_space", "bytes"),
        ("inuse_objects", "count"),
        ("alloc_space", "bytes"),
        ("alloc_objects", "count"),
    ]
    # 33 MB of texts are some 1,000 samples: 3 % is a standard deviation. The lists that hold them are 0.8 MB.
    assert near(total(profile, "texts", "inuse_space"), truth["texts"], share=0.12)
    assert near(total(profile, "texts", "inuse_objects"), 100_000, share=0.2)
    assert near(total(profile, "buffers", "inuse_space"), truth["buffers"], share=0.05)
    # Besides the buffers their objects of 56 bytes: one of those that is sampled, in ten runs, stands for 586.
    assert total(profile, "buffers", "inuse_objects") > 57
    assert near(total(profile, "passing", "alloc_space"), 300_000 * 1033, share=0.05)
    assert near(total(profile, "passing", "alloc_objects"), 300_000, share=0.05)
    assert total(profile, "passing", "inuse_space") <= 32768 * 2
    assert total(profile, "Order.__init__" if sys.version_info >= (3, 11) else "__init__", "inuse_space") > 4e6


@needs_native
def test_a_leak_grows_from_window_to_window(server, run):
    run(
        ALLOCATE
        + '''
everflame.start(service_name="leak", memory=True)
leak, end = [], time.monotonic() + 4
while time.monotonic() < end:
    leak.append(buffers(5)); texts(2000); time.sleep(0.1)
everflame.stop()
''',
        EVERFLAME_WINDOW="0.5",
    )
    sizes = [total(push.profile, "buffers", "inuse_space") for push in server.pushes]
    assert len(sizes) >= 5 and sizes == sorted(sizes) and sizes[-1] > sizes[0] + 20e6
    assert max(total(push.profile, "texts", "inuse_space") for push in server.pushes) < 4e6


@needs_native
def test_a_forked_child_says_what_it_allocates_itself(server, run):
    run(
        ALLOCATE
        + '''
import os
everflame.start(service_name="fork", memory=True)
kept = buffers(50)
if os.fork() == 0:
    more = texts(100_000)
    everflame.stop(); os._exit(0)
os.wait(); everflame.stop()
''',
        EVERFLAME_WINDOW="30",
        EVERFLAME_MEMORY_INTERVAL="65536",
    )
    by_size = sorted(server.pushes, key=lambda p: total(p.profile, "texts", "alloc_space"))
    parent, child = by_size[0].profile, by_size[-1].profile
    assert total(child, "buffers", "alloc_space") == 0 and total(parent, "texts", "alloc_space") == 0
    for profile in (parent, child):  # alive in both
        assert near(total(profile, "buffers", "inuse_space"), 20e6, share=0.05)


def test_tracemalloc_where_there_is_no_native_part(server, run):
    finished = run(
        ALLOCATE
        + '''
everflame.start(service_name="heap")
kept = buffers(60)
truth = size(kept)
everflame.stop()
print(json.dumps(truth))
''',
        EVERFLAME_WINDOW="30",
        EVERFLAME_MEMORY="1",
        EVERFLAME_NATIVE="0",
    )
    assert "tracemalloc" in finished.err
    (push,) = server.pushes
    profile = push.profile
    assert "alloc_space" not in [name for name, _ in profile.sample_types]
    line = 1 + ALLOCATE.splitlines().index("def buffers(n): return [bytearray(400_000) for _ in range(n)]")
    here = sum(s.values["inuse_space"] for s in profile.samples if any(f.line == line for f in s.stack))
    assert near(here, finished.said(), share=0.02)


@needs_native
def test_other_users_of_the_allocators_go_on(program):
    """tracemalloc on top of ours, begun before and after, stopped before and after; allocations that fail."""
    path = program(
        ALLOCATE
        + '''
import tracemalloc
everflame.start(service_name="both", memory=True, rate=0, wall_rate=0)
tracemalloc.start()
kept = buffers(10)
assert tracemalloc.get_traced_memory()[0] > 4_000_000
try:
    bytearray(1 << 60)
except MemoryError:
    pass
everflame.stop()
texts(1000)
tracemalloc.stop()
everflame.start(service_name="again", memory=True, rate=0, wall_rate=0)
texts(100_000); everflame.stop(); texts(100_000)
'''
    )
    environment = clean_environment(EVERFLAME_SERVER="http://127.0.0.1:9")
    subprocess.run([sys.executable, path], check=True, timeout=60, env=environment)
