"""The vendor's numbers for time zones (10.4)."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

BERLIN = "Europe/Berlin"
NO_ZONE = 65535

_NAMES = """
Africa/Cairo Africa/Lagos Africa/Maputo Africa/Nairobi America/Anchorage America/Argentina/Buenos_Aires
America/Chicago America/Denver America/Halifax America/Los_Angeles America/Manaus America/Mexico_City
America/New_York America/Phoenix America/Regina America/Santiago America/Sao_Paulo America/St_Johns
Asia/Bangkok Asia/Dubai Asia/Hong_Kong Asia/Jerusalem Asia/Karachi Asia/Kathmandu Asia/Kolkata Asia/Riyadh
Asia/Seoul Asia/Shanghai Asia/Tehran Asia/Tokyo Asia/Yangon Australia/Adelaide Australia/Brisbane
Australia/Darwin Australia/Hobart Australia/Perth Australia/Sydney Europe/Berlin Europe/Helsinki
Europe/Istanbul Europe/London Europe/Moscow Pacific/Auckland Pacific/Guam Pacific/Honolulu
Pacific/Pago_Pago
"""
ZONES: dict[int, str] = dict(enumerate(_NAMES.split()))


def zone_of(timezone_id: int) -> ZoneInfo:
    return ZoneInfo(ZONES[timezone_id])


def offset_of(timezone_id: int) -> tuple[int, int]:
    """What a Smart Lock 1.0 knows of a zone: minutes from UTC in winter, and 1 if summer time is kept."""
    zone = zone_of(timezone_id)
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7)}
    return min(offsets) // timedelta(minutes=1), int(len(offsets) > 1)
