"""What translators are measured by."""
