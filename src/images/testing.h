// For tests: a FAT put together by hand, on a device in RAM with the blocks of a board.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <variant>
#include <vector>

#include "boards/board_table.h"
#include "boards/camera.h"
#include "chipmap/testing.h"
#include "images/fat_bytes.h"
#include "images/sparse_device.h"
#include "volumes/storage_device.h"

namespace images {

using Bytes = std::vector<uint8_t>;

inline std::unique_ptr<boards::Camera> camera_in_ram(const char* board) {
  return std::move(std::get<0>(boards::Camera::open(*boards::find_board(board), "")));
}

struct RamCamera {
  explicit RamCamera(const char* board)
      : camera(camera_in_ram(board)), storage(camera->storage()), device(storage, storage.size_bytes()) {}

  std::unique_ptr<boards::Camera> camera;
  volumes::StorageDevice storage;
  SparseDevice device;  // of the same blocks
};

// On blocks as those of an external flash. The camera is a small one, and not looked at.
struct HandMade {
  HandMade(uint32_t bits, uint32_t clusters)
      : camera(camera_in_ram("OPENMV2")),
        device(4 << 20, 512, 4096),
        bytes(device.size_bytes()),
        fat(bytes.data(), bits, clusters) {}

  FatBytes load() {
    EXPECT_TRUE(device.write(0, bytes).ok());
    return *FatBytes::load(device);
  }

  std::unique_ptr<boards::Camera> camera;
  SparseDevice device;
  Bytes bytes;
  chipmap::FatBuilder fat;
};

// With 5000 blank clusters.
struct UsedByHand : HandMade {
  UsedByHand() : HandMade(16, 5000) { std::fill_n(fat.cluster(2), 5000 * 512, uint8_t{0xFF}); }

  void fill(uint32_t cluster, char text) {
    std::fill_n(fat.cluster(cluster), 512, static_cast<uint8_t>(text));
  }
};

}  // namespace images
