"""The application of the tests that serve, for each framework: two functions of known cost, told apart by route.

`parse_order` takes a third of what `render_invoice` takes. What they count for is ``function METHOD /route``.
"""

_COMMON = '''
import os, signal, sys, time
import everflame.middleware
from known_truth import burn

def parse_order(label): burn(0.005, "parse_order " + label)
def render_invoice(label): burn(0.015, "render_invoice " + label)
'''

FLASK = (
    _COMMON
    + '''
from flask import Flask, request

app = Flask(__name__)
everflame.middleware.label_flask(app)

@app.route("/ready")
def ready(): return "ok"

@app.route("/orders/<int:number>", methods=["GET", "POST"])
def order(number):
    parse_order(request.method + " /orders/<int:number>")
    return "ok"

@app.route("/invoices/<name>")
def invoice(name):
    render_invoice("GET /invoices/<name>")
    time.sleep(0.001)
    return "ok"
'''
)

DJANGO = (
    _COMMON
    + '''
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

def ready(request): return HttpResponse("ok")

def order(request, number):
    parse_order(request.method + " /orders/<int:number>")
    return HttpResponse("ok")

def invoice(request, name):
    render_invoice("GET /invoices/<str:name>")
    return HttpResponse("ok")

urlpatterns = [path("ready", ready), path("orders/<int:number>", order), path("invoices/<str:name>", invoice)]
if not settings.configured:
    settings.configure(
        ROOT_URLCONF=__name__, SECRET_KEY="x", ALLOWED_HOSTS=["*"], USE_TZ=True, DEBUG=False,
        MIDDLEWARE=["everflame.middleware.DjangoLabels"], WSGI_APPLICATION=__name__ + ".app",
    )

import django
django.setup()
from django.core.wsgi import get_wsgi_application
app = get_wsgi_application()

if __name__ == "__main__":
    sys.modules[settings.WSGI_APPLICATION.rpartition(".")[0]] = sys.modules["__main__"]
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
'''
)

FASTAPI = (
    _COMMON
    + '''
from fastapi import FastAPI

app = FastAPI()
app.add_middleware(everflame.middleware.AsgiLabels)

@app.get("/ready")
async def ready(): return "ok"

@app.api_route("/orders/{number}", methods=["GET", "POST"])
async def order(number: int, request: __import__("fastapi").Request):
    parse_order(request.method + " /orders/{number}")
    return "ok"

@app.get("/invoices/{name}")
def invoice(name: str):  # in a thread of anyio's
    render_invoice("GET /invoices/{name}")
    return "ok"
'''
)

PATHS = ["/orders/1", "POST /orders/2", "/invoices/ada"]
