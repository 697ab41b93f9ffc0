"""What a template of replies to reviews says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.variants import Content
from feedback.models import Reply, ReplyTemplate
from feedback.playbooks.texts import VARIABLE
from feedback.replies import texts
from feedback.replies.rewording import LONGEST, reword
from kpis.experiments.kinds.setting import Asked, SettingKind
from kpis.experiments.met import Trace
from kpis.models import Tested


def _listed() -> list[tuple[str, str]]:
    found = ReplyTemplate.objects.filter(is_active=True)
    return [(str(one.pk), f"{one} · {one.get_feeling_display()}") for one in found]


def _now(key: str) -> Content | None:
    if not key.isdecimal():
        return None
    found = ReplyTemplate.objects.filter(pk=int(key), is_active=True).first()
    return {"text": found.text} if found else None


def _asks(content: Content) -> list[Asked]:
    return [Asked("text", _("text"), content["text"], is_long=True)]


def _parse(content: Content, given: Mapping[str, Any]) -> Content:
    """It names what the template names: all of that is known wherever the template is chosen."""
    text = str(given.get("text", "")).strip()
    if not text or len(text) > LONGEST or "\x00" in text:
        raise Invalid(_("Write something, 2,000 characters at most."), field="text")
    try:
        texts.check(text)
    except DomainError as error:
        raise Invalid(str(error), field="text") from error
    if not set(VARIABLE.findall(text)) <= set(VARIABLE.findall(content["text"])):
        raise Invalid(_("A variant names nothing that the template does not name."), field="text")
    return {"text": text}


def _said(content: Content) -> str:
    return str(content["text"])


def _trace(key: str) -> Trace:
    return Trace(Reply.objects.filter(template=int(key)), "review__member", "drafted_at")


def _hold(key: str) -> None:
    ReplyTemplate.objects.select_for_update(no_key=True).filter(pk=int(key)).first()


def _write(key: str, content: Content, because: str, actor: User | None, at: datetime) -> str:
    made = reword(template_id=int(key), text=content["text"], because=because, actor=actor, at=at)
    return str(made)


KIND = SettingKind(Tested.REPLY, _listed, _now, _asks, _parse, _said, _trace, _hold, _write)
