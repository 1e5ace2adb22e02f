#!/bin/sh
# Compiles the freestanding rooms for the camera's processors, proves that they need nothing which a firmware
# has not (no heap, no C++ run time, no iostream), and weighs what a camera takes of them.
#
#   arm_check.sh           prints the sizes
#   arm_check.sh --write   and keeps them in docs/size.md
#
# Last line: "N passed, N failed": one for each processor, one for the budget.
set -u
root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$root/build/arm

# What the block layer, its cache, the serial NOR driver and QUADSPI may weigh together on an M7.
budget_bytes=6144

# Allocation, exceptions and guards, anything of libstdc++'s streams, the C library's input and output.
forbidden='^(malloc|calloc|realloc|free|_Zn[aw].*|_Zd[al].*|__cxa_.*|__gxx_.*|_Unwind_.*|__aeabi_atexit|atexit'
forbidden=$forbidden'|_ZNSt8ios_base.*|_ZNK?St[0-9]*basic_[io]*stream.*|_ZSt4c(out|err|in|log)|f?printf|puts|abort|exit)$'

# What each kind of camera takes: processor, name, libraries.
cameras='cortex-m4 STM32F4_internal flash camera_f4
cortex-m7 STM32F7_internal flash camera_f7
cortex-m7 STM32H7_internal flash camera_h7
cortex-m7 STM32H7_QUADSPI flash drivers camera_quadspi
cortex-m55 STM32N6_XSPI flash drivers octal_nor camera_xspi
cortex-m7 any_SPI flash drivers camera_spi
cortex-m7 translation_layer_besides ftl storage_nor'

# What the libraries want from outside and do not hold themselves.
wanted_symbols() {
    arm-none-eabi-nm --defined-only "$@" 2> /dev/null | awk 'NF == 3 { print $3 }' | sort -u > "$work/defined"
    arm-none-eabi-nm --undefined-only "$@" 2> /dev/null | awk '$1 == "U" { print $2 }' | sort -u |
        comm -23 - "$work/defined"
}

# Libraries of an earlier state of the sources are not to be judged.
build_for() {
    find "$build/$1" -name '*.a' -delete 2> /dev/null
    cmake --preset arm -S "$root" -B "$build/$1" -DPYBFLASH_ARM_CPU="$1" && cmake --build "$build/$1"
}

check_cpu() {
    if ! build_for "$1" > "$work/log" 2>&1; then
        cat "$work/log"
        return 1
    fi
    # shellcheck disable=SC2046  # a list of files
    found=$(wanted_symbols $(find "$build/$1" -name '*.a') | grep -E "$forbidden")
    [ -z "$found" ] || echo "$1: symbols that no firmware has: $found"
    [ -z "$found" ]
}

# Text, data and bss of libraries together. Linked, for what a header brings into several objects is there once.
weigh() {
    cpu=$1
    shift
    for library in "$@"; do
        find "$build/$cpu" -name "lib$library.a"
    done | xargs arm-none-eabi-ld -r -o "$work/together.o" --whole-archive
    arm-none-eabi-size "$work/together.o" | awk 'NR == 2 { print $1, $2, $3 }'
}

print_sizes() {
    printf '| camera | processor | text | data | bss |\n| --- | --- | --: | --: | --: |\n'
    echo "$cameras" | while read -r cpu name libraries; do
        # shellcheck disable=SC2086  # a list of words
        weigh "$cpu" $libraries | while read -r text data bss; do
            echo "| $name | $cpu | $text | $data | $bss |" | tr _ ' '
        done
    done
}

check_budget() {
    weight=$(weigh cortex-m7 flash drivers camera_quadspi | cut -d ' ' -f 1)
    echo "block layer, cache, serial NOR and QUADSPI: $weight of $budget_bytes bytes"
    [ "$weight" -le "$budget_bytes" ]
}

write_document() {
    {
        cat << 'END'
# What it weighs

Code and constants (text), and memory that is not the caller's (data, bss), in bytes, of the block layer with
its cache and the driver: `-Os`, no link-time optimisation, the libraries whole, and of a driver that is header-only
what making one links. The RAM of the cache comes from the caller: 512 bytes a block, and 20 for its slot. `tools/arm_check.sh --write` makes this page.

END
        cat "$work/sizes"
        echo
        echo "The sum of STM32H7 QUADSPI has a budget of $budget_bytes bytes, which ./test watches."
    } > "$root/docs/size.md"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
count() {
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
for processor in cortex-m4 cortex-m7 cortex-m55; do
    count check_cpu "$processor"
done
print_sizes > "$work/sizes"
cat "$work/sizes"
count check_budget
[ "${1:-}" != --write ] || write_document
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
