"""Messengers and the rules of working together."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminTextInputWidget

from config.common.errors import DomainError
from config.common.screens import StaffRequest
from feedback.models import Messenger, TeamRule
from feedback.org import messengers
from feedback.org.team import team_rule


class MessengerForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """A messenger; its address is written here and never shown again."""

    address = forms.CharField(
        label=_("address"),
        required=False,
        max_length=500,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("As the messenger shows it for its robot. It is kept encrypted; left empty, it stays."),
    )
    secret = forms.CharField(
        label=_("signing key"),
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text=_("DingTalk only: the key that begins with SEC, where the robot signs."),
    )

    class Meta:
        model = Messenger
        fields = ("name", "kind", "department", "user", "is_active")

    def clean(self) -> dict[str, Any]:
        """Refuse an address of another service, and an owner that is none or two."""
        data = super().clean() or self.cleaned_data
        if bool(data.get("department")) == bool(data.get("user")):
            raise forms.ValidationError(_("Choose a department or a colleague."))
        if data.get("kind") and (data.get("address") or not self.instance.sealed_url):
            try:
                messengers.address(data["kind"], data.get("address", ""), secret=data.get("secret", ""))
            except DomainError as error:
                self.add_error("address", str(error))
        return data


@admin.register(Messenger)
class MessengerAdmin(ModelAdmin):
    """Chat robots of departments and colleagues."""

    form = MessengerForm
    list_display = ("name", "kind", "department", "user", "is_active")
    list_filter = ("kind", "is_active")
    list_select_related = ("department", "user")
    search_fields = ("name",)
    autocomplete_fields = ("department", "user")

    def save_model(self, request: StaffRequest, obj: Messenger, form: Any, _change: bool) -> None:
        """Store it with its address encrypted."""
        messengers.keep(
            messenger=obj,
            pasted=form.cleaned_data["address"],
            secret=form.cleaned_data["secret"],
            actor=request.user,
            at=timezone.now(),
        )


@admin.register(TeamRule)
class TeamRuleAdmin(ModelAdmin):
    """How departments work together: one row."""

    list_display = ("__str__", "alert_window", "bounce_limit")
    fields = ("alert_window", "bounce_limit")

    def save_model(self, _request: HttpRequest, obj: TeamRule, _form: Any, change: bool) -> None:
        """Keep it the only row."""
        obj.pk = team_rule().pk
        super().save_model(_request, obj, _form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only where there is none yet."""
        return super().has_add_permission(request) and not TeamRule.objects.exists()

    def has_delete_permission(self, _request: HttpRequest, _obj: Any = None) -> bool:
        """Never: it says what holds."""
        return False
