from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """What members tell us and how fast we must answer."""

    name = "feedback"
    verbose_name = _("Cases and response times")

    def ready(self) -> None:
        """Say what is seeded and what beat wakes."""
        from config.common.registry import DEFAULTS, PERIODIC, Periodic
        from feedback.defaults.authority import seed_authority
        from feedback.defaults.departments import seed_departments
        from feedback.defaults.roles import seed_roles

        # authority comes after the roles, departments after their calendars
        DEFAULTS.extend([seed_roles, seed_authority, seed_departments])
        PERIODIC.append(Periodic("close silent cases", "feedback.close_silent_cases", every_seconds=600))
