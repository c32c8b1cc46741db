"""The recorder's helper: one idle process per server that scans and hashes.

Its events go to ``helper.jsonl`` of each session. Nobody waits for it, but for
``flush`` with a timeout when a record is made and when ``execute`` ends.
"""
