"""Labels of requests for web frameworks: `method`, and `endpoint`, the template of the route (never the path).

    everflame.middleware.label_flask(app)                                    # Flask
    MIDDLEWARE = ["everflame.middleware.DjangoLabels", …]                    # Django, first in the list
    app.add_middleware(everflame.middleware.AsgiLabels)                      # FastAPI, Starlette
    app = everflame.middleware.WsgiLabels(app, route=lambda environ: …)      # any other

No framework is imported here.
"""

from .asgi import AsgiLabels
from .django import DjangoLabels
from .flask import label_flask
from .wsgi import WsgiLabels

__all__ = ["AsgiLabels", "DjangoLabels", "WsgiLabels", "label_flask"]
