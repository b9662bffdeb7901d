"""OpenTelemetry's spans in samples, with its real SDK."""

import pytest

from support.shares import near

SPANS = '''
import everflame, json, sys, time
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON
everflame.start(service_name="traced", rate=500)  # tasks take turns: many samples
trace.set_tracer_provider(TracerProvider(sampler=ALWAYS_ON))
tracer = trace.get_tracer("shop")
spent = {}
def burn(seconds, span=None):
    before = time.thread_time()
    while time.thread_time() - before < seconds: sum(range(300))
    context = (span or trace.get_current_span()).get_span_context()
    key = "{:032x} {:016x}".format(context.trace_id, context.span_id) if context.is_valid else ""
    spent[key] = spent.get(key, 0) + time.thread_time() - before
def done():
    everflame.stop()
    print(json.dumps(spent))
'''


def by_span(server):
    found = {}
    for sample in server.samples():
        if any(frame.function.endswith("burn") for frame in sample.stack):
            labels = sample.labels
            key = "{} {}".format(labels["trace_id"], labels["span_id"]) if "span_id" in labels else ""
            found[key] = found.get(key, 0) + sample.cpu / 1e9
    return found


def agree(server, spent, share=0.3):
    found = by_span(server)
    assert set(found) - {""} <= set(spent), (found, spent)
    for key, seconds in spent.items():
        assert near(found.get(key, 0), seconds, share=share, least=0.12), (found, spent)


def test_nested_spans_and_labels(server, run):
    finished = run(
        SPANS
        + '''
with tracer.start_as_current_span("GET /orders") as outer:
    burn(0.4)
    with everflame.labels(endpoint="/orders"):
        with tracer.start_as_current_span("query"):
            burn(0.5)
    burn(0.1)
    not_current = tracer.start_span("not current")
    burn(0.2); not_current.end()
burn(0.3)
done()
''',
        EVERFLAME_SPANS="1",
    )
    agree(server, finished.said())
    names = {(s.labels.get("span_name"), s.labels.get("endpoint")) for s in server.samples() if "span_id" in s.labels}
    # Between entering the labels and beginning the span there is a moment of both.
    assert names - {("GET /orders", "/orders")} == {("GET /orders", None), ("query", "/orders")}


def test_blocks_that_are_not_nested_as_they_began(server, run):
    run(
        SPANS
        + '''
from everflame.label_context import here
from opentelemetry import context
def names(): return sorted(name for name, _ in here() or ())
span = tracer.start_span("a")
block = everflame.labels(x="1")
block.__enter__()
token = context.attach(trace.set_span_in_context(span))
assert names() == ["span_id", "span_name", "trace_id", "x"], names()
block.__exit__(None, None, None)
assert names() == ["span_id", "span_name", "trace_id"], names()
context.detach(token)
assert here() is None
# Spans that nobody keeps, and those of other processes, are none.
with trace.use_span(trace.NonRecordingSpan(span.get_span_context())): assert here() is None
with TracerProvider(sampler=ALWAYS_OFF).get_tracer("x").start_as_current_span("x"): assert here() is None
with trace.use_span(trace.INVALID_SPAN): assert here() is None
# Stopping in the middle of a span: what was attached can be detached.
with tracer.start_as_current_span("b"):
    everflame.stop()
assert type(context._RUNTIME_CONTEXT).__name__ != "_Following"
with tracer.start_as_current_span("c"): pass
done()
''',
        EVERFLAME_SPANS="1",
    )


def test_tasks_and_threads(server, run):
    finished = run(
        SPANS
        + '''
import asyncio
async def request(n):
    with tracer.start_as_current_span("request %d" % n):
        for _ in range(20):
            burn(0.02); await asyncio.sleep(0)
        with tracer.start_as_current_span("child"):
            await asyncio.sleep(0.01); burn(0.2)
async def main(): await asyncio.gather(*[request(n) for n in range(3)])
asyncio.run(main())
with tracer.start_as_current_span("outer"):
    from concurrent.futures import ThreadPoolExecutor
    from everflame import label_context
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(label_context.here).result() is None
        assert dict(pool.submit(everflame.carry_labels(label_context.here)).result())["span_name"] == "outer"
done()
''',
        EVERFLAME_SPANS="1",
    )
    agree(server, finished.said(), share=0.4)


def test_greenlets(server, run):
    finished = run(
        "from gevent import monkey; monkey.patch_all()\nimport gevent\n"
        + SPANS
        + '''
def request(n):
    with tracer.start_as_current_span("request"):
        for _ in range(20):
            burn(0.02); gevent.sleep(0)
gevent.joinall([gevent.spawn(request, n) for n in range(3)])
done()
''',
        EVERFLAME_SPANS="1",
    )
    agree(server, finished.said(), share=0.4)


def test_off_is_off(server, run):
    run(
        SPANS
        + '''
from opentelemetry import context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
assert type(context._RUNTIME_CONTEXT) is ContextVarsRuntimeContext
with tracer.start_as_current_span("a"): burn(0.3)
done()
'''
    )
    assert not [s for s in server.samples() if s.labels]
    run("import everflame, sys, time; everflame.start(); time.sleep(0.2); assert 'opentelemetry' not in sys.modules")


def test_without_opentelemetry(server, run, tmp_path):
    (tmp_path / "opentelemetry.py").write_text("raise ImportError('not installed')")
    finished = run("import everflame, time; everflame.start(); time.sleep(0.2)", EVERFLAME_SPANS="1")
    assert "OpenTelemetry is not installed" in finished.err and server.pushes


@pytest.mark.parametrize("version", ["other", "raises"])
def test_an_opentelemetry_that_is_made_otherwise(server, run, tmp_path, version):
    folder = tmp_path / "opentelemetry"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "context.py").write_text("def get_current():\n    return {}\n" if version == "other" else "raise RuntimeError('no')")
    finished = run("import everflame, time; everflame.start(); time.sleep(0.2)", EVERFLAME_SPANS="1")
    assert "spans are not followed" in finished.err and server.pushes


