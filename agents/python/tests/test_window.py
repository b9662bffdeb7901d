"""Windows of several types, with labels: what they add up to, what is bounded, and how they go on the wire."""

from everflame.label_bounds import MAX_ID_SETS, MAX_LABEL_SETS
from everflame.outbox import Outbox
from everflame.pprof import encode
from everflame.push import Identity
from everflame.stacks import MAX_STACKS, Stacks
from everflame.window import ALLOC_SPACE, CPU, INUSE_SPACE, LOOP_BLOCK, WALL, Frame, FrameNamer, Window, add_stacks
from support.pprof_reader import decode

F = (Frame("f", "f.py", 1, "m", 2),)
G = (Frame("g", "f.py", 5, "m", 6),)
A = (("endpoint", "/a"), ("method", "GET"))


def by_row(profile):
    return {(s.stack[-1].function, tuple(sorted(s.labels.items()))): s.values for s in profile.samples}


def test_types_and_labels_on_the_wire():
    window = Window(0, 10**9, 100)
    window.declare(LOOP_BLOCK)
    window.add(F, {CPU: 5}, A)
    window.add(F, {CPU: 6, WALL: 1})
    window.add(F, {CPU: 7}, A)
    window.add(G, {INUSE_SPACE: 300, ALLOC_SPACE: 2**33}, A)
    window.add(F, {WALL: 3}, A)
    profile = decode(encode(window))
    assert profile.sample_types == [
        ("cpu", "nanoseconds"), ("wall", "nanoseconds"), ("loop_block", "nanoseconds"), ("inuse_space", "bytes"), ("alloc_space", "bytes"),
    ]  # fmt: skip
    zero = dict(cpu=0, wall=0, loop_block=0, inuse_space=0, alloc_space=0)
    assert by_row(profile) == {
        ("f", A): {**zero, "cpu": 12, "wall": 3},
        ("f", ()): {**zero, "cpu": 6, "wall": 1},
        ("g", A): {**zero, "inuse_space": 300, "alloc_space": 2**33},
    }
    assert profile.comments == [] and window.total(CPU) == 18


def test_an_empty_value_is_no_label():
    window = Window(0, 1, 100)
    window.add(F, {CPU: 1}, (("a", ""), ("b", "x")))
    assert decode(encode(window)).samples[0].labels == {"b": "x"}


def test_merged_windows_add_flows_and_keep_the_newest_levels():
    first, second = Window(0, 10, 100), Window(10, 20, 100)
    first.add(F, {CPU: 1, INUSE_SPACE: 100, ALLOC_SPACE: 50})
    first.add(G, {INUSE_SPACE: 7}, A)
    second.add(F, {ALLOC_SPACE: 5, INUSE_SPACE: 30, LOOP_BLOCK: 2})
    first.merge(second)
    third = Window(20, 30, 100)  # in which the heap was not sampled: what was known stays known
    third.add(F, {CPU: 4})
    first.merge(third)
    rows = by_row(decode(encode(first)))
    assert rows[("f", ())] == dict(cpu=5, wall=0, inuse_space=30, alloc_space=55, loop_block=2)
    assert rows[("g", A)]["inuse_space"] == 0
    assert (first.start_ns, first.end_ns) == (0, 30)


def test_sets_of_labels_are_bounded_and_what_is_beyond_is_counted():
    window = Window(0, 1, 100)
    for n in range(MAX_LABEL_SETS + 20):
        window.add(F, {CPU: 10}, (("n", str(n)),))
        window.add(G, {CPU: 1}, (("n", str(n)),))
    profile = decode(encode(window))
    rows = by_row(profile)
    assert len({s.labels.get("n") for s in profile.samples} - {None}) == MAX_LABEL_SETS
    assert rows[("f", ())]["cpu"] == 200 and rows[("g", ())]["cpu"] == 20
    assert window.labels.merged == 40 and "40 times" in profile.comments[0]
    assert window.total(CPU) == 11 * (MAX_LABEL_SETS + 20)


def test_ids_of_requests_are_bounded_apart_and_cost_no_set():
    window = Window(0, 1, 100)
    for n in range(MAX_ID_SETS + 30):
        window.add(F, {CPU: 1}, A + (("span_id", str(n)), ("trace_id", "t")))
    rows = by_row(decode(encode(window)))
    assert len(rows) == MAX_ID_SETS + 1
    assert rows[("f", A)]["cpu"] == 30 and window.labels.merged == 30
    window.add(G, {CPU: 1}, (("other", "x"),))
    assert ("g", (("other", "x"),)) in by_row(decode(encode(window)))


def test_a_stack_is_another_one_with_other_labels():
    import sys

    stacks = Stacks()
    for labels in (A, None, A, (("endpoint", "/b"),)):
        for entry in (stacks.of_frames([sys._getframe()], labels), stacks.of_raw((("x", None, 0),), labels)):
            entry.value += 1
    assert sorted(entry.value for entry in stacks.entries.values()) == [1, 1, 1, 1, 2, 2]
    for n in range(MAX_STACKS + 10):
        stacks.of_raw((("f{}".format(n), None, 0),), A).value += 1
    assert len(stacks.entries) <= MAX_STACKS + 1
    window = Window(0, 1, 100)
    add_stacks(window, stacks, FrameNamer(), CPU)
    assert window.total(CPU) == 8 + MAX_STACKS + 10


def test_main_only():
    stacks = Stacks()
    stacks.of_raw((("main", None, 0),)).value += 5
    stacks.of_raw((("other", None, 0),), on_main=False).value += 3
    window = Window(0, 1, 100)
    add_stacks(window, stacks, FrameNamer(), CPU, main_only=(WALL,))
    assert (window.total(CPU), window.total(WALL)) == (8, 5)


def test_a_capture_is_merged_with_nothing():
    outbox = Outbox(Identity("0" * 32, "shop{}"), "")
    outbox.add(Window(0, 1, 100))
    outbox.first()
    for second, capture in ((1, None), (2, None), (3, "c0ffee"), (4, None), (5, None)):
        window = Window(second * 10**9, (second + 1) * 10**9, 100)
        window.capture, window.capture_rate = capture, 500.0 if capture else None
        outbox.add(window)
    outbox.acknowledge(0)
    seen = []
    while outbox.first():
        push = outbox.first()
        seen.append((push.headers.get("Everflame-Capture"), push.headers["Everflame-Rate"], decode(push.body).duration_nanos))
        outbox.acknowledge(0)
    assert seen == [(None, "100", 2 * 10**9), ("c0ffee", "500", 10**9), (None, "100", 2 * 10**9)]
