"""What the server says in its answers, and what agents do (docs/agent-contract.md)."""

import json
import time

import pytest

from everflame import courier
from everflame.control import Capture, Control, Steering, parse
from support.shares import cpu_seconds, near, wall_seconds

CAPTURE = {"id": "c0ffee", "type": "cpu", "hz": 500, "seconds": 2}

# Works for so many seconds, with a rest now and then; the last line says what it used.
BUSY = '''
import everflame, json, os, sys, time
def work(): sum(range(20000))
def rest(): time.sleep(0.01)
before, began = time.process_time(), time.time()
everflame.start(service_name="busy", **json.loads(os.environ.get("START", "{}")))
while time.time() - began < float(sys.argv[1]):
    for _ in range(10): work()
    rest()
used = time.process_time() - before
everflame.stop()
print(json.dumps(dict(cpu=used)))
'''


def said(**control):
    return json.dumps({"status": "stored", "control": control}).encode()


class TestParsing:
    def test_all_of_it(self):
        assert parse(said(enabled=False, hz=50, window=30, capture=CAPTURE, later={"x": 1})) == Control(
            False, 50, 30, Capture("c0ffee", "cpu", 500, 2)
        )
        assert parse(said()) == Control()

    @pytest.mark.parametrize(
        "body",
        [b"", b"{}", b"nonsense", b"[]", b'{"control": null}', b'{"control": []}', b'{"control": "off"}', b"\xff\xfe", b"null", b"[" * 60000,
         b'{"control": {"enabled": false}, "x": "' + b"x" * 65536 + b'"}'],
    )  # fmt: skip
    def test_answers_without_control_change_nothing(self, body):
        steering = Steering(10)
        steering.hear(said(hz=50, window=20))
        steering.hear(body)
        assert (steering.hz, steering.window) == (50, 20)

    @pytest.mark.parametrize(
        "text, value",
        [("1", 1), ("0", 1), ("-7", 1), ("0.5", 1), ("5000", 1000), ("1e300", 1000), ("1" + "0" * 400, 1000), ("333.5", 333.5),
         ("true", None), ('"50"', None), ("null", None), ("NaN", None), ("Infinity", None), ("[]", None), ("{}", None)],
    )  # fmt: skip
    def test_numbers_are_bounded_and_other_things_missing(self, text, value):
        assert parse(b'{"control": {"hz": ' + text.encode() + b', "window": 5}}') == Control(hz=value, window=5)

    @pytest.mark.parametrize("value", [0, 1, "false", None, []])
    def test_enabled_is_a_boolean(self, value):
        assert parse(said(enabled=value)) == Control()

    @pytest.mark.parametrize("wrong", [dict(id=5), dict(id=""), dict(id="a b"), dict(id="x" * 65), dict(id="ü"), dict(id=None)])
    def test_captures_without_an_id_are_none(self, wrong):
        assert parse(said(capture={**CAPTURE, **wrong})) == Control()

    @pytest.mark.parametrize(
        "part, hz, seconds",
        [(dict(hz=9e9, seconds=9e9), 1000, 60), (dict(hz=0, seconds=0), 1, 1), (dict(hz="x", seconds="x"), None, 10), (dict(hz=None, seconds=True), None, 10)],
    )
    def test_bounds_of_a_capture(self, part, hz, seconds):
        control = parse(said(capture={**CAPTURE, **part}))
        assert control.capture == Capture("c0ffee", "cpu", hz, seconds)


class TestSteering:
    def test_each_answer_is_the_whole_state(self):
        steering = Steering(10)
        steering.hear(said(enabled=False, hz=50, window=30))
        assert (steering.enabled, steering.hz, steering.window) == (False, 50, 30)
        steering.hear(said(hz=70))
        assert (steering.enabled, steering.hz, steering.window) == (True, 70, 10)
        steering.hear(said())
        assert (steering.enabled, steering.hz, steering.window) == (True, None, 10)

    def test_a_capture_is_begun_once(self):
        steering = Steering(10)
        possible = lambda _: None
        for _ in range(3):
            steering.hear(said(capture=CAPTURE))
        assert steering.next_capture(possible).id == "c0ffee" and steering.next_capture(possible) is None
        steering.hear(said(capture=CAPTURE))
        assert steering.next_capture(possible) is None
        steering.hear(said(capture={**CAPTURE, "id": "other"}))
        steering.hear(said())
        assert steering.next_capture(possible) is None  # it expired meanwhile
        for n in range(15):
            steering.hear(said(capture={**CAPTURE, "id": str(n)}))
            assert steering.next_capture(possible).id == str(n)
        steering.hear(said(capture=CAPTURE))
        assert steering.next_capture(possible) is None  # among the last sixteen

    def test_what_cannot_be_done_is_said_in_ascii(self):
        steering = Steering(10)
        steering.hear(said(capture=CAPTURE))
        assert steering.next_capture(lambda _: "kein Zähler\r\nX: " + "x" * 999) is None
        assert steering.refusal.startswith("c0ffee kein Z?hler X: xxx") and len(steering.refusal) == len("c0ffee ") + 200

    def test_a_child_goes_on_without_the_capture(self):
        steering = Steering(10)
        steering.hear(said(hz=50, window=30, capture=CAPTURE))
        child = steering.for_child()
        assert (child.hz, child.window, child.next_capture(lambda _: None)) == (50, 30, None)


def rates(server):
    return [push.headers["everflame-rate"] for push in server.pushes]


def test_hz_and_window(server, run):
    server.control = {"hz": 40, "window": 1}
    finished = run(BUSY, "5")
    pushes = server.pushes
    # The answer to the first push comes when the second window has begun, at its rate and for its length.
    assert rates(server)[0] == "100" and set(rates(server)[2:]) == {"40"}
    for push in pushes[2:-1]:
        assert 0.75e9 < push.profile.duration_nanos < 1.6e9
        assert push.profile.period == 25_000_000
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])
    assert all(push.headers["everflame-captures"].split(",")[:2] == ["cpu", "wall"] for push in pushes[:-2])  # not while it stops


def test_own_settings_come_back(server, run):
    server.control = {"hz": 40, "window": 1}

    def twice(request):
        request.answer(200, {"control": server.control if len(server.attempts) < 2 else {}})

    server.behaviour = twice
    run(BUSY, "5")
    assert rates(server)[0] == "100" and "40" in rates(server) and rates(server)[-1] == "100"
    assert server.pushes[-2].profile.duration_nanos < 0.75e9


def test_what_the_program_switched_off_stays_off(server, run):
    server.control = {"hz": 500, "enabled": True, "capture": CAPTURE}
    run(BUSY, "2", START='{"rate": 0}')
    assert set(rates(server)) == {"0"} and cpu_seconds(server.samples()) == 0
    assert "cpu" not in server.pushes[0].headers["everflame-captures"].split(",")
    refusals = [p.headers["everflame-capture-refused"] for p in server.pushes if "everflame-capture-refused" in p.headers]
    assert refusals == ["c0ffee cpu is not sampled in this process"]


# Asks each second instead of each minute.
SWITCHED = "import everflame.courier as c, everflame.pusher as p; c.ASK_EVERY = p.ASK_EVERY = 0.5\n" + BUSY


@pytest.mark.parametrize("status", [200, 500, 404])
def test_switched_off_and_on_again(server, run, status):
    """While it is off nothing is measured, pushed or charged later; it asks, until it is told otherwise."""
    off_at = []

    def answer(request):
        asks = "/ingest/control" in request.path
        if not off_at:
            off_at.append(time.time())
        on_again = time.time() - off_at[0] > 2.5
        if asks and status != 200 and (status == 404 or not on_again):
            request.answer(status if on_again or status == 500 else 200, {"control": {"enabled": False}})
        else:
            request.answer(200, {"control": {} if on_again else {"enabled": False}})

    server.behaviour = answer
    finished = run(SWITCHED, "6")
    pushes = server.pushes
    gap = max(int(later.query["from"]) - int(earlier.query["until"]) for earlier, later in zip(pushes, pushes[1:])) / 1e9
    assert 1.8 < gap < 5.5
    assert [p.sequence for p in pushes] == list(range(len(pushes)))
    assert 3 <= len(server.questions) <= 14
    question = server.questions[0]
    assert question.service == "busy" and question.body == b"" and question.instance == pushes[0].instance
    assert "everflame-sequence" not in question.headers and question.headers["everflame-protocol"] == "1"
    assert "from" not in question.query
    # What was used while it was off is nowhere.
    covered = sum(p.profile.duration_nanos for p in pushes) / 1e9
    cpu, wall = cpu_seconds(server.samples()), wall_seconds(server.samples(), "<module>")
    assert near(cpu, finished.said()["cpu"] * covered / 6, share=0.3)
    assert wall < covered * 1.25 + 0.3


def test_off_from_the_parent_on_and_at_exit(server, run):
    """A child of one that is off is off until it hears otherwise; and both end at once."""
    server.control = {"enabled": False}
    began = time.monotonic()
    run(
        SWITCHED.replace("used =", '''
pid = os.fork()
if pid == 0:
    end = time.time() + 2.5
    while time.time() < end: work()
    everflame.stop(); os._exit(0)
os.waitpid(pid, 0)
used ='''),
        "2",
    )
    assert time.monotonic() - began < 12
    assert len({p.instance for p in server.questions}) == 2
    assert len(server.instances()) == 1 and cpu_seconds(server.samples(), "work") < 1.5


def captured(server):
    return [p for p in server.pushes if "everflame-capture" in p.headers]


def test_capture_of_cpu(server, run):
    server.control = {"capture": CAPTURE}
    finished = run(BUSY, "5")
    (push,) = captured(server)  # it is told again with each answer, and done once
    assert push.headers["everflame-capture"] == "c0ffee"
    assert near(push.profile.duration_nanos / 1e9, 2, least=0.4)
    rate = float(push.headers["everflame-rate"])
    assert 100 <= rate <= 500 and push.profile.period == round(1e9 / rate)
    # It takes the place of windows: no gap, nothing twice, and the total is the program's.
    pushes = server.pushes
    for earlier, later in zip(pushes, pushes[1:]):
        assert abs(int(later.query["from"]) - int(earlier.query["until"])) < 60e6
    assert [p.sequence for p in pushes] == list(range(len(pushes)))
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])
    after = [p for p in pushes if p.sequence > push.sequence]
    assert after and {p.headers["everflame-rate"] for p in after} == {"100"}
    assert push.labels == pushes[0].labels


def test_capture_with_the_native_part_reaches_its_rate(server, run):
    from support.environment import native_is_expected

    if not native_is_expected():
        return  # a sample in pure Python costs too much for it
    server.control = {"capture": {**CAPTURE, "hz": 1000}}
    run("import sys; sys.argv[1] = '4'\n" + BUSY.replace("rest()\n", "None\n"), "4")
    (push,) = captured(server)
    assert float(push.headers["everflame-rate"]) >= 500


def test_capture_of_wall(server, run):
    server.control = {"capture": {"id": "w", "type": "wall", "hz": 80, "seconds": 1.5}}
    run(BUSY, "4")
    (push,) = captured(server)
    assert 1 <= float(push.headers["everflame-rate"]) <= 80 and push.headers["everflame-capture"] == "w"
    assert near(push.profile.duration_nanos / 1e9, 1.5, least=0.4)
    assert wall_seconds(push.profile.samples, "<module>", "rest") > 0.1


def test_capture_of_the_heap_only_where_the_program_samples_it(server, run):
    server.control = {"capture": {"id": "h", "type": "heap", "seconds": 2}}
    run(BUSY, "3")
    assert not captured(server) and "heap" not in server.pushes[0].headers["everflame-captures"]
    refusals = [p.headers["everflame-capture-refused"] for p in server.pushes if "everflame-capture-refused" in p.headers]
    assert refusals == ["h the heap is not sampled in this process: set EVERFLAME_MEMORY=1"]


def test_captures_one_after_the_other_and_unknown_ones(server, run):
    def answer(request):
        ids = ["a", "b", "c"]
        todo = [id for id in ids if id not in {p.headers.get("everflame-capture") for p in server.attempts}]
        capture = {"id": todo[0], "type": "cpu", "seconds": 1} if todo else {"id": "x", "type": "dreams", "seconds": 1}
        request.answer(200, {"control": {"capture": capture}})

    server.behaviour = answer
    run(BUSY, "7")
    assert [p.headers["everflame-capture"] for p in captured(server)] == ["a", "b", "c"]
    assert {p.headers["everflame-rate"] for p in server.pushes} == {"100"}
    refusals = [p.headers["everflame-capture-refused"] for p in server.pushes if "everflame-capture-refused" in p.headers]
    assert refusals == ["x dreams is not sampled in this process"]


def test_a_capture_while_it_is_off(server, run):
    def answer(request):
        asks = "/ingest/control" in request.path
        request.answer(200, {"control": {"enabled": False, **({"capture": CAPTURE} if asks else {})}})

    server.behaviour = answer
    run(SWITCHED, "6")
    (push,) = captured(server)
    assert near(push.profile.duration_nanos / 1e9, 2, least=0.4) and cpu_seconds(push.profile.samples) > 0.3
    assert len(server.questions) >= 3 and server.questions[-1].at > push.at


def test_a_process_that_ends_in_the_middle_pushes_what_it_has(server, run):
    server.control = {"capture": {**CAPTURE, "seconds": 60}}
    finished = run(BUSY, "3")
    (push,) = captured(server)
    assert push is not server.pushes[0] and push.sequence == server.pushes[-1].sequence
    assert 1e9 < push.profile.duration_nanos < 4e9
    assert near(cpu_seconds(server.samples()), finished.said()["cpu"])


def test_a_fork_in_the_middle_has_no_capture(server, run):
    server.control = {"capture": {**CAPTURE, "seconds": 3}}
    run(
        BUSY.replace("used =", '''
pid = os.fork()
if pid == 0:
    end = time.time() + 0.5
    while time.time() < end: work()
    everflame.stop(); os._exit(0)
os.waitpid(pid, 0)
while time.time() - began < 4.5: work()
used ='''),
        "2",
    )
    parent = server.pushes[0].instance
    # The child has heard of it by its own first answer, if it got one; what it then does is its own capture.
    of_parent = [p for p in captured(server) if p.instance == parent]
    assert len(of_parent) == 1 and near(of_parent[0].profile.duration_nanos / 1e9, 3, least=0.5)


def test_the_interval_of_questions():
    assert courier.ASK_EVERY == 60
