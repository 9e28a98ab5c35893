"""Renders leaflets: one A4 page which says how to register by oneself, without any identifiant."""

from collections.abc import Sequence

from django.template.loader import get_template
from weasyprint import Document

from notifications.qr import QRImage
from notifications.sheet_data import Leaflet
from notifications.sheet_layout import contact_line, french_date
from notifications.typesetting import collector_paused, lay_out, write

TITLE = "Créez votre compte EduConnect"
STYLE = "leaflet.css"


# From roomy to tight: classes of the style sheet.
DENSITIES = ("", "tight", "tightest")


def render_leaflets(leaflets: Sequence[Leaflet]) -> bytes:
    """A PDF/UA-1 of one page for each leaflet, in the order given, with a bookmark for each class.

    What would overflow is set again more densely, all of them alike. ValueError without any leaflet.
    """
    if not leaflets:
        raise ValueError("no leaflet to render")
    with collector_paused():
        for density in DENSITIES:
            document = _lay_out(leaflets, density)
            if len(document.pages) == len(leaflets):
                break
        return write(document)


def _lay_out(leaflets: Sequence[Leaflet], density: str) -> Document:
    template = get_template("notifications/leaflet.html")
    labels = ["", *(leaflet.class_label for leaflet in leaflets)]
    body = "".join(
        template.render(
            {
                "leaflet": leaflet,
                "density": density,
                "bookmark": "" if leaflet.class_label == previous else leaflet.class_label,
                "made_on": french_date(leaflet.made_on),
                "contact": contact_line(leaflet.sender),
            }
        )
        for leaflet, previous in zip(leaflets, labels, strict=False)
    )
    codes = {"qr:activation": QRImage(leaflets[0].activation_url)}
    return lay_out(body, title=TITLE, style=STYLE, codes=codes)
