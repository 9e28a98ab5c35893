"""The tests' own tools fail when they should."""

import pytest
from django.conf import settings
from django.template import Context, Origin, Template, engines
from playwright.sync_api import Browser

from tests.browser import BrowserWatch
from tests.servers import redis_url_of_worker


def render(source: str, origin: str) -> str:
    template = Template(source, origin=Origin(origin), engine=engines["django"].engine)
    return template.render(Context())


def test_an_undefined_name_in_our_templates_fails_the_test() -> None:
    with pytest.raises(AssertionError, match="nobody"):
        render("{{ nobody }}", str(settings.BASE_DIR / "templates" / "page.html"))


def test_asking_whether_a_name_is_there_is_allowed() -> None:
    assert render("{% if nobody %}y{% endif %}", str(settings.BASE_DIR / "templates" / "page.html")) == ""


def test_an_undefined_name_in_a_library_is_its_own_business() -> None:
    assert render("{{ nobody }}", "/usr/lib/python3/site-packages/library/templates/page.html") == ""


def test_the_watch_sees_what_a_page_should_not_do(browser: Browser, live_console: str) -> None:
    watch = BrowserWatch()
    watch.allow("favicon")
    context = browser.new_context()
    watch.watch(context)
    page = context.new_page()
    page.goto(f"{live_console}/connexion/")
    assert watch.problems == []
    page.evaluate("console.error('a mistake')")
    page.evaluate("fetch('http://elsewhere.example.org/').catch(() => {})")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')")
    page.evaluate("setTimeout(() => { throw new Error('thrown') }, 0)")
    page.wait_for_timeout(200)
    seen = "\n".join(watch.problems)
    for expected in ("a mistake", "elsewhere.example.org", "style-src", "thrown"):
        assert expected in seen
    watch.allow("mistake|elsewhere|policy|Content Security Policy|thrown")
    assert watch.problems == []
    context.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+socket:///run/redis.sock?virtual_host=0", "redis+socket:///run/redis.sock?virtual_host=2"),
        ("redis://localhost:6379/3", "redis://localhost:6379/5"),
        ("redis://localhost:6379", "redis://localhost:6379/2"),
        ("redis://localhost:6379/", "redis://localhost:6379/2"),
    ],
)
def test_each_xdist_worker_has_its_redis_database(url: str, expected: str) -> None:
    assert redis_url_of_worker(url, "gw1") == expected
