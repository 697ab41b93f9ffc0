"""Why somebody gets a case or not, in words."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from feedback.routing.rules import Obstacle, Why

OBSTACLES: Mapping[Obstacle, Promise] = {
    Obstacle.SHIFT: _("off shift"),
    Obstacle.OFFLINE: _("offline"),
    Obstacle.BUSY: _("busy"),
    Obstacle.AWAY: _("away"),
    Obstacle.SKILL: _("lacks the skill"),
    Obstacle.LANGUAGE: _("does not speak the language"),
    Obstacle.FULL: _("has as much as they can have"),
    Obstacle.GAVE_BACK: _("gave the case back"),
}
WHYS: Mapping[Why, Promise] = {
    Why.DEDICATED: _("the member's own agent"),
    Why.COVER: _("covers for the member's own agent"),
    Why.STICKY: _("looked after the member last"),
    Why.ROUND_ROBIN: _("whose turn it is"),
    Why.LEAST_LOADED: _("has the least to do"),
}
FACTS: Mapping[str, Promise] = {
    "kind": _("kind"),
    "channel": _("channel"),
    "priority": _("priority"),
    "tier": _("tier"),
    "category": _("product category"),
    "language": _("language"),
    "cares": _("what the member cares about"),
    "words": _("words"),
}
"""What a department rule may ask about."""
