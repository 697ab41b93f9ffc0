"""The tiers that ship. Edits are not overwritten."""

from datetime import datetime

from compensation.models import Tier

TIERS = [  # code, 中文, English, spending above (fen)
    ("ordinary", "普通会员", "Ordinary", -1),
    ("silver", "银卡会员", "Silver", 50_000),
    ("gold", "金卡会员", "Gold", 100_000),
]


def seed(at: datetime) -> None:  # noqa: ARG001 - one signature for all seeds
    """Bring the default tiers into the database, if there are none."""
    if Tier.objects.exists():
        return
    Tier.objects.bulk_create(
        Tier(code=code, name=name, name_en=name_en, rank=rank, above_fen=above_fen)
        for rank, (code, name, name_en, above_fen) in enumerate(TIERS)
    )
