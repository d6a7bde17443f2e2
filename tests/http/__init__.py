"""The HTTP client on real connections over loopback."""
