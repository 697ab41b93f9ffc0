from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """What members tell us and how fast we must answer."""

    name = "feedback"
    verbose_name = _("Cases and response times")

    def ready(self) -> None:
        """Say what is seeded, what beat wakes, who sends messages and which pages there are."""
        from compensation.admin.shop import MEMBER_FACTS
        from compensation.portal import panels as portal
        from config.common.outbox import SENDERS
        from config.common.registry import ACCOUNTS, DEFAULTS, DEMO, MENU, PAGES, PERIODIC, Periodic
        from feedback.admin import beside
        from feedback.admin.articles import KNOWLEDGE_MENU, KNOWLEDGE_PAGES
        from feedback.admin.chats import CHAT_MENU, CHAT_PAGES
        from feedback.admin.composer import COMPOSER_PAGES
        from feedback.admin.gaps import GAP_MENU, GAP_PAGES, gaps_of_member
        from feedback.admin.imports import IMPORT_MENU, IMPORT_PAGES
        from feedback.admin.ladder_pages import LADDER_MENU, LADDER_PAGES
        from feedback.admin.leading import LEAD_MENU, LEAD_PAGES
        from feedback.admin.pages import CASE_MENU, CASE_PAGES
        from feedback.admin.panels import CASE_PANELS
        from feedback.admin.playbooks import PLAYBOOK_MENU, PLAYBOOK_PAGES
        from feedback.admin.sop_changes import CHANGE_PAGES
        from feedback.admin.sop_preview import SOP_MENU, SOP_PAGES
        from feedback.admin.staffing import STAFFING_MENU, STAFFING_PAGES
        from feedback.cases import outgoing
        from feedback.channels import all_channels
        from feedback.channels.chat.queries import is_open
        from feedback.defaults import demo, demo_staff, seed
        from feedback.org import digests, letters, messengers
        from feedback.portal import panels

        CASE_PANELS.extend([beside.watchers, beside.times])
        DEFAULTS.extend(seed.SEEDS)
        DEMO.append(demo.seed)
        ACCOUNTS.append(demo_staff.accounts)
        MEMBER_FACTS.append(gaps_of_member)
        for pages in (
            CASE_PAGES,
            LADDER_PAGES,
            LEAD_PAGES,
            GAP_PAGES,
            IMPORT_PAGES,
            SOP_PAGES,
            STAFFING_PAGES,
        ):
            PAGES.extend(pages)
        PAGES.extend([*COMPOSER_PAGES, *KNOWLEDGE_PAGES, *PLAYBOOK_PAGES, *CHANGE_PAGES, *CHAT_PAGES])
        MENU.extend([*CASE_MENU, *LADDER_MENU, *LEAD_MENU, *GAP_MENU, *IMPORT_MENU, *SOP_MENU])
        MENU.extend(STAFFING_MENU)
        MENU.extend([*CHAT_MENU, *KNOWLEDGE_MENU, *PLAYBOOK_MENU])
        PERIODIC.append(Periodic("find gaps", "feedback.detect_gaps", every_seconds=300))
        PERIODIC.append(Periodic("take up imports", "feedback.take_up_imports", every_seconds=60))
        PERIODIC.append(
            Periodic("remove orphaned files", "feedback.remove_orphaned_files", every_seconds=86400)
        )
        PERIODIC.append(Periodic("clear the desks", "feedback.clear_desks", every_seconds=3600))
        PERIODIC.append(Periodic("close silent cases", "feedback.close_silent_cases", every_seconds=600))
        PERIODIC.extend(
            [
                Periodic("end chats that were left", "feedback.end_left_chats", every_seconds=20),
                Periodic("give cases to agents", "feedback.tasks.route", every_seconds=3),
                Periodic("take cases back", "feedback.hand_back", every_seconds=60),
                Periodic("dedicate agents", "feedback.dedicate", every_seconds=600),
            ]
        )
        PERIODIC.extend(
            [
                Periodic("follow up bad reviews", "feedback.follow_up_reviews", every_seconds=60),
                Periodic("start refunds", "feedback.start_refunds", every_seconds=60),
                Periodic("move clocks", "feedback.move_clocks", every_seconds=60),
                Periodic("sweep the clocks", "feedback.tasks.sweep", every_seconds=5),
                Periodic("make words findable", "feedback.index_words", every_seconds=5),
                Periodic("draw quality checks", "feedback.draw_checks", every_seconds=3600),
                Periodic("fold the board's counts", "feedback.tasks.fold_counts", every_seconds=30),
                Periodic("measure the pace", "feedback.tasks.measure_pace", every_seconds=300),
                Periodic("fetch e-mail", "feedback.fetch_email", every_seconds=20),
                Periodic("settle calls", "feedback.settle_calls", every_seconds=20),
            ]
        )
        all_channels.register()
        outgoing.WATCHED["chat"] = is_open
        SENDERS.update({digests.LETTER: letters.send_letter, digests.MESSAGE: messengers.send_message})
        portal.NEEDS.append(panels.needs)
        portal.HOME.append(panels.home)
        portal.ORDER.append(panels.order)
