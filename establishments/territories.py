"""The académies and departments of France, as the State numbers them (reference data, no Django)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AcademyRef:
    """`code` is the two-digit code AAF uses; `time_zone` an IANA name."""

    code: str
    name: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class DepartmentRef:
    """`code` is the three-character code of UAIs and AAF, with 02A and 02B for Corse."""

    code: str
    name: str
    academy_code: str


_PARIS = "Europe/Paris"
ACADEMIES: dict[str, AcademyRef] = {
    code: AcademyRef(code, name, zone)
    for code, name, zone in (
        ("01", "Paris", _PARIS),
        ("02", "Aix-Marseille", _PARIS),
        ("03", "Besançon", _PARIS),
        ("04", "Bordeaux", _PARIS),
        ("06", "Clermont-Ferrand", _PARIS),
        ("07", "Dijon", _PARIS),
        ("08", "Grenoble", _PARIS),
        ("09", "Lille", _PARIS),
        ("10", "Lyon", _PARIS),
        ("11", "Montpellier", _PARIS),
        ("12", "Nancy-Metz", _PARIS),
        ("13", "Poitiers", _PARIS),
        ("14", "Rennes", _PARIS),
        ("15", "Strasbourg", _PARIS),
        ("16", "Toulouse", _PARIS),
        ("17", "Nantes", _PARIS),
        ("18", "Orléans-Tours", _PARIS),
        ("19", "Reims", _PARIS),
        ("20", "Amiens", _PARIS),
        ("22", "Limoges", _PARIS),
        ("23", "Nice", _PARIS),
        ("24", "Créteil", _PARIS),
        ("25", "Versailles", _PARIS),
        ("27", "Corse", _PARIS),
        ("28", "La Réunion", "Indian/Reunion"),
        ("31", "Martinique", "America/Martinique"),
        ("32", "Guadeloupe", "America/Guadeloupe"),
        ("33", "Guyane", "America/Cayenne"),
        ("40", "Nouvelle-Calédonie", "Pacific/Noumea"),
        ("41", "Polynésie française", "Pacific/Tahiti"),
        ("42", "Wallis-et-Futuna", "Pacific/Wallis"),
        ("43", "Mayotte", "Indian/Mayotte"),
        ("44", "Saint-Pierre-et-Miquelon", "America/Miquelon"),
        ("70", "Normandie", _PARIS),
        ("77", "Saint-Barthélemy", "America/St_Barthelemy"),
        ("78", "Saint-Martin", "America/Marigot"),
    )
}

_DEPARTMENTS: dict[str, str] = {
    "01": "75 Paris",
    "02": "04 Alpes-de-Haute-Provence/05 Hautes-Alpes/13 Bouches-du-Rhône/84 Vaucluse",
    "03": "25 Doubs/39 Jura/70 Haute-Saône/90 Territoire de Belfort",
    "04": "24 Dordogne/33 Gironde/40 Landes/47 Lot-et-Garonne/64 Pyrénées-Atlantiques",
    "06": "03 Allier/15 Cantal/43 Haute-Loire/63 Puy-de-Dôme",
    "07": "21 Côte-d’Or/58 Nièvre/71 Saône-et-Loire/89 Yonne",
    "08": "07 Ardèche/26 Drôme/38 Isère/73 Savoie/74 Haute-Savoie",
    "09": "59 Nord/62 Pas-de-Calais",
    "10": "01 Ain/42 Loire/69 Rhône",
    "11": "11 Aude/30 Gard/34 Hérault/48 Lozère/66 Pyrénées-Orientales",
    "12": "54 Meurthe-et-Moselle/55 Meuse/57 Moselle/88 Vosges",
    "13": "16 Charente/17 Charente-Maritime/79 Deux-Sèvres/86 Vienne",
    "14": "22 Côtes-d’Armor/29 Finistère/35 Ille-et-Vilaine/56 Morbihan",
    "15": "67 Bas-Rhin/68 Haut-Rhin",
    "16": "09 Ariège/12 Aveyron/31 Haute-Garonne/32 Gers/46 Lot/65 Hautes-Pyrénées/81 Tarn/"
    "82 Tarn-et-Garonne",
    "17": "44 Loire-Atlantique/49 Maine-et-Loire/53 Mayenne/72 Sarthe/85 Vendée",
    "18": "18 Cher/28 Eure-et-Loir/36 Indre/37 Indre-et-Loire/41 Loir-et-Cher/45 Loiret",
    "19": "08 Ardennes/10 Aube/51 Marne/52 Haute-Marne",
    "20": "02 Aisne/60 Oise/80 Somme",
    "22": "19 Corrèze/23 Creuse/87 Haute-Vienne",
    "23": "06 Alpes-Maritimes/83 Var",
    "24": "77 Seine-et-Marne/93 Seine-Saint-Denis/94 Val-de-Marne",
    "25": "78 Yvelines/91 Essonne/92 Hauts-de-Seine/95 Val-d’Oise",
    "27": "2A Corse-du-Sud/2B Haute-Corse",
    "28": "974 La Réunion",
    "31": "972 Martinique",
    "32": "971 Guadeloupe",
    "33": "973 Guyane",
    "40": "988 Nouvelle-Calédonie",
    "41": "987 Polynésie française",
    "42": "986 Wallis-et-Futuna",
    "43": "976 Mayotte",
    "44": "975 Saint-Pierre-et-Miquelon",
    "70": "14 Calvados/27 Eure/50 Manche/61 Orne/76 Seine-Maritime",
    "77": "977 Saint-Barthélemy",
    "78": "978 Saint-Martin",
}
DEPARTMENTS: dict[str, DepartmentRef] = {
    (code := entry.split(" ", 1)[0].zfill(3)): DepartmentRef(code, entry.split(" ", 1)[1], academy)
    for academy, entries in _DEPARTMENTS.items()
    for entry in entries.split("/")
}

UAI_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_CORSE = {"620": "02A", "720": "02B"}


def is_valid_uai(uai: str) -> bool:
    """Whether `uai` is seven digits and their key letter (n mod 23, without I, O and Q)."""
    return (
        len(uai) == 8 and uai[:7].isascii() and uai[:7].isdigit() and uai[7] == UAI_LETTERS[int(uai[:7]) % 23]
    )


def department_of(uai: str) -> DepartmentRef | None:
    """The department an UAI's first three digits name: `0930001A` → 093, `620…` → 02A."""
    prefix = uai[:3]
    return DEPARTMENTS.get(_CORSE.get(prefix, prefix))
