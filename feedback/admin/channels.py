"""Mailboxes, webhook sources and their keys."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.db.models import QuerySet, URLField
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminPasswordWidget

from config.common import outside, vault
from config.common.browsing import Browsed
from config.common.errors import DomainError
from config.common.screens import StaffRequest
from feedback.channels.email import trying
from feedback.channels.inbound import fields, keys
from feedback.channels.inbound.messages import FIELDS as OF_MESSAGES
from feedback.channels.phone.events import FIELDS as OF_CALLS
from feedback.models import Channel, Mailbox, Scope, WebhookKey, WebhookSource

OVERLAP = timedelta(days=1)
TRIED_AT_ONCE = 3


def _outside(host: str) -> str:
    try:
        outside.check(host)
    except DomainError as error:
        raise forms.ValidationError(str(error)) from error
    return host


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Takes a password, and never shows it again."""

    secret = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Empty: the one that is known. env:HUIYIN_SECRET_… reads it from a variable."),
    )

    class Meta:
        model = Mailbox
        exclude = ("password",)  # noqa: DJ006 - administrators edit all the rest

    def clean_imap_host(self) -> str:
        """Refuse a server inside our own network."""
        return _outside(self.cleaned_data["imap_host"])

    def clean_smtp_host(self) -> str:
        """The same of the way out."""
        return _outside(self.cleaned_data["smtp_host"])

    def clean_secret(self) -> str:
        """Encrypt it."""
        try:
            return vault.encrypt(self.cleaned_data["secret"])
        except DomainError as error:
            raise forms.ValidationError(str(error)) from error

    def save(self, commit: bool = True) -> Mailbox:
        """Keep a new password, if one was typed."""
        if self.cleaned_data["secret"]:
            self.instance.password = self.cleaned_data["secret"]
        return super().save(commit)  # type: ignore[no-any-return]  # as above


@admin.register(Mailbox)
class MailboxAdmin(ModelAdmin):
    """Where members write to us by e-mail."""

    form = MailboxForm
    list_display = ("address", "__str__", "department", "is_active", "state", "checked_at")
    list_select_related = ("department",)
    search_fields = ("address", "name")
    readonly_fields = ("checked_at", "failing_since", "last_error")
    actions = ("try_out",)
    actions_submit_line = ("save_and_try",)
    fieldsets = (
        (None, {"fields": ("name", "name_en", "address", "department", "kind", "is_active")}),
        (_("In: IMAP"), {"fields": ("imap_host", "imap_port", "imap_security", "folder", "since")}),
        (_("Out: SMTP"), {"fields": ("smtp_host", "smtp_port", "smtp_security", "tags_addresses")}),
        (_("Sign-in, for both"), {"fields": ("username", "secret")}),
        (_("State"), {"fields": readonly_fields}),
    )

    @display(description=_("state"), label={"ok": "success", "bad": "danger", "off": "info"})
    def state(self, mailbox: Mailbox) -> tuple[str, Any]:
        """Whether letters come in."""
        if not mailbox.is_active or not mailbox.imap_host:
            return "off", _("not looked into")
        if mailbox.failing_since:
            since = date_format(timezone.localtime(mailbox.failing_since), "m-d H:i")
            return "bad", _("failing since %(since)s") % {"since": since}
        return ("ok", _("well")) if mailbox.checked_at else ("off", _("not looked into yet"))

    @admin.action(permissions=["change"], description=_("Test the connection"))
    def try_out(self, request: StaffRequest, queryset: QuerySet[Mailbox]) -> None:
        """Sign in at the servers of some mailboxes, and say what came of it."""
        if len(queryset) > TRIED_AT_ONCE:
            text = _("Choose %(most)s mailboxes at most: each may take a while.") % {"most": TRIED_AT_ONCE}
            self.message_user(request, text, messages.WARNING)
            return
        for mailbox in queryset:
            self._tell(request, mailbox)

    @action(description=_("Save and test the connection"), permissions=["change"])
    def save_and_try(self, request: StaffRequest, mailbox: Mailbox) -> None:
        """The same with what has just been typed, after the commit: nothing is locked meanwhile."""
        transaction.on_commit(lambda: self._tell(request, mailbox))

    def _tell(self, request: StaffRequest, mailbox: Mailbox) -> None:
        for tried in trying.try_out(mailbox):
            self.message_user(request, tried.text, messages.SUCCESS if tried.is_good else messages.ERROR)

    def has_delete_permission(self, _request: Any, _obj: Mailbox | None = None) -> bool:
        """Never: one that letters came through is put out of use."""
        return False


class KeyInline(TabularInline):
    """The keys, without their secrets."""

    model = WebhookKey
    extra = 0
    can_delete = False
    hide_title = True
    fields = readonly_fields = ("name", "hint", "scopes", "created_at", "expires_at", "last_used_at")

    def has_add_permission(self, _request: Any, _obj: Any = None) -> bool:
        """By the action of the list, which shows the secret once."""
        return False

    def has_change_permission(self, _request: Any, _obj: Any = None) -> bool:
        """A key is ended by the action of its list."""
        return False


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    """Checks the field map."""

    class Meta:
        model = WebhookSource
        fields: tuple[str, ...] = ()  # those of the admin's page

    def clean(self) -> dict[str, Any]:
        """Refuse a map that cannot work, and an address that is none of HTTP."""
        content = super().clean() or self.cleaned_data
        known = OF_CALLS if content.get("channel") == Channel.PHONE else OF_MESSAGES
        try:
            fields.check_map(content.get("field_map") or {}, known)
        except DomainError as error:
            self.add_error("field_map", str(error))
        if content.get("reply_url", "").startswith("ftp"):
            self.add_error("reply_url", _("The address is not one of HTTP."))
        return content

    def clean_reply_url(self) -> str:
        """Refuse a server inside our own network."""
        url: str = self.cleaned_data["reply_url"]
        _outside(urlsplit(url).hostname or "")
        return url


@admin.register(WebhookSource)
class WebhookSourceAdmin(ModelAdmin):
    """Marketplaces, social media and telephone systems."""

    form = SourceForm
    fields = (
        "name", "name_en", "code", "channel", "department", "kind", "is_active", "field_map", "reply_url",
    )  # fmt: skip
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    list_display = ("code", "__str__", "channel", "department", "is_active", "address")
    list_select_related = ("department",)
    search_fields = ("code", "name")
    inlines = (KeyInline,)
    actions = ("make_key",)

    @admin.display(description=_("address"))
    def address(self, source: WebhookSource) -> str:
        """Where it sends to."""
        return reverse("api:inbound", args=[source.code])

    @admin.action(permissions=["change"], description=_("Make a new key; the older ones end in a day"))
    def make_key(self, request: StaffRequest, queryset: QuerySet[WebhookSource]) -> None:
        """Show a new secret, this once."""
        for source in queryset:
            scope = Scope.CALLS if source.channel == Channel.PHONE else Scope.MESSAGES
            try:
                _key, secret = keys.make(
                    source=source,
                    scopes=[scope, Scope.REPLIES],
                    replaces_within=OVERLAP,
                    actor=request.user,
                    at=timezone.now(),
                )
            except DomainError as error:
                self.message_user(request, str(error), messages.ERROR)
                return
            said = _("The key of %(source)s, shown this once: %(secret)s")
            self.message_user(request, said % {"source": source, "secret": secret}, messages.SUCCESS)

    def has_delete_permission(self, _request: Any, _obj: WebhookSource | None = None) -> bool:
        """Never: one that messages came from is put out of use."""
        return False


@admin.register(WebhookKey)
class WebhookKeyAdmin(Browsed):
    """What sources sign with."""

    list_display = ("source", "name", "hint", "scopes", "created_at", "expires_at", "last_used_at")
    list_select_related = ("source",)
    list_filter = ("source",)
    actions = ("end",)
    fields = readonly_fields = (
        "source", "name", "hint", "scopes", "created_by", "created_at", "expires_at", "last_used_at",
    )  # fmt: skip

    def has_end_permission(self, request: HttpRequest) -> bool:
        """Whoever may change sources."""
        return request.user.has_perm("feedback.change_webhooksource")

    @admin.action(permissions=["end"], description=_("End the selected keys now"))
    def end(self, request: StaffRequest, queryset: QuerySet[WebhookKey]) -> None:
        """Let them be valid no longer."""
        for key_id in queryset.values_list("pk", flat=True):
            keys.end(key_id=key_id, actor=request.user, at=timezone.now())
