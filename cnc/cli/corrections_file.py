"""Corrections of another home, as `cnc intent corrections --json` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cnc.cli.service_names import check_service
from cnc.errors import ConfigurationError, NotFoundError, StorageError
from cnc.files import members_once

if TYPE_CHECKING:
    from cnc.messages.intents import Correction


def read_corrections(file: Path) -> list[Correction]:
    """The corrections of a file, one a line, in its order.

    Raises:
        StorageError: the file cannot be read.
        ConfigurationError: a line is no correction, or of no service of the catalogue; the message
            names it.
    """
    from pydantic import ValidationError

    from cnc.intents.catalogue import load_catalogue
    from cnc.messages.intents import Correction

    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"{file} cannot be read ({error}); name a file that "
            "`cnc intent corrections --json` wrote"
        ) from error
    known = load_catalogue().ids
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=members_once)
            one = Correction.model_validate(row)
            if not one.text.strip():
                raise ValueError("text: there are only blanks")
            check_service(one.service, known)
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"])) or "the line"
            raise ConfigurationError(f"{file}:{number}: {field}: {first['msg']}") from error
        except (ValueError, RecursionError, NotFoundError) as error:
            raise ConfigurationError(f"{file}:{number}: {error}") from error
        found.append(one)
    if not found:
        raise ConfigurationError(f"{file} holds no corrections")
    return found
