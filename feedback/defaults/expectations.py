"""How what members care about is reckoned: weights of signs, words that are searched for. Edits stay."""

from datetime import datetime

from config.common.seeding import never_given
from feedback.models import Cared, ExpectationSetup, SearchWord, Sign, SignWeight

Q, V, P, S = Cared.QUALITY, Cared.SPEED, Cared.PRICE, Cared.SERVICE
WEIGHTS: dict[Sign, dict[Cared, str]] = {
    Sign.CASE_QUALITY: {Q: "2"}, Sign.CASE_SPEED: {V: "2"}, Sign.CASE_PRICE: {P: "2"},
    Sign.CASE_SERVICE: {S: "2"},
    Sign.REVIEW_QUALITY: {Q: "0.5"}, Sign.REVIEW_SPEED: {V: "0.5"}, Sign.REVIEW_PRICE: {P: "0.5"},
    Sign.REVIEW_SERVICE: {S: "0.5"},
    Sign.BLAME_QUALITY: {Q: "1.5"}, Sign.BLAME_SPEED: {V: "1.5"}, Sign.BLAME_PRICE: {P: "1.5"},
    Sign.BLAME_SERVICE: {S: "1.5"},
    Sign.GAP_QUALITY: {Q: "2"}, Sign.GAP_SPEED: {V: "2"}, Sign.GAP_PRICE: {P: "2"},
    Sign.GAP_SERVICE: {S: "2"},
    Sign.RETURNED: {Q: "1"}, Sign.COUPON_USED: {P: "1"},
    Sign.SAYS_QUALITY: {Q: "0.5"}, Sign.SAYS_SPEED: {V: "0.5"}, Sign.SAYS_PRICE: {P: "0.5"},
    Sign.SAYS_SERVICE: {S: "0.5"},
    Sign.PRICE_SORT: {P: "0.3"}, Sign.SALES_FILTER: {P: "0.3"}, Sign.COUPON: {P: "0.5"},
    Sign.COMPARED: {P: "0.2", Q: "0.2"}, Sign.EXPRESS: {V: "1"}, Sign.TRACKED: {V: "0.2"},
    Sign.READ_REVIEWS: {Q: "0.2"}, Sign.READ_DETAILS: {Q: "0.2"}, Sign.ASKED: {S: "0.5"},
    Sign.REFUND: {Q: "0.5"},
}  # fmt: skip
"""What was said to us counts most, then what was done about money and time, then how the shop was used."""
WORDS: dict[Cared, str] = {
    Q: "正品 质量 品质 材质 纯棉 真皮 进口 耐用 旗舰 高端 quality genuine",
    V: "次日达 当日达 顺丰 急 加急 现货 快递 今天到 明天到 express",
    P: "打折 折扣 优惠 便宜 特价 低价 清仓 秒杀 满减 券 性价比 平价 降价 sale discount cheap coupon",
    S: "售后 保修 退换 运费险 上门安装 七天无理由 客服 warranty",
}


def seed_expectations(at: datetime) -> None:
    """Give weights and words once."""
    ExpectationSetup.objects.get_or_create(pk=1)
    signs = {f"{sign}.{cared}": (sign, cared, w) for sign, by in WEIGHTS.items() for cared, w in by.items()}
    for code in never_given("signweight", signs, at=at):
        sign, cared, weight = signs[code]
        SignWeight.objects.get_or_create(sign=sign, cared=cared, defaults={"weight": weight})
    words = {word: cared for cared, listed in WORDS.items() for word in listed.split()}
    for word in never_given("searchword", words, at=at):
        SearchWord.objects.get_or_create(word=word, defaults={"cared": words[word]})
