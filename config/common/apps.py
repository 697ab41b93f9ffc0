from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommonConfig(AppConfig):
    """The shared kernel: event log, outbox, idempotency, staff accounts."""

    name = "config.common"
    label = "common"
    verbose_name = _("System")
