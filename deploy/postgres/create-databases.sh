#!/usr/bin/env bash
# Roles and databases of the services in production. docker compose mounts this file in /docker-entrypoint-initdb.d and
# roles.sql and database.sql in SQL_DIR; it runs once, when the server is made. Can be run again by hand at any time:
# it changes passwords to what the secret files say and leaves data alone.
#
# Passwords come from files (docker secrets): <service>_owner_password and <service>_password in SECRETS_DIR.
# Who connects, and where to, is what psql takes from its own variables (PGHOST, PGUSER, PGPASSWORD …).
set -euo pipefail

SECRETS_DIR=${SECRETS_DIR:-/run/secrets}
SQL_DIR=${SQL_DIR:-/etc/nhipcau/postgres}
SERVICES=${SERVICES:-registry targets feedback oversight webhooks}
export PGUSER=${PGUSER:-${POSTGRES_USER:-postgres}}
export secrets=$SECRETS_DIR sql=$SQL_DIR

for service in $SERVICES; do
    for secret in "${service}_owner_password" "${service}_password"; do
        if [[ ! -s $SECRETS_DIR/$secret ]]; then
            echo "create-databases: the secret file $SECRETS_DIR/$secret is missing or empty" >&2
            exit 1
        fi
    done
    # Passwords reach the server as settings of the session: not on a command line, not in the text of a statement.
    export service
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="${PGDATABASE:-postgres}" --output=/dev/null <<'PSQL'
\getenv service service
\getenv sql sql
\set owner_password `cat "$secrets/${service}_owner_password"`
\set app_password `cat "$secrets/${service}_password"`
SELECT set_config('nhipcau.service', :'service', false),
       set_config('nhipcau.owner_password', :'owner_password', false),
       set_config('nhipcau.app_password', :'app_password', false);
\set file :sql '/roles.sql'
\i :file
SELECT format('CREATE DATABASE %I OWNER %I', :'service', :'service' || '_owner')
WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = :'service') \gexec
\connect :service
SELECT set_config('nhipcau.service', :'service', false);
\set file :sql '/database.sql'
\i :file
PSQL
    echo "create-databases: $service is ready"
done
