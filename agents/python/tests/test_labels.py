"""Labels: which ones hold where, in every way that Python does several things at once; and what they come to in samples."""

import asyncio
import contextvars
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import everflame
from everflame import label_context, label_names
from everflame.label_context import here
from support.shares import cpu_seconds, near


def now():
    return dict(here() or ())


class TestBlocks:
    def test_nothing_holds_outside(self):
        with everflame.labels(a=1):
            assert now() == {"a": "1"}
        assert here() is None and label_context.current.get() is None

    def test_nested_ones_merge_and_the_inner_one_wins(self):
        with everflame.labels(a="1", b="2"):
            with everflame.labels(b="3", c="4"):
                assert here() == (("a", "1"), ("b", "3"), ("c", "4"))
                with everflame.labels(a=None, b=""):
                    assert now() == {"c": "4"}
            assert now() == {"a": "1", "b": "2"}

    def test_an_exception_ends_them(self):
        with pytest.raises(ZeroDivisionError):
            with everflame.labels(a="1"):
                1 / 0
        assert here() is None

    def test_one_object_may_be_used_again_and_at_once(self):
        shared, seen = everflame.labels(a="1"), []
        barrier = threading.Barrier(4)

        def work():
            with shared, shared:
                barrier.wait(10)
                seen.append(now())
                barrier.wait(10)
            seen.append(now())

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen.count({"a": "1"}) == 4 and seen.count({}) == 4

    def test_leaving_one_that_was_not_entered_here_changes_nothing(self):
        block = everflame.labels(a="1")
        contextvars.copy_context().run(block.__enter__)
        with everflame.labels(b="2"):
            block.__exit__(None, None, None)
            assert now() == {"b": "2"}

    def test_a_generator_that_somebody_else_finishes(self):
        def leaves_late():
            with everflame.labels(inner="1"):
                yield

        with everflame.labels(outer="1"):
            generator = leaves_late()
            contextvars.copy_context().run(next, generator)
            del generator
            gc.collect()
            assert now() == {"outer": "1"}
        assert here() is None

    def test_names_and_values_as_the_server_takes_them(self):
        class Rude:
            def __str__(self):
                raise RuntimeError("no")

        with everflame.labels(**{"a-b": "x", "1st": 2, "größe": "ü", "service_name": "s", "__x": "y", "": "z"}, bad=Rude(), big="v" * 9999, line="a\nb"):
            found = now()
        big = found.pop("big")
        assert found == {"a_b": "x", "_1st": "2", "gr__e": "ü", "_service_name": "s", "_x": "y", "_": "z", "line": "a b"}
        assert len(big) == label_names.MAX_VALUE and big.endswith("v…")

    def test_their_number_is_bounded(self):
        with everflame.labels(**{"l{}".format(n): n for n in range(500)}):
            with everflame.labels(late=1, l3="changed"):
                assert len(now()) == label_names.MAX_LABELS and "late" not in now() and now()["l3"] == "changed"

    def test_what_is_remembered_of_merging_is_bounded(self):
        for n in range(3000):
            with everflame.labels(n=n, big="x" * 100_000):
                pass
        assert label_names.merge.cache_info().currsize <= 1024


class TestDecorator:
    def test_functions(self):
        @everflame.labels(job="a")
        def job(x, *, y):
            "What it does."
            return x, y, now()

        assert job(1, y=2) == (1, 2, {"job": "a"}) and here() is None
        assert job.__name__ == "job" and job.__doc__ == "What it does."

    def test_recursion_and_methods(self):
        class Jobs:
            @everflame.labels(depth="yes")
            def down(self, n):
                return [now()] + (self.down(n - 1) if n else [])

            @classmethod
            @everflame.labels(kind="class")
            def of_class(cls):
                return cls, now()

        assert Jobs().down(3) == [{"depth": "yes"}] * 4 and here() is None
        assert Jobs.of_class() == (Jobs, {"kind": "class"})

    def test_coroutine_functions(self):
        @everflame.labels(job="a")
        async def job(name):
            with everflame.labels(name=name):
                await asyncio.sleep(0.01)
                return now()

        async def main():
            assert asyncio.iscoroutinefunction(job)
            found = await asyncio.gather(*[job(str(n)) for n in range(5)])
            assert found == [{"job": "a", "name": str(n)} for n in range(5)]
            assert await job("x") == {"job": "a", "name": "x"} and here() is None

        asyncio.run(main())

    def test_generators_have_them_while_they_run_and_their_callers_have_not(self):
        seen = []

        @everflame.labels(job="a")
        def job(start):
            try:
                given = start
                while True:
                    seen.append(now())
                    try:
                        given = yield given
                    except KeyError as error:
                        given = repr(error)
                    if given is None:
                        return "done"
            finally:
                seen.append(now())

        generator = job(1)
        assert next(generator) == 1 and here() is None
        assert generator.send(2) == 2 and here() is None
        assert generator.throw(KeyError("k")) == "KeyError('k')" and here() is None
        with pytest.raises(StopIteration) as stopped:
            generator.send(None)
        assert stopped.value.value == "done"
        generator = job(1)
        next(generator)
        generator.close()
        assert seen == [{"job": "a"}] * 6 and here() is None
        with pytest.raises(ValueError):
            generator = job(1)
            next(generator)
            generator.throw(ValueError("out"))
        assert here() is None

    def test_asynchronous_generators(self):
        seen = []

        @everflame.labels(job="a")
        async def job(n):
            try:
                for i in range(n):
                    await asyncio.sleep(0)
                    seen.append(now())
                    yield i
            finally:
                seen.append(now())

        async def main():
            assert [i async for i in job(3) if here() is None] == [0, 1, 2]
            generator = job(3)
            await generator.asend(None)
            with pytest.raises(KeyError):
                await generator.athrow(KeyError("x"))
            generator = job(3)
            await generator.asend(None)
            await generator.aclose()
            assert here() is None

        asyncio.run(main())
        assert seen == [{"job": "a"}] * 8

    @pytest.mark.parametrize("thing", [1, int, "x", None])
    def test_what_is_no_function(self, thing):
        with pytest.raises(TypeError, match="decorates functions"):
            everflame.labels(a=1)(thing)


class TestCarrying:
    def test_threads_begin_without(self):
        with everflame.labels(a="1"), ThreadPoolExecutor(2) as pool:
            assert pool.submit(now).result() == {}

    def test_carry_labels(self):
        with ThreadPoolExecutor(2) as pool:
            with everflame.labels(a="1"):
                carried = everflame.carry_labels(now)
                with everflame.labels(b="2"):
                    later = pool.submit(everflame.carry_labels(now))
            assert pool.submit(carried).result() == {"a": "1"} and later.result() == {"a": "1", "b": "2"}
            assert list(pool.map(everflame.carry_labels(lambda n: (n, now())), range(3))) == [(n, {}) for n in range(3)]
            assert pool.submit(now).result() == {}

    def test_tasks_and_their_executors(self):
        async def child():
            await asyncio.sleep(0.01)
            return now()

        async def main():
            loop = asyncio.get_running_loop()
            with everflame.labels(a="1"):
                task = asyncio.ensure_future(child())
                plain = await loop.run_in_executor(None, now)
                carried = await loop.run_in_executor(None, everflame.carry_labels(now))
            return await task, plain, carried, now()

        assert asyncio.run(main()) == ({"a": "1"}, {}, {"a": "1"}, {})

    def test_a_loops_thread_seen_from_outside(self, run):
        """What holds in it changes with its tasks; the native part reads the context that it is in."""
        run(
            '''
import everflame, asyncio, contextvars, threading, time
from everflame import native
def of(ident):
    tag = native.module.thread_tag(ident)
    return None if tag is None else tag.payload
everflame.start()
if native.in_use():
    idents, seen, end = [], set(), time.monotonic() + 1.5
    def busy(): 
        until = time.monotonic() + 0.02
        while time.monotonic() < until: pass
    async def task(name):
        with everflame.labels(task=name):
            while time.monotonic() < end: busy(); await asyncio.sleep(0)
    async def without():
        while time.monotonic() < end: busy(); await asyncio.sleep(0)
    async def main(): await asyncio.gather(task("a"), task("b"), without())
    def loop(): idents.append(threading.get_ident()); asyncio.run(main())
    thread = threading.Thread(target=loop); thread.start()
    while thread.is_alive():
        time.sleep(0.003)
        if idents: seen.add(of(idents[0]))
    assert seen == {None, (("task", "a"),), (("task", "b"),)}, seen
    assert of(idents[0]) is None and of(1) is None
'''
        )

    def test_a_thread_seen_from_outside(self):
        inside, go_on, idents = threading.Event(), threading.Event(), []

        def work():
            idents.append(threading.get_ident())
            with everflame.labels(a="1"):
                inside.set()
                go_on.wait(10)

        thread = threading.Thread(target=work)
        thread.start()
        inside.wait(10)
        assert label_context.of_thread(idents[0]) == (("a", "1"),)
        go_on.set()
        thread.join()
        assert label_context.of_thread(idents[0]) is None


BURN = '''
import everflame, json, sys, time
from everflame import labels
spent = {}
def burn(seconds, name):
    before = time.thread_time()
    while time.thread_time() - before < seconds: sum(range(300))
    spent[name] = spent.get(name, 0) + time.thread_time() - before
'''


def by_label(server, name):
    found = {}
    for sample in server.samples():
        value = sample.labels.get(name)
        found[value] = found.get(value, 0) + sample.cpu / 1e9
    return found


def agrees(found, spent, share=0.25):
    for name, seconds in spent.items():
        assert near(found.get(name, 0), seconds, share=share, least=0.12), (name, found, spent)


def test_samples_of_a_thread(server, run):
    finished = run(
        BURN
        + '''
everflame.start(service_name="labelled")
for endpoint, seconds in (("/a", 0.7), ("/b", 0.3)):
    with labels(endpoint=endpoint, method="GET"):
        with labels(part="inner"): burn(seconds, endpoint)
burn(0.3, None)
print(json.dumps({str(k): v for k, v in spent.items()}))
'''
    )
    said = finished.said()
    found = by_label(server, "endpoint")
    agrees(found, {"/a": said["/a"], "/b": said["/b"]})
    assert {tuple(sorted(s.labels.items())) for s in server.samples() if s.labels} == {
        (("endpoint", e), ("method", "GET"), ("part", "inner")) for e in ("/a", "/b")
    }
    assert near(cpu_seconds([s for s in server.samples() if not s.labels], "<module>", "burn"), said["None"], share=0.3)


@pytest.mark.parametrize("patch", ["never", "before"])
def test_samples_of_greenlets(server, run, patch):
    """Each has its own, also where one switches to the other in the middle of a block."""
    finished = run(
        "import sys\nif sys.argv[1] == 'before':\n    from gevent import monkey; monkey.patch_all()\n"
        + BURN
        + '''
import gevent
everflame.start(service_name="labelled", rate=500)
def work(name, seconds):
    with labels(endpoint=name):
        for _ in range(40):
            burn(seconds / 40, name); gevent.sleep(0)
with labels(outer="1"):
    greenlets = [gevent.spawn(everflame.carry_labels(work), "/a", 0.8), gevent.spawn(work, "/b", 0.4)]
gevent.joinall(greenlets)
burn(0.2, "none")
print(json.dumps(spent))
''',
        patch,
    )
    said, found = finished.said(), by_label(server, "endpoint")
    agrees(found, {"/a": said["/a"], "/b": said["/b"]})
    # gevent begins a greenlet with an empty context.
    outer = {(s.labels["endpoint"], s.labels.get("outer")) for s in server.samples() if "endpoint" in s.labels}
    assert outer == {("/a", "1"), ("/b", None)}


def test_samples_of_tasks(server, run):
    finished = run(
        BURN
        + '''
import asyncio
everflame.start(service_name="labelled", rate=500)
@labels(kind="task")
async def work(name, seconds):
    with labels(endpoint=name):
        for _ in range(40):
            burn(seconds / 40, name); await asyncio.sleep(0)
async def main():
    await asyncio.gather(work("/a", 0.8), work("/b", 0.4))
    burn(0.2, "none")
asyncio.run(main())
print(json.dumps(spent))
'''
    )
    said, found = finished.said(), by_label(server, "endpoint")
    agrees(found, {"/a": said["/a"], "/b": said["/b"]})
    assert {s.labels["kind"] for s in server.samples() if "endpoint" in s.labels} == {"task"}
    assert cpu_seconds([s for s in server.samples() if not s.labels], "main", "burn") > 0.1


def test_more_sets_than_a_push_may_have(server, run):
    finished = run(
        BURN
        + '''
everflame.start(service_name="labelled", rate=1000, window=300)
for n in range(300):
    with labels(n=n): burn(0.004, "all")
everflame.stop()
print(json.dumps(spent))
''',
        EVERFLAME_WINDOW="60",
    )
    assert "more than 127 different sets of labels" in finished.err
    (push,) = server.pushes
    assert len({s.labels["n"] for s in push.profile.samples if s.labels}) == 127
    assert near(cpu_seconds(push.profile.samples, "burn"), finished.said()["all"], share=0.15)


def test_labels_without_a_profiler_cost_next_to_nothing():
    """Against a function call, so that the machine does not matter."""
    import timeit

    def enter():
        with everflame.labels(endpoint="/x"):
            pass

    def call():
        pass

    one, other = (min(timeit.repeat(f, number=5000, repeat=5)) for f in (enter, call))
    assert one < other * 400  # some 60 times, and a call takes 30 ns
