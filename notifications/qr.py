"""QR codes as small inline SVG, cheap enough to draw one on every sheet."""

from xml.sax.saxutils import escape

import segno

# Scoring the eight masks costs five times the rest; every mask is valid and read by every phone.
MASK = 3


def qr_svg(content: str, *, title: str) -> str:
    """The code as one SVG path of horizontal strokes, one unit a module, without its quiet zone.

    `title` is what a screen reader says. The page leaves the quiet zone: four modules of white around.
    """
    code = segno.make_qr(content, error="m", mask=MASK, boost_error=False)
    size, _ = code.symbol_size(border=0)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" class="qr">'
        f"<title>{escape(title)}</title>"
        f'<path stroke="#000" d="{_strokes(code.matrix)}"/></svg>'
    )


def _strokes(rows: tuple[bytearray, ...]) -> str:
    strokes = []
    for y, row in enumerate(rows):
        end = 0
        while (start := row.find(1, end)) >= 0:
            end = row.find(0, start)
            if end < 0:
                end = len(row)
            strokes.append(f"M{start} {y}.5H{end}")
    return "".join(strokes)
