"""All tables of the registry."""

from registry.tables.accounts import Account, ApiClient, RefreshToken, RoleGrant, SignInSession, SignInThrottle
from registry.tables.credentials import ApiClientCredential, ClientAssertion
from registry.tables.identity_providers import ForeignIdentity, ForeignSignIn, IdentityProvider
from registry.tables.law import CalendarDay, CalendarYear, DeadlineRule, LegalInstrument, LegalProvision
from registry.tables.registry_table import RegistryTable
from registry.tables.units import Organisation, OrganisationSuccession, Unit, UnitSuccession

metadata = RegistryTable.metadata

__all__ = [
    "Account",
    "ApiClient",
    "ApiClientCredential",
    "CalendarDay",
    "CalendarYear",
    "ClientAssertion",
    "DeadlineRule",
    "ForeignIdentity",
    "ForeignSignIn",
    "IdentityProvider",
    "LegalInstrument",
    "LegalProvision",
    "Organisation",
    "OrganisationSuccession",
    "RefreshToken",
    "RoleGrant",
    "SignInSession",
    "SignInThrottle",
    "Unit",
    "UnitSuccession",
    "metadata",
]
