#!/bin/sh
# Makes a certificate authority and a server certificate for mosquitto-secure.conf.
#   brokers/make-certificates.sh FOLDER HOST [HOST…]
# HOST is every name or IPv4 address by which components reach the broker. Needs openssl.
set -eu
if [ "$#" -lt 2 ]; then
  echo "usage: $0 FOLDER HOST [HOST...]" >&2
  exit 2
fi
folder=$1
shift
names=""
for host in "$@"; do
  case $host in
    *[!0-9.]*) names="$names${names:+,}DNS:$host" ;;
    *) names="$names${names:+,}IP:$host" ;;
  esac
done
mkdir -p "$folder"
cd "$folder"
umask 077
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
  -subj "/CN=cnc authority" -keyout ca.key -out ca.crt
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
  -subj "/CN=$1" -keyout server.key -out server.csr
printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$names" > server.ext
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 \
  -extfile server.ext -out server.crt
rm -f server.csr server.ext
chmod 644 ca.crt server.crt
echo "made ca.crt, ca.key, server.crt and server.key in $folder; keep ca.key away from the broker"
