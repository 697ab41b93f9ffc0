"""The screens of staff: desk, case page, and what is administered."""

from feedback.admin import gaps, org, remedies, reviews, sops

__all__ = ["gaps", "org", "remedies", "reviews", "sops"]
