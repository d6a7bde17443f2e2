"""Runs on doubles: a source that tests change, a store and a catalog in memory."""
