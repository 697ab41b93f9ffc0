"""The screens of staff: desk, case page, and what is administered."""

from feedback.admin import case_list, gaps, knowledge, org, playbooks, remedies, reviews, routing, sops

__all__ = ["case_list", "gaps", "knowledge", "org", "playbooks", "remedies", "reviews", "routing", "sops"]
