from django.contrib.admin.apps import AdminConfig


class HuiyinAdminConfig(AdminConfig):
    """Put our admin site in the place of Django's."""

    default_site = "config.admin.HuiyinAdminSite"
