"""The attributes of each kind of AAF entry, in the order of genuine extracts, and an entry's text."""

from collections.abc import Sequence

VALUE_BREAK = "\x01"
"""What separates the values of one attribute in the flat text given to `Layout.render`."""
_FIELD_BREAK = "\x00"


def several(values: Sequence[str]) -> str:
    """The values of one attribute as the flat text `Layout.render` takes."""
    return VALUE_BREAK.join(values)


class Layout:
    """One category of entries: `file_type` names its files, `category` is its operational attribute."""

    def __init__(self, file_type: str, category: tuple[str, str], names: str) -> None:
        self.file_type = file_type
        self.names = tuple(names.split())
        self.position = {name: index for index, name in enumerate(self.names)}
        attributes = "".join(f'<attr name="{name}"><value>%s</value></attr>\n' for name in self.names)
        self._template = (
            "\n<addRequest>\n<operationalAttributes>"
            f'<attr name="{category[0]}"><value>{category[1]}</value></attr>'
            "</operationalAttributes>\n<identifier><id>%s</id></identifier>\n"
            f"<attributes>\n{attributes}</attributes>\n</addRequest>\n"
        )

    def render(self, values: Sequence[str]) -> str:
        """The entry whose attributes have these values, one for each name; the first one is its id too.

        All values are escaped at once, joined: one by one, they would take most of the generator's time.
        """
        flat = _FIELD_BREAK.join((values[0], *values)).replace("&", "&amp;").replace("<", "&lt;")
        flat = flat.replace(">", "&gt;").replace("'", "&apos;").replace(VALUE_BREAK, "</value><value>")
        entry = self._template % tuple(flat.split(_FIELD_BREAK))
        return entry.replace("<value></value>", "<value/>")


_PERSON, _STRUCTURE = "categoriePersonne", "categorieStructure"

PUPIL_1D = Layout(
    "Eleve",
    (_PERSON, "Eleve"),
    """
    ENTPersonJointure ENTEleveINE ENTPersonDateNaissance ENTPersonCivilite ENTPersonStructRattach
    ENTEleveAutoriteParentale ENTEleveRestaurantScolaire ENTEleveTransport ENTEleveGarderieMatin
    ENTEleveGarderieSoir ENTEleveEtudesSurveillees ENTEleveNiveau ENTEleveCycle ENTEleveTypeClasse
    ENTEleveDateEntreeClasses ENTEleveDateSortieClasses ENTPersonClasses ENTPersonGroupes ENTPersonNomPatro
    ENTPersonNom ENTPersonPrenom ENTPersonAutresPrenoms
    """,
)
RESPONSABLE_1D = Layout(
    "PersRelEleve",
    (_PERSON, "PersRelEleve"),
    """
    ENTPersonJointure ENTPersonCivilite ENTPersRelEleveEleve ENTPersonAdresse ENTPersonCodePostal
    ENTPersonVille ENTPersonPays ENTPersonAdresseDiffusion ENTPersonTelPerso ENTPersRelEleveTelMobile
    ENTPersonMail ENTPersRelEleveTelPro ENTPersonNomPatro ENTPersonNom ENTPersonPrenom
    ENTPersonAutresPrenoms
    """,
)
STAFF_1D = Layout(
    "PersEducNat",
    (_PERSON, "PersEducNat"),
    """
    ENTPersonJointure ENTPersonDateNaissance ENTPersonCivilite ENTPersonStructRattach ENTPersonFonctions
    ENTPersonCategorieEnseignant ENTEnsFonctionDir ENTEnsSpecialites ENTPersonNomPatro ENTPersonNom
    ENTPersonPrenom ENTPersonAutresPrenoms ENTPersonMail
    """,
)
STRUCTURE_1D = Layout(
    "EtabEducNat",
    (_STRUCTURE, "EtabEducNat"),
    """
    ENTStructureJointure ENTStructureUAI ENTStructureSIREN ENTStructureNomCourant ENTStructureTypeStruct
    ENTEcoleMinistereTutelle ENTEcoleSecteur ENTEcoleCirconscription ENTEcoleCommune ENTEcoleRPI
    ENTServAcAcademie ENTStructureAdresse ENTStructureBoitePostale ENTStructureCodePostal ENTStructureVille
    ENTStructureTelephone ENTStructureFax ENTStructureMailSI
    """,
)
PUPIL_2D = Layout(
    "Eleve",
    (_PERSON, "Eleve"),
    """
    ENTPersonJointure ENTEleveINE ENTEleveStructRattachId ENTPersonDateNaissance ENTPersonNomPatro sn
    givenName ENTPersonAutresPrenoms personalTitle ENTElevePersRelEleve ENTEleveBoursier ENTEleveRegime
    ENTEleveTransport ENTPersonAdresse ENTPersonCodePostal ENTPersonVille ENTPersonPays ENTEleveAdresseRel
    ENTEleveStatutEleve ENTEleveMEF ENTEleveLibelleMEF ENTEleveNivFormation ENTEleveFiliere
    ENTEleveEnseignements ENTEleveCodeEnseignements ENTPersonStructRattach ENTEleveClasses ENTEleveGroupes
    """,
)
RESPONSABLE_2D = Layout(
    "PersRelEleve",
    (_PERSON, "PersRelEleve"),
    """
    ENTPersonJointure ENTPersonDateNaissance ENTPersonNomPatro sn givenName personalTitle
    ENTAuxPersRelEleveEleve homePhone telephoneNumber ENTPersonAdresse ENTPersonCodePostal ENTPersonVille
    ENTPersonPays ENTPersonAdresseDiffusion mobile mail ENTPersonMobileSMS
    """,
)
STAFF_2D = Layout(
    "PersEducNat",
    (_PERSON, "PersEducNat"),
    """
    ENTPersonJointure ENTPersonDateNaissance ENTPersonNomPatro sn givenName ENTPersonAutresPrenoms
    personalTitle mail ENTPersonStructRattach ENTAuxEnsCategoDiscipline ENTAuxEnsDisciplinesPoste
    ENTAuxEnsMEF ENTAuxEnsMatiereEnseignEtab ENTAuxEnsClasses ENTAuxEnsGroupes ENTAuxEnsClassesMatieres
    ENTAuxEnsGroupesMatieres ENTAuxEnsClassesPrincipal ENTPersonFonctions ENTPersonCategorieEnseignant
    PersEducNatPresenceDevantEleves
    """,
)
STRUCTURE_2D = Layout(
    "EtabEducNat",
    (_STRUCTURE, "EtabEducNat"),
    """
    ENTStructureJointure ENTStructureUAI ENTEtablissementUAI ENTStructureSIREN ENTStructureNomCourant
    ENTStructureTypeStruct ENTStructureCodeTypeStruct ENTEtablissementMinistereTutelle
    ENTEtablissementCodeMinistereTutelle ENTEtablissementContrat postOfficeBox street postalCode l
    telephoneNumber facsimileTelephoneNumber ENTStructureMailSI ENTEtablissementStructRattachFctl
    ENTEtablissementBassin ENTServAcAcademie ENTServAcCodeAcademie ENTStructureClasses ENTStructureGroupes
    """,
)
SUBJECT_2D = Layout("MatiereEducNat", ("categorieMatiere", "MatEducNat"), "ENTMatJointure ENTLibelleMatiere")
MEF_2D = Layout(
    "MefEducNat", ("categorieMef", "MefEducNat"), "ENTMefJointure ENTLibelleMef ENTMEFRattach ENTMEFSTAT11"
)

LAYOUTS = {
    1: (PUPIL_1D, RESPONSABLE_1D, STAFF_1D, STRUCTURE_1D),
    2: (PUPIL_2D, RESPONSABLE_2D, STAFF_2D, STRUCTURE_2D, SUBJECT_2D, MEF_2D),
}
