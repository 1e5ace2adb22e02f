#include "images/dfu.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

#include "images/words.h"

namespace images {

namespace {

constexpr uint32_t kDfuVersion = 0x0100;
constexpr uint32_t kDfuSeVersion = 0x011A;
constexpr uint32_t kPrefixBytes = 11;
constexpr size_t kTargetNameBytes = 255;
constexpr uint8_t kSuffixBytes = 16;

class Bytes {
 public:
  void add(uint64_t value, unsigned size) {
    for (unsigned i = 0; i < size; ++i) bytes_.push_back(static_cast<uint8_t>(value >> (8 * i)));
  }
  void add(std::string_view text, size_t size) {
    for (size_t i = 0; i < size; ++i) bytes_.push_back(i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  void add(std::span<const uint8_t> data) { bytes_.insert(bytes_.end(), data.begin(), data.end()); }

  // CRC-32 as in zlib, without its last inversion.
  uint32_t crc() const {
    uint32_t crc = 0xFFFFFFFF;
    for (const uint8_t byte : bytes_) {
      crc ^= byte;
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
    }
    return crc;
  }

  std::vector<uint8_t> take() { return std::move(bytes_); }

 private:
  std::vector<uint8_t> bytes_;
};

// One target with one element.
void add_dfuse(Bytes& bytes, const boards::Board& board, std::span<const uint8_t> storage) {
  const auto element_bytes = static_cast<uint32_t>(8 + storage.size());
  const uint32_t target_bytes = 6 + 1 + 4 + kTargetNameBytes + 4 + 4 + element_bytes;
  bytes.add("DfuSe", 5);
  bytes.add(1, 1);
  bytes.add(kPrefixBytes + target_bytes, 4);
  bytes.add(1, 1);
  bytes.add("Target", 6);
  bytes.add(board.dfu.alternate, 1);
  bytes.add(1, 4);
  bytes.add(board.storage().name, kTargetNameBytes);
  bytes.add(element_bytes, 4);
  bytes.add(1, 4);
  bytes.add(board.address + board.storage().offset, 4);
  bytes.add(storage.size(), 4);
  bytes.add(storage);
}

}  // namespace

std::vector<uint8_t> make_dfu(const boards::Board& board, std::span<const uint8_t> storage) {
  Bytes bytes;
  if (board.dfu.is_addressed) {
    add_dfuse(bytes, board, storage);
  } else {
    bytes.add(storage);
  }
  bytes.add(0xFFFF, 2);  // any release of the device
  bytes.add(board.dfu.product_id, 2);
  bytes.add(board.dfu.vendor_id, 2);
  bytes.add(board.dfu.is_addressed ? kDfuSeVersion : kDfuVersion, 2);
  bytes.add("UFD", 3);
  bytes.add(kSuffixBytes, 1);
  bytes.add(bytes.crc(), 4);
  return bytes.take();
}

std::string dfu_command(const boards::Board& board, const std::string& path) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "dfu-util -w -d ,%04x:%04x -a %u -D ", board.dfu.vendor_id,
                board.dfu.product_id, board.dfu.alternate);
  return text.data() + shell_quoted(path);
}

}  // namespace images
