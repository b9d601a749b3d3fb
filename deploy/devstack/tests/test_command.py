"""The bash file `nhipcau`, from anywhere, with an old Python, and its doctor."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from pyotp import TOTP, random_base32

from devstack import paths
from devstack.ops.doctor import examine
from devstack.ports import Ports
from devstack.stack import Stack, engine_parts

NHIPCAU = paths.REPOSITORY / "nhipcau"


def test_it_runs_from_any_folder_and_through_a_link(tmp_path: Path) -> None:
    link = tmp_path / "nc"
    link.symlink_to(NHIPCAU)
    (tmp_path / "devstack.py").write_text("raise SystemExit('imported from the working folder')")
    done = subprocess.run([link, "ops", "doctor", "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Check ports, disk" in done.stdout


def test_an_old_python_is_refused_with_what_to_do(tmp_path: Path) -> None:
    copy = tmp_path / "nhipcau"
    shutil.copy(NHIPCAU, copy)
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in ("bash", "readlink", "dirname", "env"):
        (programs / tool).symlink_to(str(shutil.which(tool)))
    nothing = subprocess.run([copy, "up"], env={"PATH": str(programs)}, capture_output=True, text=True, check=False)
    assert nothing.returncode == 1
    assert "there is no python3. Install Python 3.11 or newer" in nothing.stderr
    old = programs / "python3"
    old.write_text("#!/bin/bash\n[[ $1 == --version ]] && echo Python 3.9.2 && exit\nexit 1\n")
    old.chmod(0o755)
    refused = subprocess.run([copy, "up"], env={"PATH": str(programs)}, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "Python 3.9.2 is too old: Nhịp Cầu needs Python 3.11 or newer" in refused.stderr
    assert "NHIPCAU_PYTHON=" in refused.stderr


def test_what_a_person_can_put_right_is_one_sentence(tmp_path: Path) -> None:
    command = [NHIPCAU, "up", "--data", str(tmp_path)]
    done = subprocess.run(
        command, env=os.environ | {"GATEWAY_PORT": "abc"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == "nhipcau: GATEWAY_PORT='abc' is not a port number\n"


def test_the_present_code_comes_from_the_secrets(tmp_path: Path) -> None:
    command = [NHIPCAU, "ops", "code", "--data", str(tmp_path)]
    missing = subprocess.run(command, capture_output=True, text=True, check=False)
    assert missing.returncode == 1
    assert "admin_totp_secret" in missing.stderr
    secret = random_base32()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "admin_totp_secret").write_text(secret + "\n")
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    now = int(time.time())
    assert shown[:6] in {TOTP(secret).at(moment) for moment in (now, now - 30)}
    address = subprocess.run([*command, "--app"], capture_output=True, text=True, check=True).stdout
    assert address.startswith("otpauth://totp/")
    assert f"secret={secret}" in address


async def test_the_doctor_finds_what_was_made_unsafe() -> None:
    async with Stack(parts=engine_parts) as stack:
        findings = [finding async for finding in examine(stack.data, stack.ports)]
        bad = {finding.what for finding in findings if not finding.good}
        assert bad == {f"{name}: /readyz (None)" for name in (*paths.SERVICES, "gateway")}  # only these do not run
        import asyncpg

        connection = await asyncpg.connect(stack.admin_dsn)
        await connection.execute("ALTER SYSTEM SET synchronous_commit = off")
        await connection.execute("ALTER SYSTEM SET full_page_writes = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.execute("GRANT CONNECT ON DATABASE targets TO PUBLIC")
        await connection.execute("GRANT feedback_house TO feedback WITH INHERIT TRUE")
        await connection.close()
        (stack.credentials.folder / "admin_password").chmod(0o644)
        findings = [finding async for finding in examine(stack.data, stack.ports)]
        worse = {finding.what for finding in findings if not finding.good} - bad
        assert worse == {
            "PostgreSQL synchronous_commit = off",
            "PostgreSQL full_page_writes = off",
            "targets: only its own roles may connect",
            "feedback: a request does not see what the house sees",
            "secrets are readable by their owner only",
        }


async def test_the_doctor_sees_taken_ports_when_nothing_runs(tmp_path: Path) -> None:
    async with Stack(parts=engine_parts) as other:
        ports = Ports(**{**vars(Ports.free()), "postgres": other.ports.postgres})
        findings = [finding async for finding in examine(tmp_path, ports)]
    assert [finding.what for finding in findings if not finding.good] == [f"port {ports.postgres} for postgres is free"]
