"""Triage for people: how well its models read, what they leave open, and one click to set it right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from celery import current_app
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.common.asked import id_in
from config.common.errors import DomainError, Invalid
from config.common.models import User
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page, tell
from feedback.admin.access import needs
from feedback.admin.panels import Panel
from feedback.models import Case, Feeling, GapCause, GapKind, LexiconEntry, Triage, TriageModel, VoiceAspect
from feedback.triage import commands, queries, training

VIEW = "feedback.view_triagemodel"
CORRECT = "feedback.correct_triage"
TRAIN = "feedback.train_triage"
SEES = ("feedback.view_review", "feedback.view_post", "feedback.work_case", "feedback.view_case")
VERSIONS = 20
AT_ONCE = 20
BAR = 1_000
"""The width of a bar of the confusion table's chart, in its own units."""


@dataclass(frozen=True, slots=True)
class Chip:
    """Something that may be said of a text with one click."""

    name: str
    value: str
    label: str | Promise
    is_on: bool
    key: str = ""
    """The key that says the same in the list of what is left to people."""


@dataclass(frozen=True, slots=True)
class Card:
    """A reading as it is shown, with what may be said instead."""

    row: Triage
    may_correct: bool
    place: str
    said: str = ""
    """What was said, where the page does not show it anyway."""

    @property
    def feelings(self) -> list[Chip]:
        """How it is meant."""
        return [
            Chip("feeling", value, label, self.row.feeling == value, str(number))
            for number, (value, label) in enumerate(Feeling.choices, start=1)
        ]

    @property
    def aspects(self) -> list[Chip]:
        """What it speaks of."""
        return [
            Chip("aspect", value, label, value in self.row.aspects, "qwertyui"[number])
            for number, (value, label) in enumerate(VoiceAspect.choices)
        ]

    @property
    def kinds(self) -> list[Chip]:
        """Which expectation was let down."""
        return [Chip("gap_kind", v, label, self.row.gap_kind == v) for v, label in GapKind.choices]

    @property
    def causes(self) -> list[Chip]:
        """Why."""
        return [Chip("cause", v, label, self.row.cause == v) for v, label in GapCause.choices]

    @property
    def words(self) -> list[tuple[str, float, str]]:
        """The words that decided, with their weight and the way they pull."""
        return [(word, weight, "good" if weight > 0 else "bad") for word, weight in self.row.words]

    @property
    def stars(self) -> str:
        """Those of a review."""
        return "★" * (self.row.review.stars or 0) if self.row.review else ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: where it begins and how long it is, in whole units, and what it says."""

    x: int
    width: int
    label: str | Promise
    number: int
    kind: str


@dataclass(frozen=True, slots=True)
class Bar:
    """What a model said of texts that are good, or bad."""

    label: str | Promise
    total: int
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Version:
    """A model with what the page shows of it."""

    model: TriageModel
    scores: Mapping[str, Any]

    @property
    def before(self) -> Mapping[str, Any]:
        """How what read before did on the same texts."""
        found: Mapping[str, Any] = self.scores.get("before", {})
        return found

    @property
    def bars(self) -> list[Bar]:
        """The confusion table as bars."""
        return [_bar(truth, self.scores["confusion"][truth]) for truth in ("positive", "negative")]

    @property
    def questions(self) -> list[tuple[str, Mapping[str, Any]]]:
        """How what people taught beside feeling was met."""
        return [(_question(name), score) for name, score in self.scores.get("questions", {}).items()]


@require_GET
@needs(VIEW)
def models(request: StaffRequest) -> HttpResponse:
    """The versions with their scores, one of them in full."""
    rows = TriageModel.objects.defer("weights").select_related("trained_by")
    versions = [Version(one, one.scores) for one in rows.order_by("-number")[:VERSIONS]]
    asked = id_in(request.GET.get("version"))
    chosen = next((one for one in versions if one.model.number == asked), None) or next(
        (one for one in versions if one.model.in_service), versions[0] if versions else None
    )
    context = {
        "versions": versions,
        "chosen": chosen,
        "serving": next((one for one in versions if one.model.in_service), None),
        "may_train": request.user.has_perm(TRAIN),
        "may_decide": request.user.has_perm(CORRECT),
        "may_edit": request.user.has_perm("feedback.view_lexiconentry"),
        "words": LexiconEntry.objects.filter(is_active=True).count(),
        "unsure": queries.unsure(request.user)[: AT_ONCE * 5].count(),
        "most_unsure": AT_ONCE * 5,
        "bar": BAR,
    }
    return page(request, "feedback/triage/models.html", context)


@require_POST
@needs(TRAIN)
def train(request: StaffRequest) -> HttpResponse:
    """Let a worker train a model now."""
    wake = partial(current_app.send_task, "feedback.train_triage", kwargs={"by": request.user.pk})
    transaction.on_commit(wake, robust=True)
    messages.success(request, _("A model is being trained. It is listed here when it is done."))
    return redirect("admin:triage")


@require_POST
@needs(TRAIN)
def serve(request: StaffRequest) -> HttpResponse:
    """Put a version in service; without one the lexicon reads alone."""
    try:
        model = training.serve(
            model_id=id_in(request.POST.get("model")), actor=request.user, at=timezone.now()
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Version %(number)s reads from now on.") % {"number": model.number}
            if model
            else _("The lexicon reads alone from now on."),
        )
    return redirect("admin:triage")


@require_GET
@needs(CORRECT)
def unsure(request: StaffRequest) -> HttpResponse:
    """What nobody is sure of, to be decided one after another by keyboard."""
    rows = list(queries.shown(queries.unsure(request.user))[:AT_ONCE])
    said = queries.said(rows)
    cards = [Card(row, may_correct=True, place="unsure", said=said.get(row.pk, "")) for row in rows]
    return page(request, "feedback/triage/unsure.html", {"cards": cards})


@needs(*SEES)
def triage_card(request: StaffRequest, triage_id: int) -> HttpResponse:
    """One reading; a POST says something of it."""
    row = get_object_or_404(queries.shown(queries.visible(request.user)), pk=triage_id)
    may = request.user.has_perm(CORRECT)
    place = request.POST.get("place") or request.GET.get("place") or "review"
    if place not in PLACES:
        raise Http404
    said, failed = "", ""
    if request.method == "POST":
        if not may:
            raise PermissionDenied
        try:
            _say(request, row.pk)
            said = _("Kept. The next model learns from it.")
        except DomainError as error:
            failed = str(error)
        row = queries.shown(Triage.objects.all()).get(pk=row.pk)
        if not request.htmx:
            (messages.error if failed else messages.success)(request, failed or said)
            return redirect(_back(row, place))
    context = {"card": Card(row, may, place), "failed": failed}
    response = page(request, "feedback/triage/card.html", context, status=422 if failed else 200)
    return tell(response, toast=said) if said else response


PLACES = ("case", "review", "unsure")


def _say(request: StaffRequest, triage_id: int) -> None:
    """Do what a chip says."""
    at, post = timezone.now(), request.POST
    if "confirm" in post:
        commands.confirm(triage_id=triage_id, actor=request.user, at=at)
    elif "aspect" in post:
        commands.turn(triage_id=triage_id, aspect=post["aspect"], actor=request.user, at=at)
    else:
        said = {name: post[name] for name in ("feeling", "gap_kind", "cause") if name in post}
        if not said:
            raise Invalid(_("Choose something."))
        commands.correct(triage_id=triage_id, actor=request.user, at=at, **said)


def _back(row: Triage, place: str) -> str:
    if place == "unsure":
        return reverse("admin:triage-unsure")
    if row.case_id:
        return reverse("admin:case", args=[row.case_id])
    if row.post_id:
        return reverse("admin:post", args=[row.post_id])
    return reverse("admin:feedback_review_change", args=[row.review_id])


def beside(request: StaffRequest, case: Case, _at: Any) -> Panel | None:
    """The reading beside a case."""
    row = queries.shown(Triage.objects.filter(case=case)).first()
    if row is None:
        return None
    card = Card(row, request.user.has_perm(CORRECT), "case")
    return Panel(gettext_lazy("What it is about"), "feedback/panels/triage.html", {"card": card})


def left(user: User) -> Any:
    """What is left to people, for the menu."""
    return queries.unsure(user)


def _bar(truth: str, row: Mapping[str, int]) -> Bar:
    total, x, parts = sum(row.values()), 0, []
    for said, label in (
        (truth, gettext_lazy("right")),
        ("unsure", gettext_lazy("left to people")),
        ("negative" if truth == "positive" else "positive", gettext_lazy("wrong")),
    ):
        width = round(BAR * row[said] / total) if total else 0
        kind = {truth: "right", "unsure": "open"}.get(said, "wrong")
        parts.append(Part(x, width, label, row[said], kind))
        x += width
    return Bar(Feeling(truth).label, total, parts)


def _question(name: str) -> str:
    family, _colon, value = name.partition(":")
    choices: Mapping[str, Any] = {"aspect": VoiceAspect, "kind": GapKind, "cause": GapCause}
    return str(choices[family](value).label) if family in choices else name


TRIAGE_PAGES = [
    Page("triage/", models, "triage"),
    Page("triage/train/", train, "triage-train"),
    Page("triage/serve/", serve, "triage-serve"),
    Page("triage/unsure/", unsure, "triage-unsure"),
    Page("triage/<int:triage_id>/", triage_card, "triage-card"),
]
TRIAGE_MENU = [
    MenuItem(gettext_lazy("To decide"), "triage-unsure", "rule", (CORRECT,), left, group="work"),
    MenuItem(gettext_lazy("Triage"), "triage", "category", (VIEW,), group="customers"),
]
