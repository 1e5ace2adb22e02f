// What a program under QEMU says and how it ends: ARM semihosting.
#pragma once

#include <cstdint>

namespace semihosting {

inline int call(int operation, const void* argument) {
  register int r0 asm("r0") = operation;
  register const void* r1 asm("r1") = argument;
  asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

inline void print(const char* text) {
  call(0x04, text);
}  // SYS_WRITE0

inline void print(uint32_t number) {
  char digits[11];
  char* at = &digits[10];
  *at = '\0';
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  print(at);
}

[[noreturn]] inline void exit(uint32_t code) {
  const uint32_t arguments[2] = {0x20026, code};  // ADP_Stopped_ApplicationExit
  call(0x20, arguments);                          // SYS_EXIT_EXTENDED
  for (;;) {
  }
}

}  // namespace semihosting
