"""Labels for Flask: the route is the rule of the URL, as Flask has found it when the first `before_request` runs."""

from typing import Any

from .wsgi import KEY, WsgiLabels


def label_flask(app: Any) -> Any:
    """Labels the requests of a Flask application, blueprints included. Answers the application."""
    app.wsgi_app = WsgiLabels(app.wsgi_app)
    # Before all others: what they do belongs to the route as well.
    app.before_request_funcs.setdefault(None, []).insert(0, _on_request)
    return app


def _on_request() -> None:
    from flask import request  # type: ignore[import-not-found, unused-ignore]

    labels = request.environ.get(KEY)
    rule = request.url_rule
    if labels is not None and rule is not None:
        labels.route(rule.rule)
