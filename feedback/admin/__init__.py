"""The screens of staff: desk, case page, and what is administered."""

from feedback.admin import gaps, remedies, reviews

__all__ = ["gaps", "remedies", "reviews"]
