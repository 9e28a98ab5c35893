"""What may be wrong in an entry: a code for programs, a sentence for the director (no Django)."""

from enum import StrEnum


class Fault(StrEnum):
    KEY_INVALID = "KEY_INVALID"
    KEY_MISMATCH = "KEY_MISMATCH"
    ENTRY_TWICE = "ENTRY_TWICE"
    CATEGORY_UNKNOWN = "CATEGORY_UNKNOWN"
    ATTRIBUTE_TWICE = "ATTRIBUTE_TWICE"
    VALUE_TOO_LONG = "VALUE_TOO_LONG"
    NAME_MISSING = "NAME_MISSING"
    BIRTH_DATE_MISSING = "BIRTH_DATE_MISSING"
    BIRTH_DATE_IMPOSSIBLE = "BIRTH_DATE_IMPOSSIBLE"
    INE_MISSING = "INE_MISSING"
    INE_INVALID = "INE_INVALID"
    INE_TWICE = "INE_TWICE"
    INE_CHANGED = "INE_CHANGED"
    STRUCTURE_UNKNOWN = "STRUCTURE_UNKNOWN"
    CLASS_UNKNOWN = "CLASS_UNKNOWN"
    CLASS_ELSEWHERE = "CLASS_ELSEWHERE"
    CLASS_MALFORMED = "CLASS_MALFORMED"
    MEF_UNKNOWN = "MEF_UNKNOWN"
    RELATION_MALFORMED = "RELATION_MALFORMED"
    RELATION_TWICE = "RELATION_TWICE"
    RELATION_UNKNOWN = "RELATION_UNKNOWN"
    LEGAL_CODE_UNKNOWN = "LEGAL_CODE_UNKNOWN"
    PHONE_INVALID = "PHONE_INVALID"
    MOBILE_NOT_MOBILE = "MOBILE_NOT_MOBILE"
    MAIL_INVALID = "MAIL_INVALID"
    UAI_INVALID = "UAI_INVALID"
    UAI_ELSEWHERE = "UAI_ELSEWHERE"
    FUNCTION_UNKNOWN_STRUCTURE = "FUNCTION_UNKNOWN_STRUCTURE"
    AGENT_MAIL_SHARED = "AGENT_MAIL_SHARED"
    AGENT_MAIL_OF_ESTABLISHMENT = "AGENT_MAIL_OF_ESTABLISHMENT"
    ESTABLISHMENT_SET_ASIDE = "ESTABLISHMENT_SET_ASIDE"
    ADD_KNOWN = "ADD_KNOWN"
    MODIFY_UNKNOWN = "MODIFY_UNKNOWN"
    DELETE_UNKNOWN = "DELETE_UNKNOWN"
    REQUEST_UNEXPECTED = "REQUEST_UNEXPECTED"


LABELS: dict[Fault, str] = {
    Fault.KEY_INVALID: "Identifiant inutilisable",
    Fault.KEY_MISMATCH: "Deux identifiants",
    Fault.ENTRY_TWICE: "Fiche en double",
    Fault.CATEGORY_UNKNOWN: "Catégorie inconnue",
    Fault.ATTRIBUTE_TWICE: "Information répétée",
    Fault.VALUE_TOO_LONG: "Valeur trop longue",
    Fault.NAME_MISSING: "Nom ou prénom manquant",
    Fault.BIRTH_DATE_MISSING: "Date de naissance manquante",
    Fault.BIRTH_DATE_IMPOSSIBLE: "Date de naissance impossible",
    Fault.INE_MISSING: "INE manquant",
    Fault.INE_INVALID: "Clé de l’INE incorrecte",
    Fault.INE_TWICE: "INE commun à deux élèves",
    Fault.INE_CHANGED: "INE modifié",
    Fault.STRUCTURE_UNKNOWN: "Structure inconnue",
    Fault.CLASS_UNKNOWN: "Classe hors liste",
    Fault.CLASS_ELSEWHERE: "Classe d’un autre établissement",
    Fault.CLASS_MALFORMED: "Classe mal formée",
    Fault.MEF_UNKNOWN: "MEF inconnu",
    Fault.RELATION_MALFORMED: "Lien mal formé",
    Fault.RELATION_TWICE: "Lien en double",
    Fault.RELATION_UNKNOWN: "Responsable absent de l’extrait",
    Fault.LEGAL_CODE_UNKNOWN: "Type de responsabilité inconnu",
    Fault.PHONE_INVALID: "Téléphone non valable",
    Fault.MOBILE_NOT_MOBILE: "Mobile qui n’en est pas un",
    Fault.MAIL_INVALID: "Adresse mail non valable",
    Fault.UAI_INVALID: "UAI non valable",
    Fault.UAI_ELSEWHERE: "UAI déjà ouvert ailleurs",
    Fault.FUNCTION_UNKNOWN_STRUCTURE: "Direction d’une structure inconnue",
    Fault.AGENT_MAIL_SHARED: "Adresse mail commune à deux agents",
    Fault.AGENT_MAIL_OF_ESTABLISHMENT: "Adresse mail d’un établissement",
    Fault.ESTABLISHMENT_SET_ASIDE: "Départs trop nombreux, non appliqués",
    Fault.ADD_KNOWN: "Ajout d’une fiche déjà connue",
    Fault.MODIFY_UNKNOWN: "Modification d’une fiche inconnue",
    Fault.DELETE_UNKNOWN: "Suppression d’une fiche inconnue",
    Fault.REQUEST_UNEXPECTED: "Demande inattendue",
}

SENTENCES: dict[Fault, str] = {
    Fault.KEY_INVALID: "Une fiche n’a pas d’identifiant utilisable (« {value} ») : elle n’est pas importée.",
    Fault.KEY_MISMATCH: "La fiche de {who} porte deux identifiants ; le second ({value}) n’est pas retenu.",
    Fault.ENTRY_TWICE: "La fiche de {who} figure plusieurs fois dans l’extrait : la première est retenue.",
    Fault.CATEGORY_UNKNOWN: "Une fiche est d’une catégorie inconnue (« {value} ») : elle n’est pas importée.",
    Fault.ATTRIBUTE_TWICE: "La fiche de {who} donne plusieurs fois la même information : {value}.",
    Fault.VALUE_TOO_LONG: "Une valeur de la fiche de {who} est trop longue ; elle est coupée : « {value} ».",
    Fault.NAME_MISSING: "La fiche de {who} n’a pas de nom ou pas de prénom : elle n’est pas importée.",
    Fault.BIRTH_DATE_MISSING: "{who} n’a pas de date de naissance : la fiche n’est pas importée.",
    Fault.BIRTH_DATE_IMPOSSIBLE: (
        "La date de naissance de {who}, « {value} », est impossible : la fiche n’est pas importée."
    ),
    Fault.INE_MISSING: "{who} n’a pas d’INE.",
    Fault.INE_INVALID: "L’INE de {who}, « {value} », n’a pas une clé correcte.",
    Fault.INE_TWICE: "L’INE de {who}, {value}, est aussi celui d’un autre élève.",
    Fault.INE_CHANGED: "L’INE de {who} a changé : il était {value}.",
    Fault.STRUCTURE_UNKNOWN: "La structure de {who} ({value}) n’est pas dans l’extrait.",
    Fault.CLASS_UNKNOWN: (
        "La classe « {value} » de {who} n’est pas dans la liste des classes de l’établissement."
    ),
    Fault.CLASS_ELSEWHERE: "La classe de {who}, « {value} », est celle d’un autre établissement.",
    Fault.CLASS_MALFORMED: "La classe de {who} est mal formée : « {value} ».",
    Fault.MEF_UNKNOWN: "Le MEF de {who}, « {value} », n’est pas dans l’extrait.",
    Fault.RELATION_MALFORMED: "Un lien de {who} avec un responsable est mal formé : « {value} ».",
    Fault.RELATION_TWICE: "Le même responsable ({value}) est donné deux fois à {who}.",
    Fault.RELATION_UNKNOWN: "Un responsable de {who} ({value}) n’est pas dans l’extrait.",
    Fault.LEGAL_CODE_UNKNOWN: "Un lien de {who} avec un responsable est d’un type inconnu : « {value} ».",
    Fault.PHONE_INVALID: "Un numéro de téléphone de {who} n’est pas valable : « {value} ».",
    Fault.MOBILE_NOT_MOBILE: "Le mobile de {who}, « {value} », n’est pas un numéro de mobile français.",
    Fault.MAIL_INVALID: "L’adresse mail de {who}, « {value} », n’est pas valable.",
    Fault.UAI_INVALID: "L’UAI de {who}, « {value} », n’est pas valable : l’établissement n’est pas ouvert.",
    Fault.UAI_ELSEWHERE: "L’UAI de {who}, {value}, est déjà celui d’un autre établissement ouvert.",
    Fault.FUNCTION_UNKNOWN_STRUCTURE: "{who} dirige une structure absente de l’extrait ({value}).",
    Fault.AGENT_MAIL_SHARED: (
        "L’adresse mail de {who}, « {value} », est aussi celle d’un autre agent : "
        "elle ne permet pas de se connecter."
    ),
    Fault.AGENT_MAIL_OF_ESTABLISHMENT: (
        "L’adresse mail de {who}, « {value} », est celle d’un établissement : "
        "elle ne permet pas de se connecter."
    ),
    Fault.ESTABLISHMENT_SET_ASIDE: (
        "{value} manquent d’un coup dans {who} : leurs départs ne sont pas appliqués cette fois."
    ),
    Fault.ADD_KNOWN: "L’extrait ajoute {who}, déjà connu : sa fiche est remplacée.",
    Fault.MODIFY_UNKNOWN: "L’extrait modifie une fiche inconnue (n° {value}) : elle n’est pas importée.",
    Fault.DELETE_UNKNOWN: "L’extrait supprime une fiche inconnue (n° {value}) : il n’y a rien à faire.",
    Fault.REQUEST_UNEXPECTED: (
        "L’extrait modifie ou supprime la structure ou la formation n° {value}, dont un Delta donne la liste"
        " entière : elle reste telle quelle."
    ),
}
"""{who} and {value} are replaced when the anomalies are written."""
