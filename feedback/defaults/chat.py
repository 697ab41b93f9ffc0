"""How the house chats at first. Edits stay."""

from datetime import datetime

from feedback.defaults import calendars
from feedback.models import Calendar, ChatSetup

GREETING = "您好，欢迎咨询！请稍等，马上为您服务。"
GREETING_EN = "Hello and welcome! One moment, please."
CLOSED = "现在是非服务时间。请留下您的问题，我们上班后第一时间联系您。"
CLOSED_EN = (
    "Our chat is closed at the moment. Leave us your question, and we will get back to you first thing."
)


def seed_chat(_at: datetime) -> None:
    """Make the setup where there is none."""
    if not ChatSetup.objects.exists():
        ChatSetup.objects.create(
            pk=1,
            calendar=Calendar.objects.filter(code=calendars.SERVICE).first(),
            greeting=GREETING,
            greeting_en=GREETING_EN,
            closed=CLOSED,
            closed_en=CLOSED_EN,
        )
