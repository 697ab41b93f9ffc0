from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CompensationConfig(AppConfig):
    """Who members are, what they bought, what we owe them."""

    name = "compensation"
    verbose_name = _("Members and compensation")

    def ready(self) -> None:
        """Say who sends what this app puts into the outbox, what beat wakes, and what ships."""
        from compensation import retaining
        from compensation.admin.care import CARE_MENU, CARE_PAGES, fact
        from compensation.admin.care_files import CARE_FILE_PAGES
        from compensation.admin.privacy import PRIVACY_PAGES
        from compensation.admin.privacy import fact as data_of
        from compensation.admin.refunds import REFUND_MENU
        from compensation.admin.segments import SEGMENT_MENU, SEGMENT_PAGES
        from compensation.admin.shop import MEMBER_FACTS
        from compensation.care.commands import uses_of
        from compensation.defaults import care, demo, money, points, segments, tiers
        from compensation.grants import following as grants
        from compensation.grants import parcels, shipping
        from compensation.notices import commands, senders
        from compensation.refunds import commands as refunds
        from compensation.refunds import following, sending
        from compensation.segments.commands import USES
        from config.common.outbox import SENDERS
        from config.common.registry import DEFAULTS, DEMO, MENU, PAGES, PERIODIC, Periodic

        retaining.register()
        SENDERS[commands.MEMBER] = senders.send_notice
        SENDERS[commands.CODE] = senders.send_code
        SENDERS[refunds.SEND] = sending.send
        SENDERS[parcels.SHOP] = shipping.ask_shop
        following.FOLLOWERS.append(grants.follow)
        MENU.extend([*REFUND_MENU, *CARE_MENU, *SEGMENT_MENU])
        PAGES.extend([*CARE_PAGES, *SEGMENT_PAGES, *CARE_FILE_PAGES, *PRIVACY_PAGES])
        MEMBER_FACTS.extend([fact, data_of])
        PERIODIC.append(Periodic("forget old sign-ins", "compensation.forget_sign_ins", every_seconds=3600))
        PERIODIC.append(Periodic("expire coupons", "compensation.expire_coupons", every_seconds=60))
        PERIODIC.append(Periodic("review tiers", "compensation.review_tiers", every_seconds=600))
        PERIODIC.append(Periodic("expire points", "compensation.expire_points", every_seconds=600))
        PERIODIC.append(
            Periodic("warn of ending points", "compensation.warn_of_ending_points", every_seconds=3600)
        )
        PERIODIC.append(Periodic("check the budgets", "compensation.check_budgets", every_seconds=86400))
        PERIODIC.append(Periodic("measure claims", "compensation.measure_signals", every_seconds=86400))
        PERIODIC.append(Periodic("check the ledger", "compensation.check_ledger", every_seconds=86400))
        PERIODIC.append(Periodic("make refunds", "compensation.make_refunds", every_seconds=10))
        PERIODIC.append(Periodic("follow refunds", "compensation.follow_refunds", every_seconds=10))
        PERIODIC.append(Periodic("follow members' figures", "compensation.follow_figures", every_seconds=60))
        PERIODIC.append(Periodic("count segments", "compensation.count_segments", every_seconds=600))
        PERIODIC.append(Periodic("find occasions of care", "compensation.find_care", every_seconds=300))
        PERIODIC.append(Periodic("carry out care", "compensation.act_care", every_seconds=60))
        USES.append(uses_of)
        DEFAULTS.extend([tiers.seed, money.seed, points.seed, points.seed_rewards, tiers.seed_benefits])
        DEFAULTS.extend([segments.seed, care.seed])
        PERIODIC.append(Periodic("add the ledger up", "compensation.roll_up_ledger", every_seconds=600))
        PERIODIC.append(Periodic("run batches", "compensation.run_batches", every_seconds=15))
        DEMO.append(demo.seed)
