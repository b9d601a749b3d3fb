"""Who may call what, and what a route needs of its process."""

from typing import Annotated

from fastapi import Depends, Request

from oversight.domain.roles import ADDRESSED, CASE_READERS, PRESIDING, RECOMMENDATION_READERS
from servicekit.identity import Actor, allow
from servicekit.law_book import Law
from servicekit.reference import ReferenceBook

FrontOfficer = Annotated[Actor, allow(*sorted(PRESIDING))]
"""Acts for a presiding Front committee."""
Addressed = Annotated[Actor, allow(*sorted(ADDRESSED))]
"""Answers for a body a recommendation was served on."""
CaseReader = Annotated[Actor, allow(*sorted(CASE_READERS))]
"""Reads case files."""
RecommendationReader = Annotated[Actor, allow(*sorted(RECOMMENDATION_READERS))]
"""Reads recommendations, from either side."""
HouseService = Annotated[Actor, allow("service")]
"""Another service of the house."""


async def _book(request: Request) -> ReferenceBook:
    book: ReferenceBook = request.app.state.runtime.book
    return book


Book = Annotated[ReferenceBook, Depends(_book)]
"""The registry's facts in memory."""


async def _law(request: Request) -> Law:
    law: Law = request.app.state.runtime.part("law")
    return law


TheLaw = Annotated[Law, Depends(_law)]
"""The registry's deadline rules and calendar, as far as they are known here."""
