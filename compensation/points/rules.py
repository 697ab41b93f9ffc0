"""What points are worth."""


def worth_fen(points: int, *, per_points: int, fen: int) -> int:
    """What points cost the house where `per_points` of them are worth `fen`; part of a fen counts whole."""
    return -(-points * fen // per_points)
