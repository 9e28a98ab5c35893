"""What pupils are taught: the levels of the first degré, the MEF and subjects of the second."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Programme:
    """A level or a MEF. `age` is the one reached in the year when the school year begins; `short` stands in
    the names of classes; `stage` is the cycle (1st degré) or the formation (2nd); `stream` the filière."""

    code: str
    label: str
    age: int
    short: str
    stage: str
    stream: str = ""
    subjects: tuple[str, ...] = ()


NURSERY = (
    Programme("1111", "PS", 3, "PS", "1$CYCLE I"),
    Programme("1112", "MS", 4, "MS", "1$CYCLE I"),
    Programme("1113", "GS", 5, "GS", "1$CYCLE I"),
)
ELEMENTARY = (
    Programme("1121", "CP", 6, "CP", "2$CYCLE II"),
    Programme("1122", "CE1", 7, "CE1", "2$CYCLE II"),
    Programme("1123", "CE2", 8, "CE2", "2$CYCLE II"),
    Programme("1124", "CM1", 9, "CM1", "3$CYCLE III"),
    Programme("1125", "CM2", 10, "CM2", "3$CYCLE III"),
)

SUBJECTS = {
    "020700": "FRANCAIS",
    "030201": "ANGLAIS LV1",
    "030602": "ESPAGNOL LV2",
    "030102": "ALLEMAND LV2",
    "040600": "HISTOIRE-GEOGRAPHIE-ENSEIGNEMENT MORAL ET CIVIQUE",
    "061300": "MATHEMATIQUES",
    "062300": "PHYSIQUE-CHIMIE",
    "062900": "SCIENCES DE LA VIE ET DE LA TERRE",
    "070900": "TECHNOLOGIE",
    "090100": "ARTS PLASTIQUES",
    "080100": "EDUCATION MUSICALE",
    "100100": "EDUCATION PHYSIQUE ET SPORTIVE",
    "010300": "PHILOSOPHIE",
    "050100": "SCIENCES ECONOMIQUES ET SOCIALES",
    "316900": "PREVENTION-SANTE-ENVIRONNEMENT",
    "245100": "ENSEIGNEMENT PROFESSIONNEL",
    "020100": "LATIN LANGUES ET CULTURES DE L'ANTIQUITE",
}
# The disciplines of posts, for teachers' functions, each with the subject taught.
DISCIPLINES = (
    ("L0202", "LETTRES MODERNES", "020700"),
    ("L0422", "ANGLAIS", "030201"),
    ("L0426", "ESPAGNOL", "030602"),
    ("L0421", "ALLEMAND", "030102"),
    ("L1000", "HISTOIRE GEOGRAPHIE", "040600"),
    ("L1300", "MATHEMATIQUES", "061300"),
    ("L1500", "PHYSIQUE ET CHIMIE", "062300"),
    ("L1600", "SCIENCES DE LA VIE ET DE LA TERRE", "062900"),
    ("L1400", "TECHNOLOGIE", "070900"),
    ("L1800", "ARTS PLASTIQUES", "090100"),
    ("L1900", "EDUCATION PHYSIQUE ET SPORTIVE", "100100"),
    ("L0100", "PHILOSOPHIE", "010300"),
)

_MIDDLE = ("020700", "030201", "040600", "061300", "062900", "090100", "080100", "100100")
_UPPER_MIDDLE = (*_MIDDLE, "030602", "062300", "070900")
_GENERAL = ("020700", "030201", "030602", "040600", "061300", "062300", "062900", "050100", "100100")
_TECHNICAL = ("020700", "030201", "040600", "061300", "050100", "100100")
_VOCATIONAL = ("020700", "030201", "040600", "061300", "316900", "245100", "100100")

MIDDLE_SCHOOL = (
    Programme("10010012110", "6EME", 11, "6", "SIXIEME", "6EME", _MIDDLE),
    Programme("10110001110", "5EME", 12, "5", "CINQUIEME", "5EME", _UPPER_MIDDLE),
    Programme("10210001110", "4EME", 13, "4", "QUATRIEME", "4EME", _UPPER_MIDDLE),
    Programme("10310019110", "3EME", 14, "3", "TROISIEME", "3EME", _UPPER_MIDDLE),
)
SEGPA = (
    Programme("1641000211A", "6EME SEGPA", 11, "6S", "SIXIEME", "SEGPA", _MIDDLE),
    Programme("1651000211A", "5EME SEGPA", 12, "5S", "CINQUIEME", "SEGPA", _MIDDLE),
    Programme("1661000211A", "4EME SEGPA", 13, "4S", "QUATRIEME", "SEGPA", _MIDDLE),
    Programme("1671000211A", "3EME SEGPA", 14, "3S", "TROISIEME", "SEGPA", _MIDDLE),
)
_TERMINALE = (*_GENERAL, "010300")
HIGH_SCHOOL = (
    Programme("20010018110", "2NDE GENERALE ET TECHNOLOGIQUE", 15, "2NDE", "SECONDE", "2-GT", _GENERAL),
    Programme("20111010110", "1ERE GENERALE", 16, "1G", "PREMIERE", "1-G", _GENERAL),
    Programme("20211010110", "TERMINALE GENERALE", 17, "TG", "TERMINALE", "T-G", _TERMINALE),
)
HIGH_SCHOOL_TECHNICAL = (
    Programme("21131016111", "1ERE STMG", 16, "1STMG", "PREMIERE", "1-STMG", _TECHNICAL),
    Programme("21231017111", "TERMINALE STMG MERCATIQUE", 17, "TSTMG", "TERMINALE", "T-STMG", _TECHNICAL),
    Programme("21135010111", "1ERE STI2D", 16, "1STI", "PREMIERE", "1-STI2D", _TECHNICAL),
    Programme("21235011111", "TERMINALE STI2D", 17, "TSTI", "TERMINALE", "T-STI2D", _TECHNICAL),
)
VOCATIONAL_SCHOOL = (
    Programme(
        "24725505431", "2NDE PRO METIERS TRANSITIONS NUMERIQUES", 15, "2MTNE", "BAC PRO", "2-PRO", _VOCATIONAL
    ),
    Programme(
        "24725505432", "1ERE PRO CYBERSECURITE INFORMATIQUE", 16, "1CIEL", "BAC PRO", "1-PRO", _VOCATIONAL
    ),
    Programme(
        "24725505433", "TLE PRO CYBERSECURITE INFORMATIQUE", 17, "TCIEL", "BAC PRO", "T-PRO", _VOCATIONAL
    ),
    Programme("24731205A31", "2NDE PRO METIERS RELATION CLIENT", 15, "2MRC", "BAC PRO", "2-PRO", _VOCATIONAL),
    Programme("24731205A32", "1ERE PRO METIERS DU COMMERCE", 16, "1MCV", "BAC PRO", "1-PRO", _VOCATIONAL),
    Programme("24731205A33", "TLE PRO METIERS DU COMMERCE", 17, "TMCV", "BAC PRO", "T-PRO", _VOCATIONAL),
    Programme("24122139M21", "1CAP2 CUISINE", 15, "1CAP CUI", "CAP", "CAP 1", _VOCATIONAL),
    Programme("24122139M22", "2CAP2 CUISINE", 16, "2CAP CUI", "CAP", "CAP 2", _VOCATIONAL),
)
MEFS = MIDDLE_SCHOOL + SEGPA + HIGH_SCHOOL + HIGH_SCHOOL_TECHNICAL + VOCATIONAL_SCHOOL
