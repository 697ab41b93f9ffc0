"""What members of the demo shop write, and how the agents answer."""

from dataclasses import dataclass

from feedback.models import CaseKind, Channel, Priority, Resolution


@dataclass(frozen=True, slots=True)
class Story:
    """One problem as it usually goes: the member's words, ours, who else is asked, what makes it good."""

    kind: CaseKind
    subject: str
    body: str
    replies: tuple[str, ...]
    channel: Channel = Channel.PORTAL
    priority: Priority = Priority.NORMAL
    resolution: Resolution = Resolution.SOLVED
    note: str = ""
    department: str = ""
    question: str = ""
    answer: str = ""
    coupon: str = ""


STORIES = (
    Story(
        CaseKind.COMPLAINT,
        "杯子收到时碎了一只",
        "两只装的马克杯，打开箱子发现有一只碎了，外箱也瘪了一个角。照片已经拍好，请尽快处理。",
        (
            "您好，非常抱歉让您收到破损的商品。我们已经看到您的描述，正在与物流部核实，今天之内给您答复。",
            "已为您登记补发一只新的马克杯，预计两天内送达；另外送上一张优惠券，表示歉意。",
        ),
        note="外箱受压，属运输破损；请物流部向承运商索赔。",
        department="logistics",
        question="请核实这一单的运输破损情况，并确认能否补发。",
        answer="承运商已确认破损，同意赔付；可以补发，今天出库。",
        coupon="sorry-10",
        resolution=Resolution.COMPENSATED,
    ),
    Story(
        CaseKind.COMPLAINT,
        "快递比承诺晚了好几天",
        "页面写着三天送达，现在已经超过了还没到，物流信息两天没有更新。",
        (
            "您好，让您久等了，真的很抱歉。我已请物流部查询包裹的位置，两小时内回复您。",
            "包裹因分拣中心积压延误，已经安排优先派送，明天上午送达。送上一张优惠券，请您谅解。",
        ),
        department="logistics",
        question="包裹两天没有物流信息，请查现在在哪里、什么时候能送到。",
        answer="滞留在分拣中心，已催促，明天上午派送。",
        coupon="sorry-5",
        resolution=Resolution.COMPENSATED,
    ),
    Story(
        CaseKind.COMPLAINT,
        "发错了颜色",
        "我订的是米白色，收到的是灰色，标签上也写着灰色。",
        (
            "您好，很抱歉我们发错了颜色。请您保留好商品，我们安排上门取件并补发正确的颜色。",
            "取件和补发都已经安排，补发单号会短信通知您。感谢您的耐心。",
        ),
        note="仓库拣货错误，反馈给运营部。",
        priority=Priority.HIGH,
    ),
    Story(
        CaseKind.ENQUIRY,
        "这款枕头的填充物是什么",
        "想问一下记忆棉枕头的密度和填充材料，孕妇可以用吗？",
        ("您好，这款枕头使用慢回弹记忆棉，密度 50D，外套是纯棉针织，可以放心使用。还有问题随时告诉我们。",),
        channel=Channel.CHAT,
        resolution=Resolution.ANSWERED,
    ),
    Story(
        CaseKind.REFUND,
        "还没发货，想取消并退款",
        "昨天下的单，现在不需要了，麻烦取消并退款，谢谢。",
        ("您好，订单还没有出库，已经为您登记取消，退款将按原支付方式退回，请留意到账通知。",),
        channel=Channel.APP,
    ),
    Story(
        CaseKind.COMPLAINT,
        "标注纯棉，洗一次就缩水起球",
        "页面说是 100% 纯棉，手洗一次就缩了一圈，还起球，感觉和宣传的不一样。",
        (
            "您好，很抱歉商品没有达到您的期望。我们已请商品部核对这一批次的面料检测报告，明天给您答复。",
            "商品部已核对：该批次预缩处理不足。您可以选择退货退款或换货，运费由我们承担。",
        ),
        department="product",
        question="会员反映纯棉短袖缩水起球，请核对批次的面料检测报告。",
        answer="该批次预缩不足，已通知供应商；支持退货或换货。",
        priority=Priority.HIGH,
        coupon="sorry-20",
        resolution=Resolution.COMPENSATED,
    ),
    Story(
        CaseKind.COMPLAINT,
        "付款时一直转圈，扣了两次款",
        "在手机上付款页面一直转圈，后来发现银行卡扣了两次，请退回一笔。",
        (
            "您好，给您带来不便非常抱歉。我们正在请技术部和财务部核实重复扣款，请您放心，多扣的款一定退回。",
            "已经确认重复扣款，多出的一笔已提交原路退回，预计一至三个工作日到账。",
        ),
        priority=Priority.URGENT,
        channel=Channel.PHONE,
        department="technology",
        question="会员反映支付页面卡住并重复扣款，请查支付日志。",
        answer="确认重复回调导致，已修正并通知财务退回一笔。",
    ),
    Story(
        CaseKind.ENQUIRY,
        "发票怎么开",
        "公司报销需要电子发票，请问在哪里申请？",
        ("您好，在订单详情页点“申请发票”，填写抬头和税号即可，开好后会发到您的邮箱。",),
        channel=Channel.EMAIL,
        resolution=Resolution.ANSWERED,
    ),
    Story(
        CaseKind.SUGGESTION,
        "希望增加预约送货时间",
        "白天家里没有人，希望可以选择晚上或者周末送货。",
        ("您好，谢谢您的建议，我们已经转给运营部评估，有结果会告诉您。",),
        department="operations",
        question="会员建议增加预约送货时间，请评估。",
        answer="已列入下季度计划，先在上海试点。",
    ),
    Story(
        CaseKind.COMPLAINT,
        "直播间说的优惠没有生效",
        "主播说拍下立减二十元，付款时并没有减，客服之前也没有说清楚。",
        (
            "您好，很抱歉活动说明不够清楚。我们核对了直播记录，确实应当为您减免，马上补上差额。",
            "差额已用等值优惠券补给您，也已请运营部更正活动说明。",
        ),
        coupon="sorry-20",
        resolution=Resolution.COMPENSATED,
    ),
    Story(
        CaseKind.REVIEW,
        "一星评价回访：客服态度冷淡",
        "之前咨询退换货，等了半天才有人理，回复也很敷衍，所以给了一星。",
        (
            "您好，看到您的评价我们很重视，也很抱歉那次没有服务好您。我们已经复盘那次对话，并希望当面向您道歉。",
        ),
        priority=Priority.HIGH,
    ),
    Story(
        CaseKind.COMPLAINT,
        "少发了一件",
        "买了三件只收到两件，包装是完好的，应该是漏发了。",
        (
            "您好，很抱歉漏发了商品。已经核对出库称重，确认少发一件，马上为您补发。",
            "补发的包裹已经寄出，物流单号稍后短信通知您。",
        ),
        department="logistics",
        question="请核对出库称重记录，确认是否漏发。",
        answer="称重偏轻，确认漏发一件，已补发。",
        coupon="sorry-10",
        resolution=Resolution.COMPENSATED,
    ),
)

PRESSING = ("请问有进展了吗？", "什么时候能有结果？", "我还在等回复。")
SOOTHING = "让您久等了，正在催办，一有结果马上告诉您。"
