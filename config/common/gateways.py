"""Messages in the shop's app and on WeChat: through the shop's gateways, on a laptop to the console.

We know members by the shop's number alone; which phone or account that is, the gateway knows.
"""

import sys

from django.conf import settings

from config.common.http import post_json
from config.common.outbox import Refused

NAMES = {"push": "PUSH_WEBHOOK", "wechat": "WECHAT_WEBHOOK", "sms": "SMS_WEBHOOK"}
"""The setting of each gateway: with _URL its address, with _TOKEN what we show it."""


def is_there(channel: str) -> bool:
    """Whether messages of a channel can leave the house; what needs no gateway can."""
    return channel not in NAMES or bool(getattr(settings, f"{NAMES[channel]}_URL")) or settings.LAPTOP


def send(channel: str, *, member: str, title: str, text: str, link: str, stop: str, request_id: str) -> None:
    """Send one message to a member, known by the shop's number; `stop` is the link to get no more.

    Raises:
        Refused: no gateway is set, or it says no: the member has no app, or does not follow us.
        OSError: the gateway cannot take it now.
    """
    name = NAMES[channel]
    url, token = getattr(settings, f"{name}_URL"), getattr(settings, f"{name}_TOKEN")
    content = {
        "request_id": request_id, "member": member, "title": title, "text": text, "link": link, "stop": stop,
    }  # fmt: skip
    if url:
        post_json(url, content, request_id=request_id, token=token)
    elif settings.LAPTOP:
        sys.stdout.write(f"{channel} to {member}: {title}\n{text}\n{link}\n")
        sys.stdout.flush()
    else:
        raise Refused(f"{name}_URL is not set")
