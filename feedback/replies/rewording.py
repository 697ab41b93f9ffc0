"""The text of a template of replies to reviews, changed; its history keeps what it said before."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.common.errors import Invalid, NotFound, NotPermitted
from config.common.events import record
from config.common.models import User
from feedback.models import ReplyTemplate
from feedback.replies import texts

CHANGE = "feedback.change_replytemplate"
LONGEST = 2_000


@transaction.atomic
def reword(*, template_id: int, text: str, because: str, actor: User | None, at: datetime) -> ReplyTemplate:
    """Have a template say something else. `because` names what it was decided by, such as "experiment:3".

    Raises:
        NotFound: there is no such template.
        NotPermitted: the person may not change templates.
        Invalid: it says nothing or too much, or names what is on no list.
    """
    if actor is not None and not actor.has_perm(CHANGE):
        raise NotPermitted
    template = ReplyTemplate.objects.select_for_update(no_key=True).filter(pk=template_id).first()
    if template is None:
        raise NotFound
    if not text.strip() or len(text) > LONGEST or "\x00" in text:
        raise Invalid(_("Write something, 2,000 characters at most."), field="text")
    texts.check(text)
    template.text = text
    template.save(update_fields=["text"])
    record("replytemplate.reworded", template, actor=actor, at=at, because=because)
    return template
