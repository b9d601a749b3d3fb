-- Roles of one service. Plain SQL (no psql commands): run by deploy/postgres/create-databases.sh and by the devstack.
-- Reads three settings of the session: nhipcau.service, nhipcau.owner_password, nhipcau.app_password.
-- Run as a superuser (or a role that may create roles) in any database. Can be run again; passwords are set anew.
DO $roles$
DECLARE
    service text := current_setting('nhipcau.service');
    owner_role text := service || '_owner';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = owner_role) THEN
        EXECUTE format('CREATE ROLE %I', owner_role);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = service) THEN
        EXECUTE format('CREATE ROLE %I', service);
    END IF;
    EXECUTE format(
        'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L',
        owner_role, current_setting('nhipcau.owner_password'));
    EXECUTE format(
        'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L',
        service, current_setting('nhipcau.app_password'));
    -- A request never waits for ever, and a forgotten transaction never holds its locks for ever.
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', service, '5s');
    EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', service, '2s');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', service, '30s');
    -- A migration may run long but must not queue behind a lock while the service waits behind it.
    EXECUTE format('ALTER ROLE %I SET lock_timeout = %L', owner_role, '10s');
END
$roles$;
