#!/usr/bin/env bash
# Runs once, when the database is made: the role of the running bot, which `latchkey migrate --grant-to` lets into the tables.
set -euo pipefail
# The password does not stand in a command line; psql quotes it.
LATCHKEY_RUN_PASSWORD=$(cat /run/secrets/postgres-run-password)
export LATCHKEY_RUN_PASSWORD
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
\getenv password LATCHKEY_RUN_PASSWORD
CREATE ROLE latchkey_run LOGIN PASSWORD :'password';
SQL
