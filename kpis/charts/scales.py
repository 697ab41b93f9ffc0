"""From numbers to places: scales, the marks on an axis, and how much room words take. Pure."""

import math
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
LARGEST = 1e15
"""Beyond it a number can't be drawn beside others, and counts as none."""
SMALLEST = 1e-12
"""What is closer to nought than this is nought; of two numbers the part that has to differ."""
NARROW, BROAD = 0.62, 1.0
"""How wide a letter is at most, in parts of its size: of Latin, of Chinese."""
DOTS = "…"
HUNDRED, THOUSAND, MILLION = 1e2, 1e3, 1e6


def sane(value: float | None) -> float | None:
    """A number that can be drawn; None of what is none, is not finite or beyond all measure."""
    if value is None or not math.isfinite(value) or abs(value) > LARGEST:
        return None
    return value if abs(value) > SMALLEST else 0.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Numbers from `low` to `high` laid out from `start` to `end`; what lies beyond is at the edge."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a number is, to a hundredth."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + part * (self.end - self.start), 2)


def ticks(low: float, high: float, number: int = 4, *, least: float = 0.0) -> list[float]:
    """Round numbers in equal steps that enclose both ends, about as many steps as asked for.

    Steps are multiples of `least`, where it is given: there is no half of what is counted.
    """
    if high - low <= SMALLEST * max(abs(low), abs(high), 1.0):
        high = low + max(abs(low), 1.0)
    rough = max((high - low) / max(1, number), least)
    power = 10.0 ** math.floor(math.log10(rough))
    steps = (size * power for size in (*STEPS, 20.0))
    step = next(one for one in steps if one >= rough * (1 - 1e-9) and not (least and one % least))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * place for place in range(first, max(last, first + 1) + 1)]


def axis(
    values: Iterable[float | None],
    *,
    start: float,
    end: float,
    least: float | None,
    top: float | None,
    step: float = 0.0,
) -> tuple[Scale, list[float]]:
    """The scale that holds all values, and `least` and `top` if they are given, with its marks.

    The marks are whole steps apart, where a `step` is given.
    """
    known = [one for one in (sane(value) for value in (*values, least, top)) if one is not None]
    marks = ticks(min(known, default=0.0), max(known, default=1.0), least=step)
    return Scale(marks[0], marks[-1], start, end), marks


def short(value: float) -> str:
    """A number beside an axis."""
    for size, letter in ((MILLION, "M"), (THOUSAND * 10, "k")):
        if abs(value) >= size:
            return f"{value / (THOUSAND if letter == 'k' else size):.3g}{letter}"
    if 0 < abs(value) < 1:
        return f"{value:.2g}" if abs(value) < 1 / THOUSAND else f"{round(value, 4):g}"
    return f"{round(value, 3 if abs(value) < HUNDRED else 1):g}"


def percent(value: float | None, digits: int = 1) -> str:
    """A share in percent as it is written; a dash where there is none."""
    if value is None:
        return "—"
    return f"{short(value) if abs(value) >= THOUSAND * 10 else format(value, f'.{digits}f')} %"


def wide(text: str, size: float) -> float:
    """How much room words take at most, by a guess at each letter."""
    return size * sum(BROAD if unicodedata.east_asian_width(one) in "WFA" else NARROW for one in text)


def cut(text: str, room: float, size: float) -> str:
    """Words shortened to fit a room; a combining sign stays with its letter."""
    if wide(text, size) <= room:
        return text
    while text and wide(text + DOTS, size) > room:
        text = text[:-1]
        while text and unicodedata.combining(text[-1]):
            text = text[:-1]
    return text.rstrip() + DOTS if wide(DOTS, size) <= room else ""


def spread(labels: Sequence[str], places: Sequence[float], size: float, gap: float = 10.0) -> list[int]:
    """Which labels below an axis are shown so that none runs into another: every so many from the first."""
    if not labels:
        return []
    widest = max(wide(label, size) for label in labels) + gap
    step = 1
    while step < len(labels) and any(
        places[place] - places[place - step] < widest for place in range(step, len(places), step)
    ):
        step += 1
    return list(range(0, len(labels), step))
