"""What sources of evidence are called, and what happened to a need, in words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.common.models import Event

SOURCE_NAMES: Mapping[str, Promise] = {
    "answer": _("answers to surveys"),
    "passage": pgettext_lazy("evidence", "interviews"),
    "review": pgettext_lazy("evidence", "reviews"),
    "post": _("posts and suggestions"),
    "case": pgettext_lazy("evidence", "cases"),
}
HAPPENED: Mapping[str, Promise] = {
    "need.found": _("found"),
    "need.edited": _("edited"),
    "need.moved": _("has another state"),
    "need.linked": _("something that speaks of it was added"),
    "need.unlinked": _("something was taken away that does not speak of it"),
    "need.merged": _("went into another need"),
    "need.took": _("another need went into it"),
}


def happened(event: Event) -> str:
    """What an event says."""
    return str(HAPPENED.get(event.kind, event.kind))
