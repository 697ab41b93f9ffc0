"""Why a member was proposed, in words and figures."""

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compensation.models import Segment
from config.common.money import display
from surveys.models import Interview

WORDS: Mapping[str, Callable[[int], str]] = {
    "detractor": lambda n: ngettext("%(n)s bad answer", "%(n)s bad answers", n) % {"n": n},
    "spending": lambda n: _("spent %(amount)s in a year") % {"amount": display(n)},
    "complaints": lambda n: ngettext("%(n)s complaint", "%(n)s complaints", n) % {"n": n},
}


def why(interview: Interview) -> list[tuple[str, int]]:
    """Each reason in words with its points, in the language of the moment."""
    return [
        (WORDS[name](int(reason["figure"])), int(reason["points"]))
        for name, reason in interview.reasons.items()
        if name in WORDS
    ]


def segment_names() -> dict[str, str]:
    """The names of segments by their codes, in the language of the moment; an interview keeps the code."""
    return {segment.code: str(segment) for segment in Segment.objects.all()}
