#!/bin/sh
# Starts nats-server in a container: the passwords come from secret files, the rest is server.conf as everywhere.
set -eu
for user in registry targets feedback oversight webhooks ops; do
  name="NATS_$(printf '%s' "$user" | tr '[:lower:]' '[:upper:]')_PASSWORD"
  export "$name=$(cat "/run/secrets/nats_${user}_password")"
done
exec nats-server --config /opt/nhipcau/server.conf --addr 0.0.0.0 --port 4222 --http_port 8222 --store_dir /data
