#!/bin/sh
# Compiles the freestanding rooms for the camera's processors, and proves that they need nothing which a
# firmware has not: no heap, no C++ run time, no iostream. Prints a table of sizes.
#
# Last line: "N passed, N failed", one for each processor.
set -u
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$root/build/arm

# Allocation, exceptions and guards, anything of libstdc++'s streams, the C library's input and output.
forbidden='^(malloc|calloc|realloc|free|_Zn[aw].*|_Zd[al].*|__cxa_.*|__gxx_.*|_Unwind_.*|__aeabi_atexit|atexit'
forbidden=$forbidden'|_ZNSt8ios_base.*|_ZNK?St[0-9]*basic_[io]*stream.*|_ZSt4c(out|err|in|log)|f?printf|puts|abort|exit)$'

# What the libraries want from outside and do not hold themselves.
wanted_symbols() {
    arm-none-eabi-nm --defined-only "$@" 2> /dev/null | awk 'NF == 3 { print $3 }' | sort -u > "$work/defined"
    arm-none-eabi-nm --undefined-only "$@" 2> /dev/null | awk '$1 == "U" { print $2 }' | sort -u |
        comm -23 - "$work/defined"
}

print_sizes() {
    arm-none-eabi-size --totals "$@" | awk -v cpu="$cpu" -v library="$(basename "$1")" '
        /TOTALS/ { printf "%-12s %-20s %8d %6d %6d\n", cpu, library, $1, $2, $3 }'
}

# Libraries of an earlier state of the sources are not to be judged.
build_for() {
    find "$build/$1" -name '*.a' -delete 2> /dev/null
    cmake --preset arm -S "$root" -B "$build/$1" -DPYBFLASH_ARM_CPU="$1" && cmake --build "$build/$1"
}

check_cpu() {
    if ! build_for "$cpu" > "$work/log" 2>&1; then
        cat "$work/log"
        return 1
    fi
    libraries=$(find "$build/$cpu" -name '*.a')
    # shellcheck disable=SC2086  # a list of files
    found=$(wanted_symbols $libraries | grep -E "$forbidden")
    if [ -n "$found" ]; then
        echo "$cpu: symbols that no firmware has: $found"
        return 1
    fi
    for library in $libraries; do
        print_sizes "$library"
    done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
printf '%-12s %-20s %8s %6s %6s\n' processor library text data bss
for cpu in cortex-m4 cortex-m7 cortex-m55; do
    if check_cpu; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
