// A memory window that the processor can reach only while there is a chip behind it.
//
// A Cortex-M7 or M55 may read normal memory ahead of any load, and a controller that is not mapped answers
// with a bus error, or takes the access for a register's (docs/porting.md). Between SpiNor and its bus, this
// tells the board's MPU when to let the processor in.
#pragma once

#include <cstdint>

#include "drivers/nor_bus.h"
#include "flash/status.h"

namespace drivers {

class WindowGuard final : public NorBus {
 public:
  // Sets up the MPU's region over the window: readable and cacheable up to the chip's end, or no access at
  // all. It takes effect before it returns (DSB, ISB). Nobody but the caller's task is kept out otherwise:
  // an interrupt that runs meanwhile must not read the window, either.
  using Allow = void (*)(void* context, bool is_readable);

  WindowGuard(NorBus& bus, Allow allow, void* context = nullptr)
      : NorBus(bus.mapped_address()), bus_(bus), allow_(allow), context_(context) {}

  flash::Status open() override {
    allow_(context_, false);
    return bus_.open();
  }
  void close() override {
    allow_(context_, false);
    bus_.close();
  }
  flash::Status execute(const NorCommand& command) override { return bus_.execute(command); }
  flash::Status map(NorFrame read, uint32_t size_bytes) override {
    FLASH_TRY(bus_.map(read, size_bytes));
    allow_(context_, true);
    return {};
  }
  flash::Status unmap() override {
    allow_(context_, false);
    return bus_.unmap();
  }
  flash::Status read_mapped(const NorCommand& read) override { return bus_.read_mapped(read); }

 private:
  NorBus& bus_;
  const Allow allow_;
  void* const context_;
};

}  // namespace drivers
