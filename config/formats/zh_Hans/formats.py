"""The month without a leading zero, as in the other formats."""

MONTH_DAY_FORMAT = "n月j日"
