"""What languages bring to the reading of answers: one file of data for each.

`LANGUAGES` holds them by their codes. All are imported at once, since the child processes that read
answers may open no file afterwards.
"""

import importlib
import pkgutil

from collate.answers.languages.language import Language

LANGUAGES: dict[str, Language] = {
    file.name: importlib.import_module(f"{__name__}.{file.name}").LANGUAGE
    for file in pkgutil.iter_modules(__path__)
    if file.name != "language"
}

__all__ = ["LANGUAGES", "Language"]
