"""Every error that earwitness raises on purpose.

    EarwitnessError
    ├── SourceError      (OSError)       the recording cannot be had: missing, refused, too large, too slow
    ├── AudioError       (ValueError)    it is not audio, is empty, or is too long
    ├── OptionError      (ValueError)    an option outside its range, or two that contradict each other
    ├── TranscriptError  (ValueError)    a transcript file that is not one
    ├── ScriptError      (ValueError)    a text, or a script of a synthetic podcast, that cannot be spoken
    ├── ModelError       (RuntimeError)  a model that cannot be had, loaded or run
    │   └── ExtraError   (ImportError)   an engine whose optional packages are not installed
    └── StorageError     (OSError)       results cannot be written or kept: disk full, no permission

Each is also a builtin, so that callers who know nothing of earwitness can catch it. The message is one line: the
input, what is wrong with it, and the remedy.
"""

from __future__ import annotations


class EarwitnessError(Exception):
    """Base of all errors that earwitness raises on purpose."""

    def __str__(self) -> str:
        # OSError formats two arguments as "[Errno 1] …"; ours always carry one line of text.
        return " ".join(str(argument) for argument in self.args)


class SourceError(EarwitnessError, OSError):
    """The recording cannot be had: missing, refused, too large or too slow."""


class AudioError(EarwitnessError, ValueError):
    """The file is not audio, holds none, or holds too much of it."""


class OptionError(EarwitnessError, ValueError):
    """An option is outside its range or contradicts another one."""


class TranscriptError(EarwitnessError, ValueError):
    """A transcript file does not hold a transcript."""


class ScriptError(EarwitnessError, ValueError):
    """A text, or a script of a synthetic podcast, cannot be spoken."""


class ModelError(EarwitnessError, RuntimeError):
    """A model cannot be had, loaded or run."""


class ExtraError(ModelError, ImportError):
    """An engine needs optional packages that are not installed."""


class StorageError(EarwitnessError, OSError):
    """Results cannot be written or kept."""


def reason(error: BaseException) -> str:
    """The first line of what an error of somebody else says, or its kind where it says nothing.

    >>> reason(ValueError("no room\\nand much more")), reason(KeyError())
    ('no room', 'KeyError')
    """
    return str(error).strip().partition("\n")[0] or type(error).__name__
