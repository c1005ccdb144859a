"""YAML text into typed models, with file, line and column for everything that is wrong with it.

Promises that nothing is guessed: every scalar stays the text a person wrote until a model says what it means,
so `16:00` is a time, `0123` a PIN and `no` a word. Does not know what any file of ours contains. PyYAML lives
here only.

`document` reads a file into text with places, `scalars` says what each kind of text may look like, `models`
joins both and tells problems in plain words, `schema` describes a model's file to an editor.
"""

from __future__ import annotations

from ekinerja_agent.yamlfile.document import Document, KeyPath, dotted, read_document
from ekinerja_agent.yamlfile.models import FileSection, Loaded, allowed_words, faults, fit, load
from ekinerja_agent.yamlfile.schema import schema_of

__all__ = [
    "Document",
    "FileSection",
    "KeyPath",
    "Loaded",
    "allowed_words",
    "dotted",
    "faults",
    "fit",
    "load",
    "read_document",
    "schema_of",
]
