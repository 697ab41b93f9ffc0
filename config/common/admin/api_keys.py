"""The keys of other programs: which there are, when they were used, a new one, an end of one."""

from datetime import datetime, time, timedelta

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.common import api_keys
from config.common.api_key_models import ApiKey
from config.common.asked import within_years
from config.common.errors import Invalid, NotFound
from config.common.registry import MenuItem, Page
from config.common.screens import StaffRequest, page

FIELDS = {"name": "name", "scopes": "scopes", "expires_at": "until"}
SEES, MAKES, REVOKES = "common.view_apikey", "common.add_apikey", "common.change_apikey"


class KeyForm(forms.Form):
    """A new key."""

    name = forms.CharField(
        label=_("name"), max_length=80, help_text=_("What uses it, such as the warehouse.")
    )
    scopes = forms.MultipleChoiceField(label=_("may"), widget=forms.CheckboxSelectMultiple)
    until = forms.DateField(
        label=_("good up to and with"),
        required=False,
        validators=[within_years],
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until it is revoked."),
    )

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # a form's own
        self.fields["scopes"].choices = list(api_keys.SCOPES.items())  # type: ignore[attr-defined]  # a choice field

    def expires_at(self) -> datetime | None:
        """Midnight after the last day, in the shop's time zone."""
        until = self.cleaned_data["until"]
        if until is None:
            return None
        return datetime.combine(until + timedelta(1), time(), timezone.get_default_timezone())


@require_safe
def keys(request: StaffRequest) -> HttpResponse:
    """All keys, the newest first."""
    if not request.user.has_perm(SEES):
        raise PermissionDenied
    return _show(request, KeyForm())


@require_POST
def make(request: StaffRequest) -> HttpResponse:
    """Make a key and show its token, this once."""
    if not request.user.has_perm(MAKES):
        raise PermissionDenied
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            key, token = api_keys.make(
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=form.expires_at(),
                actor=request.user,
                at=timezone.now(),
            )
        except Invalid as error:
            form.add_error(FIELDS[error.details["field"]], str(error))
        else:
            return _show(request, KeyForm(), made=key, token=token)
    return _show(request, form, status=400)


@require_POST
def revoke(request: StaffRequest, key_id: int) -> HttpResponse:
    """Have a key open nothing any more."""
    if not request.user.has_perm(REVOKES):
        raise PermissionDenied
    try:
        key = api_keys.revoke(key_id=key_id, actor=request.user, at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    messages.success(request, _("“%(name)s” opens nothing any more.") % {"name": key.name})
    return redirect("admin:api_keys")


def _show(
    request: StaffRequest, form: KeyForm, *, made: ApiKey | None = None, token: str = "", status: int = 200
) -> HttpResponse:
    at = timezone.now()
    found = ApiKey.objects.select_related("made_by", "revoked_by")
    context = {
        "keys": [
            {
                "key": key,
                "is_good": key.is_good(at),
                "may": [api_keys.SCOPES.get(one, one) for one in key.scopes],
            }
            for key in found
        ],
        "form": form if request.user.has_perm(MAKES) else None,
        "may_revoke": request.user.has_perm(REVOKES),
        "made": made,
        "token": token,
    }
    return page(request, "staff/api_keys.html", context, at=at, status=status)


API_KEY_PAGES = [
    Page("api-keys/", keys, "api_keys"),
    Page("api-keys/make/", make, "api_key_make"),
    Page("api-keys/<int:key_id>/revoke/", revoke, "api_key_revoke"),
]
API_KEY_MENU = [MenuItem(_("API keys"), "api_keys", "key", (SEES,), group="setup")]
