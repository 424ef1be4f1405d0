"""What can't be said in the other language."""

from __future__ import annotations

from offerd.expression import Issue, render_issue
from offerd.expression.issues import issue_at


class DialectError(Exception):
    """An expression can't be translated: `issue` says what and why, `source` is the text it is in.

    The source is that of the translated expression, or of an audience that it refers to.
    """

    def __init__(self, source: str, issue: Issue) -> None:
        super().__init__(str(issue))
        self.source = source
        self.issue = issue

    def rendered(self) -> str:
        """The message, the line of the source and carets under the place."""
        return render_issue(self.source, self.issue)


def dialect_error(source: str, message: str, start: int, end: int) -> DialectError:
    """The error about source[start:end]."""
    return DialectError(source, issue_at(source, message, start, end))


class CannotSay(Exception):
    """A reason without a place, which whoever knows the place turns into a DialectError."""
