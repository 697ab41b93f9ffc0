"""Money is a whole number of fen; yuan are for people and files."""

from decimal import ROUND_HALF_UP, Decimal

FEN_PER_YUAN = 100
BIGGEST_FEN = 2**63 - 1  # PostgreSQL's bigint


def fen_from_yuan(yuan: Decimal | int | str) -> int:
    """Whole fen of an amount in yuan, rounded half up to the fen.

    Raises:
        ValueError: not a number, or more than the database holds.
        TypeError: a float, which cannot hold fen.
    """
    if isinstance(yuan, float):
        raise TypeError("money is never a float")
    try:
        fen = int((Decimal(yuan) * FEN_PER_YUAN).quantize(Decimal(1), ROUND_HALF_UP))
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"not an amount of money: {yuan!r}") from error
    if abs(fen) > BIGGEST_FEN:
        raise ValueError(f"not an amount of money: {yuan!r}")
    return fen


def yuan_from_fen(fen: int) -> Decimal:
    """The same amount in yuan, with two decimals."""
    return (Decimal(fen) / FEN_PER_YUAN).quantize(Decimal("0.01"))


def grouped(value: object) -> str:
    """A number for people, with a comma after each thousand; anything else as it is, None as nothing."""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return f"{value:,}"
    return "" if value is None else str(value)


def display(fen: int) -> str:
    """The amount for people, such as ¥1,234.50 or -¥5.00."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{grouped(yuan_from_fen(abs(fen)))}"
