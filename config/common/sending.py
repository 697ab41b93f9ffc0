"""Forms of the staff's pages: what was sent twice is done once."""

import re
from collections.abc import Callable
from typing import TypeVar

from django.db import models, transaction

from config.common import idempotency
from config.common.screens import StaffRequest

Row = TypeVar("Row", bound=models.Model)
FIELD = "once"
KEY = re.compile(r"[0-9a-f]{32}")
UNSAID = frozenset({FIELD, "csrfmiddlewaretoken"})


def sent_once(request: StaffRequest, do: Callable[[], Row], model: type[Row]) -> Row:
    """Do what a form asks for, once however often it comes: a second click, or a line that was slow.

    The page gives each of its forms a key, with `{% once %}`. The same key with the same content gives the
    row that came of it before; with other content it was thought over, and is something new. Two that come
    at one moment wait for each other. What is refused may be sent again.

    Raises:
        NotFound: what came of it was taken away since.
        DomainError: see `do`.
    """
    key = request.POST.get(FIELD, "")
    if not KEY.fullmatch(key):
        return do()
    said = {name: values for name, values in request.POST.lists() if name not in UNSAID}
    with transaction.atomic():
        row, _is_repeat = idempotency.once(
            scope=f"form:{request.user.pk}",
            key=f"{key}:{idempotency.request_hash([request.get_full_path(), said])}",
            content=None,
            model=model,
            perform=do,
        )
    return row
