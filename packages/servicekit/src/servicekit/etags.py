"""Versions as ETags: a change names the version it was decided on (RFC 9110 §13)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Response

from servicekit.errors import DomainError, Kind, VersionRequired

_ETAG = re.compile(r'^"([0-9]{1,9})"$')


class BadVersion(DomainError):
    """If-Match is not one of our ETags."""

    kind = Kind.MALFORMED
    code = "bad_version"
    vi = 'If-Match không đúng dạng. Hãy gửi nguyên giá trị ETag đã nhận, ví dụ "3".'
    en = 'If-Match has the wrong form. Send the ETag exactly as received, for example "3".'


async def read_expected_version(if_match: Annotated[str | None, Header(alias="If-Match")] = None) -> int:
    """Return the version in If-Match. Raises VersionRequired or BadVersion."""
    if if_match is None:
        raise VersionRequired
    match = _ETAG.match(if_match)
    if match is None:
        raise BadVersion
    return int(match.group(1))


ExpectedVersion = Annotated[int, Depends(read_expected_version)]


def set_etag(response: Response, version: int) -> None:
    """Put the record's version on the answer as a strong ETag."""
    response.headers["ETag"] = f'"{version}"'
