from surveys.admin import campaigns, responses

__all__ = ["campaigns", "responses"]
