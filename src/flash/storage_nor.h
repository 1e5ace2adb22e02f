// The storage as a flash of its own: for what orders its own programs and erases, as the translation layer
// does, and yet leaves the chip to its one owner. Nothing waits in the cache; everybody sees the same bytes.
#pragma once

#include "flash/nor_flash.h"
#include "flash/storage.h"

namespace flash {

class StorageNor final : public NorFlash {
 public:
  // The storage outlives it, and so does this object what is built on it: it must not move.
  explicit StorageNor(Storage& storage);

 private:
  Status do_read(uint32_t offset, uint8_t* out, uint32_t length) override {
    return storage_.read_now(offset, out, length);
  }
  Status do_program(uint32_t offset, const uint8_t* data, uint32_t length) override {
    return storage_.program_now(offset, data, length);
  }
  Status do_erase(uint32_t offset, uint32_t length) override { return storage_.erase_now(offset, length); }

  Storage& storage_;
  Region region_;
};

}  // namespace flash
