"""The secret link by which a member chooses a time: an HMAC of the interview's nonce, kept nowhere."""

from base64 import urlsafe_b64encode

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from compensation.models import Notice
from config.common.errors import NotFound
from config.common.outbox import Dropped
from surveys.models import Interview, InterviewState

NOTICE_KINDS = ("interview.invited", "interview.arranged", "interview.tomorrow")
SALT = "surveys.interview"


def token(interview: Interview) -> str:
    """The token of an interview's link, 43 characters."""
    mac = salted_hmac(SALT, interview.nonce.bytes, algorithm="sha256").digest()
    return urlsafe_b64encode(mac).decode().rstrip("=")


def page(interview: Interview) -> str:
    """The member's page of an interview, on this site."""
    return f"/s/interviews/{interview.pk}/{token(interview)}/"


def read(interview_id: int, typed: str) -> Interview:
    """The interview of a link.

    Raises:
        NotFound: there is none, its member was erased, or nobody was asked yet.
    """
    found = (
        Interview.objects.filter(pk=interview_id, member__erased_at=None)
        .exclude(state__in=[InterviewState.PROPOSED, InterviewState.DROPPED])
        .select_related("member", "interviewer", "slot")
        .first()
    )
    if found is None or not constant_time_compare(token(found), typed):
        raise NotFound
    return found


def link_in_notice(notice: Notice) -> str:
    """What is sent out with a notice: the secret link, which the notice does not hold.

    Raises:
        Dropped: there is no such interview.
    """
    number = notice.key.split(":")[1]
    found = Interview.objects.filter(pk=int(number)).first()
    if found is None:
        raise Dropped("there is no such interview")
    return f"{settings.PUBLIC_URL}{page(found)}"
