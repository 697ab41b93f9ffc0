from surveys.admin import asked, campaigns, closing, responses

__all__ = ["asked", "campaigns", "closing", "responses"]
