"""QR codes drawn straight into a PDF: parsing each as SVG costs a sixth of a sheet's rendering."""

from typing import Any

import segno

# Scoring the eight masks costs five times the rest; every mask is valid and read by every phone.
MASK = 3


class QRImage:
    """A QR code as WeasyPrint's image protocol wants it, without its quiet zone of four modules."""

    def __init__(self, content: str) -> None:
        self.modules = segno.make_qr(content, error="m", mask=MASK, boost_error=False).matrix

    def get_intrinsic_size(self, resolution: float, font_size: float) -> tuple[float, float, float]:
        size = len(self.modules)
        return size, size, 1

    def draw(self, stream: Any, width: float, height: float, style: object) -> None:
        """All dark modules in one path: filled at once, no hairline shows between two rows."""
        size = len(self.modules)
        stream.transform(a=width / size, d=height / size)
        stream.set_color_rgb(0, 0, 0)
        for y, row in enumerate(self.modules):
            end = 0
            while (start := row.find(1, end)) >= 0:
                end = row.find(0, start)
                end = end if end >= 0 else size
                stream.rectangle(start, y, end - start, 1)
        stream.fill()
