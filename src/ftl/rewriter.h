// How a log of a single sector gets rid of its garbage: the new content gathers outside the flash and then
// takes the place of the old. It is the one moment in which a cut of power loses everything.
#pragma once

#include <cstdint>
#include <span>

#include "flash/status.h"
#include "flash/storage.h"

namespace ftl {

class Rewriter {
 public:
  // Offsets as in the flash that the log is on; reads of it see what is staged.
  virtual flash::Status stage(uint32_t offset, std::span<const uint8_t> data) = 0;
  virtual flash::Status stage_erased(uint32_t offset, uint32_t length) = 0;

  // What is staged is in the flash when this returns success. After a failure it stays staged, and is carried
  // out before the next program there.
  virtual flash::Status carry_out() = 0;

  // Forgets what is staged in this range.
  virtual void abandon(uint32_t offset, uint32_t length) = 0;

 protected:
  ~Rewriter() = default;
};

// In the write-back cache of the storage, which has room for a sector: no RAM of its own.
class StorageRewriter final : public Rewriter {
 public:
  explicit StorageRewriter(flash::Storage& storage) : storage_(storage) {}

  flash::Status stage(uint32_t offset, std::span<const uint8_t> data) override {
    return storage_.write(offset, data);
  }
  flash::Status stage_erased(uint32_t offset, uint32_t length) override {
    return storage_.erase(offset, length);
  }
  flash::Status carry_out() override { return storage_.sync(); }
  void abandon(uint32_t offset, uint32_t length) override { storage_.forget(offset, length); }

 private:
  flash::Storage& storage_;
};

}  // namespace ftl
