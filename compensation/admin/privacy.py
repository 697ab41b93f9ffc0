"""A member's data: seeing how to reach them, having it all, erasing it; each of it on record."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from compensation.admin.access import needs
from compensation.members.masking import masked_email, masked_phone
from compensation.models import Member
from compensation.privacy import commands, queries
from config.common.errors import DomainError
from config.common.registry import Page
from config.common.screens import StaffRequest, page

MEMBERS, SEE, EXPORT, ERASE = (
    "compensation.view_member",
    "compensation.see_contacts",
    "compensation.export_member",
    "compensation.erase_member",
)


@require_GET
@needs(MEMBERS)
def data(request: StaffRequest, member_id: int) -> HttpResponse:
    """What may be done with a member's data, and what stands in the way of erasing it."""
    return _page(request, _found(request, member_id))


@require_POST
@needs(MEMBERS, SEE)
@never_cache
def contact(request: StaffRequest, member_id: int) -> HttpResponse:
    """Show in full how to reach a member; that it was shown is on record."""
    member = commands.reveal(member_id=member_id, actor=request.user, at=timezone.now())
    return _page(request, member, shown=True)


@require_POST
@needs(MEMBERS, EXPORT)
def export(request: StaffRequest, member_id: int) -> HttpResponseBase:
    """All that we hold of a member, as a ZIP."""
    member = _found(request, member_id)
    try:
        kept = commands.export(member_id=member.pk, actor=request.user, at=timezone.now())
    except DomainError as error:
        return _page(request, member, refusal=str(error))
    return FileResponse(kept, as_attachment=True, filename=f"member-{member.external_id}.zip")


@require_POST
@needs(MEMBERS, ERASE)
def erase(request: StaffRequest, member_id: int) -> HttpResponse:
    """Erase a member's data for good; whoever does it writes the member's number."""
    member = _found(request, member_id)
    if request.POST.get("number", "").strip() != member.external_id:
        return _page(request, member, refusal=_("This is not the member's number. Nothing was erased."))
    try:
        commands.erase(member_id=member.pk, actor=request.user, at=timezone.now())
    except DomainError as error:
        return _page(request, member, refusal=str(error))
    messages.success(request, _("The member's data was erased."))
    return redirect("admin:member_data", member.pk)


def fact(of: Member) -> tuple[Any, Any]:
    """The way to a member's data, for their page."""
    path = reverse("admin:member_data", args=[of.pk])
    return _("Personal data"), format_html('<a href="{}">{}</a>', path, _("show, export, erase"))


def _found(request: StaffRequest, member_id: int) -> Member:
    if not any(request.user.has_perm(one) for one in (SEE, EXPORT, ERASE)):
        raise PermissionDenied
    return get_object_or_404(Member, pk=member_id)


def _page(request: StaffRequest, member: Member, *, shown: bool = False, refusal: str = "") -> HttpResponse:
    """The page; contact details in full only when they were asked for."""
    rights = {"see": SEE, "take": EXPORT, "erase": ERASE}
    may = {name: request.user.has_perm(right) for name, right in rights.items()}
    context = {
        "member": member,
        "phone": member.phone if shown else masked_phone(member.phone),
        "email": member.email if shown else masked_email(member.email),
        "shown": shown,
        "may": may,
        "refusal": refusal,
        "standing": queries.standing(member.pk) if may["erase"] and not member.erased_at else [],
        "ending": queries.ending(member, timezone.now()),
    }
    return page(request, "compensation/privacy.html", context, status=400 if refusal else 200)


PRIVACY_PAGES = [
    Page("member/<int:member_id>/data/", data, "member_data"),
    Page("member/<int:member_id>/data/contact/", contact, "member_contact"),
    Page("member/<int:member_id>/data/export/", export, "member_export"),
    Page("member/<int:member_id>/data/erase/", erase, "member_erase"),
]
