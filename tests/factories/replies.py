"""Reviews as triage has read them, the rules and templates that ship, and a marketplace to be posted to."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from feedback.defaults.replies_to_reviews import seed_replies
from feedback.models import (
    PORTAL,
    LexiconEntry,
    ReviewPlace,
    ReviewSignal,
    Signal,
    Triage,
    TriageQueue,
)
from tests.factories.compensation import T0
from tests.factories.feedback import ReviewFactory

MEANT = {"positive": 0.9, "mixed": 0.0, "negative": -0.9, "": None}


def ship():
    """The rules and templates that ship."""
    seed_replies(T0)


def said(
    stars=5,
    text="质量很好",
    *,
    feeling="positive",
    aspects=("product_quality",),
    tones=None,
    words=("质量很好",),
    hostile=False,
    at=T0,
    **given,
):
    """A review that triage has read, whose clock was seen to."""
    follows = given.get("follows")
    given = {"screened_at": at, "taken_up_at": at, "written_at": at, **given}
    if follows is not None:
        stars, given["order_line"] = None, follows.order_line
    review = ReviewFactory(stars=stars, text=text, **given)
    Triage.objects.create(
        review=review,
        member=review.member,
        aspects=list(aspects),
        feeling=feeling,
        sentiment=MEANT[feeling],
        tones=dict.fromkeys(aspects, MEANT[feeling] or 0) if tones is None else tones,
        keywords=list(words),
        words=[[word, 1.0] for word in words],
        read_at=at,
    )
    TriageQueue.objects.filter(review=review).delete()
    if hostile:
        ReviewSignal.objects.create(review=review, signal=Signal.ABUSE, weight=50, at=at)
    return review


def known(word, aspect="product_quality", weight=2):
    """A word of praise in the lexicon."""
    return LexiconEntry.objects.create(word=word, aspect=aspect, weight=weight)


def stands(review, source=None, number="", at=T0):
    """A place where a review stands; without a source, in our portal."""
    channel = source if isinstance(source, str) else source.code if source else PORTAL
    return ReviewPlace.objects.create(
        review=review,
        channel=channel,
        source=None if isinstance(source, str) else source,
        external_id=number or f"{channel}-{review.pk}",
        created_at=at,
    )


class Handler(BaseHTTPRequestHandler):
    """Keeps what it gets, and answers as it is told."""

    def do_POST(self):
        """Keep it."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, b'{"id": "r-1"}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        """Be quiet."""


@contextmanager
def marketplace():
    """A marketplace's server on loopback: `got` what came, `answers` what to say, `said` the contents."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answers = [], []
    server.url = f"http://127.0.0.1:{server.server_port}/replies"
    server.said = lambda: [json.loads(body) for _headers, body in server.got]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
