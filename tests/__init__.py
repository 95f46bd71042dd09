"""Unit tests, style tests, and the validation of every notebook."""
