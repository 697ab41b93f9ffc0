"""A case that staff take down: whom it is of, what they said, what they were told."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from compensation.members.queries import spoken_of
from compensation.models import Member, Order
from config.common.asked import id_in
from config.common.errors import DomainError, KeyReused
from config.common.models import User
from config.common.screens import StaffRequest, page
from feedback.admin.access import needs
from feedback.cases import commands, rules
from feedback.cases.queries import WORK, visible_to
from feedback.cases.taking_down import BY_HAND, KINDS, Somebody
from feedback.clocks.queries import running_chips
from feedback.models import Case, CaseKind, Department, Priority
from feedback.org.queries import agent_of

RECENT = 20
OPEN = 5


class TakeDownForm(forms.Form):
    """What was said, and about what."""

    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    channel = forms.ChoiceField(
        label=gettext_lazy("channel"), choices=[(one.value, one.label) for one in BY_HAND]
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("kind"),
        choices=[(one.value, one.label) for one in KINDS],
        initial=CaseKind.COMPLAINT,
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("priority"), choices=Priority.choices, coerce=int, initial=Priority.NORMAL
    )
    department = forms.ModelChoiceField(
        Department.objects.filter(is_active=True),
        label=gettext_lazy("department"),
        required=False,
        empty_label=gettext_lazy("as the rules say"),
    )
    order = forms.ModelChoiceField(
        Order.objects.none(),
        label=gettext_lazy("Which order?"),
        required=False,
        empty_label=gettext_lazy("None of them"),
    )
    subject = forms.CharField(label=gettext_lazy("subject"), max_length=rules.SUBJECT_LENGTH)
    body = forms.CharField(
        label=gettext_lazy("What the member says"),
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    answer = forms.CharField(
        label=gettext_lazy("What you answered at once"),
        required=False,
        max_length=rules.BODY_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It is kept as our reply, and the case is yours. Empty: a reply is due."),
    )
    takes = forms.BooleanField(label=gettext_lazy("I look after it myself"), required=False, initial=True)

    def __init__(self, data: Any = None, *, member: Member | None, **more: Any) -> None:
        """Offer the member's own newest orders."""
        super().__init__(data, **more)
        self.fields["body"].widget.attrs["data-draft"] = _draft(member)
        field: forms.ModelChoiceField[Order] = self.fields["order"]  # type: ignore[assignment]  # is one
        if member is None:
            del self.fields["order"]
        else:
            field.queryset = Order.objects.filter(member=member).order_by("-placed_at", "-pk")
            field.choices = [
                ("", field.empty_label or ""),
                *((one.pk, _about(one)) for one in field.queryset[:RECENT]),
            ]


class StrangerForm(forms.Form):
    """Somebody whom we do not know yet."""

    name = forms.CharField(label=gettext_lazy("name"), max_length=120, required=False)
    phone = forms.CharField(label=gettext_lazy("phone"), max_length=32, required=False)
    email = forms.EmailField(label=gettext_lazy("e-mail"), required=False)


@require_http_methods(["GET", "POST"])
@needs(WORK)
def new_case(request: StaffRequest) -> HttpResponse:
    """First who it is: found by what they say, or somebody new. Then what they say."""
    asked = request.POST if request.method == "POST" else request.GET
    words = asked.get("q", "").strip()
    member = _member(asked.get("member"))
    is_stranger = member is None and "stranger" in asked
    context: dict[str, Any] = {"words": words, "member": member, "is_stranger": is_stranger}
    if member is None and not is_stranger:
        found = spoken_of(words) if words else []
        return page(request, "feedback/case/new.html", {**context, "found": found})
    posted = request.POST if request.method == "POST" else None
    start = {
        "key": uuid.uuid4().hex,
        "channel": asked.get("channel", ""),
        "subject": asked.get("subject", ""),
    }
    form = TakeDownForm(posted, member=member, initial={name: one for name, one in start.items() if one})
    stranger = StrangerForm(posted, initial=_guess(words)) if is_stranger else None
    if posted is not None and form.is_valid() and (stranger is None or stranger.is_valid()):
        done = _open(request, form, member, stranger)
        if done is not None:
            return done
    context |= {"form": form, "stranger": stranger, "may_take": agent_of(request.user) is not None}
    if member is not None:
        context["open"] = _open_cases(request.user, member)
    return page(request, "feedback/case/new.html", context, status=400 if posted is not None else 200)


def _open(
    request: StaffRequest, form: TakeDownForm, member: Member | None, stranger: StrangerForm | None
) -> HttpResponse | None:
    """Take it down and lead to the case; None with the reason on the form."""
    data = form.cleaned_data
    known = stranger.cleaned_data if stranger is not None else {}
    try:
        case = commands.take_down(
            who=Somebody(member.pk if member else None, **known),
            kind=CaseKind(data["kind"]),
            channel=data["channel"],
            subject=data["subject"],
            body=data["body"],
            answer=data["answer"],
            order_id=data["order"].pk if data.get("order") else None,
            department_id=data["department"].pk if data["department"] else None,
            priority=Priority(data["priority"]),
            attachments=request.FILES.getlist("files"),
            takes=data["takes"],
            key=data["key"],
            actor=request.user,
            at=timezone.now(),
        )
    except KeyReused:
        typed: Any = form.data
        again = typed.copy()
        again["key"] = uuid.uuid4().hex
        form.data = again
        told = _("You have sent this form before. Send it again if that is what you want.")
        form.add_error(None, told)
        return None
    except DomainError as error:
        form.add_error(None, str(error))
        return None
    if visible_to(request.user).filter(pk=case.pk).exists():
        messages.success(request, _("%(number)s is opened.") % {"number": case.number})
        return redirect(f"{reverse('admin:case', args=[case.pk])}?sent={_draft(member)}")
    told = _("%(number)s is opened; %(department)s looks after it.")
    messages.success(request, told % {"number": case.number, "department": case.department})
    return redirect(f"{reverse('admin:desk')}?sent={_draft(member)}")


def _member(asked: str | None) -> Member | None:
    pk = id_in(asked)
    if pk is None:
        return None
    return Member.objects.select_related("tier").filter(pk=pk, erased_at=None).first()


def _guess(words: str) -> dict[str, str]:
    """Put what was searched for where it belongs."""
    if "@" in words:
        return {"email": words}
    return {"phone" if any(sign.isdigit() for sign in words) else "name": words}


def _draft(member: Member | None) -> str:
    """What the browser keeps the typed text under: one for each member, so that none is put to another."""
    return f"new:{member.pk if member else 0}"


def _about(order: Order) -> str:
    day = timezone.localtime(order.placed_at).strftime("%Y-%m-%d")
    return f"{order} · {day} · {order.get_status_display()}"


def _open_cases(user: User, member: Member) -> list[tuple[Case, Any]]:
    """The member's cases that are being worked on, as far as this person sees them, with their clocks."""
    open_ones = visible_to(user).filter(member=member, resolved_at=None).select_related("department")
    cases = list(open_ones.order_by("-pk")[:OPEN])
    chips = running_chips(cases, now=timezone.now())
    return [(case, chips.get(case.pk)) for case in cases]
