"""What those who run it read in README.md and .env.example is what there is."""

import re

import pytest
from django.conf import settings
from django.core.management import get_commands

OURS = {"aaf_import", "accounts", "establishments", "notifications", "statistics"}


def test_the_manual_names_each_command():
    manual = (settings.BASE_DIR / "README.md").read_text()

    named = set(re.findall(r"^\| `manage\.py (\w+)", manual, re.MULTILINE))

    assert named == {command for command, app in get_commands().items() if app in OURS}


@pytest.mark.parametrize("name", ["README.md", ".env.example"])
def test_the_line_of_cron_reads_what_came_back_and_writes_it(name):
    lines = (settings.BASE_DIR / name).read_text().splitlines()

    assert any(re.search(r"\*/10 .* manage\.py read_bounces /\S+ --wet-run$", line) for line in lines)
