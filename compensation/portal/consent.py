"""What the member lets us send: the page of choices, and the link in a message that ends one kind."""

from django.db import transaction
from django.http import HttpResponse
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from compensation.consents import commands, links, queries
from compensation.models import OFFERED, ConsentSource, MessageChannel, Purpose
from compensation.portal.base import MemberRequest, go, page, signed_in


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def choices(request: MemberRequest) -> HttpResponse:
    """What may be sent by which way: a tick for each."""
    if request.method == "POST":
        wanted = {
            (purpose, str(channel)): f"{purpose}.{channel}" in request.POST
            for purpose, channels in OFFERED.items()
            for channel in channels
        }
        commands.choose(member=request.member, wanted=wanted, source=ConsentSource.PORTAL, at=timezone.now())
        return go("consent", said="chosen")
    kept = queries.settings_of(request.member)
    rows = [
        (one.label, [(f"{one}.{way}", way.label, kept[one][way]) for way in OFFERED[one]]) for one in Purpose
    ]
    return page(request, "portal/consent.html", {"rows": rows})


@csrf_exempt  # mail programs post to it of their own accord (RFC 8058); the signature says who it is about
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: MemberRequest, token: str) -> HttpResponse:
    """End one kind of message by its link. Looking at it changes nothing: mail programs look at links too."""
    found = links.read(token)
    if found is None:
        return page(request, "portal/unsubscribe.html", {"state": "unknown"}, status=404)
    member, purpose, channel, about = found
    with translation.override(member.language):
        state = "asked"
        if request.method == "POST":
            at = timezone.now()
            with transaction.atomic():
                commands.choose(
                    member=member, wanted={(purpose, channel): False}, source=ConsentSource.LINK, at=at
                )
                if about and purpose in links.FOLLOWED:
                    links.FOLLOWED[purpose](member, about, at)
            state = "done"
        context = {
            "state": state,
            "purpose": Purpose(purpose).label,
            "channel": MessageChannel(channel).label,
        }
        return page(request, "portal/unsubscribe.html", context)
