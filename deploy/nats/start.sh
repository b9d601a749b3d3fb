#!/bin/sh
# Starts NATS in its container. Passwords come from secret files (nats_<user>_password) and reach the server as
# variables in front of server.conf, through a pipe: neither an environment nor a disk ever holds them.
# The official image has only /bin/sh.
set -eu
SECRETS_DIR=${SECRETS_DIR:-/run/secrets}
passwords=
for user in registry targets feedback oversight webhooks ops; do
    file=$SECRETS_DIR/nats_${user}_password
    if [ ! -s "$file" ]; then
        echo "start: the secret file $file is missing or empty" >&2
        exit 1
    fi
    name=NATS_$(echo "$user" | tr '[:lower:]' '[:upper:]')_PASSWORD
    passwords="$passwords$name: \"$(cat "$file")\"
"
done
settings=$(cat "${NATS_CONFIGURATION:-/etc/nhipcau/nats/server.conf}")
exec nats-server -c /dev/stdin -sd "${NATS_STORE:-/data}" \
    -a "${NATS_HOST:-0.0.0.0}" -p "${NATS_PORT:-4222}" -m "${NATS_MONITOR_PORT:-8222}" <<CONFIGURATION
$passwords
$settings
CONFIGURATION
