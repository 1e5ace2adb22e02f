#include <cstring>

#include "bench/check.h"
#include "bench/firmware_flash.h"
#include "bench/firmware_memory.h"
#include "bench/upstream/firmware.h"
#include "boards/hardware.h"

namespace bench {
namespace {

class InternalFlash;
InternalFlash* present = nullptr;

class InternalFlash final : public FirmwareFlash {
 public:
  InternalFlash(const boards::Board& board, sim::Clock& clock)
      : part_(*board.part),
        clock_(clock),
        memory_(board.address, part_.geometry.size_bytes()),
        cells_(boards::physics_of(part_), memory_.bytes()) {
    std::memset(memory_.bytes().data(), 0xFF, memory_.bytes().size());
    present = this;
  }
  ~InternalFlash() override { present = nullptr; }

  sim::Cells& cells() override { return cells_; }
  void power_cycle() override {}

  void copy(void* to, const void* from, size_t length) {
    const uintptr_t offset = reinterpret_cast<uintptr_t>(from) - address();
    if (offset >= cells_.size_bytes()) {
      std::memcpy(to, from, length);
      return;
    }
    clock_.work_ns(length * part_.read_ps_per_byte / 1000);
    const auto result = cells_.read(static_cast<uint32_t>(offset), {static_cast<uint8_t*>(to), length});
    demand(result == sim::CellResult::kOk, "the firmware read a word whose ECC does not hold: a HardFault");
  }

  bool erase(uint32_t index) {
    const uint32_t size_bytes = cells_.sector_size_bytes(index);
    for (const boards::EraseTime& erase : part_.erase_times) {
      if (erase.size_bytes == size_bytes) clock_.work_ns(uint64_t{erase.time.typical_us} * 1000);
    }
    return cells_.erase(cells_.sector_offset(index), size_bytes) == sim::CellResult::kOk;
  }

  bool program(uint32_t cpu_address, const void* data, uint32_t length) {
    clock_.work_ns(uint64_t{part_.program_time.typical_us} * 1000);
    const auto offset = static_cast<uint32_t>(cpu_address - address());
    return cells_.program(offset, {static_cast<const uint8_t*>(data), length}) == sim::CellResult::kOk;
  }

 private:
  uintptr_t address() const { return reinterpret_cast<uintptr_t>(memory_.bytes().data()); }

  const boards::FlashPart& part_;
  sim::Clock& clock_;
  FixedMemory memory_;
  sim::Cells cells_;
};

}  // namespace

std::unique_ptr<FirmwareFlash> make_firmware_internal_flash(const boards::Board& board, sim::Clock& clock) {
  return std::make_unique<InternalFlash>(board, clock);
}

}  // namespace bench

extern "C" {

void firmware_copy(void* to, const void* from, size_t length) {
  bench::present->copy(to, from, length);
}

int firmware_erase_sector(uint32_t index) {
  return bench::present->erase(index) ? 0 : -1;
}

int firmware_program(uint32_t address, const void* data, uint32_t length) {
  return bench::present->program(address, data, length) ? 0 : -1;
}

}  // extern "C"
