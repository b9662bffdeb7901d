"""The encoder, against a decoder that shares nothing with it and against Go's."""

import subprocess

from everflame.pprof import encode, varint
from everflame.window import CPU, WALL, Frame, Window
from support.environment import need_tool
from support.pprof_reader import decode

MAIN = Frame("main", "/srv/app.py", 1, "__main__", 10)
WORK = Frame("Worker.<locals>.work", "/srv/arbeit/größe.py", 300, "app.jobs", 301)
WORK_ELSEWHERE = WORK._replace(line=305)
CUT = Frame("[truncated]", "", 0, "", 0)


def window():
    made = Window(1_700_000_000_000_000_000, 1_700_000_010_500_000_000, 100)
    made.add((WORK, MAIN), {CPU: 10_000_000, WALL: 12_000_000})
    made.add((WORK, MAIN), {CPU: 10_000_000})
    made.add((WORK_ELSEWHERE, MAIN), {WALL: 2**40})
    made.add((WORK, CUT), {CPU: 127, WALL: 128})
    made.add((CUT,), {CPU: 1})
    return made


def test_round_trip():
    profile = decode(encode(window()))
    assert profile.sample_types == [("cpu", "nanoseconds"), ("wall", "nanoseconds")]
    assert [(s.stack, s.cpu, s.wall) for s in profile.samples] == [
        ((MAIN, WORK), 20_000_000, 12_000_000),
        ((MAIN, WORK_ELSEWHERE), 0, 2**40),
        ((CUT, WORK), 127, 128),
        ((CUT,), 1, 0),
    ]
    assert (profile.time_nanos, profile.duration_nanos) == (1_700_000_000_000_000_000, 10_500_000_000)
    assert profile.period_type == ("cpu", "nanoseconds") and profile.period == 10_000_000


def test_an_empty_window_is_a_profile():
    profile = decode(encode(Window(5, 10, 0)))
    assert profile.samples == [] and profile.duration_nanos == 5 and profile.period == 0
    assert len(profile.sample_types) == 2


def test_names_that_are_not_unicode():
    made = Window(0, 1, 100)
    made.add((Frame("f\udcff", "\ud800.py", 1, "m\x00;", 1),), {CPU: 1, WALL: 1})
    assert decode(encode(made)).samples[0].stack[0].function == "f?"


def test_varint():
    assert [varint(n) for n in (0, 1, 127, 128, 300, 2**63)] == [
        b"\0", b"\1", b"\x7f", b"\x80\1", b"\xac\2", b"\x80" * 9 + b"\1",
    ]  # fmt: skip


def test_go_tool_pprof_reads_it(tmp_path):
    go = need_tool("go")
    path = tmp_path / "profile.pb.gz"
    path.write_bytes(encode(window()))
    shown = subprocess.run([go, "tool", "pprof", "-raw", str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert shown.returncode == 0, shown.stderr
    assert "PeriodType: cpu nanoseconds" in shown.stdout and "Period: 10000000" in shown.stdout
    assert "cpu/nanoseconds wall/nanoseconds" in shown.stdout
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert "20000000 12000000: 1 2" in lines
    assert "0 1099511627776: 3 2" in lines
    assert any("Worker.<locals>.work /srv/arbeit/größe.py:301" in line for line in lines)
    assert any(line.startswith("1: 0x0/0x0/0x0 app.jobs") and "[FN][FL][LN]" in line for line in lines), lines
