"""What replaces personal data, in documents, tables and downloads alike."""
