"""What a text promises that can be measured: hours, money, percent, days, fibres, sizes, dates. Pure.

These are suggestions: a person confirms what is a promise. Facts are read by the same rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from feedback.claims.characters import squeeze
from feedback.models import Measure

LONGEST = 20_000
MOST = Decimal(10**9)
DIGITS = {sign: number for number, sign in enumerate("零一二三四五六七八九十")} | {"两": 2, "半": 0}
NUMBER = r"(?:\d{1,9}(?:\.\d{1,2})?|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
HOURS = r"(?:个?小时|hours?|hrs?|h)"
DAYS = r"(?:个?工作日|天|日|days?)"
FIBRES = {
    "棉": ("纯棉", "全棉", "棉", "cotton"),
    "羊毛": ("纯羊毛", "羊毛", "wool"),
    "羊绒": ("羊绒", "cashmere"),
    "真丝": ("桑蚕丝", "真丝", "蚕丝", "silk"),
    "亚麻": ("亚麻", "linen"),
    "聚酯纤维": ("聚酯纤维", "涤纶", "polyester"),
    "锦纶": ("锦纶", "尼龙", "nylon"),
    "氨纶": ("氨纶", "spandex", "elastane"),
    "粘纤": ("粘胶纤维", "粘纤", "viscose"),
    "真皮": ("头层牛皮", "牛皮", "真皮", "leather"),
}
"""The fibres and materials that are told apart, with what they are called; the first is their name here."""
CALLED = {word: fibre for fibre, words in FIBRES.items() for word in words}
FIBRE = "|".join(sorted(CALLED, key=len, reverse=True))
PURE = {"纯棉": "棉", "全棉": "棉", "纯羊毛": "羊毛"}
ARRIVES = r"(?:内|之内)?(?:必|保证|即|就|可)?(?:送达|到货|到家|送到|抵达|必达|达|配送)"
LEAVES = r"(?:内|之内)?(?:必|保证|即|就|可)?(?:发货|发出|出库|寄出)"
NOT_FROM = r"(?<!满\d)(?<!满\d\d)(?<!满\d\d\d)"
NOT_MORE = r"(?!\.?\d|%)(?!(?:元|块)?起)"
"""After a price: it goes no further, and is not the least of many (99 元起)."""
AT_PRICE = r"(?:仅|只要|只需|到手价?|直播价|券后价?|特价|一口价|售价|秒杀价)(?:仅|只要)?"
MILLIMETRE, METRE = Decimal("0.1"), Decimal(100)
LENGTH = {
    **dict.fromkeys(("mm", "毫米"), MILLIMETRE),
    **dict.fromkeys(("cm", "厘米", "公分"), Decimal(1)),
    **dict.fromkeys(("m", "米"), METRE),
}
"""Units of length in centimetres."""

PATTERNS: tuple[tuple[Measure, str, int], ...] = (
    # what, pattern with `n`, times so much
    (Measure.DELIVERY, rf"(?P<n>{NUMBER}){HOURS}{ARRIVES}", 1),
    (Measure.DELIVERY, rf"(?P<n>{NUMBER}){DAYS}{ARRIVES}", 24),
    (Measure.DELIVERY, rf"(?:deliver(?:ed|y)|arrives?)(?:in|within|inside)?(?P<n>\d{{1,4}}){HOURS}", 1),
    (Measure.DELIVERY, rf"(?:deliver(?:ed|y)|arrives?)(?:in|within|inside)?(?P<n>\d{{1,4}}){DAYS}", 24),
    (Measure.DELIVERY, r"(?:今日|今天|当日|当天)(?:必|保证)?(?:达|到|送达)()", -24),
    (Measure.DELIVERY, r"(?:次日|隔日|明日|第二天)(?:必|保证)?(?:达|到|送达)()", -48),
    (Measure.SHIPPING, rf"(?P<n>{NUMBER}){HOURS}{LEAVES}", 1),
    (Measure.SHIPPING, rf"(?P<n>{NUMBER}){DAYS}{LEAVES}", 24),
    (Measure.SHIPPING, rf"(?:ship(?:ped|s)|dispatch(?:ed|es)?)(?:in|within)?(?P<n>\d{{1,4}}){HOURS}", 1),
    (Measure.SHIPPING, r"(?:当日|当天|今日|今天)(?:发货|发出)()", -24),
    (Measure.GUARANTEE, rf"(?P<n>{NUMBER})(?:天|日|days?)(?:内)?(?:价格)?(?:保价|价保|priceguarantee)", 1),
    (Measure.GUARANTEE, rf"(?:保价|价保|价格保护)(?P<n>{NUMBER})(?:天|日)", 1),
    (Measure.PERCENT_OFF, r"(?<![\d.])(?P<n>[1-9](?:\.\d)?)折", -10),
    (Measure.PERCENT_OFF, r"(?P<n>\d{1,2})%off", 1),
    (Measure.DISCOUNT, rf"{NOT_FROM}(?:立减|直降|优惠|便宜|减免|立省)(?P<n>{NUMBER})(?:元|块)", 1),
    (Measure.PRICE, rf"{AT_PRICE}[:：]?[¥￥]?(?P<n>{NUMBER}){NOT_MORE}", 1),
    (Measure.PRICE, rf"[¥￥](?P<n>\d{{1,9}}(?:\.\d{{1,2}})?){NOT_MORE}", 1),
    (Measure.PRICE, r"(?:only|just|for)(?:rmb|cny)(?P<n>\d{1,9}(?:\.\d{1,2})?)", 1),
    (Measure.QUALITY, r"(?P<n>[1-5](?:\.\d)?)星(?:级)?(?:品质|好评|质量)", 1),
)  # fmt: skip
COMPILED = tuple((measure, re.compile(pattern), times) for measure, pattern, times in PATTERNS)
DATES = re.compile(
    r"(?:生产日期|出厂日期|生产于|produced(?:on)?|mfg)[:：]?(?P<y>20\d\d|19\d\d)[-年./](?P<m>\d{1,2})(?:[-月./](?P<d>\d{1,2})日?)?"
)
SIZES = re.compile(
    r"(?P<a>\d{1,5}(?:\.\d+)?)(?P<ua>mm|cm|m|毫米|厘米|公分|米)?[x×*](?P<b>\d{1,5}(?:\.\d+)?)(?P<ub>mm|cm|m|毫米|厘米|公分|米)?"
    r"(?:[x×*](?P<c>\d{1,5}(?:\.\d+)?))?(?P<u>mm|cm|m|毫米|厘米|公分|米)?"
)
COMPOSED = re.compile(
    rf"(?:(?P<p>\d{{1,3}}(?:\.\d+)?)%(?:的|纯)?(?P<f>{FIBRE})|(?P<g>{FIBRE})(?:含量)?(?:为|达)?[:：]?(?P<q>\d{{1,3}}(?:\.\d+)?)%|(?P<pure>{'|'.join(PURE)}))"
)


@dataclass(frozen=True, slots=True)
class Said:
    """Something measurable at a place of a text; `text` tells what a number cannot."""

    measure: Measure
    number: Decimal | None
    text: str
    start: int
    end: int


def parse(text: str) -> list[Said]:
    """What the text promises, by place; of two that overlap and say the same kind of thing the longer."""
    squeezed = squeeze(text[:LONGEST], hard=False)
    # spaces do not matter to what is measured, and signs do: 99.9, 200×230
    kept = [(sign, place) for sign, place in zip(squeezed.text, squeezed.places, strict=True) if sign != " "]
    line, places = "".join(sign for sign, _place in kept), [place for _sign, place in kept]
    found = [
        Said(one.measure, one.number, one.text, places[one.start], places[one.end - 1] + 1)
        for one in _all(line)
    ]
    found.sort(key=lambda one: (one.start - one.end, one.start))
    chosen: list[Said] = []
    for one in found:
        if not any(
            one.start < other.end and other.start < one.end and one.measure == other.measure
            for other in chosen
        ):
            chosen.append(one)
    return sorted(chosen, key=lambda one: (one.start, one.measure))


def read(measure: str, text: str) -> tuple[Decimal | None, str]:
    """The value of a fact as people wrote it: its number, and its text as it is compared.

    A bare number is one of the measure's unit.
    """
    said = [one for one in parse(text) if one.measure == measure]
    if measure == Measure.COMPOSITION:
        return None, ", ".join(one.text for one in said)
    if said:
        return said[0].number, said[0].text
    bare = re.search(r"\d{1,12}(?:\.\d{1,2})?", squeeze(text, hard=False).text.replace(",", ""))
    if measure in {Measure.SIZE, Measure.PRODUCED}:
        dated = parse(f"生产日期{text.strip()}") if measure == Measure.PRODUCED else []
        return None, next((one.text for one in dated if one.measure == measure), "")
    return (Decimal(bare[0]) if bare else None), ""


def fibres(text: str) -> dict[str, Decimal]:
    """What something is made of, in percent, by the names used here."""
    found: dict[str, Decimal] = {}
    for part in text.split(", "):
        name, _space, percent = part.rpartition(" ")
        try:
            found[name] = Decimal(percent.rstrip("%"))
        except InvalidOperation:
            continue
    return found


def _all(line: str) -> Iterator[Said]:
    for measure, pattern, times in COMPILED:
        for match in pattern.finditer(line):
            number = _number(match, times)
            if number is not None and number <= MOST:
                yield Said(measure, number, "", *match.span())
    for match in COMPOSED.finditer(line):
        name = PURE.get(match["pure"] or "") or CALLED[match["f"] or match["g"]]
        percent = Decimal(100) if match["pure"] else Decimal(match["p"] or match["q"])
        if percent <= 100:  # noqa: PLR2004 - percent
            yield Said(Measure.COMPOSITION, None, f"{name} {percent.normalize():f}%", *match.span())
    for match in DATES.finditer(line):
        if (day := _day(match)) is not None:
            yield Said(Measure.PRODUCED, None, day, *match.span())
    for match in SIZES.finditer(line):
        if (size := _size(match)) is not None:
            yield Said(Measure.SIZE, None, size, *match.span())


def _number(match: re.Match[str], times: int) -> Decimal | None:
    """The number of a match: its own times `times`; below zero, `times` itself or tenths off a hundred."""
    if "n" not in match.re.groupindex:
        return Decimal(-times)
    written = match["n"]
    number = Decimal(written) if written[0].isascii() else Decimal(_chinese(written))
    return Decimal(100) + number * times if times < 0 else number * times


def _chinese(written: str) -> int:
    """一 to 九十九."""
    if "十" not in written:
        return DIGITS[written]
    tens, _ten, ones = written.partition("十")
    return (DIGITS[tens] if tens else 1) * 10 + (DIGITS[ones] if ones else 0)


def _day(match: re.Match[str]) -> str | None:
    try:
        return date(int(match["y"]), int(match["m"]), int(match["d"] or 1)).isoformat()[
            : 10 if match["d"] else 7
        ]
    except ValueError:
        return None


def _size(match: re.Match[str]) -> str | None:
    """Centimetres, such as 200×230."""
    unit = match["u"] or match["ub"] or match["ua"]
    if unit is None:
        return None
    sides = [
        Decimal(match[name]) * LENGTH[match[own] or unit] if own else Decimal(match[name]) * LENGTH[unit]
        for name, own in (("a", "ua"), ("b", "ub"), ("c", ""))
        if match[name]
    ]
    return "×".join(f"{side.normalize():f}" for side in sides)
