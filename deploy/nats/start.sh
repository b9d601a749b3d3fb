#!/bin/sh
# Starts NATS in its container: passwords from secret files (nats_<user>_password) become the variables that
# server.conf refers to. The official image has only /bin/sh.
set -eu
SECRETS_DIR=${SECRETS_DIR:-/run/secrets}
for user in registry targets feedback oversight webhooks ops; do
    file=$SECRETS_DIR/nats_${user}_password
    if [ ! -s "$file" ]; then
        echo "start: the secret file $file is missing or empty" >&2
        exit 1
    fi
    name=NATS_$(echo "$user" | tr '[:lower:]' '[:upper:]')_PASSWORD
    export "$name=$(cat "$file")"
done
exec nats-server -c "${NATS_CONFIGURATION:-/etc/nhipcau/nats/server.conf}" -sd "${NATS_STORE:-/data}" \
    -a "${NATS_HOST:-0.0.0.0}" -p "${NATS_PORT:-4222}" -m "${NATS_MONITOR_PORT:-8222}"
