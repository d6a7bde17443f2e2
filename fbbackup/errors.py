"""Every error that fbbackup raises on purpose, with the exit code that a command ends with.

    FbbackupError                    1   one line that names the fault and its remedy
    ├── ConfigError                  2   configuration or usage
    ├── LoginNeeded                  3   no token, or Facebook refuses the one there is
    │   └── PermissionLost           3   the login may not read what it has to; lists may have looked empty for it
    ├── Incomplete                   4   not everything could be had now; a later run goes on
    │   ├── BudgetSpent              4   the API's call allowance is used up for now
    │   ├── SourceUnavailable        4   network or service down, after retries
    │   └── MassVanish               4   too much is missing upstream at once to be believed
    ├── DamageFound                  5   bytes on disk differ from what was recorded
    ├── ArchiveBusy                  6   another instance holds the archive
    └── ArchiveUnusable              7   unmounted, full, read-only, or of a newer schema
        └── CatalogDamaged           7   the catalog's file is no sound SQLite database

Errors of one item, caught by the step that meets them; they end no run:

    ItemError
    ├── DownloadError                    this variant could not be read; may be retried
    │   ├── AddressExpired               the signed address is no longer accepted: ask for a fresh one
    │   ├── NoPicture                    the address leads to a page or another text
    │   └── Unreachable                  no connection came about
    ├── BadPicture                       the bytes are not the picture that was announced
    ├── CursorRejected                   a listing has to start again from its beginning
    ├── KeyTaken                         the store already has other bytes under that key
    ├── UploadRefused                    a destination does not take this photo
    └── AnswerLost                       nobody knows whether an upload arrived: it is looked for, never sent blindly
"""

from __future__ import annotations


class FbbackupError(Exception):
    """Something that a person has to know; the message is one line and names the remedy."""

    exit_code = 1


class ConfigError(FbbackupError):
    """The configuration or the command line can't be used as it is."""

    exit_code = 2


class LoginNeeded(FbbackupError):
    """There is no usable token, or it lacks a permission that the job needs."""

    exit_code = 3


class PermissionLost(LoginNeeded):
    """A permission is not granted. Nothing says since when, and what it covers looks empty or gone meanwhile."""


class Incomplete(FbbackupError):
    """The run could not finish; a later one goes on where it stopped."""

    exit_code = 4


class BudgetSpent(Incomplete):
    """The call allowance is used up. `regain_seconds` tells when calls may start again."""

    def __init__(self, message: str, regain_seconds: float) -> None:
        super().__init__(message)
        self.regain_seconds = regain_seconds


class SourceUnavailable(Incomplete):
    """The service could not be reached or kept failing."""


class MassVanish(Incomplete):
    """So much is missing upstream at once that it looks like a fault, not like a wish."""


class DamageFound(FbbackupError):
    """Files in the archive are missing or differ from their recorded digest."""

    exit_code = 5


class ArchiveBusy(FbbackupError):
    """Another fbbackup writes to this archive."""

    exit_code = 6


class ArchiveUnusable(FbbackupError):
    """The archive is unmounted, full, read-only, foreign, or written by a newer fbbackup."""

    exit_code = 7


class CatalogDamaged(ArchiveUnusable):
    """The catalog is torn, cut or overwritten; it can be made again from the archive's files."""


class ItemError(Exception):
    """One photo, page or file; the run goes on without it."""


class DownloadError(ItemError):
    """A variant could not be read. `final` is true when trying again at once is pointless.

    `retry_after_seconds` is how long the server asked to wait, None when it did not.
    """

    def __init__(self, message: str, *, final: bool = False, retry_after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.final = final
        self.retry_after_seconds = retry_after_seconds


class AddressExpired(DownloadError):
    """The signed address is expired or refused; the photo has to be asked for again by id."""


class NoPicture(DownloadError):
    """A text came where a picture was expected: a page for people, a login, an error in words."""


class Unreachable(DownloadError):
    """The server could not be reached at all, or may not be."""


class BadPicture(ItemError):
    """The bytes are no picture, are cut, or have another size than the source announced."""


class CursorRejected(ItemError):
    """The source no longer accepts the cursor of an unfinished listing."""


class KeyTaken(ItemError):
    """The store holds different bytes under this key already."""


class UploadRefused(ItemError):
    """A destination does not take this photo, or the photo breaks a rule that is known before it is sent."""


class AnswerLost(ItemError):
    """An upload was sent and no answer came: the destination has to be asked before anything is sent again."""
