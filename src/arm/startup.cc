// From reset to main() on the Cortex-M machines of QEMU.
#include <cstdint>
#include <cstring>

#include "arm/semihosting.h"

int main();

extern "C" {

extern uint32_t _stack_top;
extern uint8_t _data_start, _data_end, _data_load, _bss_start, _bss_end;
extern void (*__init_array_start[])();
extern void (*__init_array_end[])();

[[gnu::noinline]] static void run() {
  std::memcpy(&_data_start, &_data_load, static_cast<size_t>(&_data_end - &_data_start));
  std::memset(&_bss_start, 0, static_cast<size_t>(&_bss_end - &_bss_start));
  for (auto* init = __init_array_start; init != __init_array_end; ++init) (*init)();
  semihosting::exit(static_cast<uint32_t>(main()));
}

void Reset_Handler() {
  auto* cpacr = reinterpret_cast<volatile uint32_t*>(0xE000ED88);
  *cpacr = *cpacr | 0xFu << 20;  // the FPU, before any function that may use its registers
  asm volatile("dsb\n\tisb" ::: "memory");
  run();
}

// A fault ends the run with 0x70 + the number of its exception: 115 HardFault, 116 MemManage, 117 BusFault.
void Fault_Handler() {
  const uint32_t icsr = *reinterpret_cast<volatile uint32_t*>(0xE000ED04);
  semihosting::exit(0x70 + (icsr & 15));
}

[[gnu::section(".vectors"), gnu::used]] void* const vectors[16] = {
    &_stack_top,
    reinterpret_cast<void*>(Reset_Handler),
    reinterpret_cast<void*>(Fault_Handler),
    reinterpret_cast<void*>(Fault_Handler),
    reinterpret_cast<void*>(Fault_Handler),
    reinterpret_cast<void*>(Fault_Handler),
    reinterpret_cast<void*>(Fault_Handler),
};

}  // extern "C"
