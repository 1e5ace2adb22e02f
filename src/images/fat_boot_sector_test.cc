#include "images/fat_boot_sector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "images/testing.h"
#include "volumes/volume.h"

namespace images {
namespace {

using volumes::OpenMode;

FatBootSector mend(volumes::BlockDevice& device, const boards::Camera& camera, bool mounts,
                   std::vector<uint32_t> likely_lengths) {
  FatBootSector boot;
  EXPECT_TRUE(mend_fat_boot_sector(device, camera, mounts, likely_lengths, boot).ok());
  return boot;
}

FatBootSector mend(UsedByHand& made, bool mounts, std::vector<uint32_t> likely_lengths) {
  EXPECT_TRUE(made.device.write(0, made.bytes).ok());
  return mend(made.device, *made.camera, mounts, std::move(likely_lengths));
}

TEST(FatBootSector, OfAnotherFormatterIsNotGuessedAtWithConfidence) {
  UsedByHand made;  // whose root has 16 entries
  made.fat.chain({10});
  made.fill(10, 'x');
  made.fat.put_file(made.fat.root(), "A          ", 10, 100);
  std::fill_n(made.bytes.begin(), 512, uint8_t{0});
  const FatBootSector boot = mend(made, false, {made.device.size_bytes()});
  EXPECT_TRUE(boot.is_new);
  EXPECT_FALSE(boot.is_certain);
}

// Of files of one cluster in a storage that was used before, any size of cluster reads something.
TEST(FatBootSector, ASizeOfClusterThatNothingTellsIsAGuess) {
  for (const bool is_used : {false, true}) {
    const auto camera = camera_in_ram("OPENMV2");
    SparseDevice device(8 << 20, 512, 4096), part(device, 4 << 20);
    Bytes bytes(device.size_bytes(), is_used ? 'x' : 0xFF);
    ASSERT_TRUE(part.write(0, std::span(bytes).first(part.size_bytes())).ok());
    const auto volume = volumes::make_fat(part);
    ASSERT_TRUE(volume->format().ok() && volume->mount().ok());
    for (int n = 0; n < 20; ++n) {
      std::unique_ptr<volumes::File> file;
      ASSERT_TRUE(volume->open("/F" + std::to_string(n), OpenMode::kCreate, file).ok());
      ASSERT_TRUE(file->write(Bytes(100)).ok() && file->close().ok());
    }
    volume->unmount();
    ASSERT_TRUE(part.read(0, std::span(bytes).first(part.size_bytes())).ok());
    std::fill_n(bytes.begin(), 512, uint8_t{0});
    ASSERT_TRUE(device.write(0, bytes).ok());
    EXPECT_EQ(mend(device, *camera, false, {device.size_bytes()}).is_certain, !is_used);
  }
}

TEST(FatBootSector, StaysIfItIsNotUnderstoodButMounts) {
  UsedByHand made;
  made.fat.put_file(made.fat.root(), "A          ", 10, 100);
  made.bytes[34] = 0xFF;  // sectors in all: more than there are
  const FatBootSector boot = mend(made, true, {made.device.size_bytes()});
  EXPECT_FALSE(boot.is_new);
  EXPECT_FALSE(boot.is_certain);
}

TEST(FatBootSector, IsAGuessIfItIsContradicted) {
  for (const bool is_contradicted : {false, true}) {
    UsedByHand made;
    made.fat.chain({10});
    made.fill(10, 'x');
    made.fill(2, 'x');
    made.fat.put_file(made.fat.root(), "A          ", 10, 100);
    made.bytes[17] = is_contradicted ? 32 : 16;  // entries of the root
    const FatBootSector boot = mend(made, true, {});
    EXPECT_FALSE(boot.is_new);
    EXPECT_EQ(boot.is_certain, !is_contradicted);
  }
}

TEST(FatBootSector, StaysIfItMountsAndNothingBetterIsCertain) {
  const auto camera = camera_in_ram("OPENMV2");
  SparseDevice device(8 << 20, 512, 4096);
  ASSERT_TRUE(volumes::make_fat(device)->format().ok());
  const FatBytes fat = *FatBytes::load(device);
  Bytes junk(fat.layout().root_bytes, 0xFF), entry(kFatEntryBytes);
  chipmap::FatBuilder::put_file(entry.data(), "A          ", 1000, 1);  // could be the first of a root
  std::copy(entry.begin(), entry.end(), junk.begin() + 5 * 512);
  ASSERT_TRUE(device.write(fat.layout().root_offset, junk).ok());
  EXPECT_FALSE(mend(device, *camera, true, {1 << 20}).is_new);
}

}  // namespace
}  // namespace images
