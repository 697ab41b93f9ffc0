"""Chat robots: DingTalk, Feishu, WeCom and others, through apprise. Their addresses are kept secret.

People paste the address that the service shows them; it is turned into the one that apprise knows. Only
services that send over the network are taken, never those that write to this machine.
"""

import re
from datetime import datetime, timedelta
from email import charset
from urllib.parse import parse_qs, quote, urlsplit

import apprise
import apprise.plugins.email
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from config.common import outside, vault
from config.common.errors import Invalid
from config.common.events import record
from config.common.models import OutboxMessage, User
from config.common.outbox import Dropped, Refused
from feedback.models import Messenger, MessengerKind
from feedback.org.letters import summarise, text_of

# Its module for letters changes how Python writes every letter of the process: subjects came out folded.
charset.add_charset("utf-8", charset.SHORTEST, charset.BASE64, "utf-8")

LONGEST = 1_800
"""Characters of a message: the services take some 2,000 bytes to 20,000; the rest is on the desk."""
TIMEOUT = timedelta(seconds=8)
SCHEMES = {
    MessengerKind.DINGTALK: ("dingtalk",),
    MessengerKind.FEISHU: ("feishu", "lark"),
    MessengerKind.WECOM: ("wecombot",),
    MessengerKind.OTHER: (
        "json", "jsons", "slack", "msteams", "workflows", "discord", "tgram", "mmost", "mmosts",
        "rocket", "rockets", "ntfy", "ntfys", "gchat", "matrix", "matrixs", "webexteams",
    ),
}  # fmt: skip
HOSTED = {"json", "jsons", "mmost", "mmosts", "rocket", "rockets", "ntfy", "ntfys", "matrix", "matrixs"}
"""Whose addresses name a server of somebody's own; elsewhere a key stands there, no name to look up."""
HOSTS = {
    MessengerKind.DINGTALK: ("oapi.dingtalk.com",),
    MessengerKind.FEISHU: ("open.feishu.cn", "open.larksuite.com"),
    MessengerKind.WECOM: ("qyapi.weixin.qq.com",),
}
TOKEN = re.compile(r"[A-Za-z0-9_-]+")


class NotSent(OSError):
    """The service did not take the message; it is tried again. Its address is not told."""


def address(kind: str, pasted: str, *, secret: str = "") -> str:
    """Turn what somebody pasted into an address that apprise knows; `secret` is DingTalk's signing key.

    Raises:
        Invalid: not an address of this kind of messenger, or inside our own network.
    """
    pasted = pasted.strip()
    parts = urlsplit(pasted)
    if parts.scheme == "https" and parts.hostname in HOSTS.get(MessengerKind(kind), ()):
        pasted = _from_service(MessengerKind(kind), parts.path, parts.query, parts.hostname or "", secret)
    _check(MessengerKind(kind), pasted)
    if kind == MessengerKind.OTHER and parts.scheme.lower() in HOSTED:
        outside.check(urlsplit(pasted).hostname or "")
    return pasted


def _from_service(kind: MessengerKind, path: str, query: str, host: str, secret: str) -> str:
    asked = parse_qs(query)
    token = {
        MessengerKind.DINGTALK: asked.get("access_token", [""])[0],
        MessengerKind.WECOM: asked.get("key", [""])[0],
    }.get(kind, path.rstrip("/").rpartition("/")[2])
    if not TOKEN.fullmatch(token):
        raise Invalid(_("The address names no key: copy it whole from the messenger."))
    if kind == MessengerKind.DINGTALK:
        return f"dingtalk://{quote(secret)}@{token}/" if secret else f"dingtalk://{token}/"
    if kind == MessengerKind.WECOM:
        return f"wecombot://{token}/"
    return f"{'lark' if 'lark' in host else 'feishu'}://{token}/"


def _check(kind: MessengerKind, url: str) -> None:
    if url.partition("://")[0].lower() not in SCHEMES[kind] or apprise.Apprise.instantiate(url) is None:
        raise Invalid(_("This is not an address of this kind of messenger."))


@transaction.atomic
def keep(
    *, messenger: Messenger, pasted: str, secret: str = "", actor: User | None, at: datetime
) -> Messenger:
    """Store a messenger; with an empty `pasted` its address stays.

    Raises:
        Invalid: not an address of its kind, or none at all.
    """
    if pasted:
        messenger.sealed_url = vault.encrypt(address(messenger.kind, pasted, secret=secret))
    elif not messenger.sealed_url:
        raise Invalid(_("Paste the address of the robot."))
    else:
        _check(MessengerKind(messenger.kind), vault.decrypt(messenger.sealed_url))
    messenger.save()
    record(
        "messenger.kept", messenger, actor=actor, at=at, messenger=messenger.kind, new_address=bool(pasted)
    )
    return messenger


def send_message(message: OutboxMessage) -> None:
    """Send what was gathered for a messenger, in the language of the house.

    Raises:
        Dropped: the messenger is gone or out of use, or there is nothing left to tell.
        Refused: its address cannot be read any more.
        NotSent: the service did not take it.
    """
    messenger = Messenger.objects.filter(pk=message.payload["messenger"], is_active=True).first()
    if messenger is None:
        raise Dropped("the messenger is gone or out of use")
    with translation.override(settings.LANGUAGE_CODE):
        summary = summarise(message.payload["alerts"])
        if not summary.groups:
            raise Dropped("there is nothing to tell")
        title, text = summary.title, text_of(summary)
    post(messenger, title, text)


def post(messenger: Messenger, title: str, text: str) -> None:
    """Post one message.

    Raises:
        Refused: the messenger's address cannot be read any more.
        NotSent: the service did not take it.
    """
    try:
        url = vault.decrypt(messenger.sealed_url)
    except vault.Unreadable as error:
        raise Refused(f"the address of messenger {messenger.pk} cannot be read: enter it anew") from error
    robot = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False, secure_logging=True))
    if not robot.add(url):
        raise Refused(f"the address of messenger {messenger.pk} is of no service that is known")
    for service in robot:
        service.socket_connect_timeout = service.socket_read_timeout = TIMEOUT.total_seconds()
    with outside.only():
        is_taken = robot.notify(title=title, body=_cut(text))
    if not is_taken:
        raise NotSent(f"messenger {messenger.pk} ({messenger.kind}) did not take the message")


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
