"""One API in front of many brands of smart locks, in the wire format of the Seam API."""

__version__ = "0.1.0"
