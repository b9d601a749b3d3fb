"""A snapshot as people and machines read it: Markdown, DOCX, PDF, CSV, XLSX, JSON, SDMX."""
