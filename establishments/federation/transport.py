"""How a provider is spoken to: at its declared origins only, briefly, and never more than it should say."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import requests
from django.conf import settings

from establishments.identity_providers import origin_of

if TYPE_CHECKING:
    from collections.abc import Collection

# A discovery document, a key set, a token: a few kilobytes.
LARGEST_ANSWER = 512 * 1024


class RefusedExchange(requests.RequestException):
    """Not an answer we take: from elsewhere, too long, too slow, or a redirection."""


class BoundedSession(requests.Session):
    """Each answer is read whole, within its bounds, and comes from an origin of `origins`."""

    @property
    def origins(self) -> Collection[str]:
        raise NotImplementedError

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        if origin_of(str(url)) not in self.origins:
            raise RefusedExchange("not an origin of a declared provider")
        kwargs |= {"timeout": settings.OIDC_TIMEOUT, "allow_redirects": False, "stream": True}
        response = super().request(method, url, *args, **kwargs)
        with response:
            _read(response)
        if response.is_redirect:
            raise RefusedExchange("a redirection")
        return response


class ProviderSession(BoundedSession):
    """allauth asks for a session and calls `request`: of any provider of agents."""

    @property
    def origins(self) -> Collection[str]:
        return {origin for provider in settings.IDENTITY_PROVIDERS for origin in provider.origins}


def _read(response: requests.Response) -> None:
    deadline = time.monotonic() + 2 * settings.OIDC_TIMEOUT
    content = bytearray()
    for chunk in response.iter_content(16 * 1024):
        content += chunk
        if len(content) > LARGEST_ANSWER or time.monotonic() > deadline:
            raise RefusedExchange("too long, or too slow")
    response._content = bytes(content)
