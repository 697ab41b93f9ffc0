"""The screens of staff: desk, case page, and what is administered."""

from feedback.admin import gaps, reviews

__all__ = ["gaps", "reviews"]
