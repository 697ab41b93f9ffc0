"""The watch: what stands out is proposed once; what has become usual again is said so.

Of things that stand out together one is proposed, the narrowest that explains most; what is left of another,
without the rows that those before it explain, has to be unusual by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.common.events import record
from config.common.mail import tell_staff
from config.common.models import User
from feedback.crises import rules, words
from feedback.crises.counting import catch_up
from feedback.crises.finding import Key, Look, Spot, is_calm, look, terms_of, weeks_counted
from feedback.crises.membership import conditions_of, matching, reviews_of, rows_of
from feedback.models import (
    Case,
    Crisis,
    CrisisCase,
    CrisisCounting,
    CrisisOf,
    CrisisSeverity,
    CrisisStatus,
    CrisisWatch,
    Post,
    Review,
)
from feedback.models.crisis import LIVE
from feedback.org.alerts import alert

OPENS = "feedback.open_crisis"
BACKEND = "django.contrib.auth.backends.ModelBackend"
PROPOSED = _("It looks like a crisis: %(crisis)s, %(seen)s instead of %(expected)s")
CALM = _("No more come than usual: give the all-clear? %(crisis)s")
SAMPLES = 8
MOST_ROWS = 20_000
CALM_FOR = timedelta(hours=24)
"""So long no more than usual have come before the all-clear is proposed."""
CALM_HOURS = 6
"""The window by which it is judged whether things are as usual, of a crisis that no watch found."""
ROUNDS = 300
MANY = 3
ALSO = 10


def watch(*, at: datetime) -> list[Crisis]:
    """Count what is new, look with every watch in force, and propose what stands out. Gives the proposals."""
    for _round in range(ROUNDS):
        if not catch_up(at=at):
            break
    proposed: list[Crisis] = []
    explained = _Explained()
    for one in CrisisWatch.objects.filter(is_active=True):
        seen = look(one, at=at)
        _settle_dismissed(one, seen, at=at)
        proposed += _propose_all(one, seen, explained, at=at)
    CrisisCounting.objects.filter(pk=1).update(looked_at=at)
    return proposed


@dataclass(slots=True)
class _Explained:
    """The rows that a crisis explains already, of cases and of reviews."""

    rows: dict[str, set[int]] = field(default_factory=lambda: {str(one): set() for one in CrisisOf})
    since: datetime | None = None

    def begin(self, since: datetime) -> None:
        """Take in what is proposed, or goes on, from a time on."""
        if self.since is not None and self.since <= since:
            return
        self.since = since
        inside = CrisisCase.objects.filter(is_live=True, case__opened_at__gte=since)
        self.rows[CrisisOf.CASE] |= set(inside.values_list("case", flat=True))
        for crisis in Crisis.objects.filter(status__in=[CrisisStatus.PROPOSED, *LIVE]):
            cases = matching(crisis).filter(opened_at__gte=since)
            self.rows[CrisisOf.CASE] |= set(cases.values_list("pk", flat=True)[:MOST_ROWS])
            if crisis.of in {CrisisOf.REVIEW, CrisisOf.POST}:
                self.rows[crisis.of] |= set(_rows(crisis.of, crisis.by, crisis.value, since))


def _rows(of: str, by: str, value: str, since: datetime, until: datetime | None = None) -> list[int]:
    """The rows of a thing in a time, the oldest first."""
    moment = "opened_at" if of == CrisisOf.CASE else "written_at"
    found = rows_of(of, by, value).filter(**{f"{moment}__gte": since})
    if until is not None:
        found = found.filter(**{f"{moment}__lte": until})
    return list(found.order_by(moment, "pk").values_list("pk", flat=True)[:MOST_ROWS])


def _propose_all(one: CrisisWatch, seen: Look, explained: _Explained, *, at: datetime) -> list[Crisis]:
    if not seen.spots:
        return []
    explained.begin(seen.since)
    terms = terms_of(one, weeks_counted(seen.since))
    known = explained.rows[one.of]
    blocked = _blocked(one.of, seen.spots)
    made: list[Crisis] = []
    for spot in seen.spots:
        rows = _rows(one.of, spot.by, spot.value, seen.since, seen.until)
        rest = [pk for pk in rows if pk not in known]
        if spot.key in blocked:
            known |= set(rows)
            continue
        if not rules.still_unusual(len(rest), spot.usual, terms):
            continue
        also = [other for other in seen.spots if other.key != spot.key]
        crisis = propose(one, spot, seen, rows=rows, also=also, at=at)
        known |= set(rows)  # or another watch was faster
        if crisis is not None:
            made.append(crisis)
    return made


def _blocked(of: str, spots: Iterable[Spot]) -> set[Key]:
    """What is proposed or goes on already, and what was said to be none and has not grown anew since."""
    seen = {spot.key: spot.seen for spot in spots}
    rows = Crisis.objects.filter(of=of, by__in={by for by, _value in seen})
    blocked: set[Key] = set()
    unended = Q(status__in=[CrisisStatus.PROPOSED, *LIVE])
    for crisis in rows.filter(unended | Q(status=CrisisStatus.DISMISSED, calm_since=None)):
        key = (crisis.by, crisis.value)
        is_dismissed = crisis.status == CrisisStatus.DISMISSED
        if key in seen and not (is_dismissed and seen[key] >= rules.GROWN * crisis.seen):
            blocked.add(key)
    return blocked


def _settle_dismissed(one: CrisisWatch, seen: Look, *, at: datetime) -> None:
    """What was said to be none and no longer stands out may come again, once it rises anew."""
    standing = {spot.key for spot in seen.spots}
    for crisis in Crisis.objects.filter(status=CrisisStatus.DISMISSED, watch=one, calm_since=None):
        long_ago = crisis.ended_at is not None and at - crisis.ended_at >= timedelta(hours=one.window_hours)
        if (crisis.by, crisis.value) not in standing and long_ago:
            Crisis.objects.filter(pk=crisis.pk).update(calm_since=at)


def propose(
    one: CrisisWatch, spot: Spot, seen: Look, *, rows: list[int], also: list[Spot], at: datetime
) -> Crisis | None:
    """Propose a crisis once, and tell those who may open it; None where it is proposed already."""
    with translation.override(settings.LANGUAGE_CODE):
        name = words.title_of(spot.key)
    moment, first = _first(one.of, rows)
    try:
        with transaction.atomic():
            crisis = Crisis.objects.create(
                name=name,
                severity=_severity(one, spot),
                watch=one,
                of=one.of,
                by=spot.by,
                value=spot.value,
                seen=spot.seen,
                since=moment or seen.since,
                began_at=moment or seen.since,
                proposed_at=at,
                evidence={
                    "window_hours": one.window_hours,
                    "since": seen.since.isoformat(),
                    "until": seen.until.isoformat(),
                    "seen": spot.seen,
                    "expected": spot.expected,
                    "chance": spot.chance,
                    "tested": seen.tested,
                    "usual": list(spot.usual),
                    "samples": rows[:: max(1, len(rows) // SAMPLES)][:SAMPLES],
                    "also": [[o.by, o.value, o.seen, o.expected] for o in also[:ALSO]],
                },
                **conditions_of(spot.by, spot.value),
            )
            record(
                "crisis.proposed", crisis, actor=None, at=at, of=one.of, by=spot.by, value=spot.value,
                seen=spot.seen, expected=spot.expected,
            )  # fmt: skip
            _tell(crisis, PROPOSED, "proposed", first, at=at, seen=spot.seen, expected=f"{spot.expected:.1f}")
    except IntegrityError:
        return None
    return crisis


def _severity(one: CrisisWatch, spot: Spot) -> int:
    """As the watch says; a step worse where it is many times as much as it takes."""
    grave = spot.seen >= MANY * MANY * one.least and spot.ratio >= MANY * float(one.ratio)
    return min(one.severity + grave, max(CrisisSeverity.values))


def _first(of: str, rows: list[int]) -> tuple[datetime | None, Case | None]:
    """When the first of the rows came, and a case to show: the review's own, if there is one."""
    if of == CrisisOf.CASE:
        case = Case.objects.filter(pk__in=rows[:1]).first()
        return (case.opened_at if case else None), case
    model: type[Post | Review] = Post if of == CrisisOf.POST else Review
    written = model._default_manager.filter(pk__in=rows[:1]).values_list("written_at", flat=True).first()
    keys = [f"{of}:{pk}" for pk in rows[:SAMPLES]]
    return written, Case.objects.filter(key__in=keys).first()


def _tell(
    crisis: Crisis, title: Promise, what: str, case: Case | None, *, at: datetime, **names: object
) -> None:
    """Tell those who may open crises: on their desks by a case of it, and by letter."""
    told = list(User.objects.with_perm(OPENS, backend=BACKEND).filter(is_active=True).order_by("pk"))
    known = {"crisis": crisis.name, **names}
    key = f"crisis:{crisis.pk}:{what}"
    if case is not None:
        alert(users=told, case=case, kind=f"crisis.{what}", key=key, title=title, data=known, at=at)
    with translation.override(settings.LANGUAGE_CODE):
        text = str(title) % known
    for user in told:
        if user.email:
            tell_staff(user=user, key=f"{key}:{user.pk}", subject=text[:200], body=text, at=at)


def settle(*, at: datetime) -> list[Crisis]:
    """See which crises have become calm; propose the all-clear of those that have been for long enough."""
    calmed: list[Crisis] = []
    for pk in Crisis.objects.filter(status__in=LIVE).order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            crisis = (
                Crisis.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
                .select_related("watch")
                .filter(pk=pk, status__in=LIVE)
                .first()
            )
            if crisis is not None and _settle(crisis, at):
                calmed.append(crisis)
    return calmed


def _settle(crisis: Crisis, at: datetime) -> bool:
    """Note since when it is calm; whether the all-clear is proposed now."""
    if not _calm(crisis, at):
        crisis.calm_since = crisis.calm_told_at = None
        crisis.save(update_fields=["calm_since", "calm_told_at"])
        return False
    crisis.calm_since = crisis.calm_since or at
    is_due = at - crisis.calm_since >= CALM_FOR and crisis.calm_told_at is None
    if is_due:
        crisis.calm_told_at = at
        record("crisis.calm", crisis, actor=None, at=at)
        case = Case.objects.filter(crises__crisis=crisis, crises__left_at=None).order_by("-pk").first()
        _tell(crisis, CALM, f"calm:{at:%Y%m%d}", case, at=at)
    crisis.save(update_fields=["calm_since", "calm_told_at"])
    return is_due


def _calm(crisis: Crisis, at: datetime) -> bool:
    """Whether no more come than usual; of a crisis that nobody counts, whether none joined lately."""
    if not crisis.of:
        lately = at - CALM_HOURS * timedelta(hours=1)
        return not CrisisCase.objects.filter(crisis=crisis, left_at=None, joined_at__gte=lately).exists()
    hours = crisis.watch.window_hours if crisis.watch else CALM_HOURS
    weeks = min(8, weeks_counted(at - timedelta(hours=hours)))
    if weeks < rules.LEAST_WEEKS:
        return False
    terms = rules.Terms(hours, weeks, 1, 1.0, 1.0)
    return is_calm(crisis.of, crisis.by, crisis.value, terms, at=at)


def written_samples(crisis: Crisis) -> list[Review] | list[Post]:
    """The reviews or posts shown as evidence of a proposal that they led to."""
    if crisis.of == CrisisOf.POST:
        return list(Post.objects.filter(pk__in=crisis.evidence.get("samples", [])).order_by("written_at"))
    if crisis.of != CrisisOf.REVIEW:
        return []
    shown = Review.objects.filter(reviews_of(crisis.by, crisis.value))
    return list(shown.filter(pk__in=crisis.evidence.get("samples", [])).distinct().order_by("written_at"))
