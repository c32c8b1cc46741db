"""The helper process: scans folders and hashes files, at idle priority."""
