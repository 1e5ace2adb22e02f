// Counts on a Cortex-M7 of QEMU, run with -icount shift=0: an instruction is a nanosecond there, and SysTick
// counts at the board's 25 MHz. Prints "name stack count" for each operation.
#include "arm/semihosting.h"
#include "bench/instructions/operations.h"

namespace {

constexpr uint32_t kInstructionsPerTick = 40;
constexpr uint32_t kRepeats = 200;

volatile uint32_t& control = *reinterpret_cast<volatile uint32_t*>(0xE000E010);
volatile uint32_t& reload = *reinterpret_cast<volatile uint32_t*>(0xE000E014);
volatile uint32_t& value = *reinterpret_cast<volatile uint32_t*>(0xE000E018);
constexpr uint32_t kMask = 0xFFFFFF;

constexpr const char* kStacks[] = {" none ", " ours ", " firmware "};

uint32_t ticks_of(void (*run)()) {
  const uint32_t begin = value;
  for (uint32_t i = 0; i < kRepeats; ++i) run();
  return (begin - value) & kMask;  // it counts down
}

}  // namespace

// The upstream code's last words. There is no operating system to take them.
extern "C" {
[[noreturn]] void abort() {
  semihosting::exit(3);
}
int printf(const char* text, ...) {
  semihosting::print(text);
  return 0;
}
}

int main() {
  if (!instructions::begin()) return 1;
  reload = kMask;
  value = 0;
  control = 5;  // on, by the processor's clock, no interrupt
  const uint32_t loop = ticks_of([] {});
  for (const instructions::Operation& operation : instructions::kOperations) {
    operation.run();  // what is only done the first time
    const uint32_t ticks = ticks_of(operation.run) - loop;
    semihosting::print(operation.name);
    semihosting::print(kStacks[static_cast<int>(operation.stack)]);
    semihosting::print(static_cast<uint32_t>(uint64_t{ticks} * kInstructionsPerTick / kRepeats));
    semihosting::print("\n");
  }
  return 0;
}
