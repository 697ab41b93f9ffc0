from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    """Asking members how it went."""

    name = "surveys"
    verbose_name = _("Surveys")

    def ready(self) -> None:
        """Say what ships, what beat wakes, and which link goes out with an invitation."""
        from compensation.notices.links import LINKS
        from config.common.registry import DEFAULTS, PERIODIC, Periodic
        from surveys.defaults import campaigns
        from surveys.invitations import links

        DEFAULTS.append(campaigns.seed)
        PERIODIC.append(Periodic("invite to surveys", "surveys.invite", every_seconds=60))
        LINKS[links.NOTICE_KIND] = links.link_in_notice
