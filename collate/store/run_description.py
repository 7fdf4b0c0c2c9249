"""What a run's folder says of the run: its settings (`config.yaml`) and its facts (`run.json`).

The manifest has the digests of both, so that a damaged or edited one is not taken for the run's.
What says whom to trust is not read from there: it is given on the command line alone, each time.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from collate.atomic import complete_file, file_digest
from collate.config.build import read
from collate.config.schema import RunConfig
from collate.errors import InputError, RunFolderError
from collate.masking import masked
from collate.received_files import YAML_BYTES, read_json, read_yaml
from collate.store.manifest import Manifest
from collate.store.provenance import git_state, library_versions
from collate.tables import SCHEMA_VERSION

CONFIG, FACTS = "config.yaml", "run.json"
DIGESTS = "digests"
"""The manifest's note of the digests that these files may have, by name: the present one, and for
the settings the one before, since a process may die between the note and the file."""


def read_settings(path: Path, manifest: Manifest) -> dict[str, Any]:
    """The settings in a run's folder, by name, as they are written there.

    Raises RunFolderError where there are none to read, or others than the run wrote.
    """
    try:
        settings = read_yaml(path / CONFIG)
    except (OSError, ValueError) as error:
        raise RunFolderError(
            f"{path / CONFIG} is damaged ({error}); restore it from a copy"
        ) from error
    if not isinstance(settings, dict):
        found = "nothing" if settings is None else f"a {type(settings).__name__}"
        raise RunFolderError(
            f"{path / CONFIG} holds {found}, expected settings by name; restore it from a copy"
        )
    _check_digest(path, CONFIG, manifest)
    return settings


def read_run_config(path: Path) -> RunConfig:
    """The settings of a run's folder; those that a later version added have their defaults.

    Trust in a model's code and the address of a cluster are left at their defaults, whatever stands
    in the folder. Raises RunFolderError where there are no settings to read.
    """
    settings = read_settings(path, Manifest.read(path))
    try:
        config, _ = read(settings)
    except (AttributeError, TypeError, ValueError) as error:
        raise RunFolderError(
            f"{path / CONFIG} cannot be read ({error}); restore it from a copy"
        ) from error
    return replace(
        config,
        model=replace(config.model, trust_remote_code=False),
        ray=replace(config.ray, address=None),
    )


def write_config(path: Path, config: RunConfig, manifest: Manifest) -> None:
    """Keep the settings the run goes on with: rounds and what fits it to a machine may change."""
    settings = masked(asdict(config))
    del settings["model"]["trust_remote_code"]
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    if len(text.encode()) > YAML_BYTES:
        raise InputError(
            f"the settings take {len(text.encode()):,} bytes, at most {YAML_BYTES:,} can be kept; "
            "give fewer or shorter worked examples"
        )
    _write_noted(path / CONFIG, text, manifest)


def read_facts(path: Path, manifest: Manifest) -> dict[str, Any]:
    """What `run.json` holds of a run from its beginning on.

    Raises RunFolderError where it cannot be read or is not what the run wrote, and for a run of
    another schema, naming the version of collate that reads it.
    """
    try:
        facts: dict[str, Any] = read_json(path / FACTS)
        schema = facts["schema"]
        identity = facts.setdefault("identity", {})
        versions = facts.get("versions") or {}
        if not isinstance(identity, dict) or not isinstance(versions, dict):
            raise ValueError("expected records under identity and versions")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunFolderError(
            f"{path / FACTS} cannot be read ({error}); restore it from a copy, or give another "
            "name="
        ) from error
    if schema != SCHEMA_VERSION:
        writer = versions.get("collate", "an unknown version")
        raise RunFolderError(
            f"{path}: its tables have schema {schema}, this version of collate reads schema "
            f"{SCHEMA_VERSION}; collate {writer}, which wrote them, reads them. Give a new run "
            "another name="
        )
    _check_digest(path, FACTS, manifest)
    return facts


def write_facts(path: Path, identity: Mapping[str, str], manifest: Manifest) -> dict[str, Any]:
    """Write down what the run is made from and with; returns it."""
    facts = {
        "schema": SCHEMA_VERSION,
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "identity": dict(identity),
        "versions": library_versions(),
        "python": platform.python_version(),
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "git": git_state(),
    }
    text = json.dumps(facts, indent=2, ensure_ascii=False) + "\n"
    _write_noted(path / FACTS, text, manifest)
    return facts


def note_digests(path: Path, manifest: Manifest) -> None:
    """Enter the digests of the files as they are, where an earlier version noted none."""
    if DIGESTS not in manifest.notes:
        digests = {name: [file_digest(path / name)] for name in (CONFIG, FACTS)}
        manifest.note(DIGESTS, digests)


def _write_noted(file: Path, text: str, manifest: Manifest) -> None:
    """Write the file, if it is another, after its digest was entered into the manifest."""
    digests = [hashlib.sha256(text.encode()).hexdigest()]
    if file.is_file():
        digests.append(file_digest(file))
        if digests[0] == digests[1]:
            return
    manifest.note(DIGESTS, {**manifest.notes.get(DIGESTS, {}), file.name: digests})
    with complete_file(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _check_digest(path: Path, name: str, manifest: Manifest) -> None:
    noted = manifest.notes.get(DIGESTS)
    if isinstance(noted, dict) and name in noted and file_digest(path / name) not in noted[name]:
        raise RunFolderError(
            f"{path / name}: not what the run wrote (its digest is another); restore it from a copy"
        )
