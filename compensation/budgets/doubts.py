"""Why a claim goes to a person, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.common.money import display

TEXTS = {
    "share": _("%(claims)s claims on %(orders)s orders"),
    "often": _("%(claims)s claims, when nearly all members have at most %(peers)s"),
    "much": _("claims of %(fen)s, when nearly all members stay below %(peers)s"),
    "shared": _("the same phone number or e-mail as %(members)s other members with claims"),
}


def say(reasons: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say the reasons, in the language of the moment."""
    return [
        str(TEXTS[one["code"]]) % (one if one["code"] != "much" else _in_yuan(one))
        for one in reasons
        if one["code"] in TEXTS
    ]


def _in_yuan(one: Mapping[str, Any]) -> dict[str, Any]:
    return {"fen": display(one["fen"]), "peers": display(one["peers"])}
