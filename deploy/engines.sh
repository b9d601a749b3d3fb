# Where PostgreSQL and NATS of this compose installation are, for `./nhipcau ops … --data deploy`. Sourced, not run, from
# the folder of the installation: by an administrator's shell, or by cron before each command. On Linux the host reaches
# the containers although nothing is published; their addresses change when they are made anew.
address() { docker inspect -f '{{.NetworkSettings.Networks.nhipcau_data.IPAddress}}' "nhipcau-$1-1"; }
DATABASE_URL="postgresql://postgres:$(cat deploy/secrets/postgres_password)@$(address postgres)/postgres"
NATS_URL="nats://ops:$(cat deploy/secrets/nats_ops_password)@$(address nats):4222"
export DATABASE_URL NATS_URL
