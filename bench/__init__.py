"""Ostiary against the peer and against a bare server, in one run on one machine. `python -m bench`."""
