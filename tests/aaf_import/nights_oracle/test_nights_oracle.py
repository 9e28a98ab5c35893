"""Nights at random of two académies, in both degrés, compared with an oracle of plain data after each."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.aaf_import.nights_oracle.playing import Play
from tests.aaf_import.nights_oracle.world import Happening, Night

pytestmark = pytest.mark.django_db

# A long run: NIGHTS_EXAMPLES=500 pytest tests/aaf_import/nights_oracle
EXAMPLES = int(os.environ.get("NIGHTS_EXAMPLES", "6"))
PHASES = [Phase.explicit, Phase.reuse, Phase.generate]
HAPPENINGS = [
    "arrive",
    "arrive",
    "entered_twice",
    "correct",
    "correct",
    "correct",
    "enter_sixieme",
    "change_key",
    "flag",
    "sibling",
    "leave",
    "come_back",
    "change_school",
    "correct_pupil",
    "link",
    "cross_the_border",
]
ACTS = ["notify", "notify", "register", "start", "confirm", "close", "undo"]
number = st.integers(0, 59)


def _happenings(names: list[str], least: int, most: int) -> Any:
    one = st.builds(Happening, st.sampled_from(names), number, number, number)
    return st.lists(one, min_size=least, max_size=most).map(tuple)


nights = st.lists(
    st.builds(
        Night,
        feed=st.sampled_from([0, 0, 0, 1, 1, 2]),
        kind=st.sampled_from(["complet", "delta", "both"]),
        happenings=_happenings(HAPPENINGS, 3, 6),
        acts=_happenings(ACTS, 2, 6),
    ),
    min_size=5,
    max_size=8,
)
# Schools are not empty on the first night: most of what may happen needs people.
firsts = _happenings(["arrive", "arrive", "arrive", "entered_twice", "enter_sixieme"], 5, 7)


@given(firsts, nights)
@settings(
    max_examples=EXAMPLES,
    derandomize="NIGHTS_EXAMPLES" not in os.environ,
    deadline=None,
    print_blob=True,
    report_multiple_bugs=False,
    phases=PHASES,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
def test_after_each_night_the_database_says_what_the_oracle_tells(
    tmp_path: Path, firsts: tuple[Happening, ...], nights: list[Night]
) -> None:
    start = transaction.savepoint()
    try:
        play = Play(tmp_path / "delivery")
        for happening in firsts:
            play.world.happen(happening)
        for night in nights:
            play.night(night)
    finally:
        transaction.savepoint_rollback(start)
