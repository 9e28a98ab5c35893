"""What every page shows of the site itself."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "operator_name": settings.OPERATOR_NAME,
        "state_brand": settings.STATE_BRAND,
        "demo_mode": settings.DEMO_MODE,
        "version": settings.VERSION,
    }
