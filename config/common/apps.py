from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from config.common.registry import DEFAULTS, PAGES, PERIODIC, Periodic


class CommonConfig(AppConfig):
    """The shared kernel: event log, outbox, idempotency, staff accounts."""

    name = "config.common"
    label = "common"
    verbose_name = _("System")

    def ready(self) -> None:
        """Name the kernel's periodic tasks and the sender of letters to staff."""
        from config.common import mail, retaining, retention
        from config.common.admin.api_keys import API_KEY_PAGES
        from config.common.admin.history import HISTORY_PAGES
        from config.common.admin.retention import RETENTION_PAGES
        from config.common.outbox import SENDERS

        PERIODIC.extend(
            [
                Periodic("heartbeat", "common.heartbeat", every_seconds=30),
                Periodic("heartbeat of the clocks", "common.heartbeat_clocks", every_seconds=30),
                Periodic("relay the outbox", "config.common.tasks.relay", every_seconds=2),
                Periodic("seal the event log", "config.common.tasks.seal", every_seconds=60),
                Periodic("let go of what is old", "config.common.tasks.forget", every_seconds=24 * 3600),
            ]
        )
        PAGES.extend([*HISTORY_PAGES, *RETENTION_PAGES, *API_KEY_PAGES])
        retention.add(retaining.KINDS)
        DEFAULTS.append(retention.seed)
        SENDERS[mail.STAFF] = mail.send_to_staff
