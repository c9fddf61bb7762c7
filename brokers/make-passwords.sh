#!/bin/sh
# Makes the password file of mosquitto-secure.conf: one random password per component.
#   brokers/make-passwords.sh FOLDER NAME [NAME…]
# Writes FOLDER/cnc.passwords (for the broker, hashed) and FOLDER/NAME.password (for that
# component alone). Needs mosquitto_passwd and openssl.
set -eu
if [ "$#" -lt 2 ]; then
  echo "usage: $0 FOLDER NAME [NAME...]" >&2
  exit 2
fi
folder=$1
shift
mkdir -p "$folder"
umask 077
: > "$folder/cnc.passwords"
for name in "$@"; do
  password=$(openssl rand -hex 24)
  printf '%s' "$password" > "$folder/$name.password"
  printf '%s:%s\n' "$name" "$password" >> "$folder/cnc.passwords"
done
mosquitto_passwd -U "$folder/cnc.passwords"
echo "made $folder/cnc.passwords and a .password file for each of $# components"
