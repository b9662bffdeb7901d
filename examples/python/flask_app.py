"""A small Flask service, for any number of gunicorn's workers of any kind.

Run it, profiled, with

    everflame-run --service-name flask-app gunicorn --workers 4 --bind 127.0.0.1:8000 flask_app:app

(add `--worker-class gevent` for greenlets) and ask for something a few times:

    curl http://127.0.0.1:8000/report?rows=20000
    curl http://127.0.0.1:8000/search?word=flame
    curl http://127.0.0.1:8000/slow
"""

import hashlib
import json
import re
import time
from typing import Any, Dict, List

from flask import Flask, request

app = Flask(__name__)

Row = Dict[str, Any]


def load_rows(count: int) -> List[Row]:
    return [{"id": n, "name": hashlib.md5(str(n).encode()).hexdigest(), "price": n * 7919 % 1000} for n in range(count)]


def sort_by_price(rows: List[Row]) -> List[Row]:
    return sorted(rows, key=lambda row: (row["price"], row["name"]))


def render_json(rows: List[Row]) -> str:
    return json.dumps(rows, indent=1)


@app.route("/report")
def report() -> str:
    """CPU time in three functions, and most of it in the last."""
    rows = load_rows(request.args.get("rows", 5000, type=int))
    return render_json(sort_by_price(rows)) + "\n"


def matching(rows: List[Row], word: str) -> List[Row]:
    pattern = re.compile(".*".join(map(re.escape, word)), re.IGNORECASE)
    return [row for row in rows if pattern.search(row["name"])]


@app.route("/search")
def search() -> str:
    """CPU time in a regular expression."""
    return "{} found\n".format(len(matching(load_rows(5000), request.args.get("word", "cafe"))))


def ask_the_warehouse() -> None:
    time.sleep(0.2)


@app.route("/slow")
def slow() -> str:
    """Waits: to be seen in wall time only."""
    ask_the_warehouse()
    return "that took a while\n"
