#!/bin/sh
# Installs Debian packages when a probe says they are missing and we may; else says exactly what to install.
#   system_packages.sh WHY PROBE PACKAGE…
# WHY is shown to the person; PROBE is a shell command that succeeds once nothing is missing.
set -u

why=$1 probe=$2
shift 2

if sh -c "$probe" >/dev/null 2>&1; then
    exit 0
fi

refuse() {
    printf '%s\n' "" "✗ $why : il manque $*." "  $reason" "  À installer, puis relancer :" \
        "      sudo apt-get update && sudo apt-get install -y --no-install-recommends $*" >&2
    exit 1
}

if ! command -v apt-get >/dev/null 2>&1; then
    reason="Ce système n’a pas apt-get : prenez les paquets équivalents à ceux de Debian."
    refuse "$@"
elif [ "$(id -u)" -eq 0 ]; then
    root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    root="sudo -n"
else
    reason="Vous n’êtes pas root et sudo demande un mot de passe (ou manque) : rien n’a été installé."
    refuse "$@"
fi

printf '→ %s : installation de %s\n' "$why" "$*"
# A mirror that is down need not stop us: the packages may be in a list we already have.
$root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 update >/dev/null 2>&1 || true
if ! output=$($root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 \
    install --no-install-recommends "$@" 2>&1); then
    printf '%s\n' "$output" >&2
    reason="apt-get a échoué (voir ci-dessus)."
    refuse "$@"
fi
if ! sh -c "$probe" >/dev/null 2>&1; then
    reason="Installés, ils ne suffisent pas : « $probe » échoue encore."
    refuse "$@"
fi
