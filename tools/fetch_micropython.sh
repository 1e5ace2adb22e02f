#!/bin/sh
# Puts the tarball of MicroPython's source into the folder given, from Debian trixie, checked twice: by
# apt against the archive's signature, and against the hash here. Nothing of the machine's own apt
# settings or lists is touched, and no root is needed.
#
# The mirror is the one that this machine's apt uses for Debian; DEBIAN_MIRROR overrides it.
set -eu

tarball=micropython_1.25.0+ds.orig.tar.xz
sha256=7b25be99a502f070b2de81dafc08da7051d992325d6e67daa9045a918fffdbea
# By code name: the pinned tarball stays in trixie for its whole life, while Debian's revision of the
# package may change.
suite=trixie
# Bookworm's keyring holds the keys of trixie since 2023.3+deb12u2.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "$*" >&2
    exit 1
}

is_good() {
    echo "$sha256  $1" | sha256sum --check --status 2> /dev/null
}

# The first repository of Debian's that apt has lists of; the security archive has no sources of ours.
find_mirror() {
    # shellcheck disable=SC2016  # apt's own variables
    apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(CODENAME)' 'Created-By: Packages' |
        awk '$2 == "Debian" && $3 !~ /security/ { print $1; exit }'
}

# A private apt: own list of sources, own cache, the machine's proxy settings.
write_apt_settings() {
    mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
    cat > "$work/source.sources" << END
Types: deb-src
URIs: $mirror
Suites: $suite
Components: main
Signed-By: $keyring
END
    # Error-Mode: without it, apt calls an unreachable mirror a success.
    cat > "$work/apt.conf" << END
Dir::Etc::sourcelist "$work/source.sources";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Dir::State::lists "$work/lists";
Dir::Cache "$work/cache";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
END
}

fetch_by_signature() {
    APT_CONFIG=$work/apt.conf apt-get -q update &&
        (cd "$work" && APT_CONFIG=$work/apt.conf apt-get -q source --download-only micropython) &&
        [ -e "$work/$tarball" ]
}

# When the suite has moved on, the pool may still hold the file; the hash alone vouches for it then.
fetch_by_hash() {
    APT_CONFIG=$work/apt.conf /usr/lib/apt/apt-helper download-file \
        "$mirror/pool/main/m/micropython/$tarball" "$work/$tarball" "SHA256:$sha256"
}

mkdir -p "$1"
target=$1/$tarball
if is_good "$target"; then
    exit 0
fi
mirror=${DEBIAN_MIRROR:-$(find_mirror)}
mirror=${mirror%/}
[ -n "$mirror" ] || fail "apt knows no mirror of Debian: run apt-get update as root, or set DEBIAN_MIRROR"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
write_apt_settings
fetch_by_signature || fetch_by_hash || fail "cannot fetch $tarball from $mirror"
is_good "$work/$tarball" || fail "$tarball does not have the SHA-256 that is expected"
mv "$work/$tarball" "$target"
