"""Every channel that there is."""

from feedback.channels.app.channel import App
from feedback.channels.base import Channel
<<<<<<< HEAD
from feedback.channels.chat.channel import Chat
=======
from feedback.channels.email.channel import Email
>>>>>>> 0f81b08 (Take in letters: read, sort into cases, answer through SMTP)
from feedback.channels.file.channel import File
from feedback.channels.portal.channel import Portal
from feedback.channels.walk_in.channel import WalkIn

<<<<<<< HEAD
ALL: list[Channel] = [Portal(), App(), Chat(), WalkIn(), File()]
=======
ALL: list[Channel] = [Portal(), App(), WalkIn(), File(), Email()]
>>>>>>> 0f81b08 (Take in letters: read, sort into cases, answer through SMTP)
