"""A database of invented schools and families, written by a few statements of bulk SQL."""

from dataclasses import dataclass

from django.db import connection, transaction

from establishments.models import Establishment
from establishments.names import label_key, name_key
from establishments.territories import UAI_LETTERS

SURNAMES = """
MARTIN BERNARD THOMAS PETIT ROBERT RICHARD DURAND DUBOIS MOREAU LAURENT SIMON MICHEL LEFÈVRE LEROY
ROUX DAVID BERTRAND MOREL FOURNIER GIRARD BONNET DUPONT LAMBERT FONTAINE ROUSSEAU VINCENT MULLER
LEFEBVRE FAURE ANDRÉ MERCIER BLANC GUÉRIN BOYER GARNIER CHEVALIER FRANÇOIS LEGRAND GAUTHIER GARCIA
PERRIN ROBIN CLÉMENT MORIN NICOLAS HENRY ROUSSEL MATHIEU GAUTIER MASSON MARCHAND DUVAL DENIS DUMONT
MARIE LEMAIRE NOËL MEYER DUFOUR MEUNIER BRUN BLANCHARD GIRAUD JOLY RIVIÈRE LUCAS BRUNET GAILLARD
BARBIER ARNAUD MARTINEZ RENARD
"""
GIVEN_NAMES = """
Élie Zoé Emma Jade Louise Alice Chloé Inès Léa Manon Rose Anna Mila Ambre Julia Lina Agathe Romane
Nina Gabriel Léo Raphaël Arthur Louis Jules Adam Maël Lucas Hugo Noah Liam Gabin Sacha Paul Nathan
Aaron Mohamed Ethan Eden Tom Noé Maëlys Éloïse Anaïs Aya Sofia Yasmine Fatoumata Océane
Jean-Baptiste Marie-Lou Noël Zélie
"""
PUPILS_OF_A_CLASS = 27


@dataclass(frozen=True, slots=True)
class Population:
    """How large: `schools` of `pupils` each, two responsables a family, four pupils for three families.

    Of both `degrees`, every other school is of the 1er, and the two pupils of a family are one in each.
    """

    schools: int
    pupils: int
    degrees: tuple[int, ...] = (2,)

    @property
    def all_pupils(self) -> int:
        return self.schools * self.pupils

    @property
    def all_responsables(self) -> int:
        return self.all_pupils * 3 // 4 * 2

    @property
    def persons(self) -> int:
        return self.all_pupils + self.all_responsables


OF_AN_ACADEMY = Population(schools=60, pupils=2_000)
OF_BOTH_DEGREES = Population(schools=1_616, pupils=330, degrees=(1, 2))
SCHOOLS_OF_A_DISTRICT = 30


@transaction.atomic
def populate(population: Population = OF_AN_ACADEMY) -> Establishment:
    """Fill an empty database, and return the school to measure. Rows lie in no order that helps."""
    with connection.cursor() as cursor:
        for statement in _STATEMENTS:
            cursor.execute(statement, _parameters(population))
    school = Establishment.objects.select_related("feed__academy").earliest("pk")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return school


def _parameters(population: Population) -> dict[str, int | str | list[str] | list[int]]:
    names = [f"COLLÈGE {number}" for number in range(population.schools)]
    surnames, given_names = SURNAMES.split(), GIVEN_NAMES.split()
    classes = range(-(-population.pupils // PUPILS_OF_A_CLASS))
    labels = [f"{6 - number % 4}EME {number // 4 + 1}" for number in classes]
    return {
        "pupils": population.pupils,
        "degrees": list(population.degrees),
        "degree_count": len(population.degrees),
        "districts": -(-population.schools // SCHOOLS_OF_A_DISTRICT),
        "district_size": SCHOOLS_OF_A_DISTRICT,
        "all_pupils": population.all_pupils,
        "families": population.all_pupils * 3 // 4,
        "uais": [
            f"{number:07d}{UAI_LETTERS[number % 23]}"
            for number in range(940_000, 940_000 + population.schools)
        ],
        "names": names,
        "name_keys": [label_key(name) for name in names],
        "labels": labels,
        "label_keys": [label_key(label) for label in labels],
        "surnames": surnames,
        "surname_keys": [name_key(name) for name in surnames],
        "surname_count": len(surnames),
        "given_name_count": len(given_names),
        "given_names": given_names,
        "given_name_keys": [name_key(name) for name in given_names],
        "class_size": PUPILS_OF_A_CLASS,
    }


# The n-th pupil is of family n * 3 / 4; family f has responsables 2f and 2f + 1. In one degré, the n-th is
# of school n / pupils; in both, even pupils of twice as many are of one school, odd ones of the next.
_ACADEMY = """
INSERT INTO establishments_academy (code, name, time_zone) VALUES ('24', 'Créteil', 'Europe/Paris')
"""
_DEPARTMENTS = """
INSERT INTO establishments_department (code, name, academy_id)
VALUES ('077', 'Seine-et-Marne', '24'), ('093', 'Seine-Saint-Denis', '24'), ('094', 'Val-de-Marne', '24')
"""
_FEEDS = """
INSERT INTO establishments_feed (academy_id, degree) SELECT '24', unnest(%(degrees)s::int[])
"""
_DISTRICTS = """
INSERT INTO establishments_district (feed_id, jointure, uai, name)
SELECT feed.id, number::text,
       (ARRAY['077', '093', '094'])[1 + number %% 3] || lpad(number::text, 4, '0') || 'X',
       'CIRCONSCRIPTION ' || number
FROM establishments_feed feed, generate_series(0, %(districts)s - 1) number WHERE feed.degree = 1
"""
_SCHOOLS = """
INSERT INTO establishments_establishment (feed_id, jointure, uai, kind, name, type_label, type_code, sector,
    street, postcode, city, phone, mail, search_key, is_offered, digest, district_id, department_id)
SELECT feed.id, number::text, school.uai, 'CLG', school.name, 'COLLEGE', '340', 'PU', '1 RUE DE L’EXEMPLE',
       '94999', 'FICTIVILLE', '', '', key, true, gen_random_uuid(), district.id,
       (ARRAY['077', '093', '094'])[1 + number / %(district_size)s %% 3]
FROM unnest(%(uais)s::text[], %(names)s::text[], %(name_keys)s::text[])
     WITH ORDINALITY AS school (uai, name, key, number)
JOIN establishments_feed feed ON feed.degree = (%(degrees)s::int[])[1 + (number - 1) %% %(degree_count)s]
LEFT JOIN establishments_district district
     ON district.feed_id = feed.id AND district.jointure = (number / %(district_size)s)::text
ORDER BY number
"""
_MEFS = """
INSERT INTO establishments_mef (feed_id, code, label)
SELECT feed.id, level::text, level || 'EME' FROM establishments_feed feed, generate_series(3, 6) level
"""
_CLASSES = """
INSERT INTO establishments_schoolclass (establishment_id, key, label, label_key, mef_id)
SELECT e.id, number::text, c.label, c.key, mef.id
FROM establishments_establishment e
CROSS JOIN unnest(%(labels)s::text[], %(label_keys)s::text[]) WITH ORDINALITY AS c (label, key, number)
JOIN establishments_mef mef ON mef.feed_id = e.feed_id AND mef.code = left(c.label, 1)
"""
_STUDENTS = """
INSERT INTO establishments_student (feed_id, jointure, title, surname, birth_surname, given_name, surname_key,
    given_name_key, source_id, digest, ine, birth_date, establishment_id, school_class_id, mef_id, level,
    eligible_at, arrived_at)
SELECT e.feed_id, n::text, '', (%(surnames)s::text[])[s], '', (%(given_names)s::text[])[g],
       (%(surname_keys)s::text[])[s], (%(given_name_keys)s::text[])[g], n::text, gen_random_uuid(),
       lpad(n::text, 9, '0') || 'AA', date '2012-01-01' + n %% 1400, e.id, c.id, c.mef_id, '',
       timestamptz '2026-09-01', timestamptz '2026-09-01'
FROM generate_series(0, %(all_pupils)s - 1) n
CROSS JOIN LATERAL (SELECT 1 + ((n * 3 / 4) * 7919::bigint %% %(surname_count)s)::int AS s,
                           1 + (n * 104729::bigint %% %(given_name_count)s)::int AS g) AS drawn
CROSS JOIN LATERAL (SELECT n / %(degree_count)s AS rank, n %% %(degree_count)s AS side) AS seat
JOIN establishments_establishment e
     ON e.jointure = (1 + rank / %(pupils)s * %(degree_count)s + side)::text
JOIN establishments_schoolclass c ON c.establishment_id = e.id
     AND c.key = (1 + rank %% %(pupils)s * 31 %% %(pupils)s / %(class_size)s)::text
ORDER BY md5(n::text)
"""
_RESPONSABLES = """
INSERT INTO establishments_responsable (feed_id, jointure, title, surname, birth_surname, given_name,
    surname_key, given_name_key, source_id, digest, address, postcode, city, country, mobile, mobile_raw,
    home_phone, work_phone, mail)
SELECT feed.id, n::text, '', (%(surnames)s::text[])[s], '', (%(given_names)s::text[])[g],
       (%(surname_keys)s::text[])[s], (%(given_name_keys)s::text[])[g], n::text, gen_random_uuid(),
       '1 RUE DES LILAS', '94999', 'FICTIVILLE', '',
       CASE WHEN n %% 5 > 0 THEN '+3363998' || lpad((n %% 10000)::text, 4, '0') ELSE '' END, '', '', '',
       CASE WHEN n %% 2 > 0 THEN 'famille' || n || '@example.org' ELSE '' END
FROM establishments_feed feed
CROSS JOIN generate_series(0, 2 * %(families)s - 1) n
CROSS JOIN LATERAL (SELECT 1 + ((n / 2 + n %% 2 * (n %% 3)) * 7919::bigint %% %(surname_count)s)::int AS s,
                           1 + (n * 15485863::bigint %% %(given_name_count)s)::int AS g) AS drawn
-- Family f has two pupils, 4f / 3 and the next, when 3 divides it; else one.
WHERE %(degree_count)s = 1 OR n / 2 %% 3 IN (0, feed.degree)
ORDER BY md5(n::text)
"""
_LINKS = """
INSERT INTO establishments_responsibility (student_id, responsable_id, kinship, is_legal, legal_code)
SELECT student.id, responsable.id, CASE side WHEN 0 THEN '10' ELSE '20' END, true, '1'
FROM establishments_student student
CROSS JOIN generate_series(0, 1) side
JOIN establishments_responsable responsable
     ON responsable.feed_id = student.feed_id
     AND responsable.jointure = (student.jointure::int * 3 / 4 * 2 + side)::text
ORDER BY md5(student.jointure)
"""
# One account in four in each state; what each state holds is checked by the database.
_ACCOUNTS = """
INSERT INTO accounts_account (identifier, kind, state, origin, version, sealed_secret, secret_drawn_at,
    secret_expires_at, distributed_at, times_distributed, password, pending_mail, activating_since,
    activated_at, mail, mobile, last_sign_in_at, created_at)
SELECT identifier, kind, state, CASE state WHEN 'NOT_NOTIFIED' THEN 'NONE' ELSE 'ESTABLISHMENT' END, 0,
       CASE state WHEN 'NOTIFIED' THEN 'sealed' ELSE '' END,
       CASE state WHEN 'NOTIFIED' THEN drawn END,
       CASE state WHEN 'NOTIFIED' THEN drawn + interval '3 months' END,
       CASE WHEN state <> 'NOT_NOTIFIED' THEN drawn END,
       CASE WHEN state <> 'NOT_NOTIFIED' THEN 1 ELSE 0 END,
       CASE WHEN state IN ('ACTIVATING', 'ACTIVE') THEN 'argon2$chosen' ELSE '' END,
       CASE state WHEN 'ACTIVATING' THEN 'attente@example.org' ELSE '' END,
       CASE state WHEN 'ACTIVATING' THEN drawn END,
       CASE state WHEN 'ACTIVE' THEN drawn END,
       CASE state WHEN 'ACTIVE' THEN 'valide' || n || '@example.org' ELSE '' END, '',
       CASE state WHEN 'ACTIVE' THEN drawn + interval '5 days' END, drawn
FROM (
    SELECT lower(left(given_name_key, 1) || '.' || surname_key) || 'r' || jointure AS identifier,
           'RESPONSABLE' AS kind, jointure::int AS n FROM establishments_responsable
    UNION
    SELECT lower(left(given_name_key, 1) || '.' || surname_key) || 'e' || jointure, 'STUDENT', jointure::int
    FROM establishments_student JOIN establishments_feed feed ON feed.id = feed_id AND feed.degree = 2
) person
CROSS JOIN LATERAL (
    SELECT (ARRAY['NOT_NOTIFIED', 'NOTIFIED', 'ACTIVATING', 'ACTIVE'])[1 + n %% 4] AS state,
           timestamptz '2026-09-05' + n %% 60 * interval '1 day' AS drawn
) life
ORDER BY md5(identifier)
"""
_SOURCES = """
INSERT INTO accounts_accountsource (account_id, responsable_id, student_id, opened_at, reason)
SELECT account.id, responsable.id, NULL, account.created_at, 'CREATED'
FROM establishments_responsable responsable
JOIN accounts_account account
     ON account.identifier = lower(left(given_name_key, 1) || '.' || surname_key) || 'r' || jointure
UNION ALL
SELECT account.id, NULL, student.id, account.created_at, 'CREATED'
FROM establishments_student student
JOIN accounts_account account
     ON account.identifier = lower(left(given_name_key, 1) || '.' || surname_key) || 'e' || jointure
"""
_STATEMENTS = (
    _ACADEMY,
    _DEPARTMENTS,
    _FEEDS,
    _DISTRICTS,
    _SCHOOLS,
    _MEFS,
    _CLASSES,
    _STUDENTS,
    _RESPONSABLES,
    _LINKS,
    _ACCOUNTS,
    _SOURCES,
)
