"""The reviewed table covers every route and every role, and agrees with what the routes declare."""

import importlib
import json
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from devstack.access.table import ANONYMOUS, ROLES, Access, TableWrong, faults, read_table
from devstack.generated.access import declared_access
from registry.domain.roles import CLIENT_ROLES, PERSON_ROLES, PROVIDER_ROLES
from servicekit.identity import HOUSE_ROLE, allow
from servicekit.routes import new_router

HEAD = "operation,view,roles,own,parent,child,sibling,other,board\n"
OWN = {
    "registry.read_me",
    "registry.list_sessions",
    "registry.change_password",
    "registry.enrol_totp",
    "registry.confirm_totp",
    "registry.end_session",
    "registry.end_my_other_sessions",
}
"""What everybody signed in may do with the own account and session."""
ANOTHERS_SESSION = "registry.end_one_session"
OTHERWISE = "*,*,anonymous,401,401,401,401,401,401\n*,*,others,403,403,403,403,403,403\n"


def write(folder: Path, *rows: str, otherwise: str = OTHERWISE) -> Path:
    file = folder / "access.csv"
    file.write_text(HEAD + otherwise + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def test_every_route_has_its_row_and_every_row_its_route() -> None:
    assert faults(read_table(), declared_access()) == []


def test_the_table_knows_every_role_of_the_registry() -> None:
    assert {ANONYMOUS, HOUSE_ROLE} | PERSON_ROLES | CLIENT_ROLES | PROVIDER_ROLES == set(ROLES)


def test_a_route_without_a_row_is_found() -> None:
    router = new_router("targets", "things")

    @router.get("/things", dependencies=[allow("head")])
    async def planted() -> None:
        """Nobody reviewed who may call this."""

    route = router.routes[0]
    assert isinstance(route, APIRoute)
    assert route.operation_id is not None
    assert route.openapi_extra is not None
    declared = {**declared_access(), route.operation_id: route.openapi_extra["x-access"]}
    assert faults(read_table(), declared) == ["targets.planted: no row in docs/access.csv"]


def test_a_row_without_a_route_is_found() -> None:
    declared = declared_access()
    del declared["targets.verify_report"]
    assert faults(read_table(), declared) == ["targets.verify_report: a row, but no route"]


@pytest.mark.parametrize(
    ("access", "row", "fault"),
    [
        ("public", "x.y,front,head,allow,404,404,404,404,404", "x.y: public in the code, closed in the table"),
        ("signed_in", "x.y,front,everyone,allow,allow,allow,allow,allow,allow", "x.y: closed in the code, open to"),
        (["head"], "x.y,front,head handler,allow,404,404,404,404,404", "x.y: the route does not let handler in"),
        (["head", "handler"], "x.y,front,head,allow,404,404,404,404,404", "x.y: the route names handler, the table"),
        (["head"], "x.y,front,head signed_in,allow,404,404,404,404,404", "x.y: signed_in does not fit a route for"),
    ],
)
def test_a_row_that_contradicts_the_route_is_found(tmp_path: Path, access: Access, row: str, fault: str) -> None:
    found = faults(read_table(write(tmp_path, row)), {"x.y": access})
    assert any(one.startswith(fault) for one in found), found


@pytest.mark.parametrize(
    "row",
    [
        "x.y,front,chief,allow,404,404,404,404,404",
        "x.y,front,head,allow,maybe,404,404,404,404",
        "x.y,side,head,allow,404,404,404,404,404",
        "x.y,front,head head,allow,404,404,404,404,404",
    ],
)
def test_a_row_that_can_be_read_in_two_ways_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(TableWrong):
        read_table(write(tmp_path, row))
    with pytest.raises(TableWrong, match="anonymous and others"):
        read_table(write(tmp_path, otherwise=""))


def test_every_two_person_rule_has_its_code_its_constraint_and_its_test() -> None:
    from devstack.generated.access import two_person_rules
    from devstack.generated.errors import all_errors

    codes = {(code, package): error for (code, package), error in all_errors().items()}
    for rule in two_person_rules():
        error = codes[rule["code"], rule["service"]]
        assert error.kind.value == 403, rule
        metadata = importlib.import_module(f"{rule['service']}.app").SERVICE.metadata
        constraints = {str(one.name) for table in metadata.tables.values() for one in table.constraints}
        for name in rule["constraint"].split():
            assert any(found.endswith(name) for found in constraints), name
        for test in rule["tests"].split():
            path, _, function = test.partition("::")
            assert f"def {function}(" in Path(path).read_text(encoding="utf-8"), test


def test_the_openapi_documents_say_the_same_as_the_routes() -> None:
    declared = declared_access()
    for service in ("registry", "targets", "feedback", "oversight", "webhooks"):
        document = json.loads(Path(f"docs/openapi/{service}.json").read_text(encoding="utf-8"))
        for methods in document["paths"].values():
            for operation in methods.values():
                assert declared[operation["operationId"]] == operation["x-access"]


def test_an_auditor_and_a_citizen_change_nothing() -> None:
    declared = declared_access()
    methods = {
        operation["operationId"]: method
        for service in ("registry", "targets", "feedback", "oversight", "webhooks")
        for found in json.loads(Path(f"docs/openapi/{service}.json").read_text(encoding="utf-8"))["paths"].values()
        for method, operation in found.items()
    }
    for cell in read_table().cells():
        if cell.role in ("auditor", "citizen") and methods[cell.operation] != "get" and cell.operation not in OWN:
            assert declared[cell.operation] == "public" or cell.expected in ("403", "404"), cell


def test_a_citizen_reaches_nothing_but_what_is_public_and_the_own_account() -> None:
    declared = declared_access()
    assert {operation for operation, access in declared.items() if access == "signed_in"} == OWN | {ANOTHERS_SESSION}
    for cell in read_table().cells():
        if cell.role == "citizen" and cell.operation != ANOTHERS_SESSION:
            open_to_all = declared[cell.operation] in ("public", "signed_in")
            assert (cell.expected == "allow") == open_to_all, cell


def test_nobody_ends_the_session_of_another_by_its_id() -> None:
    cells = [cell for cell in read_table().cells(ANOTHERS_SESSION) if cell.role != ANONYMOUS]
    assert cells
    assert {cell.expected for cell in cells} == {"404"}
