"""Nights told one by one, compared with the same oracle: what chance draws too seldom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.aaf_import.nights_oracle.playing import Play
from tests.aaf_import.nights_oracle.reading import rows_of_accounts
from tests.aaf_import.nights_oracle.rules import Account
from tests.aaf_import.nights_oracle.world import (
    BIRTH_DATES,
    FEEDS,
    FIRST,
    ROOMS,
    SCHOOLS,
    SECOND,
    Feed,
    Happening,
    Key,
    Link,
    Night,
    Pupil,
    Record,
    ine_of,
)

pytestmark = pytest.mark.django_db

ANNE = Record("MARTIN", "", "Anne", "06 39 98 00 01")
OTHER_MOBILE = "06 39 98 00 02"


@dataclass(frozen=True)
class Family:
    pupil: Key
    record: Key


class Story:
    def __init__(self, folder: Path) -> None:
        self.play = Play(folder)
        self.world, self.oracle = self.play.world, self.play.oracle

    def comes(
        self, feed: Feed, school: int, record: Record = ANNE, kinship: str = "10", **pupil: Any
    ) -> Family:
        family = Family((feed, self.world.new_key(7)), (feed, self.world.new_key(8)))
        said = {"room": ROOMS[feed[1]][0], "ine": ine_of(500 + self.world.next_key), **pupil}
        links = (Link(family.record[1], kinship),)
        self.world.records[family.record] = record
        self.world.pupils[family.pupil] = Pupil(list(SCHOOLS[feed])[school], links=links, **said)
        return family

    def corrects(self, family: Family, **changes: str) -> None:
        self.world.records[family.record] = replace(self.world.records[family.record], **changes)

    def acts(self, what: str, family: Family | None = None) -> None:
        """An agent or the family; of `family`, whose account it is about."""
        number = sorted(rows_of_accounts()).index(self.account(family.record).pk) if family else 0
        self.play.act(Happening(what, number))

    def night(self, feed: Feed, kind: str = "complet") -> None:
        self.play.night(Night(FEEDS.index(feed), kind))

    def account(self, key: Key, kind: str = "RESPONSABLE") -> Account:
        return self.oracle.sources[kind, key].account


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "delivery")


@pytest.mark.parametrize("used", [0, 1])
def test_a_corrected_mobile_joins_two_accounts_and_the_one_in_use_is_kept(story: Story, used: int) -> None:
    both = story.comes(SECOND, 0), story.comes(SECOND, 1, replace(ANNE, mobile=OTHER_MOBILE))
    story.night(SECOND)
    kept, closed = (story.account(family.record) for family in (both[used], both[1 - used]))
    story.acts("register", both[used])
    story.acts("notify", both[1 - used])
    story.corrects(both[1], mobile=ANNE.mobile)
    story.night(SECOND, "delta")
    assert closed.merged_into is kept
    assert not kept.is_closed
    assert {record for _, record in story.oracle.to_renotify} == {both[1 - used].record}


def test_a_letter_sent_is_worth_more_than_none_and_its_school_is_told_nothing(story: Story) -> None:
    both = story.comes(SECOND, 0), story.comes(SECOND, 1, replace(ANNE, mobile=OTHER_MOBILE))
    story.night(SECOND)
    kept = story.account(both[1].record)
    story.acts("notify", both[1])
    story.corrects(both[0], mobile=OTHER_MOBILE)
    story.night(SECOND, "delta")
    assert story.account(both[0].record) is kept
    assert not story.oracle.to_renotify


def test_the_account_of_a_child_who_left_is_opened_again_when_he_comes_back(story: Story) -> None:
    family = story.comes(SECOND, 0)
    story.night(SECOND)
    story.acts("register", family)
    story.world.remove(family.pupil)
    story.night(SECOND)
    story.acts("close")
    assert story.account(family.record).is_closed
    story.world.come_back(0, 0, 0)
    story.night(SECOND)
    assert not story.account(family.record).is_closed


def test_of_three_who_agree_none_is_chosen(story: Story) -> None:
    one = story.comes(SECOND, 0, replace(ANNE, mail="a@example.org"))
    other = story.comes(SECOND, 1, replace(ANNE, mail="b@example.org"))
    story.night(SECOND)
    third = story.comes(FIRST, 0)
    story.night(FIRST)
    assert len({story.account(family.record).pk for family in (one, other, third)}) == 3
    assert sorted(story.oracle.doubts.values()) == ["mail", "several", "several"]


@pytest.mark.parametrize("kinships", [("51", "10"), ("10", "51")])
def test_an_institution_with_somebodys_name_and_mobile_is_nobody(
    story: Story, kinships: tuple[str, str]
) -> None:
    known = story.comes(SECOND, 0, kinship=kinships[0])
    story.night(SECOND)
    new = story.comes(SECOND, 1, kinship=kinships[1])
    story.night(SECOND)
    assert story.account(known.record) is not story.account(new.record)
    assert not story.oracle.doubts


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [({"mail": "a@example.org"}, {"mail": "b@example.org"}), ({"title": "Mme"}, {"title": "M."})],
)
def test_what_another_record_of_the_account_says_speaks_against_a_joining(
    story: Story, mine: dict[str, str], theirs: dict[str, str]
) -> None:
    said = story.comes(SECOND, 0, replace(ANNE, **mine))
    silent = story.comes(SECOND, 1)
    story.night(SECOND)
    assert story.account(said.record) is story.account(silent.record)
    other = story.comes(FIRST, 0, replace(ANNE, mobile=OTHER_MOBILE, **theirs))
    story.night(FIRST)
    story.corrects(silent, mobile=OTHER_MOBILE)
    story.night(SECOND)
    assert story.account(silent.record) is not story.account(other.record)
    assert list(story.oracle.doubts.values()) == list(mine)


def test_two_told_apart_are_doubted_no_more_whatever_is_corrected(story: Story) -> None:
    one = story.comes(SECOND, 0, replace(ANNE, mail="a@example.org"))
    other = story.comes(SECOND, 1)
    story.night(SECOND)
    assert story.account(one.record) is story.account(other.record)
    story.acts("undo")
    story.corrects(other, title="Mme")
    story.night(SECOND, "delta")
    story.corrects(other, mail="b@example.org")
    story.night(SECOND, "delta")
    assert story.account(one.record) is not story.account(other.record)


@pytest.mark.parametrize("birth_date", BIRTH_DATES[:2])
def test_a_pupils_account_goes_on_under_another_key_when_born_the_same_day(
    story: Story, birth_date: str
) -> None:
    gone = story.comes(SECOND, 0, ine=ine_of(1))
    story.night(SECOND)
    former = story.account(gone.pupil, "STUDENT")
    story.world.remove(gone.pupil)
    came = story.comes(SECOND, 1, ine=ine_of(1), birth_date=birth_date)
    story.night(SECOND)
    assert (story.account(came.pupil, "STUDENT") is former) == (birth_date == BIRTH_DATES[0])


def test_of_two_pupils_present_under_one_ine_neither_has_the_account_of_who_left(story: Story) -> None:
    gone = story.comes(SECOND, 0, ine=ine_of(1))
    story.night(SECOND)
    story.world.remove(gone.pupil)
    both = story.comes(SECOND, 0, ine=ine_of(1)), story.comes(SECOND, 1, ine=ine_of(1))
    story.night(SECOND)
    accounts = {story.account(family.pupil, "STUDENT").pk for family in (gone, *both)}
    assert len(accounts) == 3


@pytest.mark.parametrize("lacking", ["room", "ine"])
def test_an_ecolier_gives_no_account_before_he_has_a_class_and_an_ine(story: Story, lacking: str) -> None:
    family = story.comes(FIRST, 0, **{lacking: ""})
    story.night(FIRST)
    assert ("RESPONSABLE", family.record) not in story.oracle.sources
    given = {"room": ROOMS[1][0], "ine": ine_of(1)}[lacking]
    story.world.pupils[family.pupil] = replace(story.world.pupils[family.pupil], **{lacking: given})
    story.night(FIRST, "delta")
    assert ("RESPONSABLE", family.record) in story.oracle.sources
