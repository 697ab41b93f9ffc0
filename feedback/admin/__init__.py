"""The screens of staff: desk, case page, and what is administered."""

from feedback.admin import (
    carried,
    case_list,
    channels,
    chat_setup,
    gaps,
    knowledge,
    messengers,
    org,
    playbooks,
    quality_forms,
    remedies,
    review_forms,
    reviews,
    routing,
    rules,
    sops,
)

__all__ = [
    "carried",
    "case_list",
    "channels",
    "chat_setup",
    "gaps",
    "knowledge",
    "messengers",
    "org",
    "playbooks",
    "quality_forms",
    "remedies",
    "review_forms",
    "reviews",
    "routing",
    "rules",
    "sops",
]
