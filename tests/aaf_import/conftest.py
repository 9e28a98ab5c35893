"""What the tests of imports share: writing a small extract and importing it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aaf_import.applying import Options
from aaf_import.importing import ExtractRefused, import_extract
from aaf_import.models import ImportRun
from tests.aaf_import.builder import Extract

Import = Callable[..., ImportRun]


@pytest.fixture
def run_import(tmp_path: Path, db: None) -> Import:
    """Write an extract and import it in this process, in the test's own transaction."""
    written = 0

    def run(
        extract: Extract,
        *,
        force: bool = False,
        dry_run: bool = False,
        year_change: bool = False,
        **writing: Any,
    ) -> ImportRun:
        nonlocal written
        written += 1
        folder = extract.write(tmp_path / f"extract{written}", **writing)
        return import_extract(
            folder, Options(force=force, dry_run=dry_run, year_change=year_change), processes=1
        )

    return run


@pytest.fixture
def refusal(run_import: Import) -> Callable[..., str]:
    """Import an extract which must be refused; why it was."""

    def refused(extract: Extract, **options: Any) -> str:
        with pytest.raises(ExtractRefused) as caught:
            run_import(extract, **options)
        run = ImportRun.objects.get(pk=caught.value.run.pk)
        assert run.status == ImportRun.Status.REFUSED
        return run.message

    return refused
