"""Where a request comes from: the one answer for second factors, throttles and lists of sessions."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from django.http import HttpRequest

Address = IPv4Address | IPv6Address


def client_address(request: HttpRequest) -> Address | None:
    """What the outermost trusted proxy saw; None when that cannot be known.

    Each of the settings.ALLAUTH_TRUSTED_PROXY_COUNT proxies adds one address at the end of X-Forwarded-For;
    what stands before was written by the client. Without proxies the header is not read.
    """
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if not proxies:
        return _parsed(request.META.get("REMOTE_ADDR", ""))
    told = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    return _parsed(told[-proxies]) if len(told) >= proxies else None


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_administrative(request: HttpRequest) -> bool:
    """Whether it comes from one of settings.ADMIN_NETWORKS."""
    address = client_address(request)
    return address is not None and any(address in network for network in settings.ADMIN_NETWORKS)


def is_of_families(request: HttpRequest) -> bool:
    """Whether it is for the family's side: another session, other pages of error."""
    return request.path_info.startswith(settings.FAMILY_PATHS)
