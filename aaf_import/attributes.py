"""The names AAF gives to what we read, in each degré, and all the names it is known to use."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache

from aaf_import.rules import FIRST_DEGREE, SECOND_DEGREE


@dataclass(frozen=True, slots=True)
class Names:
    """What one degré calls each thing; empty when it lacks it: no entry has a value of that name."""

    person_key: str = "ENTPersonJointure"
    title: str = ""
    surname: str = ""
    birth_surname: str = "ENTPersonNomPatro"
    given_name: str = ""
    birth_date: str = "ENTPersonDateNaissance"
    structure: str = "ENTPersonStructRattach"
    ine: str = "ENTEleveINE"
    source_id: str = ""
    level: str = ""
    mef: str = ""
    classes: str = ""
    class_exits: str = "ENTEleveDateSortieClasses"
    responsables: str = ""
    address: str = "ENTPersonAdresse"
    postcode: str = "ENTPersonCodePostal"
    city: str = "ENTPersonVille"
    country: str = "ENTPersonPays"
    mobile: str = ""
    text_number: str = ""
    home_phone: str = ""
    work_phone: str = ""
    mail: str = ""
    functions: str = "ENTPersonFonctions"
    directs: str = ""
    structure_key: str = "ENTStructureJointure"
    uai: str = "ENTStructureUAI"
    second_uai: str = ""
    structure_name: str = "ENTStructureNomCourant"
    type_label: str = "ENTStructureTypeStruct"
    type_code: str = ""
    sector: str = ""
    street: str = ""
    structure_postcode: str = ""
    structure_city: str = ""
    structure_phone: str = ""
    structure_mail: str = "ENTStructureMailSI"
    district: str = ""
    commune: str = ""
    academy_name: str = "ENTServAcAcademie"
    academy_code: str = ""
    structure_classes: str = ""
    mef_key: str = ""
    mef_label: str = ""


NAMES: dict[int, Names] = {
    FIRST_DEGREE: Names(
        title="ENTPersonCivilite",
        surname="ENTPersonNom",
        given_name="ENTPersonPrenom",
        level="ENTEleveNiveau",
        classes="ENTPersonClasses",
        responsables="ENTEleveAutoriteParentale",
        mobile="ENTPersRelEleveTelMobile",
        home_phone="ENTPersonTelPerso",
        work_phone="ENTPersRelEleveTelPro",
        mail="ENTPersonMail",
        directs="ENTEnsFonctionDir",
        sector="ENTEcoleSecteur",
        street="ENTStructureAdresse",
        structure_postcode="ENTStructureCodePostal",
        structure_city="ENTStructureVille",
        structure_phone="ENTStructureTelephone",
        district="ENTEcoleCirconscription",
        commune="ENTEcoleCommune",
    ),
    SECOND_DEGREE: Names(
        title="personalTitle",
        surname="sn",
        given_name="givenName",
        source_id="ENTEleveStructRattachId",
        level="ENTEleveNivFormation",
        mef="ENTEleveMEF",
        classes="ENTEleveClasses",
        responsables="ENTElevePersRelEleve",
        mobile="mobile",
        text_number="ENTPersonMobileSMS",
        home_phone="homePhone",
        work_phone="telephoneNumber",
        mail="mail",
        second_uai="ENTEtablissementUAI",
        type_code="ENTStructureCodeTypeStruct",
        sector="ENTEtablissementContrat",
        street="street",
        structure_postcode="postalCode",
        structure_city="l",
        structure_phone="telephoneNumber",
        academy_code="ENTServAcCodeAcademie",
        structure_classes="ENTStructureClasses",
        mef_key="ENTMefJointure",
        mef_label="ENTLibelleMef",
    ),
}
READ: dict[int, frozenset[str]] = {
    degree: frozenset(name for field in fields(names) if (name := getattr(names, field.name)))
    for degree, names in NAMES.items()
}
"""The attributes whose values we read."""
_NOUNS = {
    "title": "civilité",
    "surname": "nom",
    "birth_surname": "nom de famille",
    "given_name": "prénom",
    "birth_date": "date de naissance",
    "structure": "établissement",
    "ine": "INE",
    "level": "niveau",
    "mef": "formation",
    "classes": "classe",
    "responsables": "responsables",
    "address": "adresse",
    "postcode": "code postal",
    "city": "commune",
    "country": "pays",
    "mobile": "téléphone portable",
    "text_number": "numéro pour les SMS",
    "home_phone": "téléphone du domicile",
    "work_phone": "téléphone professionnel",
    "mail": "adresse mail",
    "functions": "fonctions",
    "directs": "direction",
}


def noun_of(attribute: str, degree: int) -> str:
    """What an agent calls it; an attribute which is not of a person keeps its name."""
    names = NAMES[degree]
    known = (noun for field, noun in _NOUNS.items() if getattr(names, field) == attribute)
    return next(known, attribute)


# Known, and of no use here.
_LEFT_TEXT = """
    ENTPersonAutresPrenoms ENTPersonAdresseDiffusion ENTPersonClasses ENTPersonGroupes ENTEleveBoursier
    ENTEleveRegime ENTEleveTransport ENTEleveAdresseRel ENTEleveStatutEleve ENTEleveLibelleMEF
    ENTEleveFiliere ENTEleveEnseignements ENTEleveCodeEnseignements ENTEleveGroupes ENTEleveDateEntreeClasses
    ENTEleveDateSortieClasses ENTEleveDateEntreeGroupes ENTEleveDateSortieGroupes ENTEleveCycle
    ENTEleveTypeClasse ENTEleveRestaurantScolaire ENTEleveGarderieMatin ENTEleveGarderieSoir
    ENTEleveEtudesSurveillees ENTAuxPersRelEleveEleve ENTPersRelEleveEleve ENTPersonCategorieEnseignant
    PersEducNatPresenceDevantEleves ENTEnsSpecialites ENTAuxEnsCategoDiscipline ENTAuxEnsDisciplinesPoste
    ENTAuxEnsMEF ENTAuxEnsMatiereEnseignEtab ENTAuxEnsClasses ENTAuxEnsGroupes ENTAuxEnsClassesMatieres
    ENTAuxEnsGroupesMatieres ENTAuxEnsClassesPrincipal ENTStructureSIREN ENTStructureGroupes
    ENTStructureBoitePostale ENTStructureFax postOfficeBox facsimileTelephoneNumber
    ENTEtablissementMinistereTutelle ENTEtablissementCodeMinistereTutelle ENTEtablissementStructRattachFctl
    ENTEtablissementBassin ENTEcoleMinistereTutelle ENTEcoleRPI ENTMEFRattach ENTMEFSTAT11 ENTMatJointure
    ENTLibelleMatiere
"""
_LEFT = frozenset(_LEFT_TEXT.split())


@lru_cache(maxsize=1_024)
def unknown_attributes(order: tuple[str, ...], degree: int) -> tuple[str, ...]:
    """Those of an entry that no release we know of carries."""
    return tuple(name for name in dict.fromkeys(order) if name not in READ[degree] and name not in _LEFT)
