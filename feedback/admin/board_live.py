"""The board goes on by itself: its page waits here until its numbers have changed."""

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from config.common import live
from config.common.asked import id_in
from config.common.screens import StaffRequest
from feedback.admin.access import needs
from feedback.admin.board import SEES
from feedback.supervision import news

WAITS = 20.0  # seconds: then the page is drawn anew anyhow, for the time goes on
LEAST = 4.0  # seconds between two drawings: in a busy hour something happens all the time
POLLS = 10.0  # seconds, where it cannot wait


@require_GET
@needs(SEES)
def wait(request: StaffRequest) -> HttpResponse:
    """Answer when there is news for the board, or after a while; it says when to ask again."""
    seen = id_in(request.GET.get("seen")) or 0
    answer = live.wait(
        (),
        lambda: news.is_news(request.user, since=seen) or None,
        timeout=0 if "now" in request.GET else WAITS,
        owner=f"user:{request.user.pk}",
        slow=news.TOLD_OF,
    )
    return JsonResponse({"again": POLLS if answer.again_after else LEAST})
