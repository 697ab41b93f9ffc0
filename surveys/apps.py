from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    """Asking members how it went."""

    name = "surveys"
    verbose_name = _("Surveys")

    def ready(self) -> None:
        """Say what ships, what beat wakes, which pages there are, and which link an invitation has."""
        from compensation.notices.links import LINKS
        from compensation.portal.panels import NEEDS
        from compensation.segments.commands import USES
        from config.common import personal, retention
        from config.common.registry import DEFAULTS, DEMO, MENU, PAGES, PERIODIC, MenuItem, Periodic
        from feedback.admin.panels import CASE_PANELS, MEMBER_FACTS
        from feedback.cases import timeline
        from feedback.playbooks import report
        from feedback.quality.sampling import DISSATISFIED
        from surveys import personal as ours
        from surveys import retaining
        from surveys.admin import panels, results
        from surveys.campaigns.queries import uses_of
        from surveys.defaults import campaigns, demo
        from surveys.invitations import links
        from surveys.portal import panels as portal
        from surveys.responses.queries import dissatisfied_cases
        from surveys.responses.ratings import ratings

        personal.add(ours.PERSONAL, ours.FREE)
        retention.add(retaining.KINDS)
        PAGES.extend(results.PAGES)
        MENU.append(
            MenuItem(
                _("Surveys"),
                "surveys_campaign_changelist",
                "poll",
                ("surveys.view_campaign",),
                group="customers",
            )
        )
        CASE_PANELS.append(panels.survey_panel)
        MEMBER_FACTS.append(panels.last_answer)
        USES.append(uses_of)
        DISSATISFIED.append(dissatisfied_cases)
        timeline.TEXTS.update(panels.TEXTS)
        report.RATINGS.append(ratings)
        DEFAULTS.append(campaigns.seed)
        DEMO.append(demo.seed)
        PERIODIC.append(Periodic("invite to surveys", "surveys.invite", every_seconds=60))
        LINKS[links.NOTICE_KIND] = links.link_in_notice
        NEEDS.append(portal.needs)
