# Shared by ./dev and the scripts beside this file. Source it; it defines functions only.
# shellcheck shell=bash

# The version of clang's tools: formatting and findings differ between versions, and this one is in
# every supported system. scripts/packages.txt and CMakePresets.json name it too.
# shellcheck disable=SC2034 # used by the scripts that source this file
clang_version=19

say() {
    printf '%s\n' "$*" >&2
}

die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo for everybody else.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        die "this needs root, and sudo is not installed; as root, run: $*"
    fi
}

# The value of a field of /etc/os-release, or nothing.
os_release() {
    [ ! -r /etc/os-release ] || sed -n "s/^$1=\"\\{0,1\\}\\([^\"]*\\)\"\\{0,1\\}\$/\\1/p" /etc/os-release
}

# Debian's tools before anything that a user's PATH puts in front of them (pyenv, a hand-made Go).
use_system_path() {
    if [ -e /etc/debian_version ]; then
        export PATH="/usr/sbin:/usr/bin:/sbin:/bin:$PATH"
    fi
}

jobs_count() {
    getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2
}

# debian_mirror LABEL [CODENAME]: the address that this machine's apt uses for an archive of Debian.
# Only entries whose signed Release file says so count: LABEL is Debian or Debian-Security. apt reads
# its own sources, in whichever form they are written; nothing here parses them.
# shellcheck disable=SC2016
debian_mirror() {
    apt-get indextargets \
        --format '$(CODENAME) $(ORIGIN) $(LABEL) $(COMPONENT) $(TRUSTED) $(REPO_URI)' \
        'Created-By: Packages' 2>/dev/null |
        awk -v label="$1" -v codename="${2-}" '
            $2 == "Debian" && $3 == label && $4 == "main" && $5 == "yes" && $6 !~ /^cdrom:/ &&
            (codename == "" || $1 == codename) && !found { found = $6 }
            END { if (found) print found }'
}

# The C sources and headers that git knows or would add.
c_files() {
    local file
    git ls-files --cached --others --exclude-standard -- '*.c' '*.h' | sort -u | while read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}
