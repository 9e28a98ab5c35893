"""Renders families' sheets in short: two or eight of them on an A4 page, as a tagged PDF."""

from collections.abc import Sequence

from django.template.loader import get_template

from notifications.card_layout import FORMS, ONE_SIZE, Card
from notifications.qr import QRImage
from notifications.sheet_data import Sheet
from notifications.sheets import TITLE
from notifications.typesetting import collector_paused, lay_out, write

STYLE = "cards.css"


def render_cards(sheets: Sequence[Sheet], sheets_a_page: int) -> bytes:
    """A PDF/UA-1 of the sheets in their order, line after line, with a bookmark for each class.

    `sheets_a_page` is 2 or 8. ValueError without any sheet.
    """
    if not sheets:
        raise ValueError("no sheet to render")
    cards = _cards(sheets, sheets_a_page)
    codes = {card.qr_url: QRImage(card.sheet.activation_url) for card in cards}
    starts = range(0, len(cards), sheets_a_page)
    page = get_template("notifications/cards/page.html")
    body = "".join(page.render({"cards": cards[start : start + sheets_a_page]}) for start in starts)
    with collector_paused():
        return write(lay_out(body, title=TITLE, style=STYLE, codes=codes))


def _cards(sheets: Sequence[Sheet], sheets_a_page: int) -> list[Card]:
    form = FORMS[sheets_a_page]
    cards = []
    previous = None
    for number, sheet in enumerate(sheets):
        bookmark = sheet.class_label if sheet.class_label != previous else ""
        previous = sheet.class_label
        cards.append(Card(sheet, ONE_SIZE, f"s{number}", bookmark, form, number % sheets_a_page))
    return cards
