"""What the SOP in force means for a case: which policy decides, by when, and what happens if not."""

from dataclasses import dataclass, field
from datetime import datetime

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy

from compensation.models import OrderStatus, Tier
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page
from feedback.clocks.rules import Terms
from feedback.models import CaseKind, Channel, Department, Milestone, Priority
from feedback.sops import queries, words
from feedback.sops.calendar import WorkCalendar
from feedback.sops.ladder import Rung
from feedback.sops.rules import Choice, Facts

MAY = "feedback.view_policy"


class FactsForm(forms.Form):
    """The case that is asked about."""

    kind = forms.ChoiceField(label=gettext_lazy("kind"), choices=CaseKind.choices)
    channel = forms.ChoiceField(label=gettext_lazy("channel"), choices=Channel.choices)
    priority = forms.TypedChoiceField(label=gettext_lazy("priority"), choices=Priority.choices, coerce=int)
    tier = forms.ModelChoiceField(
        Tier.objects.all(), label=gettext_lazy("tier"), to_field_name="code", empty_label=None
    )
    department = forms.ModelChoiceField(
        Department.objects.select_related("calendar"), label=gettext_lazy("department"), empty_label=None
    )
    category = forms.CharField(label=gettext_lazy("product category"), max_length=80, required=False)
    language = forms.ChoiceField(label=gettext_lazy("language"), choices=settings.LANGUAGES, required=False)
    order_status = forms.ChoiceField(
        label=gettext_lazy("state of the order"),
        choices=[("", gettext_lazy("no order")), *OrderStatus.choices],
        required=False,
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is in force for one milestone; `rungs` with the moment at which each would fire."""

    milestone: str
    choice: Choice
    due_at: datetime | None = None
    rungs: tuple[tuple[Rung, datetime], ...] = ()

    names: words.Names = field(default_factory=dict)

    @property
    def policy(self) -> str:
        """The name of the policy that decides."""
        return words.name(self.choice.rule) if self.choice.rule else ""

    @property
    def because(self) -> str:
        """Why it decides."""
        return words.reason(self.choice.verdicts[-1], self.names)

    @property
    def passed_over(self) -> list[tuple[str, str]]:
        """The policies that came first, each with why it did not fit."""
        return [
            (words.name(verdict.rule), words.reason(verdict, self.names))
            for verdict in self.choice.passed_over
        ]


def sop_preview(request: StaffRequest) -> HttpResponse:
    """Show what would be in force for a case that came now."""
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    first = Department.objects.order_by("-takes_new", "pk").first()
    asked = {
        "kind": CaseKind.COMPLAINT,
        "channel": Channel.PORTAL,
        "priority": Priority.NORMAL,
        "tier": Tier.objects.values_list("code", flat=True).first(),
        "department": first.pk if first else None,
        **request.GET.dict(),
    }
    form = FactsForm(asked)
    at = timezone.now()
    answers = _answers(form, at) if form.is_valid() else []
    context = {"form": form, "answers": answers}
    return page(request, "feedback/admin/sop_preview.html", context, at=at, status=200 if answers else 400)


def _answers(form: FactsForm, at: datetime) -> list[Answer]:
    data = form.cleaned_data
    facts = Facts(
        kind=data["kind"],
        channel=data["channel"],
        priority=data["priority"],
        tier=data["tier"].code,
        category=data["category"],
        department=data["department"].code,
        language=data["language"],
        order_status=data["order_status"],
    )
    book, names = queries.book(), queries.names()
    found = []
    for milestone, choice in queries.explain(facts).items():
        label = str(Milestone(milestone).label)
        target = choice.target
        if target is None:
            found.append(Answer(label, choice, names=names))
            continue
        calendar = book.calendars.get(target.calendar or data["department"].calendar_id)
        hours = queries.calendar(calendar) if calendar else _unpublished(data["department"])
        rungs = queries.rungs(book.ladders[target.ladder], target.within) if target.ladder else ()
        terms = Terms(hours, target.within, rungs)
        due_at = terms.due_at(at)
        fired = zip(rungs, terms.fire_times(at, due_at), strict=True)
        found.append(Answer(label, choice, due_at, tuple(fired), names))
    return found


def _unpublished(department: Department) -> WorkCalendar:
    """Read the calendar that starting a clock would publish."""
    return WorkCalendar.from_json(department.calendar.content)


SOP_PAGES = [Page("sop/", sop_preview, "sop")]
SOP_MENU = [MenuItem(gettext_lazy("SOP"), "sop", "rule", (MAY,), group="rules")]
