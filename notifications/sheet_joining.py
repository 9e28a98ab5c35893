"""Joins PDFs of sheets rendered apart into one, keeping the structure a screen reader needs."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from pikepdf import Array, Dictionary, Name, Object, ObjectStreamMode, OutlineItem, Page, Pdf


def join(parts: Iterable[bytes | Path], *, blank_backs: bool = False) -> bytes:
    """One PDF of the pages of all parts, in order; language, title and conformance are the first part's.

    With `blank_backs` an empty page follows each: printed on both sides, nothing is on a back. A bookmark
    continued from one part to the next appears once. ValueError without any part.
    """
    sources = iter(parts)
    first = next(sources, None)
    if first is None:
        raise ValueError("nothing to join")
    with _open(first) as joined:
        bookmarks = _bookmarks(joined)
        next_key = 1 + max(_keys(joined.Root.StructTreeRoot.ParentTree.Nums), default=-1)
        if "/Names" in joined.Root:
            # Anchors of the layout, whose names each part repeats.
            del joined.Root.Names
        for source in sources:
            with _open(source) as part:
                offset = len(joined.pages)
                bookmarks += [(title, offset + number) for title, number in _bookmarks(part)]
                next_key = _append(joined, part, next_key)
        _write_bookmarks(joined, bookmarks)
        if blank_backs:
            _insert_backs(joined)
        result = BytesIO()
        joined.save(result, object_stream_mode=ObjectStreamMode.generate)
    return result.getvalue()


def _open(source: bytes | Path) -> Pdf:
    return Pdf.open(BytesIO(source) if isinstance(source, bytes) else source)


def _append(joined: Pdf, part: Pdf, next_key: int) -> int:
    """Append pages and structure, numbered from `next_key` in the tree of parents; the next key after them.

    Pages first: the structure copied next then points to them instead of dragging copies of its own.
    """
    start = len(joined.pages)
    joined.pages.extend(part.pages)
    for page in joined.pages[start:]:
        page.obj.StructParents = int(page.obj.StructParents) + next_key
    structure = joined.copy_foreign(part.Root.StructTreeRoot)
    document = joined.Root.StructTreeRoot.K[0]
    for sheet in structure.K[0].K:
        sheet.P = document
        document.K.append(sheet)
    numbers = structure.ParentTree.Nums
    parents = joined.Root.StructTreeRoot.ParentTree.Nums
    keys = [next_key + key for key in _keys(numbers)]
    for key, value in zip(keys, list(numbers)[1::2], strict=True):
        parents.append(key)
        parents.append(value)
    return 1 + max(keys, default=next_key - 1)


def _insert_backs(pdf: Pdf) -> None:
    """Bookmarks and structure point to the pages themselves: they follow them to their new places."""
    for number in range(len(pdf.pages), 0, -1):
        size = pdf.pages[number - 1].mediabox
        back = Dictionary(Type=Name.Page, MediaBox=size, Resources=Dictionary())
        pdf.pages.insert(number, Page(pdf.make_indirect(back)))


def _keys(numbers: Object) -> list[int]:
    """The keys of a flat number tree: key, value, key, value…"""
    return [int(number) for number in list(numbers)[::2]]


def _bookmarks(pdf: Pdf) -> list[tuple[str, int]]:
    """Title and index of the page of each bookmark of the first level."""
    indices = {page.obj.objgen: number for number, page in enumerate(pdf.pages)}
    with pdf.open_outline() as outline:
        return [
            (item.title, indices[item.destination[0].objgen])
            for item in outline.root
            if isinstance(item.destination, Array)
        ]


def _write_bookmarks(pdf: Pdf, bookmarks: list[tuple[str, int]]) -> None:
    titles = [None, *(title for title, _ in bookmarks)]
    with pdf.open_outline() as outline:
        outline.root[:] = [
            OutlineItem(title, number)
            for previous, (title, number) in zip(titles, bookmarks, strict=False)
            if title != previous
        ]
