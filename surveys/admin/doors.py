"""How others than the invited come to an open campaign: its link, the pop-up, paper forms."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from compensation.models import Member
from config.common.errors import DomainError, Invalid
from config.common.registry import Page
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from surveys.models import Campaign, Door, Occasion
from surveys.questionnaires.piping import filled
from surveys.questionnaires.queries import questions_of
from surveys.responses import doors, paper
from surveys.responses.fields import Field, posted
from surveys.responses.rules import FILED, BadAnswers

ARRANGES, TYPES = "surveys.change_campaign", "surveys.add_response"


class DoorForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Where, when and for whom the pop-up comes."""

    sites = forms.CharField(
        label=_("the shop's sites"),
        required=False,
        help_text=_("Where it may pop up, one a line, such as https://shop.example.com. None: nowhere."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )

    class Meta:
        model = Door
        fields = ["after_seconds", "share", "again_days"]

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["sites"].initial = "\n".join(self.instance.origins)
        self.fields["share"].min_value = self.fields["again_days"].min_value = 1  # type: ignore[attr-defined]  # numbers

    def clean_sites(self) -> list[str]:
        """Each site as browsers name it."""
        try:
            return [doors.origin(one) for one in doors.origins_of(self.cleaned_data["sites"])]
        except Invalid as error:
            raise forms.ValidationError(str(error)) from error


@require_http_methods(["GET", "HEAD", "POST"])
@needs(ARRANGES)
def door(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """The link and the pop-up of an open campaign."""
    at = timezone.now()
    campaign = get_object_or_404(Campaign, pk=campaign_id, occasion=Occasion.OPEN)
    found = doors.open_door(campaign_id=campaign.pk, actor=request.user, at=at)
    here = HttpResponseRedirect(reverse("admin:survey_door", args=[campaign.pk]))
    if request.method == "POST" and "new_key" in request.POST:
        doors.change_key(door_id=found.pk, actor=request.user, at=at)
        return here
    form = DoorForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        kept = form.save(commit=False)
        kept.origins = form.cleaned_data["sites"]
        try:
            doors.arrange(door=kept, actor=request.user, at=at)
        except DomainError as error:
            form.add_error("sites", str(error))
        else:
            return here
    address = settings.PUBLIC_URL + reverse("open:door", args=[found.key])
    context = {
        "campaign": campaign,
        "form": form,
        "link": address,
        "snippet": f'<script async src="{address}pop-up.js"></script>',
        "is_on": doors.open_version(found, at) is not None,
    }
    return page(request, "surveys/door.html", context, at=at, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(TYPES)
def table(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Take a table of paper forms in: looked over first, then taken as a whole."""
    at = timezone.now()
    campaign = get_object_or_404(Campaign, pk=campaign_id, occasion=Occasion.OPEN)
    context: dict[str, Any] = {
        "campaign": campaign,
        "files": campaign.paper_files.select_related("taken_by")[:20],
    }
    try:
        context["columns"] = paper.columns(list(questions_of(paper.asked(campaign).pk)))
        if request.method == "POST":
            upload = request.FILES.get("file")
            if upload is None:
                raise Invalid(_("Please choose a file."))
            context["looked"] = looked = paper.look(campaign=campaign, upload=upload)
            if "take" in request.POST and not looked.faults:
                paper.take(campaign_id=campaign.pk, looked=looked, actor=request.user, at=at)
                return HttpResponseRedirect(reverse("admin:survey_paper", args=[campaign.pk]))
    except DomainError as error:
        context["refusal"] = str(error)
    return page(request, "surveys/paper.html", context, at=at, status=400 if "refusal" in context else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@needs(TYPES)
def typed(request: StaffRequest, campaign_id: int) -> HttpResponse:
    """Type one paper form, and the next."""
    at = timezone.now()
    campaign = get_object_or_404(Campaign, pk=campaign_id, occasion=Occasion.OPEN)
    context: dict[str, Any] = {
        "campaign": campaign,
        "number": "",
        "member": "",
        "done": request.GET.get("done", ""),
    }
    problems: dict[str, Any] = {}
    answers: dict[str, Any] = {}
    questions = []
    try:
        questions = [one for one in questions_of(paper.asked(campaign).pk) if one.kind not in FILED]
        if request.method == "POST":
            context |= {name: request.POST.get(name, "").strip() for name in ("number", "member")}
            answers = {one.code: posted(one, request.POST) for one in questions}
            paper.enter(
                campaign=campaign,
                number=context["number"],
                answers=answers,
                member=_member(context["member"]),
                actor=request.user,
                at=at,
            )
            done = f"?done={len(context['number']) and 1}"
            return HttpResponseRedirect(reverse("admin:survey_paper_form", args=[campaign.pk]) + done)
    except DomainError as error:
        problems = error.problems if isinstance(error, BadAnswers) else {}
        context["refusal"] = str(error)
    context["fields"] = [
        Field(
            question=one,
            number=number,
            value=answers.get(one.code, ""),
            who=translation.get_language() or "",
            words=lambda text: filled(text, {}),
            problem=str(problems.get(one.code, "")),
        )
        for number, one in enumerate(questions, start=1)
    ]
    context["count"] = len(questions)
    return page(
        request, "surveys/paper_form.html", context, at=at, status=400 if "refusal" in context else 200
    )


def _member(number: str) -> Member | None:
    if not number:
        return None
    member = Member.objects.filter(external_id=number, erased_at=None).first()
    if member is None:
        raise Invalid(_("There is no such member: %(member)s") % {"member": number})
    return member


DOOR_PAGES = [
    Page("survey/<int:campaign_id>/door/", door, "survey_door"),
    Page("survey/<int:campaign_id>/paper/", table, "survey_paper"),
    Page("survey/<int:campaign_id>/paper/form/", typed, "survey_paper_form"),
]
