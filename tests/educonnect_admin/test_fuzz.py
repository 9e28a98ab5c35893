"""Every address of the console under forged queries, forms and paths: an answer, never an error.

FUZZ_EXAMPLES says how many requests are drawn: a few by default, tens of thousands for a long run.
"""

import os
import re
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from django import forms
from django.conf import settings as site
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.activation import session
from accounts.activation.hashing import hash_password
from accounts.activation.links import token_for
from accounts.joining.duplicates import open_doubt
from accounts.models import (
    AccountKind,
    DataIssue,
    Duplicate,
    EntPartner,
    FamilySession,
    Joining,
    Operation,
    OperationItem,
)
from accounts.secrets import draw_secret, expiry_from, seal_secret
from establishments import invitations
from establishments.models import AcademyRole, Establishment, Feed
from notifications.documents import store_document
from statistics.snapshots import take_snapshots
from tests.factories import (
    AcademyRoleFactory,
    AgentFactory,
    DepartmentFactory,
    DistrictFactory,
    EstablishmentFactory,
    MandateFactory,
    StatisticsRoleFactory,
    responsable_account,
    student_account,
)
from tests.routes import filled, routes

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
APPS = ("accounts", "establishments", "notifications", "statistics", "educonnect_admin", "aaf_import")
HOSTILE = [
    "",
    "\0",
    "a\0b",
    "-1",
    "0",
    "9999999999999999999",
    "9" * 400,
    "1e309",
    "NaN",
    "٣",
    "²",
    "\ud800",
    "🙂",
    "2026-02-30",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7|add:7 }}{% debug %}",
    "../../../etc/passwd",
    "a\r\nX-Injected: 1",
    "=1+1",
    "%",
    "x" * 3000,
    "nul\u0000@example.org",
    ",".join(["1"] * 300),
    "//example.org/",
]
# Not what a browser would write: bytes that are no UTF-8, escapes cut short, separators alone.
RAW = [
    "%ff%fe=%ff",
    "%",
    "%zz=%u0041",
    "&&&===;;;",
    "q=%ed%a0%80",
    "page=%00",
    "page[]=1&page[a][b]=2",
    "q=%C0%80",
]
# The part of an address which says that a code is of a circonscription, a department or an académie.
LEVELS = ("circonscriptions/", "departements/", "academies/")
# A GET that writes, told in ARCHITECTURE.md: who opened a document with passwords is known.
WRITING_GETS = {"operation_document"}
# What leads to an ENT or to FranceConnect says that it does not answer.
NOWHERE = {"ent_leave", "franceconnect", "family_franceconnect_link"}
_READ = re.compile(
    r"""(?:request\.(?:GET|POST)|data)\.(?:get|getlist)\(\s*"(\w+)"|"(\w+)" in request\.(?:GET|POST)"""
)


def _subclasses(kind):
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)


def _forms(packages):
    declared = [form for form in _subclasses(forms.BaseForm) if hasattr(form, "base_fields")]
    return [form for form in declared if form.__module__.partition(".")[0] in packages]


def known_names():
    """The fields of our forms, and what views read of addresses by name."""
    read = [
        name
        for app in APPS
        for source in Path(site.BASE_DIR, app).rglob("*.py")
        for found in _READ.findall(source.read_text())
        for name in found
        if name
    ]
    ours = [
        form
        for form in _subclasses(forms.BaseForm)
        if form.__module__.partition(".")[0] in (*APPS, "allauth")
    ]
    fields = [name for form in ours for name in getattr(form, "base_fields", {})]
    return sorted(
        {
            *read,
            *fields,
            *("page", "next", "password1", "password2", "new_password1", "new_password2"),
            *("degre", "du", "au", "pas", "tri"),
        }
    )


def known_values():
    """What the choices of our forms accept, so that forged fields stand beside good ones."""
    fields = [field for form in _forms(APPS) for field in form.base_fields.values()]
    choices = {str(value) for field in fields for value, _ in getattr(field, "choices", [])}
    return sorted(
        {
            *choices,
            "on",
            "1",
            "2026-12-15",
            "passe",
            "csv",
            "classe",
            "courbe",
            "nom@example.org",
            "jour",
            "semaine",
        }
    )


NAMES, VALUES, ROUTES = known_names(), known_values(), sorted(set(routes()))


class World:
    """A collège and an école with all a page can be asked of, who directs both, families, and anybody.

    Each of `visitors` comes in by itself to a browser; anybody does nothing.
    """

    def __init__(self):
        self.director = AgentFactory.create()
        self.schools = [
            EstablishmentFactory.create(),
            EstablishmentFactory.create(feed__degree=1, kind="EPU"),
        ]
        # Else the monitor is told, by a 503, that no import came.
        Feed.objects.update(applied_at=timezone.now())
        for kind in (AcademyRole.Kind.IMPORTS, AcademyRole.Kind.ASSISTANCE):
            AcademyRoleFactory.create(agent=self.director, kind=kind)
        self._read_statistics()
        # By a part of the address; the first which is there.
        self.keys = {
            "academie/rapprochements": [],
            "a-traiter": [],
            "comptes": [],
            "operations": [],
            "doublons": [],
            "rapprochements": [],
            "ent": [self._ent().pk],
        }
        for school in self.schools:
            MandateFactory.create(agent=self.director, establishment=school)
            self._fill(school)
        invited = MandateFactory.create(agent=AgentFactory.create(password=None), establishment=school).agent
        activating = responsable_account(school, state="ACTIVATING", activating_since=timezone.now())
        self.tokens = [invitations.token_for(invited), token_for(activating)]
        open_doubt(self.keys["comptes"][0], activating.pk, "mail")
        self.keys["academie/rapprochements"].append(Duplicate.objects.get(establishment=None).pk)
        password = hash_password("Trois-Pommes-Vertes-2026")
        self.active = responsable_account(school, state="ACTIVE", children=2, password=password)
        self.secret, now = draw_secret(), timezone.now()
        self.notified = responsable_account(
            school,
            children=2,
            state="NOTIFIED",
            sealed_secret=seal_secret(self.secret),
            secret_drawn_at=now,
            secret_expires_at=expiry_from(now, school.academy.zone),
            distributed_at=now,
        )
        self.visitors = {
            "anybody": lambda client: None,
            "director": lambda client: client.force_login(self.director),
            "family": self._sign_in,
            "family with a letter": self._open_letter,
        }

    def _read_statistics(self):
        """The director reads the nation, counted three nights, and the territories of the schools."""
        StatisticsRoleFactory.create(agent=self.director)
        department = DepartmentFactory.create()
        district = DistrictFactory.create(feed=self.schools[1].feed)
        Establishment.objects.update(department=department)
        Establishment.objects.filter(pk=self.schools[1].pk).update(district=district)
        self.codes = [district.uai, department.code, department.academy_id]
        for nights in range(3):
            take_snapshots(timezone.now() - timedelta(days=nights))

    def code_of(self, path):
        return next((code for place, code in zip(LEVELS, self.codes, strict=True) if place in path), "x")

    def _ent(self):
        """It is nowhere: whoever is sent to it is told that it does not answer."""
        ent = {"label": "ENT", "issuer": "http://127.0.0.1:9/", "client_id": "console"}
        return EntPartner.objects.create(
            academy=self.schools[0].academy, sealed_secret=seal_secret("secret"), **ent
        )

    def _sign_in(self, client):
        request = RequestFactory().get("/")
        request.family = session.SessionStore()
        session.sign_in(request, self.active, FamilySession.Way.PASSWORD)
        request.family.save()
        client.cookies[site.FAMILY_SESSION_COOKIE_NAME] = request.family.session_key

    def _open_letter(self, client):
        client.post(
            reverse("activation_identifiers"),
            {"identifier": self.notified.identifier, "password": self.secret},
        )

    def _fill(self, school):
        states = ("NOT_NOTIFIED", "NOTIFIED", "ACTIVATING", "ACTIVE")
        accounts = [responsable_account(school, state=state) for state in states]
        self._operate(school, accounts, AccountKind.RESPONSABLE)
        if school.is_second_degree:
            pupils = [student_account(school, state=state) for state in states[:2]]
            self._operate(school, pupils, AccountKind.STUDENT)
            accounts += pupils
        self.keys["comptes"] += [account.pk for account in accounts]
        pair = {"first": accounts[0], "second": accounts[1], "establishment": school, "score": 80}
        self.keys["doublons"].append(Duplicate.objects.create(**pair).pk)
        self.keys["rapprochements"].append(Joining.objects.create(account=accounts[0], reason="RULE").pk)
        pupil = accounts[0].holdings.get().student
        contested = {"establishment": school, "student": pupil, "contested_by": [accounts[0].pk]}
        self.keys["a-traiter"].append(
            DataIssue.objects.create(kind="RELATION_CONTESTED", opened_at=timezone.now(), **contested).pk
        )

    def _operate(self, school, accounts, population):
        document = store_document(
            b"x", name="feuilles.pdf", content_type="application/pdf", lifetime=timedelta(days=7)
        )
        options = {
            "LIST": {"format": "csv", "with_secrets": True},
            "ISSUE_LIST": {"filters": {}, "populations": [population], "lines": 3},
        }
        for kind in Operation.Kind:
            # A list of what is to correct is never a draft.
            for status in ("DONE",) if kind == "ISSUE_LIST" else ("DRAFT", "DONE"):
                now = timezone.now() if status == "DONE" else None
                operation = Operation.objects.create(
                    establishment=school,
                    agent=self.director,
                    kind=kind,
                    status=status,
                    population=population,
                    confirmed_at=now,
                    document=document if now else None,
                    options=options.get(kind, {}),
                )
                for account in accounts:
                    OperationItem.objects.create(
                        operation=operation, account=account, version=account.version
                    )
                self.keys["operations"].append(operation.pk)

    def keys_of(self, path):
        return next(
            (keys for name, keys in self.keys.items() if f"{name}/<" in path), self.keys["operations"]
        )


@pytest.fixture
def world(db, settings):
    """FranceConnect is nowhere, as the ENT is."""
    settings.FRANCECONNECT_ISSUER = "http://127.0.0.1:9"
    return World()


@contextmanager
def undone():
    """What a request changed is put back, and throttles forget it."""
    cache.clear()
    point = transaction.savepoint()
    try:
        yield
    finally:
        transaction.savepoint_rollback(point)


class Written(list):
    """The statements that write a business table."""

    def __call__(self, execute, sql, params, many, context):
        is_write = re.match(r"\s*(INSERT|UPDATE|DELETE|TRUNCATE|COPY)\b", str(sql), re.I)
        if is_write and "django_session" not in str(sql):
            self.append(str(sql))
        return execute(sql, params, many, context)


def encoded(pairs):
    return "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)


def _quoted(text):
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def ask(world, visitor, name, address, query, body):
    """A GET with the query, or a POST of the body to it; what must hold of any answer."""
    client = Client()
    written = Written()
    with undone(), connection.execute_wrapper(written):
        world.visitors[visitor](client)
        written.clear()
        if body is None:
            answer = client.get(address, QUERY_STRING=query)
        else:
            answer = client.post(
                address, body.encode(), content_type="application/x-www-form-urlencoded", QUERY_STRING=query
            )
        # What is streamed is made when it is read.
        b"".join(answer)
    is_told = name in NOWHERE and answer.status_code == 503
    assert answer.status_code < 500 or is_told, (name, address)
    assert "X-Injected" not in answer.headers
    assert b"<script>alert" not in answer.content
    if body is None and name not in WRITING_GETS:
        assert not written, (name, address)
    return answer


def visitor_of(path, rank):
    """Who has something to do there."""
    if not path.startswith(("activation/", "compte/")):
        return "director"
    return ("family", "family with a letter")[rank % 2]


def test_every_address_answers_hostile_queries_and_forms(world):
    statuses = set()
    for shift in range(0, len(HOSTILE), 7):
        pairs = [(name, HOSTILE[(shift + rank) % len(HOSTILE)]) for rank, name in enumerate(NAMES)]
        for rank, (name, path) in enumerate(ROUTES):
            keys = world.keys_of(path)
            values = {"pk": keys[(rank + shift) % len(keys)], "token": world.tokens[shift % 2]}
            values["code"] = world.code_of(path)
            address = filled(path, uai=world.schools[shift % 2].uai, **values)
            for body in (None, encoded(pairs)):
                visitor = visitor_of(path, shift)
                statuses.add(ask(world, visitor, name, address, encoded(pairs), body).status_code)
    assert statuses >= {200, 302, 404, 405, 422}


def test_every_address_answers_hostile_paths_and_bytes(world):
    for rank, (name, path) in enumerate(ROUTES):
        for shift, visitor in enumerate((visitor_of(path, rank), "anybody")):
            part = quote(HOSTILE[(rank * 5 + shift) % len(HOSTILE)].encode("utf-8", "surrogatepass"), safe="")
            address = filled(
                path,
                uai=part,
                pk="9" * (18 + rank % 20),
                token=part,
                uidb36="zzzzzzzzzzzzzz",
                key=part,
                code=part,
            )
            raw = RAW[(rank + shift) % len(RAW)]
            for body in (None, raw):
                ask(world, visitor, name, address, raw, body)


def draw_request(data, world):
    """One request: somebody, somewhere, with fields which are good, hostile or anything."""
    name, path = data.draw(st.sampled_from(ROUTES))
    visitor = data.draw(st.sampled_from(sorted(world.visitors)))
    school = data.draw(st.sampled_from(world.schools)).uai
    key = data.draw(st.sampled_from(world.keys_of(path)))
    token = data.draw(st.sampled_from(world.tokens))
    anything = st.text(st.characters(), max_size=30)
    value = st.one_of(
        st.sampled_from(VALUES),
        st.sampled_from(HOSTILE),
        st.sampled_from([str(each) for keys in world.keys.values() for each in keys]),
        anything,
        st.integers().map(str),
    )
    pairs = st.lists(st.tuples(st.one_of(st.sampled_from(NAMES), anything), value), max_size=12)
    query = data.draw(st.one_of(pairs.map(encoded), st.sampled_from(RAW)))
    body = data.draw(st.one_of(st.none(), pairs.map(encoded), st.sampled_from(RAW)))
    return visitor, name, filled(path, uai=school, pk=key, token=token, code=world.code_of(path)), query, body


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_no_request_makes_an_error(world, data):
    ask(world, *draw_request(data, world))
