"""Letters as bytes, and taking them in."""

from datetime import timedelta
from email.message import EmailMessage

from feedback.channels.email.receiving import Arrived, receive
from tests.factories.compensation import T0


def letter(
    text="箱子破了",
    *,
    sender="王女士 <wang@example.com>",
    to="care@shop.example",
    subject="包裹破损",
    number=1,
    html="",
    files=(),
    **headers,
) -> bytes:
    """A letter of a person; `files` are (name, type, data), keywords further headers: in_reply_to="<a@b>"."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Message-ID"] = f"<{number}@example.com>"
    made["Date"] = "Wed, 18 Nov 2026 10:00:00 +0800"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if html:
        made.add_alternative(html, subtype="html")
    for name, kind, data in files:
        main, sub = kind.split("/")
        made.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return made.as_bytes()


def take(mailbox, raw: bytes, *, at=T0, now=None):
    """Take a letter in, that arrived at `at`."""
    return receive(mailbox=mailbox, arrived=Arrived(raw, at), at=now or at + timedelta(seconds=5))
