"""The admin site of the house: Unfold's, with our screens as its first pages."""

from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite


class HuiyinAdminSite(UnfoldAdminSite):
    """The site that staff work in all day."""

    index_title = _("Today")
