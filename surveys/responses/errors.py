"""Why answers are not taken any more."""

from django.utils.translation import gettext_lazy as _

from config.common.errors import WrongState


class AlreadyAnswered(WrongState):
    """There is one answer an invitation."""

    code = "already_answered"
    default = _("You have already answered. Thank you!")


class InvitationExpired(WrongState):
    """The time to answer is over."""

    code = "invitation_expired"
    default = _("The time to answer is over. Thank you all the same!")


class QuotaFull(WrongState):
    """As many as were wanted have answered."""

    code = "quota_full"
    default = _("As many as we wanted to ask have answered. Thank you all the same!")
