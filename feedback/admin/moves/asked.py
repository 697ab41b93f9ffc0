"""What the forms of the case page ask, and what is said after them."""

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.asked import id_in
from config.common.errors import Invalid

Said = str | Promise


def chosen(post: QueryDict, name: str) -> int:
    """The number that a choice stands for.

    Raises:
        Invalid: nothing was chosen.
    """
    number = id_in(post.get(name))
    if number is None:
        raise Invalid(_("Choose something first."))
    return number


def key_of(post: QueryDict) -> str | None:
    """What keeps a form that is sent twice from being done twice."""
    return (post.get("key") or "")[:64] or None
