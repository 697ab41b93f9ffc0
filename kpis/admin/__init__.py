"""Figures in the admin: the first page, the rows behind a figure, goals and alerts."""
