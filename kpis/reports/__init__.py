"""Reports of a week, month or quarter: made on time, kept as they were, read as page, PDF or workbook."""
