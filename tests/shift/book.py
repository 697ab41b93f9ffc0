"""The SOP of the simulated shift, as plain numbers read by the set-up and by the reckoning.

Hours and days are local to Shanghai, which has no summer time.
"""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8))
FROM, UNTIL = date(2026, 9, 29), date(2026, 10, 20)
SHIFT = datetime(2026, 9, 30, 9, 0, tzinfo=UTC)  # 17:00 in Shanghai, the last hours before the holidays
END = datetime(2026, 10, 17, 4, 0, tzinfo=UTC)

HOLIDAYS = [date(2026, 10, day) for day in range(1, 8)]
MADE_UP = [date(2026, 10, 10)]  # a Saturday that is worked instead

MINUTE, HOUR = 60, 3600

HOURS = {
    "always": (range(7), [(0, 24 * HOUR)]),
    "service": (range(7), [(9 * HOUR, 21 * HOUR)]),
    "office": (range(5), [(9 * HOUR, 12 * HOUR), (13 * HOUR, 18 * HOUR)]),
}
"""Weekdays, and what is open on them in seconds of the day."""

DEPARTMENTS = {"service": "service", "logistics": "service", "product": "office"}
"""The calendar of each."""

POLICIES = [
    ("chat", {"channel": "chat"}, "always", {"first_reply": 30}),
    ("courier", {}, "always", {"courier_answer": 10 * MINUTE}),
    (
        "urgent",
        {"priority": 4},
        "service",
        {
            "first_reply": 15 * MINUTE,
            "next_reply": HOUR,
            "resolution": 4 * HOUR,
            "periodic_update": 2 * HOUR,
        },
    ),
    (
        "gold",
        {"tier": "gold"},
        "service",
        {"first_reply": 20 * MINUTE, "next_reply": HOUR, "resolution": 12 * HOUR},
    ),
    (
        "complaint",
        {"kind": "complaint"},
        "service",
        {
            "first_reply": 30 * MINUTE,
            "next_reply": 2 * HOUR,
            "resolution": 24 * HOUR,
            "periodic_update": 8 * HOUR,
        },
    ),
    (
        "others",
        {},
        "service",
        {"first_reply": HOUR, "next_reply": 2 * HOUR, "resolution": 24 * HOUR, "call_back": 4 * HOUR},
    ),
    ("handoff", {}, None, {"handoff": 4 * HOUR}),
]
"""In order: what a case must be, the calendar (none: the department's), and seconds of working time."""

PAUSES = {
    "waiting_member": (["resolution", "periodic_update"], None),
    "waiting_supplier": (["resolution"], 6 * HOUR),
    "waiting_courier": (["resolution"], 2 * HOUR),
    "waiting_bank": (["resolution", "periodic_update"], 10 * HOUR),
}
"""What stands still for a reason, and how long at most, in working time, in all for one clock."""
