"""What a due date costs, by how far away it is: `make bench`."""

import timeit
from datetime import UTC, datetime, timedelta

from feedback.sops.calendar import WorkCalendar
from feedback.sops.hours import DAYS

DAY = [["09:00", "12:00"], ["13:00", "18:00"]]
WHOLE = [["00:00", "24:00"]]
OFFICE = {
    "zone": "Asia/Shanghai",
    "hours": dict.fromkeys(DAYS[:5], DAY),
    "exceptions": {f"2026-10-0{day}": [] for day in range(1, 8)} | {"2026-10-10": DAY},
}
ALWAYS = {
    "zone": "Asia/Shanghai",
    "hours": dict.fromkeys(DAYS, WHOLE),
}
BERLIN = OFFICE | {"zone": "Europe/Berlin"}
START = datetime(2026, 3, 4, 6, 30, tzinfo=UTC)
PAUSES = [(START + timedelta(days=n), START + timedelta(days=n, hours=5)) for n in (1, 4, 9)]
# working time that is due about so far away, in office hours and around the clock
DISTANCES = {"1 h": (1, 1), "1 month": (168, 720), "1 year": (2000, 8760), "10 years": (20_000, 87_600)}
ROUNDS = 20_000


def cost(calendar: WorkCalendar, work: timedelta, pauses: list[tuple[datetime, datetime]]) -> float:
    calendar.due(START, work, pauses)  # build the tables
    runs = timeit.repeat(lambda: calendar.due(START, work, pauses), number=ROUNDS, repeat=5)
    return min(runs) / ROUNDS * 1e6


def main() -> None:
    cases = (
        ("office hours", OFFICE, 0, []),
        ("office hours, Berlin", BERLIN, 0, []),
        ("office hours, 3 pauses", OFFICE, 0, PAUSES),
        ("around the clock", ALWAYS, 1, []),
    )
    for name, content, column, pauses in cases:
        calendar = WorkCalendar.from_json(content)
        base = 0.0
        for distance, hours in DISTANCES.items():
            taken = cost(calendar, timedelta(hours=hours[column]), pauses)
            base = base or taken
            print(f"{name:24} {distance:>9} {taken:7.2f} µs  × {taken / base:.2f}")
    fresh = timeit.repeat(lambda: WorkCalendar(calendar.hours).due(START, timedelta(hours=1)), number=20)
    print(f"{'first use: around the clock':34} {min(fresh) / 20 * 1e6:7.0f} µs")
    office = WorkCalendar.from_json(BERLIN)
    fresh = timeit.repeat(lambda: WorkCalendar(office.hours).due(START, timedelta(hours=1)), number=20)
    print(f"{'first use: office, Berlin':34} {min(fresh) / 20 * 1e6:7.0f} µs")
    read = timeit.repeat(lambda: WorkCalendar.from_json(OFFICE), number=1000)
    print(f"{'from_json, seen before':34} {min(read) / 1000 * 1e6:7.1f} µs")


if __name__ == "__main__":
    main()
