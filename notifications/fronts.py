"""Renders what comes before a class's sheets: a cover, and a list to sign."""

from django.template.loader import get_template

from notifications.sheet_data import Cover, SigningList
from notifications.sheet_layout import french_date
from notifications.sheets import TITLE
from notifications.typesetting import lay_out, write

STYLE = "front.css"


def render_front(cover: Cover | None, signing: SigningList | None) -> bytes:
    """A PDF/UA-1 of the cover's page and of the list's, those which are given. ValueError without any."""
    body = ""
    if cover:
        pages = -(-cover.sheets // cover.sheets_a_page)
        context = {"cover": cover, "pages": pages, "made_on": french_date(cover.made_on)}
        body += get_template("notifications/cover.html").render(context)
    if signing:
        context = {"signing": signing, "made_on": french_date(signing.made_on), "has_bookmark": not cover}
        body += get_template("notifications/signing_list.html").render(context)
    if not body:
        raise ValueError("neither cover nor list to render")
    return write(lay_out(body, title=TITLE, style=STYLE, codes={}))
