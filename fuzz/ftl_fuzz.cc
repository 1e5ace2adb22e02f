// The translation layer over a flash that fails, loses its power between two operations, or is changed by
// somebody else: what was synced is read again, or an error is. Never anything that was not written there.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "ftl/ftl.h"
#include "fuzz/check.h"
#include "fuzz/failing_nor.h"

namespace {

using flash::Status;

struct Shape {
  flash::Region region;
  flash::Geometry geometry;
};
const Shape kShapes[] = {
    {{8192, 2}, {.program_unit_bytes = 4}},
    {{8192, 3}, {.program_unit_bytes = 32, .reprogrammable = false}},
    {{4096, 6}, {}},
    {{4096, 32}, {.large_erase_bytes = {8192, 0}}},
};

using Block = std::array<uint8_t, ftl::kBlockBytes>;

// A block tells where it belongs, and which write it is of. 0: never written.
Block make_block(uint32_t number, uint32_t serial) {
  Block block{};
  if (serial == 0) return block;
  for (size_t i = 0; i < block.size(); i += 8) {
    std::memcpy(&block[i], &number, 4);
    std::memcpy(&block[i + 4], &serial, 4);
  }
  return block;
}

class Session {
 public:
  Session(FuzzedDataProvider& input, const Shape& shape) : input_(input), nor_(shape.region, shape.geometry) {
    FUZZ_CHECK(ftl::make_layout(nor_.geometry(), 0, nor_.size_bytes(), layout_).ok());
    now_.assign(layout_.block_count, 0);
    synced_ = now_;
    ftl_.emplace(nor_, layout_);
  }

  void run() {
    if (input_.ConsumeBool()) return run_on_anything();
    FUZZ_CHECK(ftl_->format().ok());
    while (input_.remaining_bytes() > 0) step();
    check_all();
  }

 private:
  // Whatever the medium holds: a mount comes to an end, and so does what is done after it.
  void run_on_anything() {
    const auto bytes = input_.ConsumeRemainingBytes<uint8_t>();
    for (size_t i = 0; i < nor_.cells().size() && !bytes.empty(); ++i)
      nor_.cells()[i] = bytes[i % bytes.size()];
    ftl::Finding finding;
    ftl_->mount(finding).ignore();
    FUZZ_CHECK(finding != ftl::Finding::kSound || !bytes.empty());
  }

  void step() {
    const uint32_t block = input_.ConsumeIntegralInRange<uint32_t>(0, layout_.block_count - 1);
    switch (input_.ConsumeIntegralInRange(0, 15)) {
      case 0:
        return sync();
      case 1:
        return lose_power();
      case 2:
        return trim(block);
      case 3: {
        bool is_done = false;
        return ftl_->poll(is_done).ignore();
      }
      case 4:
        if (input_.ConsumeIntegralInRange(0, 15) == 7) flip_bits();
        return;
      case 5:
        if (input_.ConsumeIntegralInRange(0, 7) == 3) {
          nor_.fail_after(input_.ConsumeIntegralInRange(0u, 30u));
          ++failures_;
        }
        return;
      case 6:
        return check(block);
      default:
        return write(block);
    }
  }

  // What fails once goes on when it is done again.
  template <typename Call>
  void persist(Call call) {
    FUZZ_CHECK(call().ok() || call().ok() || !certain_);
  }

  void write(uint32_t block) {
    // A slot that could not be programmed takes from the room.
    if (written_since_sync_ + failures_ >= layout_.atomic_blocks) sync();
    const Block data = make_block(block, ++serial_);
    persist([&] { return ftl_->write(block, data); });
    ++written_since_sync_;
    now_[block] = serial_;
  }

  void trim(uint32_t block) {
    if (written_since_sync_ > 0) sync();  // its records count, too
    const uint32_t count = input_.ConsumeIntegralInRange(0u, layout_.block_count - block);
    persist([&] { return ftl_->trim(block, count); });
    std::fill_n(now_.begin() + block, count, 0u);
    sync();
  }

  void sync() {
    persist([&] { return ftl_->sync(); });
    written_since_sync_ = 0;
    failures_ = nor_.will_fail() ? 1 : 0;
    synced_ = now_;
  }

  void lose_power() {
    nor_.fail_no_more();
    failures_ = 0;
    ftl_.emplace(nor_, layout_);
    ftl::Finding finding = ftl::Finding::kForeign;
    const Status status = ftl_->mount(finding);
    FUZZ_CHECK(!certain_ || (status.ok() && finding == ftl::Finding::kSound));
    written_since_sync_ = 0;
    now_ = synced_;
    if (status.ok() && finding == ftl::Finding::kSound) return;
    FUZZ_CHECK(ftl_->format().ok());
    std::fill(now_.begin(), now_.end(), 0u);
    synced_ = now_;
    certain_ = true;
  }

  void flip_bits() {
    for (uint32_t n = input_.ConsumeIntegralInRange(1, 20); n > 0; --n) {
      const auto at = input_.ConsumeIntegralInRange<size_t>(0, nor_.cells().size() - 1);
      nor_.cells()[at] ^= static_cast<uint8_t>(1u << input_.ConsumeIntegralInRange(0, 7));
    }
    certain_ = false;
    nor_.allow_misuse();
  }

  void check(uint32_t number) {
    Block block;
    Status status = ftl_->read(number, block);
    if (!status.ok()) status = ftl_->read(number, block);
    if (certain_) FUZZ_CHECK(status.ok() && block == make_block(number, now_[number]));
    if (!status.ok()) return;
    uint32_t serial = 0;
    std::memcpy(&serial, &block[4], 4);
    FUZZ_CHECK(serial <= serial_ && block == make_block(number, serial));
  }

  void check_all() {
    for (uint32_t block = 0; block < layout_.block_count; ++block) check(block);
  }

  FuzzedDataProvider& input_;
  fuzz::FailingNor nor_;
  ftl::Layout layout_{};
  std::optional<ftl::Ftl> ftl_;
  std::vector<uint32_t> now_;  // by block: the serial number of its last write
  std::vector<uint32_t> synced_;
  uint32_t serial_ = 0;
  uint32_t written_since_sync_ = 0;
  uint32_t failures_ = 0;  // since the last sync, or to come
  bool certain_ = true;    // nothing has been damaged since the medium was formatted
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  Session(input, kShapes[input.ConsumeIntegralInRange<size_t>(0, std::size(kShapes) - 1)]).run();
  return 0;
}
