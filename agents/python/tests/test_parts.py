"""The parts that need no process."""

import sys
from datetime import datetime, timezone

import pytest

from everflame import backoff, naming, settings
from everflame.lines import LineFinder
from everflame.outbox import Outbox
from everflame.push import Identity
from everflame.server_url import ServerUrl
from everflame.stacks import MAX_STACKS, Stacks
from everflame.window import CPU, WALL, Frame, FrameNamer, Window, add_stacks
from support.pprof_reader import decode
from support.server import parse_name


class TestNaming:
    @pytest.mark.parametrize("value", ["plain", "", "a,b", "a=b", '"', "\\", 'a\\"b', "{x}", " edges ", "tab\t", "größe", "a b"])
    def test_label_values_survive(self, value):
        assert parse_name(naming.format_name("shop", {"a": "1", "k": value})) == ("shop", {"a": "1", "k": value})

    @pytest.mark.parametrize("name, clean", [("env", "env"), ("service.name", "service.name"), ("a-b", "a_b"), ("1st", "_1st"), ("", "_"), ("größe", "gr__e")])
    def test_label_names_are_made_to_fit(self, name, clean):
        assert naming.clean_labels({name: "x"}) == {clean: "x"}

    def test_service_names_are_made_to_fit(self):
        assert naming.clean_service_name("shop/api.v2 eu") == "shop/api.v2 eu"
        assert naming.clean_service_name('a{b="c"}') == "a_b__c__"

    @pytest.mark.parametrize("argv, name", [(["/srv/worker.py", "-x"], "worker"), (["/usr/bin/gunicorn"], "gunicorn"), (["-c"], "python"), ([""], "python"), (["/srv/shop/__main__.py"], "shop"), ([], "python")])
    def test_a_name_is_guessed(self, monkeypatch, argv, name):
        monkeypatch.setattr(sys, "argv", argv)
        assert naming.guess_service_name() == name


class TestServerUrl:
    @pytest.mark.parametrize(
        "text, parts",
        [
            ("http://127.0.0.1:5555", (False, "127.0.0.1", 5555, "")),
            ("https://profiles.example.com/", (True, "profiles.example.com", 443, "")),
            ("http://host/a/b/", (False, "host", 80, "/a/b")),
            ("http://[::1]:5555", (False, "::1", 5555, "")),
        ],
    )
    def test_good(self, text, parts):
        url = ServerUrl.parse(text)
        assert tuple(url) == parts
        assert ServerUrl.parse(str(url)) == url

    @pytest.mark.parametrize("text", ["", "host:5555", "ftp://host", "http://", "http://host:port", "http://host:99999", "http://a\r\nb/", "http://host/?x=1", "http://u:p@host"])
    def test_bad(self, text):
        with pytest.raises(ValueError, match="must "):
            ServerUrl.parse(text)


class TestSettings:
    @pytest.fixture(autouse=True)
    def no_environment(self, monkeypatch):
        for name in ("SERVICE_NAME", "SERVER", "LABELS", "TOKEN", "TOKEN_FILE", "RATE", "WALL_RATE", "WINDOW", "ENABLED", "SPANS", "NYLAS_PORT"):
            monkeypatch.delenv("EVERFLAME_" + name, raising=False)

    def test_defaults(self):
        made = settings.resolve()
        assert str(made.server) == "http://127.0.0.1:5555"
        assert (made.rate, made.wall_rate, made.window, made.enabled, made.labels) == (100, 20, 10, True, {})

    def test_environment(self, monkeypatch):
        for name, value in dict(SERVICE_NAME="a", SERVER="https://b", LABELS="k=v, l = w=x,", RATE="50", WALL_RATE="0", WINDOW="2.5", ENABLED="off", TOKEN=" t\n").items():
            monkeypatch.setenv("EVERFLAME_" + name, value)
        made = settings.resolve()
        assert (made.service_name, str(made.server), made.labels) == ("a", "https://b", {"k": "v", "l": "w=x"})
        assert (made.rate, made.wall_rate, made.window, made.enabled, made.token) == (50, 0, 2.5, False, "t")

    def test_spans_and_the_old_port(self, monkeypatch):
        assert (settings.resolve().spans, settings.resolve().nylas_port) == (False, None)
        monkeypatch.setenv("EVERFLAME_SPANS", "1")
        monkeypatch.setenv("EVERFLAME_NYLAS_PORT", "16384..16399")
        made = settings.resolve()
        assert made.spans and tuple(made.nylas_port) == ("127.0.0.1", 16384, 16399)
        made = settings.resolve(spans=False, nylas_port=5)
        assert not made.spans and made.nylas_port.first == 5
        assert settings.resolve(nylas_port=0).nylas_port is None
        for wrong in (True, 1.5, [16384]):
            with pytest.raises(TypeError, match="takes a port"):
                settings.resolve(nylas_port=wrong)
        with pytest.raises(ValueError, match="must "):
            settings.resolve(nylas_port="5..4")

    def test_arguments_win(self, monkeypatch):
        monkeypatch.setenv("EVERFLAME_LABELS", "k=environment,l=environment")
        monkeypatch.setenv("EVERFLAME_RATE", "50")
        made = settings.resolve(labels={"k": 1}, rate=20)
        assert made.labels == {"k": "1", "l": "environment"} and made.rate == 20

    @pytest.mark.parametrize("arguments", [dict(service_name=1), dict(labels=["a"]), dict(rate="100"), dict(rate=True), dict(server=5)])
    def test_wrong_types(self, arguments):
        with pytest.raises(TypeError, match="takes a"):
            settings.resolve(**arguments)

    @pytest.mark.parametrize("arguments", [dict(rate=-1), dict(rate=5000), dict(window=0), dict(server="nowhere"), dict(wall_rate=float("nan"))])
    def test_wrong_values(self, arguments):
        with pytest.raises(ValueError, match="must "):
            settings.resolve(**arguments)


class TestBackoff:
    def test_full_jitter_between_nothing_and_a_growing_bound(self):
        for failures, bound in ((1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (1000, 300)):
            delays = [backoff.delay(failures, None) for _ in range(300)]
            assert 0 <= min(delays) < bound * 0.2 and bound * 0.8 < max(delays) <= bound

    def test_retry_after_is_the_least(self):
        delays = [backoff.delay(3, 20.0) for _ in range(100)]
        assert 20 <= min(delays) and max(delays) <= 25
        assert backoff.delay(1, 1e9) <= 1.25 * backoff.LONGEST_ASKED

    @pytest.mark.parametrize(
        "value, seconds",
        [("7", 7), (" 0 ", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:00:00 GMT", 0), ("soon", None), ("-5", None), (None, None), ("a, b c d e f", None), ("x, 99 Nov 1994 08:49:37 GMT", None)],
    )
    def test_retry_after(self, value, seconds):
        assert backoff.parse_retry_after(value, datetime(1994, 11, 6, 8, 49, tzinfo=timezone.utc)) == seconds


def a_window(second, name="f", size=1):
    window = Window(second * 10**9, (second + 1) * 10**9, 100)
    window.samples = 3
    for n in range(size):
        window.add((Frame(name, "f.py", 1, "m", n),), {CPU: 10, WALL: 20})
    return window


class TestOutbox:
    def outbox(self, **more):
        return Outbox(Identity("0" * 32, "shop{}"), "", **more)

    def test_one_after_the_other(self):
        outbox = self.outbox()
        for second in (1, 2):
            outbox.add(a_window(second))
            push = outbox.first()
            assert push is outbox.first() and push.headers["Everflame-Sequence"] == str(second - 1)
            outbox.acknowledge(0)
            assert outbox.first() is None

    def test_what_was_sent_stays_and_the_rest_is_merged(self):
        outbox = self.outbox()
        outbox.add(a_window(1))
        sent = outbox.first()
        for second in (2, 3, 4):
            outbox.add(a_window(second))
            assert outbox.first() is sent
        outbox.acknowledge(0)
        merged = outbox.first()
        assert merged.headers["Everflame-Sequence"] == "1"
        profile = decode(merged.body)
        assert (profile.time_nanos, profile.duration_nanos) == (2 * 10**9, 3 * 10**9)
        assert [(s.cpu, s.wall) for s in profile.samples] == [(30, 60)]

    def test_five_minutes_are_the_longest(self):
        outbox = self.outbox()
        outbox.add(a_window(0))
        outbox.first()
        for second in range(1, 700, 20):
            outbox.add(a_window(second))
        outbox.acknowledge(0)
        spans = []
        while outbox.first():
            spans.append(decode(outbox.first().body).duration_nanos)
            outbox.acknowledge(0)
        assert len(spans) == 3 and max(spans) <= 300e9

    def test_a_clock_that_is_set_back_merges_nothing(self):
        outbox = self.outbox()
        outbox.add(a_window(1000))
        outbox.add(a_window(10))
        assert decode(outbox.first().body).duration_nanos == 10**9

    def test_stacks_are_bounded(self):
        outbox = self.outbox()
        outbox.add(a_window(1, "a", MAX_STACKS))
        outbox.add(a_window(2, "b", 5))
        assert len(decode(outbox.first().body).samples) == MAX_STACKS

    def test_the_oldest_goes_and_is_counted(self):
        outbox = self.outbox(max_bytes=2000)
        for n in range(50):
            outbox.add(a_window(n * 1000, "function {}".format(n)))
            outbox.first()
        kept = []
        while outbox.first():
            kept.append(outbox.first())
            outbox.acknowledge(0)
        assert sum(len(push.body) for push in kept[:-1]) <= 2000 and len(kept) > 2
        assert kept[-1].headers["Everflame-Sequence"] == "49"
        assert outbox.dropped == 3 * (50 - len(kept))

    def test_what_is_refused_is_counted_until_it_was_reported(self):
        outbox = self.outbox()
        outbox.add(a_window(1))
        outbox.first()
        outbox.give_up()
        assert outbox.dropped == 3
        outbox.add(a_window(2))
        outbox.first()
        outbox.acknowledge(reported=3)
        assert outbox.dropped == 0


class TestStacks:
    def test_equal_stacks_are_one(self):
        stacks = Stacks()
        for _ in range(3):
            stacks.of_chain(sys._getframe()).value += 5
        assert [entry.value for entry in stacks.entries.values()] == [15]
        assert stacks.samples == 3

    def test_chain_and_frames_agree(self):
        frame, frames, stacks = sys._getframe(), [], Stacks()
        walk = frame
        while walk is not None:
            frames.append(walk)
            walk = walk.f_back
        entries = stacks.of_chain(frame), stacks.of_frames(frames)
        assert [e.frames[1:] for e in entries][0] == entries[1].frames[1:]

    def test_overflow_goes_into_one_frame(self):
        stacks, scope = Stacks(), {"sys": sys, "__name__": "many"}
        for n in range(MAX_STACKS + 50):
            exec("def f{0}(): return sys._getframe()\nframe = f{0}()".format(n), scope)
            stacks.of_frames([scope["frame"]]).value += 1
        window = Window(0, 1, 100)
        add_stacks(window, stacks, FrameNamer(), CPU)
        assert window.rows[((Frame("[truncated]", "", 0, "", 0),), ())] == [50, 0]
        assert window.total(CPU) == MAX_STACKS + 50


def test_lines_are_those_that_python_says():
    finder, seen = LineFinder(), []

    def look(n):
        frame = sys._getframe(1)
        seen.append((finder.line(frame.f_code, frame.f_lasti), frame.f_lineno))
        return n

    def several():
        a = look(
            1
        ); b = look(2)

        for n in (
            look(a),

            look(b),
        ):
            look(n) if n else look(0); [look(x) for x in (
                1, 2)]
        try:
            look(3) / 0
        except ZeroDivisionError: look(
            4
        )
        return look(5)

    several()
    assert len(seen) > 10
    assert all(found == true for found, true in seen), seen
