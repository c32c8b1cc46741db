"""The server extension: recorder, documents, save hook, routes."""
