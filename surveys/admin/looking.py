"""What a page of results looks at, as far as this person may see it."""

from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.http import Http404

from config.common.errors import NotFound, NotPermitted
from config.common.screens import StaffRequest
from surveys.results.asking import Look, look


def look_at(request: StaffRequest, campaign_id: int, at: datetime, *, whole: bool = False) -> Look:
    """What is asked for.

    Raises:
        PermissionDenied: the person may see nothing of the campaign.
        Http404: there is no such campaign.
    """
    try:
        return look(request.user, request.GET, at, whole=whole, pk=campaign_id)
    except NotPermitted as error:
        raise PermissionDenied from error
    except NotFound as error:
        raise Http404 from error
