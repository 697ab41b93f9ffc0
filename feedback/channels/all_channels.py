"""Every channel that there is."""

from feedback.channels.app.channel import App
from feedback.channels.base import Channel
from feedback.channels.chat.channel import Chat
from feedback.channels.file.channel import File
from feedback.channels.portal.channel import Portal
from feedback.channels.walk_in.channel import WalkIn

ALL: list[Channel] = [Portal(), App(), Chat(), WalkIn(), File()]
