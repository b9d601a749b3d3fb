-- Roles of one service. Plain SQL (no psql commands): run by deploy/postgres/create-databases.sh and by the devstack.
-- Reads three settings of the session: nhipcau.service, nhipcau.owner_password, nhipcau.app_password.
-- Run as a superuser (or a role that may create roles) in any database. Can be run again; passwords are set anew.
DO $roles$
DECLARE
    service text := current_setting('nhipcau.service');
    owner_role text := service || '_owner';
    house_role text := service || '_house';
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = owner_role) THEN
        EXECUTE format('CREATE ROLE %I', owner_role);
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = service) THEN
        EXECUTE format('CREATE ROLE %I', service);
    END IF;
    -- What a transaction of the house itself (worker, job, consumer, ops) takes on with SET LOCAL ROLE: it sees every
    -- row. Nobody logs in as it, and whoever may take it on has none of its rights before (docs/decisions/0011).
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = house_role) THEN
        EXECUTE format('CREATE ROLE %I', house_role);
    END IF;
    EXECUTE format(
        'ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', house_role);
    EXECUTE format('GRANT %I TO %I, %I WITH INHERIT FALSE, SET TRUE', house_role, service, owner_role);
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
