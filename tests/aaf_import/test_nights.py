"""A night of a whole académie: the Complet of the day after, and the Delta, lead to one database."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from aaf_import.applying import Options
from aaf_import.importing import import_extract
from aaf_import.models import ImportRun
from aaf_import.synthetic.generation import folder_of, generate
from aaf_import.synthetic.nights import Night, write_night
from aaf_import.synthetic.order import DEFAULT_DAY, Order
from tests.aaf_import.test_import_nights import content

pytestmark = pytest.mark.django_db
NIGHT_DAY = DEFAULT_DAY.replace(day=DEFAULT_DAY.day + 1)
_PERSON = """jointure, title, surname, birth_surname, given_name, surname_key, given_name_key, source_id,
    digest, left_at IS NULL"""
_STATE = {
    "establishments": """SELECT jointure, uai, kind, name, search_key, district_id IS NULL, is_offered,
        digest, left_at IS NULL FROM establishments_establishment""",
    "classes": """SELECT establishment.jointure, key, class.label, label_key, mef.code, class.left_at IS NULL
        FROM establishments_schoolclass class JOIN establishments_establishment establishment
        ON establishment.id = establishment_id LEFT JOIN establishments_mef mef ON mef.id = mef_id""",
    "students": f"""SELECT {_PERSON}, ine, birth_date, level, eligible_at IS NULL,
        (SELECT jointure FROM establishments_establishment place WHERE place.id = establishment_id),
        (SELECT key FROM establishments_schoolclass class WHERE class.id = school_class_id),
        (SELECT code FROM establishments_mef mef WHERE mef.id = mef_id)
        FROM establishments_student""",
    "responsables": f"""SELECT {_PERSON}, address, postcode, city, country, mobile, mobile_raw, home_phone,
        work_phone, mail FROM establishments_responsable""",
    "links": """SELECT student.jointure, responsable.jointure, kinship, is_legal, legal_code, ended_at IS NULL
        FROM establishments_responsibility
        JOIN establishments_student student ON student.id = student_id
        JOIN establishments_responsable responsable ON responsable.id = responsable_id""",
    "agents": """SELECT jointure, title, surname, given_name, contact_mail, email, digest
        FROM establishments_agent""",
    "mandates": """SELECT agent.jointure, establishment.jointure, role, ended_at IS NULL
        FROM establishments_mandate JOIN establishments_agent agent ON agent.id = agent_id
        JOIN establishments_establishment establishment ON establishment.id = establishment_id""",
    "accounts": """SELECT student.jointure, responsable.jointure, account.kind, source.closed_at IS NULL
        FROM accounts_accountsource source JOIN accounts_account account ON account.id = account_id
        LEFT JOIN establishments_student student ON student.id = source.student_id
        LEFT JOIN establishments_responsable responsable ON responsable.id = source.responsable_id""",
    "told": """SELECT establishment.jointure, data::text FROM establishments_event event
        JOIN establishments_establishment establishment ON establishment.id = establishment_id
        WHERE event.kind = 'import:applied'""",
}


def state() -> dict[str, list[str]]:
    """What the database says of everyone, by their keys and not by the order of their coming."""
    found = {}
    with connection.cursor() as cursor:
        for name, query in _STATE.items():
            cursor.execute(query.replace("%", "%%"))
            found[name] = sorted(map(str, cursor.fetchall()))
    return found


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("degree", [1, 2])
def test_a_complet_and_a_delta_lead_to_one_database(tmp_path: Path, degree: int, seed: int) -> None:
    order = Order("28", (degree,), establishments=4, students=300, seed=seed, clean=True)
    generate(order, tmp_path)
    first = folder_of(tmp_path, "28", degree)
    counts = write_night(first, tmp_path / "night", Night(NIGHT_DAY, seed, 0.15))
    assert min(counts["added"], counts["modified"], counts["deleted"]) > 0
    import_extract(first, processes=1)

    loosely = Options(force=True)
    start = transaction.savepoint()
    import_extract(tmp_path / "night" / "complet", loosely, processes=1)
    by_complet = state()
    transaction.savepoint_rollback(start)
    run = import_extract(tmp_path / "night" / "delta", loosely, processes=1)
    by_delta = state()
    for name, rows in by_complet.items():
        assert sorted(set(by_delta[name]) ^ set(rows)) == [], name
    assert (run.kind, run.anomaly_counts.keys() & {"ADD_KNOWN", "MODIFY_UNKNOWN", "DELETE_UNKNOWN"}) == (
        ImportRun.Kind.DELTA,
        set(),
    )

    before = content()
    import_extract(tmp_path / "night" / "complet", processes=1)
    assert content() == before
    import_extract(tmp_path / "night" / "delta", processes=1)
    assert content() == before


def test_the_command_writes_a_night(tmp_path: Path) -> None:
    generate(Order("28", (2,), establishments=2, students=60, seed=1), tmp_path / "first")
    out = StringIO()
    first = folder_of(tmp_path / "first", "28", 2)
    options = ("--academy", "28", "--delta-from", str(first), "--date", "2026-01-06", "--share", "0.2")
    call_command("generate_aaf", str(tmp_path / "night"), *options, stdout=out)
    assert "added" in out.getvalue()
    assert {path.name for path in (tmp_path / "night").iterdir()} == {"complet", "delta"}
    names = {path.name for path in (tmp_path / "night" / "delta").iterdir()}
    assert "ENT2DVA_Delta_20260106_Eleve_0000.xml" in names
    again = (*options[:2], "--delta-from", str(tmp_path / "night" / "delta"))
    with pytest.raises(CommandError, match="holds no Complet"):
        call_command("generate_aaf", str(tmp_path / "other"), *again)
