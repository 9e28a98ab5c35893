"""Finding an extract: folders, archives, names, and what must not be opened."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from aaf_import import extract
from aaf_import.extract import Kind, UnusableExtract, file_of, opened

LIMIT = 1 << 20
NAME = "ENT2D_Complet_20260105_Eleve_0000.xml"


@pytest.mark.parametrize(
    ("name", "kind", "day", "file_type", "number"),
    [
        (NAME, Kind.COMPLET, date(2026, 1, 5), "Eleve", 0),
        (
            "ENTBFC_BESANCON_Complet_20260105_PersRelEleve_0012.xml",
            Kind.COMPLET,
            date(2026, 1, 5),
            "PersRelEleve",
            12,
        ),
        ("ENT2DVA-ENT16_Delta_20260105_EtabEducNat_0000.xml", Kind.DELTA, date(2026, 1, 5), "EtabEducNat", 0),
        ("X_Complet_202601051_MefEducNat_0000.xml", Kind.COMPLET, date(2026, 1, 5), "MefEducNat", 0),
        ("X_Complet_20260105_MatiereEducNat.xml", Kind.COMPLET, date(2026, 1, 5), "MatiereEducNat", None),
        ("Complet_20260105_PersEducNat_0000.xml", Kind.COMPLET, date(2026, 1, 5), "PersEducNat", 0),
        ("x_complet_20260105_eleve_0000.XML", Kind.COMPLET, date(2026, 1, 5), "Eleve", 0),
        ("X_Complet_20261345_Eleve_0000.xml", Kind.COMPLET, None, "Eleve", 0),
    ],
)
def test_names_are_read_from_the_right(
    tmp_path: Path, name: str, kind: Kind, day: date | None, file_type: str, number: int | None
) -> None:
    (tmp_path / name).touch()
    found = file_of(tmp_path / name)
    assert found is not None
    assert (found.kind, found.day, found.type, found.number) == (kind, day, file_type, number)


@pytest.mark.parametrize(
    "name",
    ["ficAlimMENESR.dtd", "lisezmoi.txt", "X_Complet_20260105_Autre_0000.xml", f"{NAME}.ok", "Eleve.xml"],
)
def test_strangers_are_nobody(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert file_of(tmp_path / name) is None


def test_a_folder_is_searched_to_the_bottom_and_strangers_left_alone(tmp_path: Path) -> None:
    for place in (tmp_path / "a" / "b", tmp_path / "__MACOSX"):
        place.mkdir(parents=True)
        (place / NAME).write_text("x")
    (tmp_path / "ficAlimMENESR.dtd").write_text("x")
    with opened(tmp_path, LIMIT) as files:
        assert [file.path for file in files] == [tmp_path / "a" / "b" / NAME]


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


Packing = Callable[[Path, dict[str, bytes]], Path]
each_packing = pytest.mark.parametrize("pack", [zipped, tarred])


@each_packing
def test_archives_are_opened_then_forgotten(tmp_path: Path, pack: Packing) -> None:
    archive = pack(tmp_path / "x", {f"sub/{NAME}": b"pupils", "a.txt": b"", f"__MACOSX/._{NAME}": b"?"})
    with opened(archive, LIMIT) as files:
        (file,) = files
        assert file.path.read_bytes() == b"pupils"
    assert not file.path.exists()


@each_packing
@pytest.mark.parametrize(
    "name", [f"../{NAME}", f"/etc/{NAME}", f"a/../../{NAME}", f"..\\{NAME}", "../harmless.txt"]
)
def test_an_archive_that_writes_elsewhere_is_refused(tmp_path: Path, pack: Packing, name: str) -> None:
    with (
        pytest.raises(UnusableExtract, match="hors de son dossier"),
        opened(pack(tmp_path / "x", {name: b"x"}), LIMIT),
    ):
        pass


@each_packing
@pytest.mark.parametrize("name", [NAME, "stranger.bin"])
def test_an_archive_that_unpacks_beyond_the_limit_is_refused(
    tmp_path: Path, pack: Packing, name: str
) -> None:
    bomb = pack(tmp_path / "x", {name: b"0" * (LIMIT + 1)})
    assert bomb.stat().st_size < LIMIT // 10
    with pytest.raises(UnusableExtract, match="dépasse"), opened(bomb, LIMIT):
        pass


def test_sizes_are_counted_and_not_believed(tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "x.zip", {NAME: b"0" * (LIMIT * 4)})
    data = bytearray(bomb.read_bytes())
    declared = (LIMIT * 4).to_bytes(4, "little")
    while (place := data.find(declared)) >= 0:
        data[place : place + 4] = (100).to_bytes(4, "little")
    bomb.write_bytes(data)
    with pytest.raises(UnusableExtract), opened(bomb, LIMIT):
        pass


@each_packing
def test_an_archive_of_too_many_files_is_refused(
    tmp_path: Path, pack: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "MOST_MEMBERS", 5)
    crowd = pack(tmp_path / "x", {f"{number}/{NAME}": b"" for number in range(6)})
    with pytest.raises(UnusableExtract, match="trop de fichiers"), opened(crowd, LIMIT):
        pass


def test_links_of_an_archive_are_not_followed(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tgz", "w:gz") as archive:
        link = tarfile.TarInfo(NAME)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    with pytest.raises(UnusableExtract, match="aucun fichier"), opened(tmp_path / "x.tgz", LIMIT):
        pass


@each_packing
def test_a_truncated_archive_is_refused(tmp_path: Path, pack: Packing) -> None:
    archive = pack(tmp_path / "x", {NAME: bytes(range(256)) * 2_000})
    archive.write_bytes(archive.read_bytes()[:-2_000])
    with pytest.raises(UnusableExtract), opened(archive, LIMIT):
        pass


def test_what_is_no_archive_or_is_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("not an archive")
    for path, why in ((tmp_path / "x.zip", "ni un dossier"), (tmp_path / "absent", "n’existe pas")):
        with pytest.raises(UnusableExtract, match=why), opened(path, LIMIT):
            pass


def test_a_folder_without_extract_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").touch()
    with pytest.raises(UnusableExtract, match="aucun fichier"), opened(tmp_path, LIMIT):
        pass
