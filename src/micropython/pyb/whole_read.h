// Reads of whole blocks that leave the caller's buffer as it was when they fail.
//
// MicroPython raises the error from within FatFs, past its error path, so FatFs goes on to believe that its
// window holds the sector before. With that sector's bytes still in it, it is right.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "flash/status.h"

// The largest sector of FatFs, and so its window. What is longer is a file's own data, read into its buffer.
inline constexpr size_t kWindowBytes = 4096;
alignas(uint32_t) inline uint8_t window_read[kWindowBytes];

// `read` fills a span.
template <class Read>
int read_whole(void* buf, size_t len, Read read) {
  if (len > sizeof window_read) return read(std::span(static_cast<uint8_t*>(buf), len)).value();
  const flash::Status status = read(std::span(window_read, len));
  if (status.ok())
    std::copy_n(window_read, len, static_cast<uint8_t*>(buf));  // of no bytes, `buf` may be null
  return status.value();
}
