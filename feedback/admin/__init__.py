from feedback.admin import gaps, reviews

__all__ = ["gaps", "reviews"]
