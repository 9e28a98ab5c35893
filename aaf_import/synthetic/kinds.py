"""The kinds of schools and services, with their labels and codes in the extracts."""

from dataclasses import dataclass

from aaf_import.synthetic import programmes
from aaf_import.synthetic.programmes import Programme


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of structure; `pupils` is its usual size, 0 for a service; `shares` weigh its programmes."""

    sigle: str
    label: str
    code: str = ""
    pupils: int = 0
    programmes: tuple[Programme, ...] = ()
    shares: tuple[float, ...] = ()
    is_private: bool = False


_ELEMENTARY = "ECOLE DE NIVEAU ELEMENTAIRE"
E_E = Kind("E.E.PU", _ELEMENTARY, "", 165, programmes.ELEMENTARY)
E_P = Kind("E.P.PU", _ELEMENTARY, "", 150, programmes.NURSERY + programmes.ELEMENTARY)
E_M = Kind("E.M.PU", "ECOLE MATERNELLE", "", 95, programmes.NURSERY)
E_P_PRIVATE = Kind("E.P.PR", _ELEMENTARY, "", 140, E_P.programmes, is_private=True)

_GT_SHARES = (0.36, 0.24, 0.23, 0.09, 0.08)
_GT = programmes.HIGH_SCHOOL + programmes.HIGH_SCHOOL_TECHNICAL[:2]
CLG = Kind("CLG", "COLLEGE", "340", 480, programmes.MIDDLE_SCHOOL)
CLG_SEGPA = Kind(
    "CLG", "COLLEGE", "340", 560, programmes.MIDDLE_SCHOOL + programmes.SEGPA, (0.23,) * 4 + (0.02,) * 4
)
LYC = Kind("LYC", "LYCEE ENSEIGNT GENERAL ET TECHNOLOGIQUE", "300", 950, _GT, _GT_SHARES)
LPO = Kind(
    "LPO",
    "LYCEE POLYVALENT",
    "306",
    900,
    programmes.HIGH_SCHOOL + programmes.HIGH_SCHOOL_TECHNICAL[2:] + programmes.VOCATIONAL_SCHOOL[:3],
    (0.28, 0.17, 0.16, 0.08, 0.07, 0.09, 0.08, 0.07),
)
LP = Kind("LP", "LYCEE PROFESSIONNEL", "320", 380, programmes.VOCATIONAL_SCHOOL)
CLG_PRIVATE = Kind("CLG PR", "COLLEGE PRIVE", "340", 420, programmes.MIDDLE_SCHOOL, is_private=True)
LYC_PRIVATE = Kind("LGT PR", "LYCEE PRIVE", "300", 520, _GT, _GT_SHARES, is_private=True)

IEN = Kind("IEN", "CIRCONSCRIPTIONS INSPECTION EDUC NAT")
DSDEN = Kind("DSDEN", "INSPECTIONS ACADEMIQUES")
RECTORAT = Kind("RECT", "RECTORAT", "802")
CIO = Kind("CIO", "CENTRE D'INFORMATION ET D'ORIENTATION", "800")
GRETA = Kind("GRETA", "GROUPEMENT D'ETABLISSEMENTS", "710")
ZONE = Kind("ZONE", "ZONE DE REMPLACEMENT", "805")

# Orders in which kinds come back, so that every town has some of each.
FIRST_DEGREE = (E_E, E_M, E_P, E_E, E_M, E_P, E_P, E_E, E_M, E_E)
SECOND_DEGREE = (CLG, CLG_SEGPA, LYC, CLG, LP, CLG, CLG, LPO, CLG_SEGPA, CLG, LYC, CLG, LP)
