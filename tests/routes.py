"""Every address of the project, includes unfolded: what the tests that walk them all share."""

import re
from collections.abc import Iterable, Iterator

from django.urls import URLPattern, URLResolver, get_resolver

INSIDE = "etablissements/<str:uai>/"
# Behind a mailed link: the address is a key, and nobody is signed in there.
BY_KEY = {"activation_confirm", "password_link", "family_recover", "family_confirm_mail"}


def routes(
    patterns: Iterable[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> Iterator[tuple[str, str]]:
    """Every (name, pattern) of the project."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        else:
            yield pattern.name or "", path


def filled(path: str, **values: object) -> str:
    """The address of a pattern, its parameters replaced by `values`, or by « x »."""
    simple = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"<\1>", path).strip("^$")
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(values.get(found[1], "x")), simple).lstrip("^")
