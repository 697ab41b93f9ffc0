"""Posting JSON to another system, as the senders of the outbox do it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib import request
from urllib.error import HTTPError

from config.common.outbox import Refused

TIMEOUT_SECONDS = 10
LATER = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.CONFLICT,  # the same request is still being worked on over there
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}


class _NoRedirects(request.HTTPRedirectHandler):
    """A redirected POST would become a GET without its content."""

    def redirect_request(self, *_args: Any) -> None:
        """Follow nothing: the redirect is then an HTTPError."""


_opener = request.build_opener(_NoRedirects)


def post_json(url: str, content: dict[str, Any], *, request_id: str, token: str = "") -> None:
    """Post `content` under an `Idempotency-Key`, so that a repeat is known as one over there.

    Raises:
        Refused: the other side will never take it (4xx, 3xx).
        OSError: it may take it later (5xx, time-out, no connection).
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    post(url, json.dumps(content).encode(), request_id=request_id, headers=headers)


def post(url: str, body: bytes, *, request_id: str, headers: Mapping[str, str]) -> None:
    """Post JSON that is written out already, since it is signed.

    Raises:
        Refused, OSError: as `post_json`.
    """
    if not url.startswith(("https://", "http://")):
        raise Refused("the address is not one of HTTP")
    given = {"Content-Type": "application/json", "Idempotency-Key": request_id, **headers}
    asked = request.Request(url, body, given, method="POST")  # noqa: S310 -- see above
    try:
        with _opener.open(asked, timeout=TIMEOUT_SECONDS):
            pass
    except HTTPError as error:
        error.close()
        if error.code < HTTPStatus.INTERNAL_SERVER_ERROR and error.code not in LATER:
            raise Refused(f"HTTP {error.code}") from None
        raise OSError(f"HTTP {error.code}") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What another system answered, whatever it was."""

    status: int
    body: bytes


def exchange(
    url: str, body: bytes, *, headers: Mapping[str, str], seconds: float, most: int = 64 * 1024
) -> Answer:
    """Post a body and read the answer: of any status, of at most `most` bytes, within about `seconds`.

    Raises:
        OSError: no whole answer: no connection, a time-out, a broken one, or more than that.
    """
    if not url.startswith(("https://", "http://")):
        raise OSError("the address is not one of HTTP")
    asked = request.Request(url, body, {"Content-Type": "application/json", **headers}, method="POST")  # noqa: S310 -- see above
    ends = time.monotonic() + seconds
    try:
        try:
            answer = _opener.open(asked, timeout=seconds)
        except HTTPError as error:
            answer = error
        with answer:
            read = b""
            while chunk := answer.read1(most + 1 - len(read)):
                read += chunk
                if len(read) > most:
                    raise OSError("the answer is too long")
                if time.monotonic() > ends:
                    raise OSError("the answer takes too long")
            return Answer(answer.status, read)
    except HTTPException as error:  # a broken answer
        raise OSError(type(error).__name__) from error
