"""What leaves the notebook: calls without personal data, the report in one file, tables as files."""
