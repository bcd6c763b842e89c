"""The rules behind tools/check-style."""
