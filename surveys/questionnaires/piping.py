"""Piping: `{member}` or `{answer:why|that}` in a questionnaire's texts, filled in for whoever reads them.

A placeholder names something known (`NAMES`) or an earlier answer by its question's code, and may say after a
bar what stands there when it is not known. Whatever is filled in stays plain text: it is put in once, never
read for placeholders again, and the page escapes it like any other text.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from surveys.models import Invitation, Question, QuestionKind

NAMES: dict[str, str | Promise] = {
    "member": pgettext_lazy("piping", "the member's name"),
    "tier": pgettext_lazy("piping", "the member's tier"),
    "order": pgettext_lazy("piping", "the order's number"),
    "product": pgettext_lazy("piping", "what was bought"),
    "case": pgettext_lazy("piping", "the case's number"),
}
"""What can be filled in of what we know."""
UNKNOWN: dict[str, str | Promise] = {
    "member": pgettext_lazy("piping", "you"),
    "tier": pgettext_lazy("piping", "member"),
    "order": pgettext_lazy("piping", "your order"),
    "product": pgettext_lazy("piping", "what you bought"),
    "case": pgettext_lazy("piping", "your request"),
}
"""What stands there where neither is known nor said what should."""
ANSWER = "answer"
LONGEST = 60
"""Characters of what is filled in; the rest is cut."""
QUOTABLE = frozenset(
    {
        QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.RANKING, QuestionKind.NUMBER,
        QuestionKind.DATE, QuestionKind.SHORT, QuestionKind.TEXT, QuestionKind.CSAT, QuestionKind.CES,
        QuestionKind.NPS, QuestionKind.STARS, QuestionKind.LIKERT,
    }
)  # fmt: skip
"""Kinds whose answers can be told in a few words."""
BRACES = re.compile(r"\{([^{}]*)\}")
PLACE = re.compile(r"(?:(answer):([-a-zA-Z0-9_]{1,50})|([a-z]+))(?:\|([^|]*))?")
LIST = "、"


class Place(NamedTuple):
    """One placeholder of a text: a name, or the code of a question; None as fallback where none is given."""

    name: str
    code: str
    fallback: str | None

    @property
    def key(self) -> str:
        """Under what its value stands in the values."""
        return f"{ANSWER}:{self.code}" if self.code else self.name


def places(text: str) -> Iterator[Place | str]:
    """The placeholders of a text in their order; as it stands where one cannot be read."""
    for found in BRACES.finditer(text):
        yield _place(found[1]) or found[0]


def _place(inner: str) -> Place | None:
    found = PLACE.fullmatch(inner)
    if found is None:
        return None
    answer, code, name, fallback = found.groups()
    return Place(answer or name, code or "", fallback)


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled in: plain text, not escaped. What cannot be read stays as it is.

    `values` are those of `values_of`; without any it is what somebody reads of whom we know nothing.
    """

    def put(found: re.Match[str]) -> str:
        place = _place(found[1])
        if place is None or (place.name != ANSWER and place.name not in NAMES):
            return found[0]
        value = values.get(place.key)
        if value:
            return str(value)
        return str(UNKNOWN.get(place.name, "…")) if place.fallback is None else place.fallback

    return BRACES.sub(put, text)


def values_of(
    invitation: Invitation | None, answers: Mapping[str, Any], questions: Iterable[Question] = ()
) -> dict[str, str]:
    """What can be filled in for whoever was invited, after some answers.

    `answers` are as the page holds them, by the question's code; those of `questions` are told in words.
    Of an anonymous invitation, or of none, only the answers are known: no name ever stands on such a page.
    """
    found = {} if invitation is None or invitation.is_anonymous else _known(invitation)
    for question in questions:
        if question.code in answers and (said := told(question, answers[question.code])):
            found[f"{ANSWER}:{question.code}"] = said
    return found


def _known(invitation: Invitation) -> dict[str, str]:
    member, order, case = invitation.member, invitation.order, invitation.case
    known: dict[str, Any] = {}
    if member is not None:
        known |= {"member": member.name, "tier": member.tier}
    if order is None and case is not None:
        order = case.order
    if order is not None:
        names = order.lines.order_by("pk").values_list("product__name", flat=True)[:2]
        known |= {"order": order.external_id, "product": LIST.join(dict.fromkeys(map(str, names)))}
    if case is not None:
        known["case"] = case.number
    return {name: tidy(str(value)) for name, value in known.items() if value}


def told(question: Question, value: Any) -> str:
    """An answer in a few words; nothing where it cannot be told, or is none."""
    if question.kind not in QUOTABLE:
        return ""
    text = ""
    if isinstance(value, Mapping):
        value, text = value.get("picked", ""), str(value.get("text") or "")
    if isinstance(value, date):
        value = value.isoformat()
    codes = [str(one) for one in value] if isinstance(value, list | tuple | frozenset | set) else [str(value)]
    if question.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE, QuestionKind.RANKING}:
        chosen = [choice for choice in question.choices.all() if choice.code in codes]
        return tidy(
            LIST.join((text if choice.takes_text and text else "") or str(choice) for choice in chosen)
        )
    return tidy(codes[0]) if value is not None else ""


def tidy(text: str) -> str:
    """A text in one line that cannot turn round or hide what stands about it."""
    line = " ".join("".join(c if c.isprintable() or c == "\u200d" else " " for c in text).split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def problems(text: str, before: Collection[str], loose: Collection[str] = ()) -> Iterator[str]:
    """What is wrong with the placeholders of a text, in words.

    `before` are the codes of questions that are answered before it is read, and can be told in words; `loose`
    those among them that may be passed over.
    """
    for place in places(text):
        if isinstance(place, str):
            yield _("%(place)s cannot be read. Write {member} or {member|you}.") % {"place": place}
        elif place.name == ANSWER:
            if place.code not in before:
                yield _("No answer to fill in is given before: %(code)s") % {"code": place.code}
            elif place.code in loose and place.fallback is None:
                yield _("Not everybody answers it: write {answer:%(code)s|that}.") % {"code": place.code}
        elif place.name not in NAMES:
            yield _("Nothing of this name can be filled in: %(name)s") % {"name": place.name}
