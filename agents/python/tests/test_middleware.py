"""Requests labelled by method and route, in the real frameworks under real servers, while clients call."""

import pytest

from support.shares import near

# Clients are a thread of their own; the server runs in the main thread, which is seen everywhere.
COMMON = '''
import everflame, everflame.middleware, http.client, json, os, sys, threading, time
spent = {}
def burn(seconds, *key):
    before = time.thread_time()
    while time.thread_time() - before < seconds: sum(range(300))
    spent[repr(key)] = spent.get(repr(key), 0) + time.thread_time() - before

def call(port, requests, each):
    for method, path in requests * each:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request(method, path, headers={"Content-Length": "0"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        statuses.append(answer.status)
statuses = []

def serve_wsgi(app, requests, each=20):
    """By wsgiref: one request after the other, in this thread."""
    from wsgiref.simple_server import WSGIRequestHandler, make_server
    WSGIRequestHandler.log_message = lambda *_: None
    server = make_server("127.0.0.1", 0, app)
    clients = threading.Thread(target=call, args=(server.server_port, requests, each))
    clients.start()
    for _ in range(len(requests) * each): server.handle_request()
    clients.join()

def serve_asgi(app, requests, each=20):
    import asyncio, socket, uvicorn
    sock = socket.socket(); sock.bind(("127.0.0.1", 0)); sock.listen(64)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    def clients():
        try:
            call(sock.getsockname()[1], requests, each)
        finally:
            server.should_exit = True
    thread = threading.Thread(target=clients)
    thread.start()
    asyncio.run(server.serve([sock]))
    thread.join()

def done():
    everflame.stop()
    print(json.dumps([spent, statuses]))
'''

FLASK = '''
from flask import Flask, Blueprint, Response
everflame.start(service_name="shop")
app = Flask("shop")
orders = Blueprint("orders", __name__, url_prefix="/orders")
@orders.route("/<int:number>", methods=["GET", "POST"])
def order(number):
    from flask import request
    burn(0.015, request.method, "/orders/<int:number>"); return "ok"
@app.before_request
def early():
    from flask import request
    if request.path == "/stream": burn(0.01, "GET", "/stream")
@app.route("/stream")
def stream():
    def parts():
        for _ in range(2):
            burn(0.005, "GET", "/stream"); yield "part"
    return Response(parts())
app.register_blueprint(orders)
everflame.middleware.label_flask(app)
serve_wsgi(app, [("GET", "/orders/1"), ("POST", "/orders/2"), ("GET", "/stream"), ("GET", "/no/such/path")])
done()
'''

DJANGO = '''
import django
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import include, path, re_path
def order(request, number):
    burn(0.015, request.method, "/api/orders/<int:number>/"); return HttpResponse("ok")
def archive(request, year):
    burn(0.02, "GET", "/api/archive/(?P<year>[0-9]{4})/$"); return HttpResponse("ok")
settings.configure(
    ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], USE_TZ=True,
    MIDDLEWARE=["everflame.middleware.DjangoLabels", "django.middleware.common.CommonMiddleware"],
)
orders = [path("orders/<int:number>/", order), re_path("^archive/(?P<year>[0-9]{4})/$", archive)]
urlpatterns = [path("api/", include(orders))]
django.setup()
everflame.start(service_name="shop")
requests = [("GET", "/api/orders/1/"), ("POST", "/api/orders/2/"), ("GET", "/api/archive/2024/"), ("GET", "/no/such/path")]
'''

DJANGO_WSGI = DJANGO + '''
from django.core.wsgi import get_wsgi_application
serve_wsgi(get_wsgi_application(), requests)
done()
'''

# Its views are coroutines, so that they run in the loop's thread.
DJANGO_ASGI = DJANGO.replace("def order", "async def order").replace("def archive", "async def archive") + '''
from django.core.asgi import get_asgi_application
serve_asgi(get_asgi_application(), requests)
done()
'''

FASTAPI = '''
import asyncio
from fastapi import APIRouter, FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
everflame.start(service_name="shop")
app, router, sub = FastAPI(), APIRouter(prefix="/v1"), FastAPI()
@router.get("/orders/{number}")
async def order(number: int):
    burn(0.01, "GET", "/api/{tenant}/v1/orders/{number}"); await asyncio.sleep(0.001); burn(0.005, "GET", "/api/{tenant}/v1/orders/{number}")
    return {}
@app.post("/orders/{number}")
async def create(number: int):
    burn(0.015, "POST", "/orders/{number}"); return {}
@sub.get("/items/{item}")
async def item(item: str):
    burn(0.015, "GET", "/sub/{name}/items/{item}"); return {}
async def plain(request):
    burn(0.015, "GET", "/plain/a/{b}"); return PlainTextResponse("ok")
app.include_router(router, prefix="/api/{tenant}")
app.mount("/sub/{name}", sub)
app.mount("/plain", Starlette(routes=[Mount("/a", routes=[Route("/{b}", plain)])]))
app.add_middleware(everflame.middleware.AsgiLabels)
serve_asgi(app, [("GET", "/api/t/v1/orders/1"), ("POST", "/orders/2"), ("GET", "/sub/n/items/x"), ("GET", "/plain/a/b"), ("GET", "/nope")])
done()
'''

STARLETTE = '''
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Mount, Route
everflame.start(service_name="shop")
async def order(request):
    burn(0.015, request.method, "/orders/{number:int}"); return PlainTextResponse("ok")
async def stream(request):
    async def parts():
        for _ in range(2):
            burn(0.008, "GET", "/files/{name}/{part}"); yield b"part"
    return StreamingResponse(parts())
app = Starlette(
    routes=[Route("/orders/{number:int}", order, methods=["GET", "POST"]), Mount("/files/{name}", routes=[Route("/{part}", stream)])],
    middleware=[Middleware(everflame.middleware.AsgiLabels)],
)
serve_asgi(app, [("GET", "/orders/1"), ("POST", "/orders/2"), ("GET", "/files/a/b"), ("GET", "/nope")])
done()
'''

PLAIN_WSGI = '''
everflame.start(service_name="shop")
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"].startswith("/late"):
        environ["everflame.labels"].route("/late/{n}")
        burn(0.015, environ["REQUEST_METHOD"], "/late/{n}")
        return [b"ok"]
    def parts():
        burn(0.015, environ["REQUEST_METHOD"], "/early/{n}"); yield b"ok"
    return parts()
labelled = everflame.middleware.WsgiLabels(app, route=lambda environ: "/early/{n}" if environ["PATH_INFO"].startswith("/early") else None)
serve_wsgi(labelled, [("GET", "/early/1"), ("POST", "/late/2")])
done()
'''

PROGRAMS = dict(flask=FLASK, django=DJANGO_WSGI, django_async=DJANGO_ASGI, fastapi=FASTAPI, starlette=STARLETTE, wsgi=PLAIN_WSGI)


@pytest.mark.parametrize("framework", PROGRAMS)
def test_requests_are_labelled_by_method_and_route(server, run, framework):
    finished = run(COMMON + PROGRAMS[framework], timeout=90)
    spent, statuses = finished.said()
    assert statuses.count(200) >= 40 and set(statuses) <= {200, 404}
    spent = {tuple(eval(key)): seconds for key, seconds in spent.items()}
    found = {}
    for sample in server.samples():
        if any(frame.function.endswith("burn") for frame in sample.stack):
            key = sample.labels.get("method"), sample.labels.get("endpoint")
            found[key] = found.get(key, 0) + sample.cpu / 1e9
    for key, seconds in spent.items():
        assert near(found.get(key, 0), seconds, share=0.3, least=0.12), (key, found, spent)
    # Never a path; what no route matched has its method alone.
    routes = {route for _, route in spent}
    assert {s.labels["endpoint"] for s in server.samples() if "endpoint" in s.labels} <= routes
    assert {s.labels.get("method") for s in server.samples()} <= {None, "GET", "POST"}
    assert sum(found.get((method, None), 0) for method in (None, "GET", "POST")) < 0.15


def test_sync_endpoints_of_fastapi_in_their_threads(server, run):
    """anyio runs them with a copy of the context."""
    finished = run(
        COMMON
        + '''
from fastapi import FastAPI
from everflame import label_context
everflame.start(service_name="shop")
app, seen = FastAPI(), []
@app.get("/orders/{number}")
def order(number: int):
    seen.append(sorted(label_context.here())); return {}
app.add_middleware(everflame.middleware.AsgiLabels)
serve_asgi(app, [("GET", "/orders/1")], 3)
everflame.stop(); print(json.dumps(seen))
'''
    )
    assert finished.said() == [[["endpoint", "/orders/{number}"], ["method", "GET"]]] * 3


def test_methods_that_clients_make_up_are_one():
    from everflame.request_labels import RequestLabels
    from everflame import label_context

    for method, label in (("GET", "GET"), ("get", "OTHER"), ("X" * 5000, "OTHER"), (None, "OTHER")):
        with RequestLabels(method):
            assert label_context.here() == (("method", label),)
    assert label_context.here() is None


def test_wsgi_bodies_are_what_they_were():
    from everflame.middleware import WsgiLabels

    class File:
        def __init__(self, closed):
            self.closed = closed

        def __iter__(self):
            return iter([b"a", b"b"])

        def close(self):
            self.closed.append(1)

    closed = []
    a_list, a_file = [b"x"], File(closed)
    assert WsgiLabels(lambda e, s: a_list)({}, None) is a_list
    assert WsgiLabels(lambda e, s: a_file)({"wsgi.file_wrapper": File}, None) is a_file
    body = WsgiLabels(lambda e, s: a_file)({}, None)
    assert list(body) == [b"a", b"b"] and not closed
    body.close()
    assert closed == [1]
    with pytest.raises(KeyError):
        WsgiLabels(lambda e, s: e["missing"])({}, None)


def test_asgi_scopes_are_what_they_were():
    """Middleware outside of ours still sees what the router wrote."""
    import asyncio

    from everflame.middleware import AsgiLabels

    async def app(scope, receive, send):
        scope["route"] = "set"
        scope.update(endpoint=app, path_params={"a": 1})
        assert isinstance(scope, dict) and scope["everflame.labels"]

    scope = {"type": "http", "method": "GET"}
    asyncio.run(AsgiLabels(app)(scope, None, None))
    assert scope["route"] == "set" and scope["path_params"] == {"a": 1} and "everflame.labels" not in scope

    async def lifespan(scope, receive, send):
        assert type(scope) is dict

    asyncio.run(AsgiLabels(lifespan)({"type": "lifespan"}, None, None))
