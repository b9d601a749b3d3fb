"""Files of values as they come in: CSV, XLSX and data value sets, read into one kind of table."""
