"""A payment gateway over real HTTP that behaves as badly as networks and gateways do.

It pays a number once. Of each request a fault may be chosen: it never arrives, the answer is lost, late or
garbage, it is worked on until later, or refused. What it would call us back with, it keeps.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from config.common import webhooks

SECRET = webhooks.new_secret()
FAULTS = [
    "ok",
    "lose_request",
    "lose_answer",
    "late_answer",
    "garbage",
    "other",
    "broken",
    "pending",
    "refuse",
]
GARBAGE = [
    b"", b"{", b"[]", b"null", b"<html>bad gateway</html>", b'{"status": "succeeded"}', b"\xff" * 40,
    b'{"number": 7, "status": ["succeeded"]}', b"[" * 5_000, b"x" * 100_000,
]  # fmt: skip


@dataclass
class Gateway:
    """What it knows, and what it does next."""

    fault: Callable[[], str] = lambda: "ok"
    patience: float = 0.3
    paid: Counter[str] = field(default_factory=Counter)
    states: dict[str, dict] = field(default_factory=dict)
    requests: list[dict] = field(default_factory=list)
    callbacks: list[dict] = field(default_factory=list)
    bad: list[str] = field(default_factory=list)
    url: str = ""
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _nonces: set[str] = field(default_factory=set)

    def take(self, headers, body: bytes) -> tuple[str, bytes]:
        """Work one request off; gives the fault and the answer."""
        fault = self.fault()
        if fault == "lose_request":
            return fault, b""
        with self._lock:
            try:
                webhooks.verify([SECRET], headers, body, at=datetime.now(UTC))
                if headers["webhook-id"] in self._nonces:
                    raise ValueError("a replay")  # noqa: TRY301 - noted below
                self._nonces.add(headers["webhook-id"])
                asked = json.loads(body)
                self.requests.append(asked)
                return fault, json.dumps(self._work(asked, fault, headers)).encode()
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.bad.append(repr(error))
                return "ok", b'{"error": "bad request"}'

    def _work(self, asked: dict, fault: str, headers) -> dict:
        number = asked["number"]
        known = self.states.get(number)
        if asked["type"] == "query":
            return known or {"number": number, "status": "not_found"}
        if headers["Idempotency-Key"] != number:
            raise ValueError("another number")
        if known is not None:  # a repeat
            return known
        state = {"number": number, "amount_fen": asked["amount_fen"], "reference": f"GW-{number}"}
        self.states[number] = state
        if fault == "refuse":
            state |= {"status": "failed", "reason": "the account is closed"}
        elif fault == "pending":
            state |= {"status": "pending"}
        else:
            self._pay(state)
        return state

    def _pay(self, state: dict) -> None:
        state["status"] = "succeeded"
        self.paid[state["number"]] += state["amount_fen"]
        self.callbacks.append(dict(state))

    def work_off(self) -> None:
        """Finish what is pending."""
        with self._lock:
            for state in self.states.values():
                if state["status"] == "pending":
                    self._pay(state)


@contextmanager
def running(**how) -> Iterator[Gateway]:
    """A gateway on a free port."""
    gateway = Gateway(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            fault, answer = gateway.take(self.headers, body)
            if fault in {"lose_request", "lose_answer"}:
                self.close_connection = True
                return
            status = 200
            if fault == "late_answer":
                time.sleep(gateway.patience * 2)
            elif fault == "garbage":
                answer = GARBAGE[len(gateway.requests) % len(GARBAGE)]
            elif fault == "other":
                answer = answer.replace(b'"number": "R', b'"number": "X')
            elif fault == "broken":
                status = 503
                answer = b"busy"
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                pass  # nobody waits any more

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    gateway.url = f"http://127.0.0.1:{server.server_address[1]}/pay"
    try:
        yield gateway
    finally:
        server.shutdown()
        server.server_close()
