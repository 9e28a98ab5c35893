"""What the files that agents download are called."""

from datetime import datetime
from zoneinfo import ZoneInfo


def file_name(what: str, uai: str, at: datetime, zone: ZoneInfo, extension: str) -> str:
    """« responsables-0940001A-20261124141530.csv »: the guide's date and hour, by the académie’s clock."""
    return f"{what}-{uai}-{at.astimezone(zone):%Y%m%d%H%M%S}.{extension}"
