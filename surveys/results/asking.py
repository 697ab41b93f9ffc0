"""What is asked of results, by a page or a program: which campaign, waves, and answers of whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.functional import Promise

from config.common.asked import id_in, in_years
from config.common.errors import NotFound, NotPermitted
from config.common.models import User
from surveys.campaigns.queries import sees_all, visible_responses
from surveys.models import Campaign, Dimension, Response, Wave
from surveys.results import answers, sums
from surveys.results.answers import Source
from surveys.results.counted import Cut, options
from surveys.results.dimensions import labels, offered
from surveys.results.keywords import Words, month_after, words
from surveys.results.questions import Asked, asked
from surveys.results.rates import Rate, rates, with_spent
from surveys.results.reach import Narrow, cut_for, may_see, narrow_for

ALL = "all"
OFFERED = 200
"""Values of a dimension that the form offers, those with the most answers."""
SEARCHED = 20_000
"""Values among which somebody can search, those with the most answers."""
FIND = "find-"
"""Before the name of a dimension: what is searched for among its values."""
LONGEST = 60
CODES = (Dimension.CHANNEL, Dimension.SEGMENT)
"""What has codes for values; the others have numbers of rows."""
Choices = list[tuple[str, str]]
Query = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One thing to narrow by: its name in the address, in words, its values, and the chosen one."""

    name: str
    label: str | Promise
    choices: Choices
    chosen: str
    number: int
    """How many values there are."""
    find: str
    """What was searched for among them."""

    @property
    def is_long(self) -> bool:
        """Whether there are more values than the form offers."""
        return self.number > OFFERED


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody looks at."""

    campaign: Campaign
    every_wave: Sequence[Wave]
    wave: str
    """The chosen wave's number, or ALL."""
    source: Source
    chosen: Mapping[str, str]
    values: Mapping[str, Mapping[str, int]]
    waiting: int
    """Answers that are still to be counted."""
    found: Mapping[str, str]
    """By dimension with many values what was searched for among them."""
    is_partial: bool
    """Whether only answers about their own cases, or those of their departments, are told to them."""

    @property
    def questions(self) -> Sequence[Asked]:
        """The questions that are told of."""
        return self.source.questions

    @property
    def query(self) -> str:
        """What is looked at, for addresses of other pages of it."""
        return urlencode({"wave": self.wave, **self.chosen})

    def fields(self) -> list[Field]:
        """What the form offers to narrow by. One query for each dimension with values."""
        found = []
        for name, label in offered(self.campaign).items():
            named = self._named(name)
            if named:
                choices = sorted(
                    ((_key(value), text) for value, text in named.items()), key=lambda one: one[1]
                )
                number = len(self.values.get(name, {}))
                find = self.found.get(name, "")
                found.append(Field(name, label, choices, self.chosen.get(name, ""), number, find))
        return found

    def _named(self, name: str) -> dict[str, str]:
        """The values of a dimension that the form offers, in words: the largest, or those searched for."""
        sizes = self.values.get(name, {})
        kept = sorted(sizes, key=lambda value: (-sizes[value], value))
        find, named = self.found.get(name, "").casefold(), {}
        if find:
            hits = labels(name, kept[:SEARCHED])
            named = {value: hits[value] for value in kept[:SEARCHED] if find in hits[value].casefold()}
            kept = list(named)
        kept = kept[:OFFERED]
        if name in self.chosen and (chosen := self.chosen[name].removeprefix("-")) not in kept:
            kept.append(chosen)
        missing = [value for value in kept if value not in named]
        named |= labels(name, missing) if missing else {}
        return {value: named[value] for value in kept}


def _key(value: str) -> str:
    """A value as addresses have it: an empty one is said in a word."""
    return value or "-"


def told_responses(user: User, at: datetime) -> QuerySet[Response]:
    """The responses that a person may read: of anonymous waves, those of the weeks that are told of."""
    told = Q(is_anonymous=False)
    if sees_all(user):  # nobody else sees anonymous ones
        anonymous = Campaign.objects.filter(is_anonymous=True)
        for wave, week in answers.told_weeks(anonymous, at).items():
            told |= Q(wave=wave, week__lte=week, is_anonymous=True)
    return visible_responses(user).filter(told)


def visible_campaigns(user: User) -> QuerySet[Campaign]:
    """The campaigns of whose answers a person may see any."""
    narrow = narrow_for(user)
    if narrow is None:
        return Campaign.objects.none()
    found = Campaign.objects.select_related("survey")
    return found.filter(is_anonymous=False) if narrow else found


def look(
    user: User, query: Query, at: datetime, *, whole: bool = False, pk: int | None = None, code: str = ""
) -> Look:
    """What is asked for of a campaign, named by number or code, as far as a person may see it.

    With `whole`, of all waves unless one is named.

    Raises:
        NotPermitted: they may see nothing of it.
        NotFound: there is no such campaign.
    """
    mine = narrow_for(user)
    if mine is None:
        raise NotPermitted
    named = {"pk": pk} if pk is not None else {"code": code}
    campaign = Campaign.objects.select_related("survey").filter(**named).first()
    if campaign is None:
        raise NotFound
    if not may_see(user, campaign):
        raise NotPermitted
    return _look(campaign, mine, query, at, whole=whole)


def _look(campaign: Campaign, mine: Narrow, query: Query, at: datetime, *, whole: bool) -> Look:
    waiting = sums.look()
    every = list(campaign.waves.select_related("campaign").order_by("-opens_at", "-pk"))
    wave, waves = _waves(campaign, every, query.get("wave", ALL if whole else ""), whole=whole)
    values = options([one.pk for one in waves])
    chosen = _chosen(campaign, query)
    wanted: Narrow = tuple((name, (value,)) for name, value in chosen.items())
    cut = cut_for(mine, tuple(one.pk for one in waves), wanted)
    found = answers.source(campaign, waves, cut, asked(campaign.survey), at)
    named = {name: _key(value) for name, value in chosen.items()}
    searched = {name: query.get(f"{FIND}{name}", "").strip()[:LONGEST] for name in values}
    return Look(campaign, every, wave, found, named, values, waiting, searched, is_partial=bool(mine))


def _waves(
    campaign: Campaign, every: Sequence[Wave], wanted: str, *, whole: bool
) -> tuple[str, Sequence[Wave]]:
    """The chosen wave; the last one unless another is named. Anonymous ones are told one at a time."""
    if wanted == ALL and (whole or not campaign.is_anonymous):
        return ALL, every
    number = id_in(wanted)
    found = [wave for wave in every if wave.pk == number] or every[:1]
    return (str(found[0].pk), found) if found else ("", [])


def _chosen(campaign: Campaign, query: Query) -> dict[str, str]:
    chosen: dict[str, str] = {}
    for name in offered(campaign):
        value = query.get(name, "").replace("\0", "")[:LONGEST]
        if value and (name in CODES or id_in(value) is not None):
            chosen[name] = "" if value == "-" else value
    if campaign.is_anonymous:  # one at a time: tables of both would share their margins
        return dict(list(chosen.items())[:1])
    return {name: value for name, value in chosen.items() if value or name == Dimension.CHANNEL}


def dimension_in(campaign: Campaign, text: str, default: str = "") -> str:
    """The dimension that a text names."""
    known = offered(campaign)
    return text if text in known else default if default in known else next(iter(known))


def question_in(questions: Sequence[Asked], text: str) -> Asked | None:
    """The question that a text names; the first one unless it names one."""
    return answers.question_of(questions, text) or next(iter(questions), None)


def month_in(text: str, at: datetime) -> date:
    """The first day of the month that a text such as "2026-11" names; of this month unless it names one."""
    try:
        named = parse_date(f"{text[:7]}-01")
    except ValueError:
        named = None
    return named if named is not None and in_years(named) else timezone.localdate(at).replace(day=1)


def rate_of(found: Look) -> Rate | None:
    """Who was asked and answered; of anonymous waves not where few did, or few did not."""
    cut = found.source.cut
    told = sum(rates(cut).values(), Rate())
    if not found.campaign.is_anonymous:
        return told
    if not cut.narrow:
        told = with_spent(told, cut.waves)
    elif not all(_is_enough(found, part) for part in _parts(cut)):
        return None
    return told if _is_enough(found, told) else None


def _parts(cut: Cut) -> list[Rate]:
    """Everybody by what is narrowed to: whoever has the whole and all parts but one has the last too."""
    everybody = replace(cut, narrow=())
    ((dimension, _values),) = cut.narrow
    parts = list(rates(everybody, by=dimension).values())
    rest = sum(rates(everybody).values(), Rate()) - sum(parts, Rate())
    return [part for part in (*parts, rest) if part.delivered]


def _is_enough(found: Look, rate: Rate) -> bool:
    """Whether enough people answered, and enough did not."""
    return min(rate.answered, rate.delivered - rate.answered) >= found.source.smallest


def words_of(found: Look, month: date) -> Words | None:
    """The words of a month; of anonymous campaigns those of the last wave that had begun by then."""
    source = found.source
    if not source.waves:
        return None
    if found.campaign.is_anonymous:
        ends = month_after(month)
        begun = [wave for wave in source.waves if timezone.localdate(wave.opens_at) < ends]
        source = source.of(begun[0] if begun else source.waves[-1])
    return words(source, month)
