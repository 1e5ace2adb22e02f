#include "bench/medium.h"

#include <algorithm>
#include <random>
#include <span>

#include "bench/check.h"

namespace bench {

namespace {

// A medium without a driver: what is written is there.
class PlainDevice final : public volumes::BlockDevice {
 public:
  PlainDevice(const boards::Board& board, std::vector<uint8_t>& content) : board_(board), content_(content) {}

  uint32_t size_bytes() const override { return static_cast<uint32_t>(content_.size()); }
  uint32_t simple_block_bytes() const override { return board_.simple_block_bytes; }
  uint32_t native_block_bytes() const override { return board_.native_block_bytes; }

  flash::Status read(uint32_t offset, std::span<uint8_t> out) override {
    std::copy_n(content_.begin() + offset, out.size(), out.begin());
    return {};
  }
  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override {
    std::copy(data.begin(), data.end(), content_.begin() + offset);
    return {};
  }
  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override {
    return write(offset, data);
  }
  flash::Status erase_block(uint32_t offset) override {
    std::fill_n(content_.begin() + offset, board_.native_block_bytes, uint8_t{0xFF});
    return {};
  }
  flash::Status sync() override { return {}; }

 private:
  const boards::Board& board_;
  std::vector<uint8_t>& content_;
};

std::vector<uint8_t> make_content(const boards::Board& board, bool used, uint32_t seed) {
  std::vector<uint8_t> content(board.storage().size_bytes, 0xFF);
  if (!used) return content;
  std::mt19937 random(seed);
  for (uint8_t& byte : content) byte = static_cast<uint8_t>(random());
  return content;
}

}  // namespace

std::unique_ptr<volumes::Volume> make_volume(Filesystem filesystem, volumes::BlockDevice& device) {
  switch (filesystem) {
    case Filesystem::kFat:
      return volumes::make_fat(device);
    case Filesystem::kLittlefs:
      return volumes::make_littlefs(device);
    case Filesystem::kRaw:
      break;
  }
  return nullptr;
}

std::vector<uint8_t> make_medium(const Run& run) {
  std::vector<uint8_t> content = make_content(*run.board, run.used, run.seed);
  if (run.contender == Contender::kFtl) return content;
  PlainDevice device(*run.board, content);
  const auto volume = make_volume(run.filesystem, device);
  demand(!volume || volume->format().ok(), "the storage cannot be formatted");
  return content;
}

}  // namespace bench
