"""Legal holds: who put one on what, why, until when; and lifting them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from compensation.models import Member
from config.common.errors import DomainError
from config.common.models import User
from config.common.screens import StaffRequest
from feedback.admin.panels import Panel
from feedback.cases.linking import find_numbered
from feedback.holds import commands, queries
from feedback.models import Case, LegalHold

VIEW = "feedback.view_legalhold"


class HoldForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A hold on a case or a member, by the number that people know."""

    case_number = forms.CharField(label=_("number of the case"), required=False, max_length=20)
    member_number = forms.CharField(label=_("the member's number in the shop"), required=False, max_length=64)

    user: User
    """Who asks; the cases are those that they may see."""
    case_id: int | None
    member_id: int | None

    class Meta:
        model = LegalHold
        fields = ("reason", "until")

    def clean(self) -> dict[str, Any]:
        """Find what is meant, and put the hold on it."""
        content = super().clean() or {}
        number, external = content.get("case_number", "").strip(), content.get("member_number", "").strip()
        self.case_id = self.member_id = None
        if number:
            try:
                self.case_id = find_numbered(self.user, number).pk
            except DomainError as error:
                self.add_error("case_number", str(error))
        if external:
            found = Member.objects.filter(external_id=external).values_list("pk", flat=True)
            self.member_id = found.first()
            if self.member_id is None:
                self.add_error("member_number", _("There is none with this number."))
        if not self.errors:
            try:
                commands.check(
                    case_id=self.case_id,
                    member_id=self.member_id,
                    reason=content["reason"],
                    until=content["until"],
                    at=timezone.now(),
                )
            except DomainError as error:
                field = str(error.details.get("field") or "")
                self.add_error(field if field in self.fields else None, str(error))
        return content


@admin.register(LegalHold)
class LegalHoldAdmin(ModelAdmin):
    """What has to stay, whatever its period."""

    form = HoldForm
    list_display = ("placed_at", "about", "reason", "placed_by", "until", "lifted_at", "lifted_by")
    list_select_related = ("case", "member", "placed_by", "lifted_by")
    list_filter = (("lifted_at", admin.EmptyFieldListFilter),)
    search_fields = ("member__external_id", "reason")
    actions = ("lift_selected",)
    fields = ("case_number", "member_number", "reason", "until")

    def has_change_permission(self, request: HttpRequest, obj: LegalHold | None = None) -> bool:
        """Placed as it is; lifted, never changed. The list's action asks for the permission."""
        return obj is None and super().has_change_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002 - Django's
        """It is on record."""
        return False

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """With who asks."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.user = request.user
        return form

    def get_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> Any:  # noqa: ARG002 - Django's
        """Asked for by numbers, shown whole."""
        shown = ("about", "reason", "placed_by", "placed_at", "until", "lifted_by", "lifted_at")
        return shown if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: LegalHold | None = None) -> Any:
        """All of one that is there."""
        return self.get_fields(request, obj) if obj else ()

    def save_model(self, request: HttpRequest, obj: LegalHold, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Place it by its command."""
        made = commands.place(
            case_id=form.case_id,
            member_id=form.member_id,
            reason=form.cleaned_data["reason"],
            until=form.cleaned_data["until"],
            actor=request.user,  # type: ignore[arg-type]  # staff
            at=timezone.now(),
        )
        obj.pk, obj.case_id, obj.member_id = made.pk, made.case_id, made.member_id

    @admin.display(description=_("held"))
    def about(self, hold: LegalHold) -> str:
        """The case or the member."""
        return hold.case.number if hold.case else str(hold.member)

    @admin.action(permissions=["change"], description=_("Lift selected holds"))
    def lift_selected(self, request: StaffRequest, queryset: QuerySet[LegalHold]) -> None:
        """Let their data go by the periods again."""
        for hold in queryset:
            commands.lift(hold_id=hold.pk, actor=request.user, at=timezone.now())


def beside(request: StaffRequest, case: Case, at: Any) -> Panel | None:
    """The holds that keep a case, for those who may see them."""
    if not request.user.has_perm(VIEW):
        return None
    holds = queries.of_case(case, at)
    return Panel(_("Legal hold"), "feedback/panels/holds.html", {"holds": holds}) if holds else None
