from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CompensationConfig(AppConfig):
    """Who members are, what they bought, what we owe them."""

    name = "compensation"
    verbose_name = _("Members and compensation")

    def ready(self) -> None:
        """Say who sends what this app puts into the outbox, what beat wakes, and what ships."""
        from compensation import personal as ours
        from compensation.defaults import demo, money, points, tiers
        from compensation.notices import commands, senders
        from config.common import personal
        from config.common.outbox import SENDERS
        from config.common.registry import DEFAULTS, DEMO, PERIODIC, Periodic

        personal.add(ours.PERSONAL, ours.FREE)
        SENDERS[commands.MEMBER] = senders.send_notice
        SENDERS[commands.CODE] = senders.send_code
        PERIODIC.append(Periodic("forget old sign-ins", "compensation.forget_sign_ins", every_seconds=3600))
        PERIODIC.append(Periodic("expire coupons", "compensation.expire_coupons", every_seconds=60))
        PERIODIC.append(Periodic("review tiers", "compensation.review_tiers", every_seconds=600))
        PERIODIC.append(Periodic("expire points", "compensation.expire_points", every_seconds=600))
        PERIODIC.append(
            Periodic("warn of ending points", "compensation.warn_of_ending_points", every_seconds=3600)
        )
        PERIODIC.append(Periodic("check the ledger", "compensation.check_ledger", every_seconds=86400))
        DEFAULTS.extend([tiers.seed, money.seed, points.seed, points.seed_rewards, tiers.seed_benefits])
        DEMO.append(demo.seed)
