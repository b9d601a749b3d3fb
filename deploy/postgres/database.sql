-- Inside the database of one service: who may enter, what the app role may do, and the extensions.
-- Plain SQL: run by deploy/postgres/create-databases.sh and by the devstack, as a superuser, in that database.
-- Reads the setting nhipcau.service of the session. Can be run again.
DO $database$
DECLARE
    service text := current_setting('nhipcau.service');
    owner_role text := service || '_owner';
    house_role text := service || '_house';
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM %I', current_database(), service);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), service);
    -- `ops reconcile` compares in a table of its own.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), house_role);
    EXECUTE format('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, %I', service, house_role);
    -- Only what the owner's migrations create from now on; the app role gets no DDL, TRUNCATE or REFERENCES.
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I, %I',
        owner_role, service, house_role);
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public GRANT USAGE ON SEQUENCES TO %I, %I',
        owner_role, service, house_role);
END
$database$;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS unaccent;
