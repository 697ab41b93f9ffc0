from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """What members tell us and how fast we must answer."""

    name = "feedback"
    verbose_name = _("Cases and response times")

    def ready(self) -> None:
        """Say what is seeded, what beat wakes, who sends messages and which pages there are."""
        from compensation.batches.sources import SOURCES
        from compensation.portal import panels as portal
        from config.common import gauges
        from config.common.outbox import SENDERS
        from config.common.registry import ACCOUNTS, DEFAULTS, DEMO, DEPARTMENTS, MENU, PAGES, PERIODIC
        from feedback.admin import beside, crises, expectations, holds, posts, replies, triage
        from feedback.admin.articles import KNOWLEDGE_MENU, KNOWLEDGE_PAGES
        from feedback.admin.chats import CHAT_MENU, CHAT_PAGES
        from feedback.admin.composer import COMPOSER_PAGES
        from feedback.admin.gaps import GAP_MENU, GAP_PAGES
        from feedback.admin.imports import IMPORT_MENU, IMPORT_PAGES
        from feedback.admin.ladder_pages import LADDER_MENU, LADDER_PAGES
        from feedback.admin.leading import LEAD_MENU, LEAD_PAGES
        from feedback.admin.lists import LISTS_MENU
        from feedback.admin.pages import CASE_MENU, CASE_PAGES
        from feedback.admin.panels import CASE_PANELS
        from feedback.admin.playbooks import PLAYBOOK_MENU, PLAYBOOK_PAGES
        from feedback.admin.reviews import REVIEW_MENU, REVIEW_PAGES
        from feedback.admin.rules import RULE_PAGES
        from feedback.admin.sop_changes import CHANGE_MENU, CHANGE_PAGES
        from feedback.admin.sop_preview import SOP_MENU, SOP_PAGES
        from feedback.admin.staffing import STAFFING_MENU, STAFFING_PAGES
        from feedback.channels import all_channels
        from feedback.clocks.gauges import GAUGES
        from feedback.defaults import demo, demo_staff, seed
        from feedback.org import digests, letters, messengers, queries
        from feedback.periodic import WAKES
        from feedback.portal import panels, statements
        from feedback.remedies.choosing import BATCH_SOURCES
        from feedback.replies import posting

        self._privacy()
        gauges.GAUGES.extend(GAUGES)
        SOURCES.update(BATCH_SOURCES | crises.SOURCES)
        CASE_PANELS.extend([holds.beside, crises.beside, expectations.beside, triage.beside, replies.beside])
        CASE_PANELS.extend([beside.watchers, beside.times])
        DEFAULTS.extend(seed.SEEDS)
        DEMO.extend([demo.seed, demo.conclude])
        DEPARTMENTS.append(queries.department_names)
        ACCOUNTS.append(demo_staff.accounts)
        self._tell_more()
        for pages in (
            CASE_PAGES,
            LADDER_PAGES,
            LEAD_PAGES,
            GAP_PAGES,
            IMPORT_PAGES,
            SOP_PAGES,
            STAFFING_PAGES,
            REVIEW_PAGES,
            RULE_PAGES,
            COMPOSER_PAGES,
            KNOWLEDGE_PAGES,
            PLAYBOOK_PAGES,
            CHANGE_PAGES,
            CHAT_PAGES,
            triage.TRIAGE_PAGES,
            crises.CRISIS_PAGES,
            expectations.EXPECTATION_PAGES,
            posts.LISTENING_PAGES,
        ):
            PAGES.extend(pages)
        MENU.extend(
            [
                *CASE_MENU, *LADDER_MENU, *LEAD_MENU, *GAP_MENU, *IMPORT_MENU, *SOP_MENU, *CHANGE_MENU,
                *STAFFING_MENU, *CHAT_MENU, *REVIEW_MENU, *KNOWLEDGE_MENU, *PLAYBOOK_MENU, *LISTS_MENU,
                *triage.TRIAGE_MENU, *crises.CRISIS_MENU, *expectations.EXPECTATION_MENU,
                *posts.LISTENING_MENU,
            ]
        )  # fmt: skip
        PERIODIC.extend(WAKES)
        all_channels.register()
        SENDERS.update(
            {
                digests.LETTER: letters.send_letter,
                digests.MESSAGE: messengers.send_message,
                posting.KIND: posting.send,
            }
        )
        portal.NEEDS.extend([panels.needs, panels.to_review])
        portal.DATA.append(panels.data)
        portal.HOME.extend([statements.home, panels.home, panels.feedback_box])
        portal.ORDER.extend([panels.order, panels.order_reviews])

    def _privacy(self) -> None:
        """Say what is held of members, what keeps them from being erased, and what is forgotten."""
        from compensation.consents import profiling
        from config.common import personal
        from feedback import retaining
        from feedback.behaviour import forgetting
        from feedback.expectations import refreshing

        retaining.register()
        profiling.FORGET.extend([forgetting.unname, refreshing.forget])
        personal.ENDING.append(forgetting.unlink)

    def _tell_more(self) -> None:
        """Say what pages of lower floors tell of members and products besides."""
        from compensation.admin.shop import MEMBER_FACTS, PRODUCT_LINKS
        from feedback.admin.expectations import cares_of_member
        from feedback.admin.gaps import gaps_of_member
        from feedback.admin.voice import voice_of_product

        MEMBER_FACTS.extend([gaps_of_member, cares_of_member])
        PRODUCT_LINKS.append(voice_of_product)
