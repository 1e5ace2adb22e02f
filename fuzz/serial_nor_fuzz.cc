// A chip that says anything about itself: SpiNor refuses it, or takes it for a chip that could exist and
// keeps within it.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <vector>

#include "drivers/nor_bus.h"
#include "drivers/nor_testing.h"
#include "drivers/spi_nor.h"
#include "fuzz/check.h"

namespace {

using flash::Status;

constexpr size_t kSfdpBytes = 512;

// Answers from the input. Judges the addresses that come.
class BabblingBus final : public drivers::NorBus {
 public:
  explicit BabblingBus(FuzzedDataProvider& input) : NorBus(0x90000000), input_(input) {
    id_ = input.PickValueInArray({0xEF4019u, 0xC28039u, 0xC22018u, 0x1F8901u, 0x123456u, 0u});
    sfdp_ = input.ConsumeBytes<uint8_t>(kSfdpBytes);
    if (input.ConsumeBool()) put_signature();
  }

  Status open() override { return {}; }
  void close() override {}

  Status execute(const drivers::NorCommand& command) override {
    now_us_ += 10;
    const uint8_t opcode = command.frame.opcode();
    if (opcode == 0x5A) return read_sfdp(command);
    if (opcode == 0x9F) return read_id(command);
    if (opcode == 0x05 && !command.in().empty()) return read_status(command);
    if (opcode == 0x06) write_enabled_ = true;
    if (size_bytes != 0 && command.frame.address_bytes() != 0) {
      FUZZ_CHECK(command.address < size_bytes);
      FUZZ_CHECK(command.frame.address_bytes() == 4 || command.address < (16u << 20));
    }
    for (uint8_t& byte : command.in()) byte = input_.ConsumeIntegral<uint8_t>();
    return {};
  }

  Status map(drivers::NorFrame, uint32_t) override { return {}; }
  Status unmap() override { return {}; }
  Status read_mapped(const drivers::NorCommand& read) override {
    FUZZ_CHECK(flash::in_range(read.address, read.length_bytes, size_bytes));
    return {};
  }

  uint32_t size_bytes = 0;  // once the driver has said what it takes the chip for
  uint64_t now_us() const { return now_us_; }
  void wait() { now_us_ += 1000; }

 private:
  void put_signature() {
    constexpr uint8_t kHead[] = {'S',  'F', 'D', 'P',  6,    1, 1, 0xFF, 0x00, 6, 1, 16,
                                 0x30, 0,   0,   0xFF, 0x84, 0, 1, 2,    0x80, 0, 0, 0xFF};
    sfdp_.resize(kSfdpBytes);
    std::copy(std::begin(kHead), std::end(kHead), sfdp_.begin());
  }

  Status read_sfdp(const drivers::NorCommand& command) {
    const std::span<uint8_t> in = command.in();
    for (size_t i = 0; i < in.size(); ++i) {
      const size_t at = command.address + i;
      in[i] = at < sfdp_.size() ? sfdp_[at] : 0xFF;
    }
    return {};
  }

  Status read_id(const drivers::NorCommand& command) {
    const std::span<uint8_t> in = command.in();
    for (size_t i = 0; i < in.size(); ++i) {
      in[i] = i < 3 ? static_cast<uint8_t>(id_ >> (16 - 8 * i)) : uint8_t{0xFF};
    }
    return {};
  }

  // An honest chip most of the time, so that the driver comes further.
  Status read_status(const drivers::NorCommand& command) {
    const bool honest = input_.ConsumeIntegralInRange(0, 15) != 1;
    command.in()[0] = honest ? (write_enabled_ ? 0x02 : 0x00) : input_.ConsumeIntegral<uint8_t>();
    return {};
  }

  FuzzedDataProvider& input_;
  uint32_t id_;
  std::vector<uint8_t> sfdp_;
  bool write_enabled_ = false;
  uint64_t now_us_ = 0;
};

drivers::Platform platform_of(BabblingBus& bus) {
  return {.context = &bus,
          .now_us = [](void* context) { return static_cast<BabblingBus*>(context)->now_us(); },
          .yield = [](void* context) { static_cast<BabblingBus*>(context)->wait(); },
          .memory_changed = [](void*, uint32_t, uint32_t) {}};
}

void check_geometry(const flash::Geometry& geometry, uint32_t size_bytes) {
  FUZZ_CHECK(geometry.regions.size() == 1);
  const uint32_t sector = geometry.regions[0].sector_size_bytes;
  FUZZ_CHECK(sector >= 256 && (sector & (sector - 1)) == 0 && size_bytes % sector == 0);
  FUZZ_CHECK(geometry.program_page_bytes > 0);
  uint32_t before = sector;
  for (const uint32_t large : geometry.large_erase_bytes) {
    FUZZ_CHECK(large == 0 || (large > before && large % before == 0));
    before = large == 0 ? before : large;
  }
}

void use(FuzzedDataProvider& input, drivers::SpiNor& nor) {
  std::vector<uint8_t> data(700, 0x5A);
  for (int i = 0; i < 20 && input.remaining_bytes() > 0; ++i) {
    const uint32_t offset = input.ConsumeIntegralInRange(0u, nor.size_bytes());
    const size_t length = input.ConsumeIntegralInRange<size_t>(0, data.size());
    switch (input.ConsumeIntegralInRange(0, 2)) {
      case 0:
        nor.read(offset, std::span(data).first(length)).ignore();
        break;
      case 1:
        nor.program(offset, std::span(data).first(length)).ignore();
        break;
      default: {
        const uint32_t sector = nor.geometry().regions[0].sector_size_bytes;
        nor.erase(offset / sector * sector, sector * static_cast<uint32_t>(length % 40)).ignore();
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  BabblingBus bus(input);
  const auto lines =
      input.PickValueInArray({drivers::NorLines::kOne, drivers::NorLines::kFour, drivers::NorLines::kEight});
  drivers::LinedNor nors;
  drivers::SpiNor& nor =
      nors.emplace(lines, bus, {.platform = platform_of(bus), .mapped_reads = input.ConsumeBool()});
  const Status status = nor.init();
  FUZZ_CHECK(status.ok() == (nor.size_bytes() > 0));
  if (!status.ok()) return 0;
  check_geometry(nor.geometry(), nor.size_bytes());
  bus.size_bytes = nor.size_bytes();
  use(input, nor);
  return 0;
}
