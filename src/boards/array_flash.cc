#include "boards/array_flash.h"

#include <algorithm>

namespace boards {

using flash::Error;
using flash::Status;

namespace {

Status to_status(sim::CellResult result) {
  return result == sim::CellResult::kOk ? Status() : Status(Error::kIo);
}

uint64_t program_ns(const FlashPart& part, size_t bytes) {
  const uint64_t typical_ns = uint64_t{part.program_time.typical_us} * 1000;
  return std::min<uint64_t>(part.program_first_byte_ns + (bytes - 1) * part.program_next_byte_ns, typical_ns);
}

// The erase command that takes most of what is left at `offset`.
const EraseTime& largest_erase(const FlashPart& part, uint32_t offset, uint32_t length) {
  const uint32_t sector_bytes = part.geometry.sector_at(offset).size_bytes;
  const auto& large = part.geometry.large_erase_bytes;
  const EraseTime* best = nullptr;
  for (const EraseTime& erase : part.erase_times) {
    const bool usable = erase.size_bytes == sector_bytes ||
                        std::find(large.begin(), large.end(), erase.size_bytes) != large.end();
    if (!usable || offset % erase.size_bytes != 0 || erase.size_bytes > length) continue;
    if (best == nullptr || erase.size_bytes > best->size_bytes) best = &erase;
  }
  return *best;
}

}  // namespace

sim::CellPhysics physics_of(const FlashPart& part) {
  sim::CellPhysics physics;
  for (const flash::Region& region : part.geometry.regions) {
    physics.sectors.push_back({region.sector_size_bytes, region.sector_count});
  }
  physics.word_bytes = part.geometry.program_unit_bytes;
  physics.ecc = !part.geometry.reprogrammable;
  return physics;
}

Status ArrayFlash::do_read(uint32_t offset, std::span<uint8_t> out) {
  clock_.work_ns(part_.command_ns + out.size() * part_.read_ps_per_byte / 1000);
  return to_status(cells_.read(offset, out));
}

Status ArrayFlash::do_program(uint32_t offset, std::span<const uint8_t> data) {
  const uint32_t page = geometry().program_page_bytes;
  while (!data.empty()) {
    const size_t length = std::min<size_t>(data.size(), page - offset % page);
    clock_.work_ns(part_.command_ns + length * part_.write_ps_per_byte / 1000 + program_ns(part_, length));
    FLASH_TRY(to_status(cells_.program(offset, data.first(length))));
    offset += static_cast<uint32_t>(length);
    data = data.subspan(length);
  }
  return {};
}

Status ArrayFlash::do_erase(uint32_t offset, uint32_t length) {
  while (length > 0) {
    const EraseTime& erase = largest_erase(part_, offset, length);
    clock_.work_ns(part_.command_ns + uint64_t{erase.time.typical_us} * 1000);
    FLASH_TRY(to_status(cells_.erase(offset, erase.size_bytes)));
    offset += erase.size_bytes;
    length -= erase.size_bytes;
  }
  return {};
}

}  // namespace boards
