"""Answers over HTTP: one process, an API for programs and a page for people."""
