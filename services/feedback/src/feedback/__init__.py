"""Submissions of the people: custody, answers, receipts."""
