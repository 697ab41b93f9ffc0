"""The admin site of the house: Unfold's, with our screens as its first pages."""

from django.contrib.admin.apps import AdminConfig


class HuiyinAdminConfig(AdminConfig):
    """Put our site in the place of Django's."""

    default_site = "unfold.sites.UnfoldAdminSite"
