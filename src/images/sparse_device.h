// A blank device that keeps what is written to it: to see what the filesystems write.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "flash/geometry.h"
#include "volumes/block_device.h"

namespace images {

class SparseDevice final : public volumes::BlockDevice {
 public:
  // With the blocks of `like`, and so many bytes.
  SparseDevice(const volumes::BlockDevice& like, uint32_t size_bytes)
      : SparseDevice(size_bytes, like.simple_block_bytes(), like.native_block_bytes()) {}

  SparseDevice(uint32_t size_bytes, uint32_t simple_block_bytes, uint32_t native_block_bytes)
      : size_bytes_(size_bytes),
        simple_block_bytes_(simple_block_bytes),
        native_block_bytes_(native_block_bytes) {}

  uint32_t size_bytes() const override { return size_bytes_; }
  uint32_t simple_block_bytes() const override { return simple_block_bytes_; }
  uint32_t native_block_bytes() const override { return native_block_bytes_; }

  flash::Status read(uint32_t offset, std::span<uint8_t> out) override {
    return for_each_piece(offset, out.size(), [&](uint32_t block, uint32_t from, size_t at, size_t length) {
      const auto kept = blocks_.find(block);
      const auto piece = out.subspan(at, length);
      if (kept == blocks_.end()) {
        std::fill(piece.begin(), piece.end(), kErased);
      } else {
        std::copy_n(kept->second.begin() + from, length, piece.begin());
      }
    });
  }

  flash::Status write(uint32_t offset, std::span<const uint8_t> data) override {
    return for_each_piece(offset, data.size(), [&](uint32_t block, uint32_t from, size_t at, size_t length) {
      std::copy_n(data.begin() + static_cast<ptrdiff_t>(at), length, kept(block).begin() + from);
    });
  }

  flash::Status program(uint32_t offset, std::span<const uint8_t> data) override {
    return for_each_piece(offset, data.size(), [&](uint32_t block, uint32_t from, size_t at, size_t length) {
      std::vector<uint8_t>& bytes = kept(block);
      for (size_t i = 0; i < length; ++i) bytes[from + i] &= data[at + i];
    });
  }

  flash::Status erase_block(uint32_t offset) override {
    return write(offset, std::vector<uint8_t>(native_block_bytes_, kErased));
  }

  flash::Status sync() override { return {}; }

 private:
  static constexpr uint8_t kErased = 0xFF;

  std::vector<uint8_t>& kept(uint32_t block) {
    return blocks_.try_emplace(block, simple_block_bytes_, kErased).first->second;
  }

  template <typename Piece>
  flash::Status for_each_piece(uint32_t offset, size_t length, Piece piece) {
    if (!flash::in_range(offset, length, size_bytes_)) return flash::Error::kInvalid;
    for (size_t at = 0; at < length;) {
      const auto place = static_cast<uint32_t>(offset + at);
      const uint32_t from = place % simple_block_bytes_;
      const size_t part = std::min<size_t>(length - at, simple_block_bytes_ - from);
      piece(place / simple_block_bytes_, from, at, part);
      at += part;
    }
    return {};
  }

  uint32_t size_bytes_, simple_block_bytes_, native_block_bytes_;
  std::unordered_map<uint32_t, std::vector<uint8_t>> blocks_;  // simple ones
};

}  // namespace images
