"""Where reviews and posts are written, by the names that people know."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from feedback.models import PORTAL, WebhookSource

NETWORKS = {
    "weibo": pgettext_lazy("network", "Weibo"),
    "xiaohongshu": pgettext_lazy("network", "Xiaohongshu"),
    "douyin": pgettext_lazy("network", "Douyin"),
    "kuaishou": pgettext_lazy("network", "Kuaishou"),
    "bilibili": pgettext_lazy("network", "Bilibili"),
    "zhihu": pgettext_lazy("network", "Zhihu"),
}
"""Networks whose posts may come without a webhook source of their own."""


def names() -> dict[str, str]:
    """What the places are called, by their codes; a webhook source as it was named. One query."""
    found = {PORTAL: str(_("portal")), **{code: str(name) for code, name in NETWORKS.items()}}
    return found | {source.code: str(source) for source in WebhookSource.objects.all()}
