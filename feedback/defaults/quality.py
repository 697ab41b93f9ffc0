"""The scorecard and the sampling that ship."""

from datetime import datetime

from feedback.models import SampleKind, SamplingRule, Scorecard, ScorecardItem

ITEMS = (
    # name, English, hint, English hint, weight, best, critical
    ("开场与称呼", "Greeting", "有问候，称呼得体", "Greets and addresses the member properly", 1, 2, False),
    (
        "理解问题",
        "Understanding",
        "复述或确认了会员的诉求",
        "Shows that the problem is understood",
        2,
        2,
        False,
    ),
    ("同理心", "Empathy", "对不便表示歉意或理解", "Apologises or sympathises where due", 2, 2, False),
    (
        "解决方案",
        "Solution",
        "方案正确、完整，符合标准处置",
        "The right and whole solution, by the playbook",
        3,
        4,
        False,
    ),
    (
        "准确无误",
        "Nothing wrong",
        "没有错误信息或无法兑现的承诺",
        "Says nothing wrong, promises nothing in vain",
        3,
        2,
        True,
    ),
    ("文字规范", "Language", "语句通顺，没有错别字", "Clear, without mistakes", 1, 2, False),
    ("隐私与安全", "Privacy", "没有泄露个人信息", "Gives away nothing personal", 2, 1, True),
)
RULES = (
    ("每名客服每周两段", "Two of each agent a week", SampleKind.PER_AGENT, 100, 2, False),
    ("不满意的会话", "Members who were not satisfied", SampleKind.BAD_CSAT, 100, None, False),
    ("超时的会话两成", "A fifth of those with a broken promise", SampleKind.BREACHED, 20, None, False),
    ("校准：百分之一", "Calibration: one in a hundred", SampleKind.RANDOM, 1, None, True),
)


def seed_quality(_at: datetime) -> None:
    """Make a scorecard and its sampling where there is none."""
    if Scorecard.objects.exists():
        return
    card = Scorecard.objects.create(code="standard", name="标准评分表", name_en="Standard scorecard")
    for position, (name, name_en, hint, hint_en, weight, best, critical) in enumerate(ITEMS, 1):
        ScorecardItem.objects.create(
            scorecard=card,
            position=position,
            name=name,
            name_en=name_en,
            hint=hint,
            hint_en=hint_en,
            weight=weight,
            best=best,
            is_critical=critical,
        )
    for name, name_en, kind, percent, per_agent, is_calibration in RULES:
        SamplingRule.objects.create(
            name=name,
            name_en=name_en,
            kind=kind,
            scorecard=card,
            percent=percent,
            per_agent=per_agent,
            is_calibration=is_calibration,
        )
