// Misuse of a model is a bug of the caller, and ends the program where it happened.
#pragma once

#include <cstdio>
#include <cstdlib>

#define SIM_CHECK(condition, message)                                                              \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "%s:%d: %s (violated: %s)\n", __FILE__, __LINE__, message, #condition); \
      std::abort();                                                                                \
    }                                                                                              \
  } while (false)
