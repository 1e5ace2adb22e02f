# The set-up that ./pybflash and ./test share; to be sourced. $root is the folder of the checkout.
# shellcheck shell=sh disable=SC2034,SC2154  # variables from and for those who source it
#
# Everything that is made lies below build/: dl (downloads), micropython-*, one folder a preset, logs.

build=$root/build
setup_log=$build/setup.log
micropython_version=1.25.0
micropython=$build/micropython-$micropython_version
[ -z "${MICROPYTHON_DIR:-}" ] || micropython=$(readlink -m "$MICROPYTHON_DIR")
# Also the exit code of ./pybflash then, which no script is likely to use.
exit_setup_failed=3

# What the program is made from, and what ./test needs besides.
program_packages="g++ gcc make cmake ninja-build python3 xz-utils libcli11-dev libgtest-dev libgmock-dev
    libpng-dev nbdkit-plugin-dev"
test_packages="clang libclang-rt-dev clang-format clang-tidy shellcheck gcc-arm-none-eabi
    libnewlib-arm-none-eabi libstdc++-arm-none-eabi-dev qemu-system-arm libunicorn-dev mtools dosfstools
    fdisk dfu-util python3-serial libnbd-bin qemu-utils libbenchmark-dev valgrind"

say() {
    echo "pybflash: $*" >&2
}

die() {
    say "$*"
    exit $exit_setup_failed
}

# Says what is done and runs it, with its output in the log; ends the set-up if it fails.
# step TITLE COMMAND...
step() {
    say "$1"
    shift
    if ! "$@" >> "$setup_log" 2>&1 < /dev/null; then
        echo "..." >&2
        tail -n 20 "$setup_log" >&2
        die "that failed; the whole story is in $setup_log"
    fi
}

# ---- Packages --------------------------------------------------------------------------------------

missing_packages() {
    for package in "$@"; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) in
            installed) ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

install_packages() {
    apt="env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
    # shellcheck disable=SC2086  # a command with its words
    as_root $apt update && as_root $apt install -y --no-install-recommends "$@"
}

ensure_packages() {
    command -v apt-get > /dev/null ||
        die "the set-up knows only Debian's apt; install yourself what $root/tools/setup.sh lists"
    # shellcheck disable=SC2046  # a list of words
    set -- $(missing_packages "$@")
    [ $# -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || command -v sudo > /dev/null ||
        die "not root and no sudo; let root run: apt-get install --no-install-recommends $*"
    step "installing with apt: $*" install_packages "$@"
}

# ---- MicroPython -----------------------------------------------------------------------------------

is_micropython_tree() {
    [ -e "$1/ports/unix/Makefile" ] && [ -e "$1/py/mkrules.mk" ]
}

unpack_micropython() {
    rm -rf "$build/unpack" && mkdir "$build/unpack" &&
        tar -C "$build/unpack" -xf "$build/dl/micropython_$micropython_version+ds.orig.tar.xz" &&
        mv "$build/unpack/micropython-$micropython_version" "$micropython" && rmdir "$build/unpack"
}

ensure_micropython() {
    case $root$micropython in
        *[[:space:]]*) die "MicroPython's makefiles know no spaces in paths; move $root or MICROPYTHON_DIR" ;;
    esac
    is_micropython_tree "$micropython" && return 0
    [ -z "${MICROPYTHON_DIR:-}" ] || die "MICROPYTHON_DIR=$MICROPYTHON_DIR is no source tree of MicroPython"
    step "fetching the source of MicroPython $micropython_version from Debian" \
        "$root/tools/fetch_micropython.sh" "$build/dl"
    step "unpacking it" unpack_micropython
}

# ---- Building --------------------------------------------------------------------------------------

# configure PRESET
configure() {
    (cd "$root" && cmake --preset "$1" -DPYBFLASH_MICROPYTHON_DIR="$micropython")
}

# build_preset PRESET [TARGET]
build_preset() {
    (cd "$root" && cmake --build --preset "$1" ${2:+--target "$2"})
}

# One set-up at a time; the second one waits and finds everything done.
lock_setup() {
    mkdir -p "$build" || die "cannot write to $root; set it up as the user that owns it"
    exec 9> "$build/setup.lock"
    flock 9
}

unlock_setup() {
    exec 9>&-
}
