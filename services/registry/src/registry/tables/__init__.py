"""All tables of the registry."""

from registry.tables.accounts import (
    AccessCode,
    Account,
    ApiClient,
    RecoveryCode,
    RefreshToken,
    RoleGrant,
    SignInSession,
    SignInThrottle,
)
from registry.tables.credentials import ApiClientCredential, ClientAssertion
from registry.tables.identity_providers import ForeignIdentity, ForeignSignIn, IdentityProvider
from registry.tables.law import CalendarDay, CalendarYear, DeadlineRule, EarlierWord, LegalInstrument, LegalProvision
from registry.tables.registry_table import RegistryTable
from registry.tables.revocations import Revocation
from registry.tables.units import Organisation, OrganisationSuccession, Unit, UnitSuccession

metadata = RegistryTable.metadata

__all__ = [
    "AccessCode",
    "Account",
    "ApiClient",
    "ApiClientCredential",
    "CalendarDay",
    "CalendarYear",
    "ClientAssertion",
    "DeadlineRule",
    "EarlierWord",
    "ForeignIdentity",
    "ForeignSignIn",
    "IdentityProvider",
    "LegalInstrument",
    "LegalProvision",
    "Organisation",
    "OrganisationSuccession",
    "RecoveryCode",
    "RefreshToken",
    "Revocation",
    "RoleGrant",
    "SignInSession",
    "SignInThrottle",
    "Unit",
    "UnitSuccession",
    "metadata",
]
