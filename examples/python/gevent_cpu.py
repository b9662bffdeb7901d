"""A small shop in greenlets, which burns CPU time in fixed shares.

Run it, profiled, with

    everflame-run --service-name shop python gevent_cpu.py

Of the time that its orders take, parsing is 20 %, pricing 50 % (of which discounts 20, taxes 30) and the
invoice 30 % (layout 10, printing 20), whatever the machine. It keeps about half a core busy.
"""

import signal
import sys
import time
from typing import Dict, List

import gevent

MILLISECOND = 0.001

Order = Dict[str, int]


def spend(milliseconds: float) -> None:
    """Computes for so long: CPU time of this thread, not time that passes."""
    end = time.thread_time() + milliseconds * MILLISECOND
    while time.thread_time() < end:
        sum(range(200))


def read_header(order: Order) -> None:
    spend(1)


def read_lines(order: Order) -> None:
    spend(3)


def parse_orders(order: Order) -> None:
    read_header(order)
    read_lines(order)


def find_discounts(order: Order) -> None:
    spend(4)


def round_tax(order: Order) -> None:
    spend(2)


def compute_tax(order: Order) -> None:
    spend(4)
    round_tax(order)


def price_basket(order: Order) -> None:
    find_discounts(order)
    compute_tax(order)


def lay_out(order: Order) -> None:
    spend(2)


def print_pages(order: Order) -> None:
    spend(4)


def render_invoice(order: Order) -> None:
    lay_out(order)
    print_pages(order)


def handle_order(order: Order) -> None:
    parse_orders(order)
    price_basket(order)
    render_invoice(order)


def cashier(number: int) -> None:
    count = 0
    while True:
        count += 1
        handle_order({"cashier": number, "order": count})
        gevent.sleep(80 * MILLISECOND)


def main() -> None:
    cashiers: List[gevent.Greenlet] = [gevent.spawn(cashier, number) for number in range(3)]
    gevent.joinall(cashiers)


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, lambda *_: sys.exit(0))
    main()
