"""Small extracts of either degré, written entry by entry: a test states what matters, the rest is plain."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

SCHOOL, CLASS_1D = "4301", "88001"
UAI = "0949001Y"
MEF = "10010012110"
_HEAD = """<?xml version="1.0" encoding="{encoding}"?>
<!DOCTYPE ficAlimMENESR SYSTEM "ficAlimMENESR.dtd">
<ficAlimMENESR>
{comments}"""
_ENTRY = """
<addRequest>
<operationalAttributes><attr name="{kind}"><value>{category}</value></attr></operationalAttributes>
<identifier><id>{key}</id></identifier>
<attributes>
{attributes}</attributes>
</addRequest>
"""
_MODIFICATION = """
<modifyRequest>
<operationalAttributes><attr name="{kind}"><value>{category}</value></attr></operationalAttributes>
<identifier><id>{key}</id></identifier>
<modifications>
{modifications}</modifications>
</modifyRequest>
"""
_DELETION = """
<deleteRequest>
<operationalAttributes><attr name="{kind}"><value>{category}</value></attr></operationalAttributes>
<identifier><id>{key}</id></identifier>
</deleteRequest>
"""
_PERSON, _STRUCTURE, _MEF, _SUBJECT = (
    "categoriePersonne",
    "categorieStructure",
    "categorieMef",
    "categorieMatiere",
)
Values = str | list[str] | None


class Extract:
    """An extract to write: `entry` methods take AAF's own attributes, None leaving one out."""

    def __init__(self, degree: int = 2, *, academy: str | None = "24", release: str = "AAF-VE2407") -> None:
        self.degree = degree
        self.academy = academy
        self.release = release
        self.prefix = f"ENT{degree}D"
        self.entries: dict[str, list[str]] = {
            kind: [] for kind in ("Eleve", "PersRelEleve", "PersEducNat", "EtabEducNat")
        }
        if degree == 2:
            self.entries |= {"MefEducNat": [], "MatiereEducNat": []}

    def add(
        self, file_type: str, kind: str, key: str, attributes: dict[str, Values], category: str = ""
    ) -> None:
        lines = [
            f'<attr name="{name}">{_values(values)}</attr>\n'
            for name, values in attributes.items()
            if values is not None
        ]
        entry = _ENTRY.format(kind=kind, category=category or file_type, key=key, attributes="".join(lines))
        self.entries[file_type].append(entry)

    def modify(self, file_type: str, key: str, **attributes: Values) -> "Extract":
        """What a Delta changes of an entry: these attributes alone, emptied by an empty value."""
        lines = [
            f'<modification name="{name}" operation="replace">{_values(values)}</modification>\n'
            for name, values in attributes.items()
            if values is not None
        ]
        kind = _STRUCTURE if file_type == "EtabEducNat" else _PERSON
        self.entries[file_type].append(
            _MODIFICATION.format(kind=kind, category=file_type, key=key, modifications="".join(lines))
        )
        return self

    def delete(self, file_type: str, key: str) -> "Extract":
        kind = _STRUCTURE if file_type == "EtabEducNat" else _PERSON
        self.entries[file_type].append(_DELETION.format(kind=kind, category=file_type, key=key))
        return self

    def school(self, key: str = SCHOOL, *, uai: str = UAI, **attributes: Values) -> "Extract":
        common = {"ENTStructureJointure": key, "ENTStructureUAI": uai}
        own = (
            {
                "ENTStructureNomCourant": "E.E.PU$LES ACACIAS$FICTIVILLE",
                "ENTStructureTypeStruct": "ECOLE DE NIVEAU ELEMENTAIRE",
                "ENTEcoleCirconscription": "",
                "ENTEcoleCommune": "94999$FICTIVILLE$094",
                "ENTServAcAcademie": "CRETEIL",
                "ENTStructureMailSI": f"ce.{uai}@example.org",
            }
            if self.degree == 1
            else {
                "ENTStructureNomCourant": "CLG$LES TILLEULS$FICTIVILLE",
                "ENTStructureTypeStruct": "COLLEGE",
                "ENTStructureCodeTypeStruct": "340",
                "ENTStructureMailSI": f"ce.{uai}@example.org",
                "ENTServAcAcademie": "CRETEIL",
                "ENTServAcCodeAcademie": "024",
                "ENTStructureClasses": [f"6A$SIXIEME A${MEF}"],
            }
        )
        self.add("EtabEducNat", _STRUCTURE, key, common | own | attributes)
        return self

    def pupil(self, key: str = "70001", *links: str, **attributes: Values) -> "Extract":
        """A pupil of the school; `links` as AAF writes them (`80001$10$1$1$0$1`, `80001$10`)."""
        common: dict[str, Values] = {
            "ENTPersonJointure": key,
            "ENTEleveINE": ine_of(int(key)),
            "ENTPersonDateNaissance": "03/02/2014",
            "ENTPersonStructRattach": SCHOOL,
        }
        own: dict[str, Values] = (
            {
                "ENTPersonNom": "LE GOFF",
                "ENTPersonPrenom": "Éloïse",
                "ENTEleveNiveau": "1125$CM2",
                "ENTEleveAutoriteParentale": list(links),
                "ENTPersonClasses": f"{SCHOOL}$11$ORDINAIRE${CLASS_1D}$CM2 - MME EXEMPLE",
            }
            if self.degree == 1
            else {
                "ENTEleveStructRattachId": f"9{key}",
                "ENTPersonNomPatro": "LE GOFF",
                "sn": "LE GOFF",
                "givenName": "Éloïse",
                "personalTitle": "Mme",
                "ENTElevePersRelEleve": list(links),
                "ENTEleveMEF": MEF,
                "ENTEleveNivFormation": "SIXIEME",
                "ENTEleveClasses": f"{SCHOOL}$6A",
            }
        )
        self.add("Eleve", _PERSON, key, common | own | attributes)
        return self

    def responsable(self, key: str = "80001", **attributes: Values) -> "Extract":
        own: dict[str, Values] = (
            {"ENTPersonNom": "LE GOFF", "ENTPersonPrenom": "Anne"}
            if self.degree == 1
            else {"sn": "LE GOFF", "givenName": "Anne"}
        )
        self.add("PersRelEleve", _PERSON, key, {"ENTPersonJointure": key} | own | attributes)
        return self

    def staff(self, key: str = "60001", *functions: str, **attributes: Values) -> "Extract":
        own: dict[str, Values] = (
            {
                "ENTPersonNom": "PRINCIPAL",
                "ENTPersonPrenom": "Maud",
                "ENTPersonMail": f"agent{key}@example.org",
            }
            if self.degree == 1
            else {"sn": "PRINCIPAL", "givenName": "Maud", "mail": f"agent{key}@example.org"}
        )
        common: dict[str, Values] = {"ENTPersonJointure": key, "ENTPersonFonctions": list(functions)}
        self.add("PersEducNat", _PERSON, key, common | own | attributes)
        return self

    def mef(self, code: str = MEF, label: str = "6EME") -> "Extract":
        self.add("MefEducNat", _MEF, code, {"ENTMefJointure": code, "ENTLibelleMef": label})
        return self

    def add_subject(self) -> "Extract":
        self.add("MatiereEducNat", _SUBJECT, "020700", {"ENTMatJointure": "020700"}, "MatEducNat")
        return self

    def write(
        self,
        folder: Path,
        *,
        day: str = "20260105",
        kind: str = "Complet",
        split: int = 10_000,
        encoding: str = "UTF-8",
        edit: Callable[[str], str] = str,
        drop: str = "",
    ) -> Path:
        """Write the files, `split` entries in each at most, but `drop`; `edit` changes the text of each."""
        folder.mkdir(parents=True, exist_ok=True)
        comments = [f'<!-- versionAF="{self.release}" -->', f'<!-- degre="{self.degree}D" -->']
        if self.academy:
            comments.append(f'<!-- codeAcademieExport="{self.academy}" -->')
        head = _HEAD.format(encoding=encoding, comments="\n".join(comments))
        for file_type, entries in self.entries.items():
            for number, start in enumerate(range(0, len(entries) or 1, split)):
                text = edit(head + "".join(entries[start : start + split]) + "</ficAlimMENESR>\n")
                name = f"{self.prefix}_{kind}_{day}_{file_type}_{number:04d}.xml"
                if name != drop:
                    (folder / name).write_bytes(text.encode(encoding, "xmlcharrefreplace"))
        return folder


def extract(degree: int = 2, **options: Any) -> Extract:
    """A school with its head and nobody else: add a pupil and a responsable, or use `family`."""
    head = (
        f"{SCHOOL}$DIR$DIRECTION$D0010$CHEF" if degree == 2 else f"{SCHOOL}$ENS$ENSEIGNEMENT$D0000$DIRECTION"
    )
    started = Extract(degree, **options).school().staff("60001", head)
    if degree == 2:
        started.mef().add_subject()
    return started


def family(degree: int = 2, **options: Any) -> Extract:
    """One pupil and one legal responsable, in one school."""
    return extract(degree, **options).pupil("70001", link("80001", degree=degree)).responsable("80001")


def delta(degree: int = 2, **options: Any) -> Extract:
    """A Delta's whole lists, its school and formation, and nobody yet."""
    started = Extract(degree, **options).school()
    if degree == 2:
        started.mef().add_subject()
    return started


def link(responsable: str, kinship: str = "10", legal: str = "1", *, degree: int = 2) -> str:
    return f"{responsable}${kinship}" if degree == 1 else f"{responsable}${kinship}$1${legal}$0$1"


def ine_of(number: int) -> str:
    """A national INE with its true key."""
    tens, units = divmod(97 - (100_000_000 + number) % 97, 10)
    return f"{100_000_000 + number}{'ABCDEFGHJK'[tens]}{'ABCDEFGHJK'[units]}"


def _values(values: str | list[str]) -> str:
    if isinstance(values, str):
        values = [values]
    return "".join(f"<value>{escape(value)}</value>" if value else "<value/>" for value in values or [""])
