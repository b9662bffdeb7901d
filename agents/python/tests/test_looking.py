"""The parts of looking from outside that need no process of their own."""

import asyncio
import sys
import threading
import time
from collections import Counter

import pytest

from everflame.asyncio_tasks import await_chain
from everflame.loop_turns import Turns, unwatch_selector, watch_selector
from everflame.lookout import Lookout
from everflame.sampled import some_of
from everflame.stacks import Stacks
from everflame.suspended import correct, root_of
from everflame.thread_stacks import cpu_clock_id, stacks_of_threads
from everflame.thread_times import ThreadTime, name_of


def names(stack):
    return [code.co_name for code, _, _ in stack]


class TestSomeOf:
    @pytest.mark.parametrize("count, most", [(0, 4), (3, 4), (4, 4)])
    def test_few_are_all(self, count, most):
        assert some_of(range(count), most) == list(range(count))

    @pytest.mark.parametrize("count, most", [(5, 4), (74, 32), (10000, 32)])
    def test_each_is_as_likely_as_any_other(self, count, most):
        rounds = 4000
        seen = Counter()
        for _ in range(rounds):
            found = some_of(range(count), most)
            assert len(found) == most and found == sorted(found)
            # In ten parts, so that there are enough of each.
            seen.update(item * 10 // count for item in found)
        sizes = Counter(item * 10 // count for item in range(count))
        for part, size in sizes.items():
            assert abs(seen[part] / (rounds * most) - size / count) < 0.01


class TestThreads:
    @pytest.fixture
    def waiting(self):
        end = threading.Event()

        def inner():
            end.wait()

        thread = threading.Thread(target=inner, name="pool-3_12")
        thread.start()
        yield thread
        end.set()
        thread.join()

    def test_stacks(self, waiting):
        found = stacks_of_threads()
        assert {waiting.ident, threading.get_ident()} <= set(found)
        assert "inner" in names(found[waiting.ident])
        assert names(found[threading.get_ident()])[1] == "stacks_of_threads"
        assert set(stacks_of_threads({waiting.ident, 1})) == {waiting.ident}

    def test_names_without_numbers(self, waiting):
        assert name_of(waiting.ident) == "pool-*_*"
        assert name_of(12345) == "without name"

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have CPU clocks on Linux")
    def test_clocks(self, waiting):
        time.sleep(0.05)
        before = time.clock_gettime_ns(cpu_clock_id(waiting.ident))
        time.sleep(0.05)
        assert time.clock_gettime_ns(cpu_clock_id(waiting.ident)) == before  # it slept
        assert cpu_clock_id(12345) is None
        own = ThreadTime(threading.get_ident(), time.monotonic_ns(), True)
        now = own.cpu()
        sum(range(10000))
        assert own.goes_on(now)
        assert not ThreadTime(waiting.ident, 0, False).goes_on(before)

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have CPU clocks on Linux")
    def test_the_clock_of_a_thread_that_has_ended_raises(self):
        kept = []
        thread = threading.Thread(target=lambda: kept.append(ThreadTime(threading.get_ident(), 0, False)))
        thread.start()
        thread.join()
        time.sleep(0.05)
        with pytest.raises(OSError):
            kept[0].cpu()
        assert not kept[0].goes_on(0)


class TestAwaitChain:
    def chain_of(self, make):
        async def main():
            task = asyncio.ensure_future(make())
            await asyncio.sleep(0.01)
            found = await_chain(task)
            running = await_chain(asyncio.current_task()) if hasattr(asyncio, "current_task") else []
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert running == [] and await_chain(task) == []
            return list(reversed(names(found)))

        return asyncio.run(main())

    def test_coroutines(self):
        async def leaf():
            await asyncio.get_running_loop().create_future()

        async def root():
            await leaf()

        assert self.chain_of(root) == ["root", "leaf"]

    def test_asynchronous_generators_and_comprehensions(self):
        async def numbers():
            yield 1
            await asyncio.sleep(10)

        async def root():
            return [n async for n in numbers()]

        found = self.chain_of(root)
        assert found[0] == "root" and found[-2:] == ["numbers", "sleep"]

    def test_objects_that_can_be_awaited(self):
        async def leaf():
            await asyncio.sleep(10)

        class Wrapped:
            def __await__(self):
                return leaf().__await__()

        class Generator:
            def __await__(self):
                yield from leaf().__await__()

        async def wrapped():
            await Wrapped()

        async def generator():
            await Generator()

        assert self.chain_of(wrapped) == ["wrapped", "leaf", "sleep"]
        assert self.chain_of(generator) == ["generator", "__await__", "leaf", "sleep"]

    def test_a_chain_without_end_is_cut(self):
        async def down(n):
            await (down(n - 1) if n else asyncio.sleep(10))

        assert len(self.chain_of(lambda: down(400))) == 192


class TestCorrection:
    """Of a greenlet that was there for 100 and ran for 30, 70 were waiting, whatever it was seen doing."""

    def part(self, function, at=0):
        return (function.__code__, {"__name__": "m"}, at)

    @pytest.mark.parametrize("seen_on_thread", [0, 30, 15])
    def test_what_ran_was_not_waiting(self, seen_on_thread):
        def work(): ...
        def wait(): ...
        def other(): ...

        suspended, waiting, cpu = Stacks(), Stacks(), Stacks()
        suspended.of_parts([self.part(wait), self.part(work)]).value = 100 - seen_on_thread
        suspended.of_parts([self.part(wait), self.part(other)]).value = 50
        cpu.of_parts([self.part(work)]).value = 20
        waiting.of_parts([self.part(work, 2)]).value = 10  # it blocked its thread
        correct(suspended, {id(work.__code__): seen_on_thread}, waiting, [cpu])
        values = {entry.frames[-1][0].co_name: entry.value for entry in suspended.entries.values()}
        assert values == {"work": 70, "other": 50}

    def test_a_task_begins_with_its_outermost_coroutine(self):
        async def task(): ...
        async def inner(): ...
        def loop(): ...

        assert root_of([self.part(inner), self.part(task), self.part(loop)]) == id(task.__code__)
        assert root_of([self.part(loop), self.part(self.test_a_task_begins_with_its_outermost_coroutine)]) == id(
            self.test_a_task_begins_with_its_outermost_coroutine.__code__
        )
        assert root_of([("[truncated]", None, 0)]) == 0


class TestTurns:
    def test_only_long_ones_are_kept(self):
        turns = Turns(20_000_000)
        for seconds in (0.001, 0.03, 0.001):
            turns.on_turn()
            time.sleep(seconds)
            turns.on_poll()
        ((began, ended),) = turns.long
        assert 30_000_000 <= ended - began < 300_000_000 and turns.marked == 0

    def test_a_selector_is_as_it_was_before(self):
        loop = asyncio.new_event_loop()
        try:
            turns = Turns(1_000_000_000)
            before = dict(vars(loop._selector))
            assert watch_selector(loop._selector, turns)
            assert loop.run_until_complete(asyncio.sleep(0.01, "done")) == "done"
            assert turns.ident == threading.get_ident() and turns.marked > 0
            unwatch_selector(loop._selector)
            assert set(vars(loop._selector)) == set(before)
            assert loop.run_until_complete(asyncio.sleep(0, "again")) == "again"
        finally:
            loop.close()


class TestLookout:
    def test_what_takes_long_is_done_less_often(self):
        lookout = Lookout()
        done = Counter()

        def dear():
            done["dear"] += 1
            end = time.thread_time() + 0.01
            while time.thread_time() < end:
                pass

        def cheap():
            done["cheap"] += 1

        look = lookout.add(dear, 100, 0.1)
        lookout.add(cheap, 100, 0.1)
        lookout.start()
        time.sleep(2)
        lookout.stop()
        assert 5 < look.rate < 15
        assert 8 < done["dear"] < 60 and done["cheap"] > done["dear"]

    def test_an_error_a_pause_and_another_rate(self):
        lookout = Lookout()
        done = []

        def do():
            done.append(None)
            raise MemoryError

        look = lookout.add(do, 0.001, 1.0)
        lookout.start()
        time.sleep(0.3)
        assert len(done) == 1  # and the next one in a quarter of an hour
        look.set_rate(50)
        time.sleep(0.6)
        assert len(done) > 5
        look.pause()
        time.sleep(0.1)
        paused_at = len(done)
        time.sleep(0.3)
        assert len(done) == paused_at
        look.go_on()
        time.sleep(0.4)
        assert len(done) > paused_at
        lookout.stop()
