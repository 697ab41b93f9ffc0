from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SurveysConfig(AppConfig):
    """Asking members how it went."""

    name = "surveys"
    verbose_name = _("Surveys")

    def ready(self) -> None:
        """Say what ships, what beat wakes, which pages there are, and which link an invitation has."""
        self._add_data()
        self._add_work()
        self._add_pages()
        self._add_panels()

    def _add_data(self) -> None:
        from config.common import personal, retention
        from config.common.registry import DEFAULTS, DEMO
        from surveys import personal as ours
        from surveys import retaining
        from surveys.defaults import (
            campaigns,
            closing,
            demo,
            demo_listening,
            demo_quarterly,
            interviews,
            questionnaires,
        )

        personal.add(ours.PERSONAL, ours.FREE)
        retention.add(retaining.KINDS)
        DEFAULTS.extend(
            [questionnaires.seed, campaigns.seed, closing.seed, campaigns.seed_drafts, interviews.seed]
        )
        DEMO.extend([demo.seed, demo_quarterly.seed, demo_listening.seed])

    def _add_work(self) -> None:
        from compensation.consents.links import FOLLOWED
        from compensation.models import Purpose
        from compensation.notices.links import LINKS
        from config.common.outbox import SENDERS
        from config.common.registry import PERIODIC, Periodic
        from feedback.attachments.commands import FOLDERS
        from feedback.channels.email.returns import RETURNED
        from feedback.playbooks import report
        from feedback.quality.sampling import DISSATISFIED
        from surveys.interviews import links as interview_links
        from surveys.invitations import links, returning, sending
        from surveys.models import AnswerFile, DraftFile, ResultFile
        from surveys.responses import closing, webhook
        from surveys.responses.queries import dissatisfied_cases
        from surveys.responses.ratings import ratings

        PERIODIC.extend(
            [
                Periodic("invite to surveys", "surveys.invite", every_seconds=60),
                Periodic("close the anonymous day", "surveys.close_the_day", every_seconds=3600),
                Periodic("take up files of responses", "surveys.take_up_files", every_seconds=60),
                Periodic("sum up survey answers", "surveys.sum_answers", every_seconds=10),
                Periodic("tell results of surveys", "surveys.tell_results", every_seconds=600),
                Periodic("remind of interviews", "surveys.remind_interviews", every_seconds=600),
                Periodic("propose interviews", "surveys.propose_interviews", every_seconds=3600),
            ]
        )
        SENDERS.update(
            {webhook.KIND: webhook.send, sending.KIND: sending.send, closing.KIND: closing.try_again}
        )
        FOLDERS.update(answers=(AnswerFile, "answer__response"), drafts=(DraftFile, "folder"))
        FOLDERS["responses"] = (ResultFile, "folder")
        RETURNED.append(returning.letters_came_back)
        FOLLOWED[Purpose.SURVEY] = returning.opt_out
        LINKS[links.NOTICE_KIND] = links.link_in_notice
        LINKS.update(dict.fromkeys(interview_links.NOTICE_KINDS, interview_links.link_in_notice))
        DISSATISFIED.append(dissatisfied_cases)
        report.RATINGS.append(ratings)

    def _add_pages(self) -> None:
        from config.common.registry import MENU, PAGES, MenuItem
        from surveys.admin import asking, closing, doors, interviews, needs, questionnaires, results
        from surveys.preview import PREVIEW_PAGES

        PAGES.extend(
            [
                *results.PAGES,
                *asking.ASKING_PAGES,
                *closing.CLOSING_PAGES,
                *doors.DOOR_PAGES,
                *needs.NEED_PAGES,
                *questionnaires.QUESTIONNAIRE_PAGES,
                *PREVIEW_PAGES,
                *interviews.INTERVIEW_PAGES,
            ]
        )
        campaigns_page = MenuItem(
            _("Surveys"),
            "surveys_campaign_changelist",
            "poll",
            ("surveys.view_campaign",),
            group="customers",
        )
        MENU.extend(
            [
                *results.MENU,
                *closing.CLOSING_MENU,
                campaigns_page,
                *questionnaires.QUESTIONNAIRE_MENU,
                *interviews.INTERVIEW_MENU,
                *needs.NEED_MENU,
            ]
        )

    def _add_panels(self) -> None:
        from compensation.admin import shop
        from compensation.portal.panels import NEEDS
        from compensation.segments.commands import USES
        from config.common.registry import BESIDE_WORDS
        from feedback.admin.panels import CASE_PANELS, MEMBER_FACTS
        from feedback.cases import timeline
        from surveys.admin import asking, need_links, panels
        from surveys.campaigns.queries import uses_of
        from surveys.portal import panels as portal

        BESIDE_WORDS.append(need_links.beside)
        CASE_PANELS.extend([panels.survey_panel, need_links.case_panel])
        MEMBER_FACTS.append(panels.last_answer)
        shop.MEMBER_FACTS.append(asking.fact)
        NEEDS.extend([portal.needs, portal.talks])
        USES.append(uses_of)
        timeline.TEXTS.update(panels.TEXTS)
