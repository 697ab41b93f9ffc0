"""Responses as a table, a row each, with a codebook that says what each column holds.

Of anonymous waves a row has stratum, channel and week only where enough rows have the same: rows with the
same of all three are at least the smallest cell, whatever is blanked (k-anonymity). Numbers are kept to three
figures and days to their month, as the sums are; rows come in the order of drawn numbers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.sheets import MOST_ROWS, Row
from surveys.models import Answer, Question, QuestionKind, Response, Survey
from surveys.questionnaires.rules import ends
from surveys.results.answers import Source, told_up_to
from surveys.results.dimensions import CHANNELS
from surveys.results.questions import FILES, Asked
from surveys.results.rows import responses

AT_ONCE = 1_000
Traits = tuple[date | None, int | None, str | None]
"""Week, stratum and channel of an anonymous row; None: blanked."""
FIGURES = 3
SCALED = (QuestionKind.MATRIX,)
NAMED_HEAD: tuple[str | Promise, ...] = (
    _("response"), _("wave"), _("version"), _("answered at"), _("week"), _("stratum"), _("asked by"),
    _("tier"), _("segments"), _("agent"), _("department"), _("product"), _("case"), _("member"),
    _("follow-up case"),
)  # fmt: skip
ANONYMOUS_HEAD: tuple[str | Promise, ...] = (
    _("wave"), _("version"), _("week"), _("stratum"), _("asked by"),
)  # fmt: skip
CODEBOOK_HEAD: tuple[str | Promise, ...] = (
    _("column"), _("question"), _("version"), _("kind"), _("lowest"), _("highest"), _("text"),
    _("text in English"), _("choice"), _("choice in words"), _("choice in English"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """The responses as a table."""

    head: Sequence[Any]
    number: int
    parts: int
    """Files that hold all of it."""
    rows: Iterable[Row]


def sheet(source: Source, part: int = 0, *, is_whole: bool = False) -> Sheet:
    """One part of the responses that may be told of, each part as long as a file may be; or all of them."""
    columns = [column for asked in source.questions for column in columns_of(asked)]
    found = _responses(source)
    number = found.order_by().count()
    size = max(number, 1) if is_whole else MOST_ROWS
    parts = max(1, -(-number // size))
    begin = min(max(part, 0), parts - 1) * size
    of_part = min(size, number - begin)
    head = ANONYMOUS_HEAD if source.campaign.is_anonymous else NAMED_HEAD
    return Sheet(
        [*head, *columns], of_part, parts, _rows(source, found, columns, range(begin, begin + of_part))
    )


def columns_of(asked: Asked) -> list[str]:
    """The columns of a question, by its code."""
    if asked.kind == QuestionKind.MATRIX:
        return [f"{asked.name}.{row}" for row in asked.labels]
    if asked.kind == QuestionKind.KANO:
        return [f"{asked.name}.so", f"{asked.name}.not"]
    if asked.kind in {QuestionKind.SINGLE, QuestionKind.MULTIPLE}:
        return [asked.name, f"{asked.name}.text"]
    return [asked.name]


def codebook(survey: Survey, questions: Sequence[Asked]) -> list[Row]:
    """What each column holds: a line a question and version, and one a choice."""
    named = {pk: asked for asked in questions for pk in asked.versions}
    rows: list[Row] = [[str(one) for one in CODEBOOK_HEAD]]
    found = (
        Question.objects.filter(pk__in=named, version__survey=survey)
        .select_related("version")
        .prefetch_related("choices")
        .order_by("version__number", "position", "pk")
    )
    for question in found:
        asked = named[question.pk]
        low, high = ends(question) if asked.is_scored or asked.kind in SCALED else (None, None)
        about = [question.code, question.version.number, str(question.get_kind_display()), low, high]
        rows.append([" ".join(columns_of(asked)), *about, question.text, question.text_en, "", "", ""])
        rows += [
            [" ".join(columns_of(asked)), *about, "", "", choice.code, choice.text, choice.text_en]
            for choice in question.choices.all()
        ]
    return rows


def _responses(source: Source) -> QuerySet[Response]:
    found = responses(source.cut)
    if not source.campaign.is_anonymous:
        return found.order_by("pk")
    last = told_up_to(source)
    if last is None or source.cut.narrow:
        return found.none()
    return found.filter(week__lte=last).order_by("pk")


def _rows(source: Source, found: QuerySet[Response], columns: Sequence[str], part: range) -> Iterator[Row]:
    related = ["wave", "version", "stratum"]
    shown: Mapping[Traits, Traits] = {}
    if source.campaign.is_anonymous:
        shown = blanked(_traits(found), source.smallest)
    else:
        related += ["tier", "agent__user", "department", "product", "follow_up"]
        related += ["invitation__case", "invitation__member"]
    names = {pk: asked for asked in source.questions for pk in asked.versions}
    rows = found.select_related(*related).prefetch_related("answers")
    begin = part.start
    last = found.values_list("pk", flat=True)[begin - 1 : begin].first() if begin else None
    if last is not None:
        rows = rows.filter(Q(pk__gt=last))
    for response in islice(rows.iterator(AT_ONCE), len(part)):
        said: dict[str, object] = {}
        for answer in response.answers.all():
            if answer.question_id in names:
                said.update(_cells(names[answer.question_id], answer, exact=not response.is_anonymous))
        about = _of_nobody(response, shown) if response.is_anonymous else _of_member(response)
        yield [*about, *(said.get(column) for column in columns)]


def _of_member(response: Response) -> list[object]:
    asked = response.invitation
    return [
        response.pk, response.wave.label, response.version.number, response.at, response.week,
        _text(response.stratum), str(CHANNELS.get(response.channel, response.channel)), _text(response.tier),
        " ".join(response.segments), _text(response.agent), _text(response.department),
        _text(response.product), asked.case.number if asked and asked.case else "",
        asked.member.external_id if asked and asked.member else "",
        response.follow_up.number if response.follow_up else "",
    ]  # fmt: skip


def _of_nobody(response: Response, shown: Mapping[Traits, Traits]) -> list[object]:
    week, stratum, channel = shown[response.week, response.stratum_id, response.channel]
    return [
        response.wave.label,
        response.version.number,
        week,
        _text(response.stratum) if stratum is not None else "",
        str(CHANNELS.get(channel, channel)) if channel is not None else "",
    ]


def _text(row: object) -> str:
    return "" if row is None else str(row)


def _cells(asked: Asked, answer: Answer, *, exact: bool) -> dict[str, object]:
    """The columns that an answer fills."""
    name = asked.name
    if answer.row:
        return {f"{name}.{answer.row}": answer.score}
    if answer.second is not None:
        return {f"{name}.so": answer.score, f"{name}.not": answer.second}
    if answer.picked is not None and asked.kind not in FILES:
        mark = " > " if asked.kind == QuestionKind.RANKING else " "
        told: dict[str, object] = {name: mark.join(answer.picked)}
        return {**told, f"{name}.text": answer.text} if answer.text else told
    return {name: _value(answer, exact=exact)}


def _value(answer: Answer, *, exact: bool) -> object:
    if answer.picked is not None:
        return len(answer.picked)
    if answer.number is not None:
        return float(answer.number if exact else to_figures(answer.number))
    if answer.day is not None:
        return f"{answer.day}" if exact else f"{answer.day:%Y-%m}"
    return answer.score if answer.score is not None else answer.text


def to_figures(number: Decimal) -> Decimal:
    """A number to three figures, as the sums keep it."""
    return number if not number else round(number, FIGURES - 1 - number.adjusted())


def _traits(found: QuerySet[Response]) -> dict[Traits, int]:
    rows = found.order_by().values_list("week", "stratum", "channel").annotate(n=Count("*"))
    return {(week, stratum, channel): n for week, stratum, channel, n in rows}


def blanked(traits: Mapping[Traits, int], smallest: int) -> dict[Traits, Traits]:
    """What of its traits each kind of row may keep, so that no kind has fewer rows than the smallest cell.

    Of rare kinds the week is blanked, of those still rare the channel, then the stratum; if the last are
    rare too, the smallest other kinds are blanked with them.
    """
    kept = {one: one for one in traits}
    for blank in (_no_week, _no_channel, _nothing):
        sizes = _sizes(kept, traits)
        kept = {one: blank(shown) if sizes[shown] < smallest else shown for one, shown in kept.items()}
    nothing = (None, None, None)
    while 0 < (sizes := _sizes(kept, traits)).get(nothing, 0) < smallest and len(sizes) > 1:
        rarest = min((one for one in sizes if one != nothing), key=lambda one: (sizes[one], str(one)))
        kept = {one: nothing if shown == rarest else shown for one, shown in kept.items()}
    return kept


def _sizes(kept: Mapping[Traits, Traits], traits: Mapping[Traits, int]) -> dict[Traits, int]:
    sizes: dict[Traits, int] = {}
    for one, shown in kept.items():
        sizes[shown] = sizes.get(shown, 0) + traits[one]
    return sizes


def _no_week(traits: Traits) -> Traits:
    return None, traits[1], traits[2]


def _no_channel(traits: Traits) -> Traits:
    return None, traits[1], None


def _nothing(_traits: Traits) -> Traits:
    return None, None, None
