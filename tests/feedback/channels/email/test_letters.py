import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.channels.email import charsets, letters, markup, taming, texts
from feedback.channels.email.letters import Unreadable
from tests.factories.mail import letter

NESTED = range(2000)
HEAD = b"From: a@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\n"


@pytest.mark.parametrize(
    ("charset", "encoded"),
    [
        ("gb2312", "镕基，你好".encode("gb18030")),  # a sign that GB 2312 lacks: what mailers really send
        ("gb18030", "镕基，你好".encode("gb18030")),
        ("utf-8", "镕基，你好".encode()),
        ("us-ascii", "镕基，你好".encode("gb18030")),
        ("no-such-charset", "镕基，你好".encode("gb18030")),
        ("base64", "镕基，你好".encode()),
        ("", "镕基，你好".encode("gb18030")),
        ("big5", "鎔基，你好".encode("big5", "ignore") or b"x"),
    ],
)
def test_a_text_is_read_whatever_it_calls_its_charset(charset, encoded):
    raw = HEAD + f'Content-Type: text/plain; charset="{charset}"\r\n\r\n'.encode() + encoded
    assert "你好" in letters.read(raw).text


def test_broken_bytes_leave_the_rest_readable():
    broken = "你好，世界".encode("gb18030")[:-1] + b"\xff\n" + "再见".encode("gb18030")
    read = charsets.decode(broken, "gb2312")
    assert read.startswith("你好，世")
    assert "再见" in read


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("=?gb2312?B?xOO6w6Os?= =?gb2312?B?ztK1xA==?=", "你好，我的"),
        ("=?utf-8?q?caf=C3=A9?= au lait", "café au lait"),
        ("=?utf-8?B?not base64 at all", "=?utf-8?B?not base64 at all"),
        ("two\r\n lines", "two lines"),
        ("", ""),
        (None, ""),
    ],
)
def test_headers_are_decoded(raw, said):
    assert charsets.header(raw) == said


def test_bare_bytes_in_a_header_are_guessed():
    raw = "From: 王 <a@example.com>\r\nSubject: 包裹破损\r\n\r\nx".encode("gb18030")
    read = letters.read(raw)
    assert (read.subject, read.sender_name, read.sender) == ("包裹破损", "王", "a@example.com")


def test_plain_text_is_preferred_and_html_read_when_there_is_no_other():
    both = letters.read(letter("plain", html="<p>page</p>"))
    assert both.text.strip() == "plain"
    only = letters.read(
        HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n<p>a<br>b</p><script>x</script>"
    )
    assert only.text == "a\nb"


def test_files_inline_pictures_and_letters_within_are_parts():
    read = letters.read(letter(files=[("小猫.png", "image/png", b"1"), ("a.exe", "application/x", b"MZ")]))
    assert [part.name for part in read.parts] == ["小猫.png", "a.exe"]
    start = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    read = letters.read(HEAD + start + letter("inside") + b"\r\n--b--\r\n")
    assert [part.name for part in read.parts] == ["letter-1.eml"]
    assert b"inside" in read.parts[0].data


def test_the_same_letter_by_two_ways_is_one():
    raw = letter()
    via = b"Received: from mx1 by mx2\r\nDelivered-To: info@shop.example\r\n" + raw.replace(b"\n", b"\r\n")
    assert letters.read(raw).digest == letters.read(via).digest
    assert letters.read(raw).digest != letters.read(letter("another text")).digest
    assert letters.read(raw).digest != letters.read(letter(number=2)).digest


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: from nobody\r\n\r\nx",
        b"From: undisclosed\r\n\r\nx",
        HEAD
        + b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in NESTED),
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 400 + b"--b--",
    ],
    ids=["empty", "no header", "no sender", "no address", "nested", "many parts"],
)
def test_what_nobody_can_read_says_so(raw):
    with pytest.raises(Unreadable):
        letters.read(raw)


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(tail):
    for raw in (tail, HEAD + tail, HEAD + b"Content-Type: " + tail):
        try:
            letters.read(raw)
        except Unreadable:
            continue


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("好的，谢谢\n\n在 2026年11月20日，客服 <s@x.cn> 写道：\n\n> 请问\n> 什么\n", "好的，谢谢"),
        ("Fine\n\nOn Fri, Nov 20, 2026 at 10:00 AM Support\n<s@x.cn> wrote:\n> hello\n", "Fine"),
        ("> hello\n\nanswer below", "answer below"),
        ("a\n------------------ 原始邮件 ------------------\n发件人: x\nold", "a"),
        ("ok\n\n________________________________\nFrom: a\nSent: b\nTo: c\nSubject: d\n\nold", "ok"),
        ("a\n-----Original Message-----\nold", "a"),
        # answers between the lines mean nothing without them
        ("> a\nyes\n> b\nno", "> a\nyes\n> b\nno"),
        ("> only a quotation", "> only a quotation"),
        ("From: my heart\nthanks", "From: my heart\nthanks"),
        ("see below\n---------- Forwarded message ---------\nFrom: shop\n", None),
        ("5 > 3 ist wahr", "5 > 3 ist wahr"),
    ],
)
def test_quoted_letters_are_cut_from_what_is_shown(text, said):
    assert texts.visible(text) == (text.strip() if said is None else said)


def test_html_quotations_are_cut():
    page = '<div>新的</div><div class="gmail_quote">On x wrote:<blockquote>旧的</blockquote></div>'
    assert texts.visible(texts.text_of_html(page)) == "新的"
    assert "旧的" in texts.whole(texts.text_of_html(page))


@given(st.text(alphabet="> a\n:：写道wroteOn-_From\u2063 ", max_size=200))
def test_cutting_never_loses_everything(text):
    assert texts.visible(text) or not texts.whole(text)


def test_a_line_of_a_million_signs_takes_no_time():
    for sign in (" ", ">", "-", "\t", "_"):
        texts.visible(sign * 900_000 + "x\nFrom: a\n")


@pytest.mark.parametrize(
    ("page", "without"),
    [
        ("<script>alert(1)</script>", "alert"),
        ('<img src="https://track.example/1.gif" onerror="x()">', "track"),
        ('<a href="javascript:alert(1)">x</a>', "javascript"),
        ('<a href="data:text/html,x">x</a>', "data:"),
        ('<p style="background:url(http://t.example)">x</p>', "t.example"),
        ("<svg onload=alert(1)><style>@import 'x'</style></svg>", "svg"),
        ('<form action="http://x.example"><input name="password"></form>', "input"),
        ('<iframe src="http://x.example"></iframe>', "iframe"),
        ('<meta http-equiv="refresh" content="0;url=http://x.example">', "refresh"),
        ('<base href="http://x.example/">', "x.example"),
        ('<img src="data:image/svg+xml,<svg/>">', "svg"),
    ],
)
def test_html_of_strangers_does_nothing(page, without):
    body = markup.safe_page(page, {}).partition("<body>")[2]
    assert without not in body


def test_links_and_pictures_of_the_letter_stay():
    made = markup.safe_page(
        '<a href="https://shop.example/">x</a><img src="cid:p1" alt="杯子">', {"p1": ("image/png", b"png")}
    )
    assert '<a href="https://shop.example/" rel="noopener noreferrer nofollow">' in made
    assert 'src="data:image/png;base64,cG5n"' in made


def test_a_picture_that_is_named_often_is_not_written_out_as_often():
    pictures = {"p1": ("image/png", b"x" * 1000)}
    made = markup.safe_page('<img src="cid:p1">' * 5000, pictures)
    assert made.count("base64,") == 3
    assert len(made) < 100_000


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: =?utf-8?q?a=00b?=\r\n",
        b"Subject: =?unicode_escape?q?a\\ud800b?=\r\n",
        b"Message-ID: <\xff\xfe@x>\r\nReferences: <\xe9\x00@x>\r\n",
    ],
)
def test_what_no_database_takes_is_left_out(head):
    read = letters.read(b"From: =?utf-7?q?+2AA-?= <a@example.com>\r\n" + head + b"\r\n+2AA-")
    for text in (read.subject, read.sender_name, read.letter_id, *read.answers):
        assert "\0" not in text
        text.encode()


FONTS = "".join(f"<p><b id={number}>" for number in range(3_000))


@pytest.mark.parametrize(
    "page",
    [
        FONTS,
        "".join(f"<p><b id={number}><div>x</div>" for number in range(3_000)),
        "".join(f"<b id={number}>" for number in range(3_000)) + "<p>x</p>" * 3_000,
        "<div>" * 100_000,
        "<blockquote>x" * 50_000,
        "<table><tr><td>" * 30_000,
        "<a '" * 100_000,
        '<a "' * 100_001,
        "<!--" * 100_000,
        "<!" * 100_000,
        "<style>" * 100_000,
        "<div><!--</div>-->" * 30_000,
        "<div title='</div>'>" * 30_000,
    ],
)
def test_no_page_grows_when_it_is_read(page):
    assert len(markup.safe_page(page, {})) < 20 * len(page) + 1000
    assert len(texts.text_of_html(page)) <= 4 * len(page)


def test_nothing_is_nested_without_end():
    made = markup.safe_page("<div>" * 1_000 + "x", {})
    assert made.count("<div>") == taming.DEEPEST
    made = markup.safe_page("<b>" * 1_000 + "<p>x</p>" * 3, {})
    assert made.count("<b>") <= taming.FONTS


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<p>a<b>b</p><p>c</b>d</p>", "ab\n\ncd"),
        ("a < b & c &lt;d&gt;", "a < b & c <d>"),
        ("<!DOCTYPE html><?xml?><html><head><title>t</title></head><body>x</body></html>", "x"),
        ("<P CLASS='x' title='a>b'>x</P>", "x"),
        ("<o:p>x</o:p><![if mso]>y<![endif]>", "xy"),
        ("<script>if (a<b) x()</script>y", "y"),
        ("<p", "<p"),
    ],
)
def test_what_was_written_stays(page, said):
    assert texts.text_of_html(page) == said
