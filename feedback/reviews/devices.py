"""What a review was written on, as a digest: enough to see many members on one device, and nothing else."""

import hmac
from hashlib import sha256

from django.conf import settings


def digest(device: str) -> str:
    """The digest of what a device calls itself; "" where it says nothing."""
    if not device:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), f"device:{device[:200]}".encode(), sha256).hexdigest()
